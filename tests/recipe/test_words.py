"""Calls that are read from the words of a framework, and answered in those of another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from conformance.environments.installed import missing
from conformance.exact.num import Num
from conformance.exact.truth import maximum
from conformance.frameworks import Ask, lower
from conformance.frameworks.calls import REQUIRED, As, Known, known
from conformance.frameworks.found import find
from conformance.frameworks.words import Words
from conformance.layout import parse_layout, to_layout
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param, real_field, word_field
from conformance.ops.defined import DEFINED
from conformance.plan import Plan
from conformance.recipe import spoken, told
from conformance.recipe.answers import Answer, Answers, moved
from conformance.recipe.call import CallError
from conformance.recipe.heads import head_of
from conformance.recipe.meant import Meant, read_words, several
from conformance.recipe.spoken import is_known
from conformance.recipe.syntax import parse
from conformance.recipe.verify import NoRecipe, Recipes
from conformance.recipe.weights import convert
from conformance.target import parse_target
from tests.recipe.own_words import own_words

needs = pytest.mark.skipif(
    any(missing(parse_target(name)) for name in ("torch", "jax", "tensorflow")), reason="needs torch, jax, tensorflow"
)


@dataclass(frozen=True)
class Scaled(Op):
    """Every number of x, times k. Of a row the other way round, if that is asked for."""

    name = "scaled"
    rows: int = param(integer_field(2, 1, "rows"))
    length: int = param(integer_field(3, 1, "length of each"))
    k: int = param(integer_field(2, 1, "how often"))
    back: bool = param(boolean_field(False, "the other way round"))
    kind: str = param(word_field("plain", ("plain", "negative"), "the sign"))

    def refusal(self) -> str | None:
        return f"{self.k} times is more than the length" if self.k > self.length else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NK", (self.rows, self.length)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NK", (self.rows, self.length)),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        y = x * float(self.k) * (-1.0 if self.kind == "negative" else 1.0)
        return y[:, ::-1] if self.back else y


@dataclass(frozen=True)
class Leaky(Op):
    """x where it is above zero, and slope * x elsewhere."""

    name = "leaky"
    slope: float = param(real_field(0.3, "the slope below zero", near=(0.2, 0.01)))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "AB", (3, 5)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "AB", (3, 5)),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return maximum(x, x * self.slope)


TORCH = (
    Words(
        "y = torch.mul(x, {k|signed})",
        unless={"back": "turned", "kind != 'negative'": "plain"},
        own={"signed": lambda k: -k},
    ),
    Words("y = torch.mul(x, {k})", unless={"back": "PyTorch is not asked for it here"}),
)
JAX = Words(
    "y = jax.numpy.multiply(x, {k})",
    layouts={"x": "KN", "y": "KN"},
    unless={"back": "turned", "kind == 'negative'": "no sign"},
    note="columns",
)


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    frameworks, _ = find()
    monkeypatch.setattr(spoken, "DEFINED", {"scaled": Scaled, "leaky": Leaky})
    monkeypatch.setitem(frameworks["torch"].words, "scaled", TORCH)  # type: ignore[index]
    monkeypatch.setitem(frameworks["jax"].words, "scaled", JAX)  # type: ignore[index]
    for framework, name, text, signature in (
        ("torch", "torch.nn.functional.leaky_relu", "{slope}", "input, negative_slope=0.01, inplace=False"),
        ("tensorflow", "tf.nn.leaky_relu", "alpha={slope}", "features, alpha=0.2, name=None"),
    ):
        words = Words(f"y = {name}(x, {text})")
        monkeypatch.setitem(frameworks[framework].words, "leaky", words)  # type: ignore[index]
        monkeypatch.setitem(frameworks[framework].calls, name, known(signature))  # type: ignore[index]
    monkeypatch.setitem(frameworks["torch"].calls, "torch.mul", known("input, other"))  # type: ignore[index]
    monkeypatch.setitem(frameworks["jax"].calls, "jax.numpy.multiply", known("x, y"))  # type: ignore[index]


def read(text: str, first: tuple[int, ...] | None = None, **shapes: tuple[int, ...]) -> Meant:
    return read_words(parse(text), shapes, first)


def refusal(text: str, first: tuple[int, ...] | None = None, **shapes: tuple[int, ...]) -> str:
    with pytest.raises(CallError) as caught:
        read(text, first, **shapes)
    return str(caught.value)


@pytest.mark.usefixtures("scaled")
def test_parameters_come_from_the_call_and_its_defaults() -> None:
    assert read("torch.mul(a, 3)").op == Scaled(k=3)
    assert read("torch.mul(a, other=3)").op == Scaled(k=3)
    assert read("F.leaky_relu(a)").op == Leaky(0.01)
    assert "other is not given, expected 2" in refusal("torch.mul(a)")
    assert read("mul(a, 3)").framework == "torch"
    found = read("y = torch.mul(h[0], 3)")
    assert found.definition == "Every number of x, times k."
    assert found.plan.text == "y = torch.mul(x, 3)"
    assert "`h[0]` stands for a tensor" in found.notes


@pytest.mark.usefixtures("scaled")
def test_the_words_that_come_first_are_those_that_count() -> None:
    # The second words would say `k=-3` too, were they asked; a word of the cell's own is inverted by trying.
    assert read("torch.mul(a, -3)").op == Scaled(k=3, kind="negative")


@pytest.mark.usefixtures("scaled")
def test_lengths_come_from_the_shapes_in_the_calls_own_layout() -> None:
    assert read("torch.mul(a, 3)", (4, 6)).op == Scaled(4, 6, 3)
    assert read("torch.mul(a, 3)", x=(4, 6)).op == Scaled(4, 6, 3)
    assert read("jnp.multiply(a, 3)", (4, 6)).op == Scaled(6, 4, 3)
    assert "x has the shape 4,6,2, expected one such as 2,3 (NK)" in refusal("torch.mul(a, 3)", (4, 6, 2))
    assert "3 times is more than the length" in refusal("torch.mul(a, 3)", (4, 2))
    assert "a shape was given for 'z', and the tensors are x" in refusal("torch.mul(a, 3)", z=(4, 2))


@pytest.mark.usefixtures("scaled")
def test_a_length_that_nobody_gave_is_long_enough() -> None:
    found = read("torch.mul(a, 50)")
    assert isinstance(found.op, Scaled)
    assert (found.op.k, found.op.rows) == (50, 2)
    assert found.op.length >= 50


@pytest.mark.usefixtures("scaled")
def test_what_can_not_be_meant_is_said() -> None:
    assert "other is n, expected" in refusal("torch.mul(a, n)")
    assert "other is 1.5, expected" in refusal("torch.mul(a, 1.5)")
    assert "torch.mul has no argument 'othr'; did you mean 'other'" in refusal("torch.mul(a, othr=3)")
    assert not is_known("torch.nothing")


@pytest.fixture(scope="module")
def recipes() -> Iterator[Recipes]:
    with Recipes() as found:
        found.start(["torch", "jax", "tensorflow"])
        yield found


def answered(recipes: Recipes, text: str, target: str, first: tuple[int, ...] | None = None) -> Answer | NoRecipe:
    return Answers(read(text, first), recipes.bench).answer(target)


@needs
@pytest.mark.usefixtures("scaled")
def test_an_answer_was_run_and_its_lines_bring_the_tensors_there(recipes: Recipes) -> None:
    found = answered(recipes, "torch.mul(a, 3)", "jax", (4, 6))
    assert isinstance(found, Answer), found
    assert found.written.plan.text.splitlines() == [
        "x = jax.numpy.transpose(x, (1, 0))  # NK to KN",
        "y = jax.numpy.multiply(x, 3)",
        "y = jax.numpy.transpose(y, (1, 0))  # KN to NK",
    ]
    assert (found.written.before, found.written.after) == ((), ())
    assert found.trap == ""
    assert (str(found.source.target), str(found.ran.target)) == ("torch", "jax")
    assert found.kinds == ("integers", "normal")
    text = told.section(read("torch.mul(a, 3)"), "jax", found)
    assert "note: columns" in text
    assert "(24 elements)" in text
    assert "\nimport jax\n\nx = jax.numpy.transpose" in text


@needs
@pytest.mark.usefixtures("scaled")
def test_a_default_that_is_another_is_a_trap(recipes: Recipes) -> None:
    found = answered(recipes, "F.leaky_relu(a)", "tensorflow")
    assert isinstance(found, Answer), found
    assert found.written.plan.text == "y = tf.nn.leaky_relu(x, alpha=0.01)"
    assert found.trap.startswith(
        "tf.nn.leaky_relu(x) is not the same: alpha is 0.2 by default; say alpha=0.01; there it gives: "
    )
    assert "equals the reference with slope 0.2 for 0.01" in found.trap
    found = answered(recipes, "F.leaky_relu(a, 0.2)", "tensorflow")
    assert isinstance(found, Answer), found
    assert found.trap == ""


@needs
@pytest.mark.usefixtures("scaled")
def test_there_is_none_and_why(recipes: Recipes) -> None:
    found = answered(recipes, "torch.mul(a, -2)", "jax")
    assert found == NoRecipe("jax", "target", "jax: no sign")
    none = answered(recipes, "torch.mul(a, 2)", "tensorflow")
    assert isinstance(none, NoRecipe)
    assert "has no scaled" in none.reason


@needs
@pytest.mark.usefixtures("scaled")
def test_words_that_are_wrong_are_found_and_explained(recipes: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Words("y = jax.numpy.multiply(x, {k|more})", own={"more": lambda k: k + 1})
    monkeypatch.setitem(find()[0]["jax"].words, "scaled", wrong)  # type: ignore[index]
    found = answered(recipes, "torch.mul(a, 2)", "jax", (4, 6))
    assert isinstance(found, NoRecipe)
    assert found.kind == "wrong"
    assert "explained: equals the reference with k 3 for 2" in found.reason


def test_named_slices_are_moved() -> None:
    spec = TensorSpec("w", "GHI", (4, 2, 3), marks=(("G", "ifgo"),))
    array = np.arange(24.0).reshape(4, 2, 3)
    for ours, theirs in (("(GH)I", "I(GH) G=igfo"), ("I(GH) G=igfo", "(GH)I"), ("GHI G=oifg", "I(GH) G=igfo")):
        source, target = parse_layout(ours), parse_layout(theirs)
        line = f"w = {moved(spec, source, target)}"
        found = convert([line], {"w": to_layout(array, spec.axes, source, "w", spec.marks)})
        np.testing.assert_array_equal(found["w"], to_layout(array, spec.axes, target, "w", spec.marks), err_msg=line)


# --- the ops and words that ship --------------------------------------------------------------------------------------

MEANT: list[tuple[str, str, dict[str, Any]]] = [
    ("torch.topk(x, 5)", "topk", {"k": 5, "largest": True}),
    ("torch.topk(x, k=2, dim=1, largest=False)", "topk", {"k": 2, "largest": False}),
    ("tf.math.top_k(x, k=3)", "topk", {"k": 3}),
    ("tf.nn.top_k(x)", "topk", {"k": 1}),
    ("lax.top_k(x, 3)", "topk", {"k": 3}),
    ("keras.ops.top_k(x, 3)", "topk", {"k": 3}),
    ('F.gelu(x, approximate="tanh")', "gelu", {"approximate": "tanh"}),
    ("nn.GELU()(x)", "gelu", {"approximate": "none"}),
    ("jax.nn.gelu(x)", "gelu", {"approximate": "tanh"}),
    ("jax.nn.gelu(x, False)", "gelu", {"approximate": "none"}),
    ("tf.nn.gelu(x)", "gelu", {"approximate": "none"}),
    ("keras.ops.gelu(x)", "gelu", {"approximate": "tanh"}),
    ("F.max_pool2d(x, 2, stride=2, padding=1)", "max_pool", {"padding": ((1, 1), (1, 1)), "indices": False}),
    ("nn.MaxPool2d((2, 3), return_indices=True)", "max_pool", {"window": (2, 3), "stride": (2, 3), "indices": True}),
    ("F.max_pool1d(x, 3, 1, ceil_mode=True)", "max_pool", {"window": (3,), "stride": (1,), "ceil": True}),
    ('tf.nn.max_pool2d(x, 2, 2, "SAME")', "max_pool", {"padding": "same"}),
    ('keras.ops.max_pool(x, 3, padding="same")', "max_pool", {"window": (3, 3), "stride": (3, 3), "padding": "same"}),
    ("keras.layers.MaxPooling1D()", "max_pool", {"window": (2,), "padding": "valid"}),
    ("F.batch_norm(x, m, v, w, b, True, 0.2)", "batch_norm", {"momentum": 0.8, "epsilon": 1e-5, "unbiased": True}),
    ("F.layer_norm(x, (5,), w, b, 1e-3)", "layer_norm", {"axes": 1, "epsilon": 1e-3}),
    ("F.batch_norm(x, m, v, w, b)", "batch_norm_inference", {"epsilon": 1e-5}),
    ("F.batch_norm(x, m, v, w, b, eps=1e-3)", "batch_norm_inference", {"epsilon": 1e-3}),
    ("F.group_norm(x, 2, w, b)", "group_norm", {"groups": 2, "epsilon": 1e-5}),
    ("F.instance_norm(x, weight=w, bias=b, eps=1e-3)", "instance_norm", {"epsilon": 1e-3}),
    ("F.rms_norm(x, (5,), w, 1e-6)", "rms_norm", {"axes": 1, "epsilon": 1e-6}),
    ("F.normalize(x, dim=-1)", "l2_normalize", {"least": "norm", "epsilon": 1e-12}),
    ("tf.nn.l2_normalize(x, -1)", "l2_normalize", {"least": "square", "epsilon": 1e-12}),
    ("F.local_response_norm(x, 5, alpha=1e-3)", "lrn", {"size": 5, "alpha": 1e-3, "beta": 0.75, "k": 1.0}),
    ("F.mse_loss(x, t, reduction='sum')", "mse", {"reduction": "sum"}),
    ("F.huber_loss(x, t, delta=0.5)", "huber", {"delta": 0.5, "reduction": "mean"}),
    ("F.smooth_l1_loss(x, t, beta=2.0)", "smooth_l1", {"beta": 2.0}),
    ("F.binary_cross_entropy(x, t)", "binary_cross_entropy", {"logits": False}),
    ("F.binary_cross_entropy_with_logits(x, t)", "binary_cross_entropy", {"logits": True, "positive": 1.0}),
    ("F.kl_div(x, t, reduction='batchmean')", "kl_div", {"reduction": "batchmean", "logs": True}),
    ("F.cross_entropy(x, t, label_smoothing=0.1)", "cross_entropy", {"smoothing": 0.1, "reduction": "mean"}),
    ("F.ctc_loss(x, t, frames, labels)", "ctc", {"blank": 0, "reduction": "mean", "logits": False}),
    ("tf.nn.ctc_loss(t, x, labels, frames)", "ctc", {"blank": 0, "reduction": "none", "logits": True}),
    ("keras.ops.ctc_loss(t, x, labels, frames, mask_index=2)", "ctc", {"blank": 2, "reduction": "none"}),
    ("nn.LSTM(3, 7, batch_first=True)", "lstm", {"features": 3, "units": 7}),
    ("nn.BatchNorm2d(64)", "batch_norm", {"channels": 64, "momentum": 0.9, "epsilon": 1e-5, "unbiased": True}),
    ("keras.layers.BatchNormalization()", "batch_norm", {"momentum": 0.99, "epsilon": 1e-3, "unbiased": False}),
    ("nn.LayerNorm(8)", "layer_norm", {"shape": (8,), "axes": 1, "epsilon": 1e-5}),
    ("nn.LayerNorm((5, 7))", "layer_norm", {"shape": (5, 7), "axes": 2}),
    ("keras.layers.LayerNormalization()", "layer_norm", {"axes": 1, "epsilon": 1e-3}),
    ("nn.Embedding(10, 3)", "embedding", {"rows": 10, "features": 3}),
    ("keras.layers.Embedding(10, 3)", "embedding", {"rows": 10, "features": 3}),
    ("jnp.take(w, indices, 0)", "embedding", {}),
    ("F.leaky_relu(x)", "leaky_relu", {"slope": 0.01}),
    ("nn.LeakyReLU(0.2)(x)", "leaky_relu", {"slope": 0.2}),
    ("tf.nn.leaky_relu(x)", "leaky_relu", {"slope": 0.2}),
    ("keras.layers.LeakyReLU()(x)", "leaky_relu", {"slope": 0.3}),
    ("keras.ops.leaky_relu(x)", "leaky_relu", {"slope": 0.2}),
    ("jax.nn.leaky_relu(x)", "leaky_relu", {"slope": 0.01}),
    ("nn.ReLU()(x)", "relu", {}),
    ("F.elu(x, 0.5)", "elu", {"alpha": 0.5}),
    ("F.hardtanh(x, 0.0, 6.0)", "hard_tanh", {"low": 0.0, "high": 6.0}),
    ("F.adaptive_avg_pool2d(x, 1)", "adaptive_avg_pool", {"output": (1, 1)}),
    ("tf.nn.depth_to_space(x, 3)", "depth_to_space", {"block": 3, "mode": "DCR"}),
    ("torch.var(x, dim=1)", "var", {"ddof": 1, "axes": (1,)}),
    ("np.var(x, ddof=1)", "var", {"ddof": 1, "axes": None}),
    ("tf.math.reduce_variance(x, axis=1)", "var", {"ddof": 0, "axes": (1,)}),
    ("torch.mean(x, dim=(1, 2), keepdim=True)", "mean", {"axes": (1, 2), "keepdims": True}),
    ("jnp.sum(x)", "sum", {"axes": None}),
    ("tf.math.reduce_sum(x, axis=1)", "sum", {"axes": (1,)}),
    ("torch.amax(x, dim=1)", "max", {"keepdims": False}),
    ("torch.cumsum(x, dim=1)", "cumsum", {"axis": 1}),
    ("tf.math.cumsum(x, axis=1, exclusive=True)", "cumsum", {"axis": 1, "exclusive": True}),
    ("jnp.linalg.norm(x, axis=-1)", "norm", {"order": "2", "axes": (-1,)}),
    ("torch.sort(x, dim=-1, descending=True)", "sort", {"descending": True}),
    ("torch.searchsorted(a, v, right=True)", "searchsorted", {"right": True}),
    ("F.one_hot(x, 5)", "one_hot", {"classes": 5}),
    ("torch.take_along_dim(x, index, dim=1)", "take_along_axis", {"axis": 1}),
    ("F.pad(x, (2, 3))", "pad", {"pads": ((2, 3),)}),
    ("jnp.pad(x, ((1, 1), (2, 0)), mode='reflect')", "pad", {"pads": ((1, 1), (2, 0)), "mode": "reflect"}),
    ("nn.PixelShuffle(3)", "pixel_shuffle", {"block": 3}),
    ("F.pixel_unshuffle(x, 2)", "space_to_depth", {"block": 2, "mode": "CRD"}),
    ("nn.PixelUnshuffle(3)", "space_to_depth", {"block": 3, "mode": "CRD"}),
    ("tf.nn.space_to_depth(x, 3)", "space_to_depth", {"block": 3, "mode": "DCR"}),
    ("keras.ops.space_to_depth(x, 2)", "space_to_depth", {"block": 2, "mode": "DCR"}),
    ("F.unfold(x, 3, padding=2)", "unfold", {"window": (3, 3), "stride": (1, 1), "padding": ((2, 2), (2, 2))}),
    ("nn.Unfold((2, 3), stride=2)", "unfold", {"window": (2, 3), "stride": (2, 2), "dilation": (1, 1)}),
    ("F.fold(x, (4, 5), 2)", "fold", {"size": (4, 5), "window": (2, 2), "stride": (1, 1)}),
    ("nn.Fold((4, 6), 2, stride=2)", "fold", {"size": (4, 6), "stride": (2, 2)}),
    ("lax.conv_general_dilated_patches(x, (3, 3), (1, 1), 'SAME')", "unfold", {"window": (3, 3), "padding": "same"}),
    ("keras.ops.image.extract_patches(x, 2)", "unfold", {"window": (2, 2), "stride": (2, 2), "padding": "valid"}),
    ("keras.ops.unfold(x, 2)", "unfold", {"window": (2, 2), "stride": (1, 1)}),
    ("keras.ops.fold(x, (4, 5), 2)", "fold", {"size": (4, 5), "window": (2, 2)}),
    ("F.scaled_dot_product_attention(q, k, v, is_causal=True)", "attention", {"causal": "top_left", "mask": "no"}),
    ("F.scaled_dot_product_attention(q, k, v, attn_mask=mask)", "attention", {"mask": "boolean"}),
    ("keras.ops.dot_product_attention(q, k, v)", "attention", {"causal": "no"}),
    ("nn.Linear(4, 8)", "dense", {"units": 8, "bias": True}),
    ("nn.Linear(4, 8, bias=False)", "dense", {"units": 8, "bias": False}),
    ("keras.layers.Dense(8)", "dense", {"units": 8, "bias": True}),
    ("nn.LSTM(4, 8)", "lstm", {"features": 4, "units": 8}),
    ("nn.GRU(4, 8, batch_first=True)", "gru", {"features": 4, "units": 8, "reset_after": True}),
    ("keras.layers.GRU(8, reset_after=False)", "gru", {"units": 8, "reset_after": False}),
    ("keras.layers.LSTM(8, return_sequences=True)", "lstm", {"units": 8}),
    ("nn.AvgPool2d(2)", "avg_pool", {"window": (2, 2), "stride": (2, 2)}),
    ("keras.layers.AveragePooling2D(3, strides=2, padding='same')", "avg_pool", {"window": (3, 3), "padding": "same"}),
    ("nn.CrossEntropyLoss(label_smoothing=0.1)", "cross_entropy", {"smoothing": 0.1, "reduction": "mean"}),
    ("nn.SmoothL1Loss(beta=0.5)", "smooth_l1", {"beta": 0.5}),
    ("nn.CTCLoss(blank=3, zero_infinity=True)", "ctc", {"blank": 3, "zero_infinity": True, "reduction": "mean"}),
    ("nn.BCEWithLogitsLoss()", "binary_cross_entropy", {"logits": True}),
    ("nn.GroupNorm(2, 6)", "group_norm", {"groups": 2, "channels": 6}),
    ("nn.Softmax(dim=1)", "softmax", {"axis": 1}),
    # The loss, and not the mean of some tensor.
    ("jnp.mean(jnp.square(x - target))", "mse", {"reduction": "mean"}),
]


@pytest.mark.parametrize(("text", "op", "parameters"), MEANT, ids=[text for text, _, _ in MEANT])
def test_what_ships_is_read(text: str, op: str, parameters: dict[str, Any]) -> None:
    if op not in DEFINED:
        pytest.skip(f"there is no op {op}")
    found = read(text).op
    assert found.name == op
    assert {name: getattr(found, name) for name in parameters} == parameters


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nn.BatchNorm2d(64, affine=False)", "affine is False, expected True"),
        ("nn.LayerNorm(8, bias=False)", "bias is False, expected a tensor"),
        ("nn.Embedding(10, 3, max_norm=1.0)", "max_norm is 1.0, expected None"),
    ],
)
def test_a_layer_that_is_something_else(text: str, reason: str) -> None:
    with pytest.raises(CallError, match=reason):
        read(text)


def plans() -> Iterator[tuple[str, str, str]]:
    """The head of every plan that words give, for every op and each of its readings: what a person would paste."""
    for framework in find()[0].values():
        for kind in DEFINED.values():
            if not several(framework.words.get(kind.name)):
                continue
            op = kind.bind({name: field.default for name, field in kind.fields().items()})
            for asked in (op, *(other for _, other in op.readings())):
                said = asked.parameters()
                if said.get("of") != op.parameters().get("of") or said.get("complex"):
                    continue  # what tensors are of is not in the call
                if said.get("type") == 1:
                    continue  # a reading with what no file may say: of a cosine transform, whose types are 2 and 3
                plan = lower(Ask(asked, asked.meaning(), "float32", parse_target(framework.name)))
                head = head_of(plan, framework.first_words) if isinstance(plan, Plan) else None
                if head is not None and head.function in framework.calls:
                    yield framework.name, ast.unparse(head.call), kind.name


def test_what_words_say_is_read_back() -> None:
    for framework, text, op in dict.fromkeys(plans()):
        if op == "scatter_add" and text.startswith("keras.ops.add("):
            with pytest.raises(CallError, match=r"keras\.ops\.scatter is read as scatter_add, but the words are"):
                read(text)  # two calls are not read as one
            continue
        found = read(text)
        # An adaptive pool whose places are all alike is a pool, and asked by the same call.
        assert found.framework == framework, text
        if found.op.name not in {op, op.removeprefix("adaptive_")}:
            # A layer that is one op when it trains and another when it does not is one of them; a note names the other.
            assert any(note.startswith(f"the same call is {op}[") for note in found.notes), text
            continue
        head = head_of(found.words, find()[0][framework].first_words)
        assert head is not None
        asked, written = ast.unparse(head.call), text
        if op == "eigh":  # of the other triangle: the transpose of x is a tensor as x is, and that is said
            written = re.sub(r"\([\w.]*trans[a-z]+\(x\)\)|\([\w.]*swapaxes\(x, -1, -2\)\)", "(x)", text)
        if op == "add":  # a number is the same one with a point
            asked, written = (call.replace(".0)", ")") for call in (asked, written))
        assert asked == written


# Prints {name: [[[parameter, required, default], ...], ...]} of one framework, in its own process: a builtin has the
# signatures that stand in its docstring, one or several.
_SIGNATURES = """
import ast, importlib, inspect, json, re, sys
module, names = sys.argv[1], sys.argv[2:]
importlib.import_module(module)
space = {{"tensorflow": "tf"}.get(module, module): sys.modules[module]}

def written(name, text):
    for match in re.finditer(re.escape(name.rpartition(".")[2]) + "[(]", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        try:
            said = ast.parse("def f(" + text[match.end():end] + ": ...").body[0].args
            listed = [*said.args, *said.kwonlyargs]
            defaults = [*[None] * (len(said.args) - len(said.defaults)), *said.defaults, *said.kw_defaults]
            plain = ast.Constant, ast.Tuple, ast.UnaryOp
            yield [
                [a.arg, d is None, ast.literal_eval(d) if isinstance(d, plain) else None]
                for a, d in zip(listed, defaults, strict=True)
            ]
        except (SyntaxError, ValueError):
            pass

found = {}
for name in names:
    value = eval(name, space)
    try:
        listed = list(inspect.signature(value).parameters.values())
        if any(p.kind.name == "VAR_POSITIONAL" for p in listed):
            continue  # it has the arguments of another one
        listed = [p for p in listed if p.kind.name != "VAR_KEYWORD"]
        rows = [[[p.name, p.default is p.empty, None if p.default is p.empty else p.default] for p in listed]]
    except ValueError:
        rows = list(written(name, value.__doc__ or ""))
    plain = (bool, int, float, str, tuple)
    rows = [[[n, r, d if isinstance(d, plain) else None] for n, r, d in one if n != "out"] for one in rows if one]
    if rows:
        found[name] = rows
print(json.dumps(found))
"""


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax", "keras", "tensorflow"])
def test_signatures_are_the_frameworks_own(framework: str) -> None:
    if missing(parse_target(framework)):
        pytest.skip(f"needs {framework}")
    calls = find()[0][framework].calls
    found: dict[str, list[list[list[Any]]]] = own_words(_SIGNATURES, framework, calls)
    assert found
    # A method has the arguments of its function; that there is one of that name is seen above.
    found = {n: theirs for n, theirs in found.items() if not n.startswith(f"{find()[0][framework].tensor}.")}
    wrong = {
        name: theirs
        for name, theirs in found.items()
        if not any(_same_signature(name, calls[name], one, theirs) for one in theirs)
    }
    assert not wrong, "\n".join(f"{name}: {one}" for name, one in wrong.items())


# A default as it is given, and what it is.
ALIKE = {"euclidean": 2, "[2, 2]": 2, "[2, 2, 2]": 2}


# What every one of NumPy's elementwise functions takes, which no call here says.
UFUNC = frozenset("where casting order dtype subok signature".split())
# What a document calls an argument, and what the function does.
CALLED = {("torch.searchsorted", "values"): "input"}


def _same_signature(function: str, ours: Known, one: list[list[Any]], several: list[list[list[Any]]]) -> bool:
    """Whether a signature is one of a function's several; what another of them lacks has a default."""
    one = [[CALLED.get((function, name), name), required, default] for name, required, default in one]
    if any(name == "casting" for name, _, _ in one):
        one = [row for row in one if row[0] not in UFUNC]
    if list(ours.parameters) != [name for name, _, _ in one]:
        return False
    for name, required, default in one:
        known_default = ours.parameters[name]
        if name == "name":
            continue
        # A framework's None often stands for another value; that is what ours says.
        if isinstance(known_default, As) or (default is None and not required):
            if known_default is REQUIRED:
                return False
        elif required:
            if known_default is not REQUIRED and all(name in (other for other, _, _ in each) for each in several):
                return False
        elif known_default != ALIKE.get(str(default), tuple(default) if isinstance(default, list) else default):
            return False
    return True


# Windows shorter and longer than the stride, even and odd.
POOLS = [
    ((1, 1, 3, 2), (1, 1, 2, 2), "'SAME'"),
    ((1, 1, 2, 3), (1, 1, 3, 2), "'SAME'"),
    ((1, 1, 5, 1), (1, 1, 3, 4), "'SAME'"),
    ((1, 1, 3, 4), (1, 1, 1, 3), "'VALID'"),
    ((1, 1, 3, 3), (1, 1, 2, 2), "((0, 0), (0, 0), (0, 1), (1, 0))"),
]


@needs
@pytest.mark.skipif("max_pool" not in DEFINED, reason="there is no op max_pool")
def test_code_is_run_at_other_lengths_or_says_for_which_it_holds() -> None:
    with Recipes() as recipes:
        meant = read_words(parse("torch.nn.functional.max_pool2d(x, 2, ceil_mode=True)"), {}, (1, 2, 7, 6))
        rounded_up = Answers(meant, recipes.bench).answer("jax")
        meant = read_words(parse("torch.nn.functional.max_pool2d(x, 2)"), {}, (1, 2, 7, 6))
        plain = Answers(meant, recipes.bench).answer("jax")
    assert isinstance(rounded_up, Answer)
    # An end is padded only where a length is odd.
    assert rounded_up.only == ""
    assert "assert" not in told.script(rounded_up)
    assert "% " not in told.script(rounded_up)
    assert {int(shape.split(", ")[2]) % 2 for shape in rounded_up.others} == {0, 1}
    assert isinstance(plain, Answer)
    assert plain.only == ""


@needs
def test_one_text_holds_for_pools_of_every_stride_or_says_where(recipes: Recipes) -> None:
    for window, stride, rest in POOLS:
        meant = read_words(
            parse(f"jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, {window}, {stride}, {rest})"), {}, (1, 2, 7, 9)
        )
        found = Answers(meant, recipes.bench).answer("torch")
        assert isinstance(found, Answer), found
        assert (found.only, len(found.others) >= 4) == ("", True), (found.only, meant.text)
        assert all("without" not in shapes for shapes in found.others)

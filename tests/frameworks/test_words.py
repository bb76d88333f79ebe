"""Words: holes, layouts, conditions; and the table of every op and framework, cell by cell."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from conformance.frameworks import Ask, lower
from conformance.frameworks.base import COMMON, Below, Framework
from conformance.frameworks.check import check_plan
from conformance.frameworks.found import GROUP, read
from conformance.frameworks.words import WORDS, Words, literal, values_of
from conformance.ops import OPS
from conformance.ops.base import TensorSpec
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import FRAMEWORKS, parse_target
from tests.ops.asked import ASKED
from tests.strategies import parameters

TENSORS = (TensorSpec("x", "NCHW", (1, 2, 5, 5)), TensorSpec("y", "NCHW", (1, 2, 3, 3)))


@dataclass(frozen=True)
class Pool:
    """An op as far as words know one."""

    size: tuple[int, ...] = (5, 5)
    kernel: tuple[int, ...] = (3, 3)
    padding: tuple[tuple[int, int], ...] = ((1, 1), (0, 2))
    mode: str = "constant"
    value: float = 0.5

    def meaning(self) -> Mapping[str, Any]:
        return {"reach": 2, "kernel": "of the parameters, which come first"}


def filled(words: Words, op: Any = None, target: str = "torch", dtype: str = "float32") -> Plan | Unsupported:
    return words.plan(op or Pool(), TENSORS[:1], TENSORS[1:], parse_target(target), dtype)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = f(x, {kernel})", "y = f(x, (3, 3))"),
        ("y = pool{size|dims}d(x, {kernel|outer}, {value})", "y = pool2d(x, (1, 1, 3, 3), 0.5)"),
        ("y = pad(x, {padding|outer_pairs})", "y = pad(x, ((0, 0), (0, 0), (1, 1), (0, 2)))"),
        ("y = pad(x, {padding|backwards}, mode={mode})", "y = pad(x, (0, 2, 1, 1), mode='constant')"),
        ("y = f(x, {padding|lows|first}, {reach})", "y = f(x, 1, 2)"),
        ("y = module.{mode|text}(x)", "y = module.constant(x)"),
        ("y = f(x, dtype={on_dtype})", "y = f(x, dtype='float32')"),
        ("layer.build({x_shape})\ny = layer(x)", "layer.build((1, 2, 5, 5))\ny = layer(x)"),
        # Braces around anything else are the plan's own.
        ('y = call(layer, {"weight": w, "size": {kernel}})', 'y = call(layer, {"weight": w, "size": (3, 3)})'),
    ],
)
def test_holes(text: str, expected: str) -> None:
    plan = filled(Words(text))
    assert isinstance(plan, Plan)
    assert plan.text == expected
    assert Words(text).wrong(values_of(Pool()), ["x", "y"]) == []


def test_layouts_are_the_op_s_own_where_nothing_else_is_said() -> None:
    plan = filled(Words("y = x", {"y": "NHWC"}, note="why"))
    assert isinstance(plan, Plan)
    assert plan.layouts == (("x", "NCHW"), ("y", "NHWC"))
    assert plan.note == "why"
    laid_out = filled(Words("layer.build({x_shape})", {"x": "N(HW)C"}))
    assert isinstance(laid_out, Plan)
    assert laid_out.text == "layer.build((1, 25, 2))"
    (_, layout), _ = filled(Words("y = x", {"x": "N{size|word|text}"}, own={"word": lambda _: "CHW"})).layouts  # type: ignore[union-attr]
    assert layout == "NCHW"


@pytest.mark.parametrize(
    ("condition", "target", "dtype", "holds"),
    [
        ("not even(padding)", "torch", "float32", True),
        ("even(padding)", "torch", "float32", False),
        ("kernel == [3, 3] and reach > 1", "torch", "float32", True),
        ("on_dtype == 'bfloat16'", "torch", "bfloat16", True),
        ("on_dtype == 'bfloat16'", "torch", "float32", False),
        ("on_mode == 'export' or on_device == 'gpu'", "torch:export", "float32", True),
        ("on_mode == 'export'", "torch", "float32", False),
        ("on_backend == 'jax'", "keras/jax", "float32", True),
        ("'api=ops' in on_options", "keras/jax+api=ops", "float32", True),
        ("'api=ops' in on_options", "keras/jax", "float32", False),
        # A parameter called as what a target has is the parameter.
        ("mode == 'constant'", "torch:compile", "float32", True),
        ("twice(reach) == 4", "torch", "float32", True),
    ],
)
def test_what_can_not_be_asked(condition: str, target: str, dtype: str, holds: bool) -> None:
    words = Words("y = x", unless={condition: "seen"}, own={"twice": lambda v: 2 * v})
    assert filled(words, target=target, dtype=dtype) == (
        Unsupported("seen") if holds else Plan.of("y = x", {"x": "NCHW", "y": "NCHW"})
    )
    assert words.wrong(values_of(Pool()), ["x", "y"]) == []


def test_the_first_condition_that_holds_is_the_reason() -> None:
    words = Words("y = x", unless={"reach == 0": "a", "reach == 2": "b", "true": "c"})
    assert filled(words) == Unsupported("b")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (Words("y = f({kernal})"), "{kernal}: the op has no 'kernal'; did you mean 'kernel'?"),
        (Words("y = f({kernel|low})"), "{kernel|low}: no word 'low'; did you mean 'lows'?"),
        (Words("y = x", {"w": "OI"}), "a layout for 'w', which the op has not"),
        (Words("y = x", {"x": "NN"}), "x: layout 'NN' names an axis twice"),
        (Words("y = x", {"x": "N{axes|text}"}), "{axes|text}: the op has no 'axes'"),
        (Words("y = f({ kernel })"), "{kernel} is no hole, and a plan has no sets"),
        (Words("y = f({kernel)"), "not Python once its holes are filled"),
        (Words("y = x", unless={"kernal == 1": "a"}), "unless 'kernal == 1': unknown parameter 'kernal'"),
        (Words("y = x", unless={"evn(padding)": "a"}), "unknown function 'evn'"),
        (Words("y = x", unless={"reach == 1": " "}), "unless 'reach == 1': no reason"),
    ],
)
def test_what_is_wrong_with_words(words: Words, said: str) -> None:
    assert any(said in found for found in words.wrong(values_of(Pool()), ["x", "y"]))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"a": 1}, (1, b"2")])
def test_what_has_no_literal(value: Any) -> None:
    with pytest.raises(TypeError, match="has no literal"):
        literal(value)


def test_literals() -> None:
    for value in (1, -2.5, 1e-05, "a'b", True, None, (), (1,), ((1, 2.0), "a")):
        assert eval(literal(value)) == value
    with pytest.raises(ValueError, match="is no name"):
        WORDS["text"]("a b")


# --- every op x framework -------------------------------------------------------------------------------------------

CELLS = [(op, name) for op in OPS if op != "call" for name in FRAMEWORKS]


@pytest.mark.parametrize(("op", "framework"), CELLS)
def test_every_cell_says_something(op: str, framework: str) -> None:
    cell = FRAMEWORKS[framework].words.get(op)
    assert cell is not None, f"{framework}/words says nothing of {op}: words, a function, or the observed reason"
    if isinstance(cell, str):
        assert cell.strip()
    elif isinstance(cell, Words | tuple):
        asked = OPS[op].bind({name: field.default for name, field in OPS[op].fields().items()})
        # Some parameters ask for further outputs.
        questions = [op for op in (asked, *(other for _, other in asked.readings())) if op.refusal() is None]
        names = [spec.name for op in questions for spec in (*op.inputs(), *op.outputs())]
        for words in cell if isinstance(cell, tuple) else (cell,):
            assert words.wrong(values_of(asked), names) == []
    else:
        assert list(inspect.signature(cell).parameters) == ["ask"]


@pytest.mark.parametrize(("op", "framework"), CELLS)
def test_every_plan_in_words_may_run(op: str, framework: str) -> None:
    """A plan that the worker refuses would be told as `unsupported`."""
    cell = FRAMEWORKS[framework].words.get(op)
    if not isinstance(cell, Words | tuple):
        return
    default = OPS[op].bind({name: field.default for name, field in OPS[op].fields().items()})
    target = parse_target(framework)
    tried = 0
    more = [parameters(op, **given) for given in ASKED[op]]
    for asked in (default, *(other for _, other in default.readings()), *more):
        plan = lower(Ask(asked, asked.meaning() if asked.refusal() is None else None, "float32", target))
        if isinstance(plan, Plan):
            tried += 1
            assert check_plan(plan.text, framework, plan.inputs, plan.outputs, plan.trusted) == [], plan.text
    assert tried


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_room_has_words_for_an_op_that_is_not_there(framework: str) -> None:
    assert set(FRAMEWORKS[framework].words) <= set(OPS)


# --- the objects ----------------------------------------------------------------------------------------------------


def a_framework(**more: Any) -> Framework:
    return Framework(**{"name": "a", "title": "A", "room": "room", "package": "a", "module": "a", **more})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": "A1"}, "'A1' can't stand in a target"),
        ({"options": {"a b": ("1",)}}, "'a b' can't stand in a target"),
        ({"options": {"a": ("1+",)}}, r"'1\+' can't stand in a target"),
        ({"modes": ("jit",)}, "the first mode must be 'eager'"),
        ({"devices": ("gpu", "cpu")}, "the first device 'cpu'"),
        ({"variables": {"onednn": "X"}}, "'onednn' is no option or backend"),
        ({"below": {"b": Below("b", "b")}}, "'b' is no option or backend"),
    ],
)
def test_an_object_that_can_not_be_meant(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        a_framework(**more)


def test_what_stands_in_the_environment() -> None:
    made = a_framework(
        options={**COMMON, "fast": ("0", "1"), "api": ("x",)},
        variables={"fast": "A_FAST"},
        backend_variable="A_BACKEND",
    )
    assert made.environment("b", {"fast": "0", "api": "x"}) == {"A_FAST": "0", "A_BACKEND": "b"}
    threaded = a_framework(settings={"A_THREADS": "{threads}", "A_POOL": "1"})
    assert threaded.environment("", {"threads": "3"}) == {"A_THREADS": "3", "A_POOL": "1"}
    assert threaded.environment("", {}) == {"A_THREADS": "1", "A_POOL": "1"}
    # A backend that is a framework has its own, too.
    on_jax, on_tensorflow = (parse_target(f"keras/{name}+threads=2").environment() for name in ("jax", "tensorflow"))
    assert on_jax == {"KERAS_BACKEND": "jax", "TF_ENABLE_ONEDNN_OPTS": None}
    assert on_tensorflow["TF_NUM_INTRAOP_THREADS"] == "2"
    # The user's shell says nothing of an option that the target does not name.
    assert made.environment("b", {}) == {"A_FAST": None, "A_BACKEND": "b"}


def test_the_first_of_a_name_is_taken() -> None:
    ours = EntryPoint("torch", "conformance.frameworks.torch:FRAMEWORK", GROUP)
    again = EntryPoint("torch", "conformance.frameworks.jax:FRAMEWORK", GROUP)
    good, bad = read([ours, ours, again])
    assert good["torch"].title == "PyTorch"
    assert bad == {"torch": f"{again.value} has the name of {ours.value}, which is used"}
    assert read([ours, ours]) == ({"torch": FRAMEWORKS["torch"]}, {})


def test_ours_are_there() -> None:
    assert list(FRAMEWORKS)[:6] == ["numpy", "torch", "jax", "tensorflow", "keras", "onnx"]
    for framework in FRAMEWORKS.values():
        for name in ("__init__.py", "words/__init__.py", "allowed.py", "runtime.py", "surface.py"):
            assert (framework.folder / name).is_file()
        assert framework.allowed.roots == set(framework.first_words)

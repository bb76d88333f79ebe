"""Reading calls: what they mean is what the framework does with them, and what is wrong is said at its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.ask.probe import Probe
from conformance.dtypes import encode
from conformance.executor import Request
from conformance.frameworks.calls import REQUIRED
from conformance.frameworks.check import check_plan
from conformance.layout import from_layout, to_layout
from conformance.outcome import Value
from conformance.recipe.call import Call, CallError
from conformance.recipe.read import read_call
from conformance.recipe.signatures import ON_JAX, signatures
from conformance.recipe.syntax import read_values
from conformance.target import parse_target
from tests.recipe.own_words import own_words
from tests.recipe.spread import (
    JAX,
    JAX_LAYERS,
    KERAS,
    ONNX,
    SEPARABLE_KERAS,
    SEPARABLE_TENSORFLOW,
    TENSORFLOW,
    TORCH,
    Shape,
)

SEPARABLE = [*SEPARABLE_KERAS, *SEPARABLE_TENSORFLOW]
EVERYTHING: list[tuple[Any, ...]] = [*TORCH, *KERAS, *TENSORFLOW, *JAX, *JAX_LAYERS, *ONNX, *SEPARABLE]


def refusal(text: str, x: Shape = None, w: Shape = None) -> str:
    with pytest.raises(CallError) as caught:
        read_call(text, x, w)
    return str(caught.value)


def sizes(call: Call) -> tuple[int, ...]:
    return call.op.outputs()[0].shape[2:]


@pytest.mark.parametrize(
    ("target", "calls"),
    [
        ("torch", TORCH),
        ("keras/jax", [*KERAS, *SEPARABLE_KERAS]),
        ("tensorflow", [*TENSORFLOW, *SEPARABLE_TENSORFLOW]),
        ("jax", JAX),
        ("jax", JAX_LAYERS),
        ("onnx", ONNX),
    ],
)
def test_a_call_means_what_its_framework_does(target: str, calls: list[tuple[Any, ...]]) -> None:
    where = parse_target(target)
    read = [read_call(*entry) for entry in calls]
    stream = np.random.RandomState(7)
    expected, requests = [], []
    for call in read:
        specs = call.question.inputs()
        arrays = {s.name: stream.randint(-4, 5, s.shape).astype(np.float64) for s in specs}
        expected.append(call.question.evaluate(arrays)["y"].value)
        words = {s.name: to_layout(encode(arrays[s.name], call.dtype), s.axes, call.layout(s.name)) for s in specs}
        requests.append(Request(call.plan, tuple((name, words[name], call.dtype) for name in words)))
    with Probe([where]) as probe:
        outcomes = probe.ask(where, requests)
    for call, outcome, value in zip(read, outcomes, expected, strict=True):
        assert isinstance(outcome, Value), (call.text, call.plan, outcome)
        assert outcome.first.values is not None
        spec = call.question.outputs()[0]
        y = from_layout(outcome.first.values, spec.axes, call.layout("y"), dict(spec.sizes))
        assert y.any(), call.text
        np.testing.assert_array_equal(y, value, err_msg=f"{call.text}\n{call.plan}")


def test_the_spread_names_every_function() -> None:
    read = {read_call(*entry).function for entry in EVERYTHING}
    assert read == set(signatures())


@pytest.mark.parametrize("entry", EVERYTHING, ids=lambda e: e[0])
def test_a_plan_may_run_and_names_its_arrays(entry: tuple[Any, ...]) -> None:
    call = read_call(*entry)
    names = [name for name, _ in call.layouts]
    assert names == [*(spec.name for spec in call.question.inputs()), "y"]
    assert names[:2] == ["x", "w"]
    assert [name for name, _ in call.weight_names] == names[1:-1]
    assert check_plan(call.plan, call.framework, names[:-1]) == []


# Prints {name: [[parameter, required, default], ...]} of one framework, in its own process.
_SIGNATURES = """
import inspect, json, re, sys
import importlib
module, names = sys.argv[1], sys.argv[2:]
importlib.import_module(module)
root = {"tensorflow": "tf"}.get(module, module)
space = {root: sys.modules[module]}
found = {}
for name in names:
    value = eval(name, space)
    try:
        listed = [p for p in inspect.signature(value).parameters.values() if p.kind is not p.VAR_KEYWORD]
        rows = [[p.name, p.default is p.empty, None if p.default is p.empty else p.default] for p in listed]
    except ValueError:  # a builtin, whose docstring has it
        text = re.search(r"\\((.*?)\\) -> Tensor", value.__doc__).group(1)
        parts = [p.strip().partition("=") for p in text.split(",")]
        rows = [[n, not sign, None if not sign else eval(default)] for n, sign, default in parts]
    found[name] = rows
print(json.dumps(found))
"""


@pytest.mark.parametrize("framework", ["torch", "jax", "keras", "tensorflow"])
def test_signatures_are_the_frameworks_own(framework: str) -> None:
    known = {
        name: s for name, s in signatures().items() if s.framework == framework and name.split(".")[0] not in ON_JAX
    }
    found: dict[str, list[list[Any]]] = own_words(_SIGNATURES, framework, known)
    for name, signature in known.items():
        ours = [[n, d is REQUIRED, None if d is REQUIRED else d] for n, d in signature.parameters.items()]
        # Keras writes the strides' default once for each axis.
        theirs = [[n, r, d[0] if isinstance(d, list) and len(set(d)) == 1 else d] for n, r, d in found[name]]
        assert ours == theirs, name


def test_a_layer_is_read_whole() -> None:
    text = (
        "self.up = nn.ConvTranspose2d(\n    4, 6, 3,  # a comment\n    stride=2, padding=1, output_padding=1, groups=2)"
    )
    call = read_call(text, (1, 4, 8, 8))
    assert (call.function, call.kind, call.op.name) == ("torch.nn.ConvTranspose2d", "layer", "conv_transpose")
    assert call.text == "self.up = nn.ConvTranspose2d( 4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)"
    assert sizes(call) == (16, 16)
    assert dict(call.layouts) == {"x": "NCHW", "w": "(GI)OHW", "b": "C", "y": "NCHW"}
    assert call.plan.splitlines() == [
        "layer = torch.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)",
        'y = torch.func.functional_call(layer, {"weight": w, "bias": b}, (x,))',
    ]


def test_keras_data_format_is_always_said() -> None:
    call = read_call("Conv2DTranspose(8, 3, strides=2, padding='same', activation='relu')(x)", (1, 8, 8, 3))
    assert call.function == "keras.layers.Conv2DTranspose"
    assert sizes(call) == (16, 16)
    assert "data_format='channels_last'" in call.plan
    assert "activation='relu' is left out: add it afterwards" in call.notes
    assert dict(call.layouts)["w"] == "HWOI"
    assert call.weight_name("w") == "kernel"


def test_positions_differ_between_keras_2d_and_3d() -> None:
    assert read_call("Conv2DTranspose(2, 3, 2, 'same', 1)", (1, 4, 4, 3)).op.output_padding == (1, 1)
    message = refusal("Conv3DTranspose(2, 3, 2, 'same', 1)", (1, 4, 4, 4, 3))
    assert "data_format is 1, expected 'channels_last' or 'channels_first'" in message


def test_bare_names_are_told_apart_by_their_arguments() -> None:
    assert read_call("conv2d(x, w, stride=2)", (1, 3, 8, 8), (4, 3, 3, 3)).framework == "torch"
    assert read_call("conv2d(x, w, strides=2, padding='SAME')", (1, 8, 8, 3), (3, 3, 3, 4)).framework == "tensorflow"
    assert (
        read_call("conv_transpose(x, w, (2, 2), 'SAME', transpose_kernel=True)", None, (3, 3, 5, 4)).framework == "jax"
    )
    assert "may be torch.nn.functional.conv2d or tf.nn.conv2d; write out which one" in refusal("conv2d(x, w, 1, 1)")


def test_lhs_dilation_is_a_transposed_convolution() -> None:
    text = "lax.conv_general_dilated(x, w, (1, 1), [(2, 2), (2, 2)], lhs_dilation=(2, 2))"
    call = read_call(text, (1, 4, 5, 5), (6, 4, 3, 3))
    assert (call.op.name, call.op.stride, dict(call.layouts)["w"]) == ("conv_transpose", (2, 2), "OIHW flipped")
    assert sizes(call) == (11, 11)


def test_small_letters_mean_something_else_in_jax() -> None:
    capitals = read_call("lax.conv_transpose(x, w, (1,), 'VALID')", (1, 8, 2), (3, 2, 2))
    small = read_call("lax.conv_transpose(x, w, (1,), 'valid')", (1, 8, 2), (3, 2, 2))
    assert (sizes(capitals), sizes(small)) == ((10,), (6,))
    assert "pads x as a convolution does" in small.notes[0]


def test_dtypes() -> None:
    assert read_call("nn.Conv2d(3, 4, 3, dtype=torch.half)", None).dtype == "float16"
    assert read_call("keras.layers.Conv2D(4, 3, dtype='bfloat16')", (1, 8, 8, 3)).dtype == "bfloat16"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * 3 + 1", 7),
        ("2 ** 3", 8),
        ("(5 - 1) // 2", 2),
        ("7 % 4", 3),
        ("int(5 / 2)", 2),
        ("math.ceil(5 / 2)", 3),
        ("-(-5 // 2)", 3),
        ("max(1, 4)", 4),
        ("3 if 2 > 1 else 5", 3),
        ("(4, 5)[-1]", 5),
        ("len([1, 2, 3])", 3),
        ("k", 3),
        ("2 * self.k[0] - 1", 3),
        ("get_size(k, d=1)", 6),
    ],
)
def test_arithmetic_of_literals_is_done(text: str, value: int) -> None:
    values = read_values(["k=3", "self.k=(2, 5)", "get_size(k, d=1)=6"])
    call = read_call(f"nn.Conv2d(3, 4, kernel_size={text})", (1, 3, 9, 9), None, values)
    assert call.op.kernel == (value, value)


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("nn.Conv2d(3, 4, 3).to(device)", "float32"),
        ("nn.Conv2d(3, 4, 3).to(device).half()", "float16"),
        ("nn.Conv2d(3, 4, 3).double().eval()(x)", "float64"),
        ("nn.Conv2d(3, 4, 3).to('cuda', dtype=torch.bfloat16)", "bfloat16"),
        ("self.layers.append(nn.Conv2d(3, 4, 3).half())", "float16"),
    ],
)
def test_what_stands_behind_a_layer_is_taken_in(text: str, dtype: str) -> None:
    call = read_call(text, None)
    assert (call.function, call.dtype) == ("torch.nn.Conv2d", dtype)


def test_a_size_of_the_input_is_known() -> None:
    text = "nn.ConvTranspose2d(3, 4, 3, padding=1)(x, output_size=x.size())"
    assert read_call(text, (1, 3, 9, 8)).op.output_size == (9, 8)
    assert "the input's own lengths are known with --input" in refusal(text)
    assert "--let 'skip.size()=(1, 8, 16, 16)'" in refusal(text.replace("x.size()", "skip.size()"), (1, 3, 9, 8))


@pytest.mark.parametrize("text", ["in_ch", "=3", "in_ch=", "3=4", "k=j", "k=2 **", "k=2 ** 9999", "k=[1] * 900"])
def test_a_value_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CallError, match="--let is"):
        read_values([text])


T2 = "nn.ConvTranspose2d(4, 6, 3, "


@pytest.mark.parametrize(
    ("text", "x", "w", "said"),
    [
        ("", None, None, "the call is empty"),
        ("nn.Conv2d(3, 4, 3", None, None, "column 10: not valid Python: '(' was never closed"),
        ("x + 1", None, None, "column 1: found binop, expected a call"),
        ("a = 1; nn.Conv2d(3, 4, 3)", None, None, "column 8: found 2 statements, expected one call"),
        ("nn.Conv2d(*args)", None, None, "column 11: found *, expected every argument written out"),
        ("nn.Conv2d(3, 4, **kw)", None, None, "found **"),
        ("nn.Linear(3, 4)", None, None, "nn.Linear is no call that is known here"),
        ("Conv2DTranpose(3, 4)", None, None, "did you mean keras.layers.Conv2DTranspose"),
        ("flax.linen.Conv2d(3, 4, 3)", None, None, "flax.linen.Conv2d is not known"),
        ("tf.nn.relu(tf.nn.conv2d(x, w, 1, 'SAME'))", None, None, "give the convolution inside it alone"),
        ("nn.LazyConvTranspose2d(6, 3)", None, None, "write torch.nn.ConvTranspose2d(in_channels, ...) instead"),
        ("F.conv2d(x, w)(y)", None, None, "is a function, and its result is called"),
        ("nn.Conv2d(3, 4, 3, strides=2)", None, None, "column 20: torch.nn.Conv2d has no argument 'strides'; did you"),
        ("nn.Conv2d(3, 4)", None, None, "misses kernel_size; expected in_channels, out_channels, kernel_size"),
        ("F.conv2d(x, w, weight=w)", None, None, "weight is given twice"),
        (
            "nn.Conv2d(3, 4, 3, stride=s)",
            None,
            None,
            "column 27: s: no value is known here; write it in, or give it (with your numbers): --let s=1",
        ),
        ("nn.Conv2d(a, b, k)", None, None, "a, b and k: no value is known here; write it in, or give it (with your nu"),
        ("nn.Conv2d(3, 4, 1 // 0)", None, None, "1 // 0 can't be computed: integer division or modulo by zero"),
        ("nn.Conv2d(3, 4, 2 ** 9999)", None, None, "found 2 ** 9999, expected integers of at most 63 bits"),
        (
            "tf.nn.conv2d_transpose(x, w, tf.stack([2 ** 999, 1, 1, 1]), 2)",
            (1, 1, 1, 1),
            (1, 1, 1, 1),
            "found 2 ** 999",
        ),
        ("nn.Conv2d(3, 4, 0)", None, None, "kernel_size is 0, expected an integer of at least 1, or 2 integers"),
        ("nn.Conv2d(3, 4, (3,))", None, None, "kernel_size is (3,), expected"),
        ("nn.Conv2d(3, 4, 3, bias=1)", None, None, "bias is 1, expected True or False"),
        (T2 + "groups=3)", None, None, "in_channels is 4, which must be divisible by groups, which is 3"),
        (T2 + "output_padding=1)", None, None, "output_padding is 1, expected below stride or dilation"),
        (T2 + "padding='same')", None, None, "transposed convolutions take integers only"),
        (T2 + "padding_mode='reflect')", None, None, "only 'zeros' is supported for a transposed convolution"),
        (T2 + "stride=2)(x, output_size=[30, 30])", (1, 4, 8, 8), None, "output_size is 30, expected 17 to 18"),
        (T2 + "stride=2)(x, size=[3, 3])", None, None, "called with 'size', expected input, output_size"),
        (T2 + ")", (1, 3, 8, 8), None, "--input is 1,3,8,8, in the order NCHW: 3 channels; the call expects 4"),
        (T2 + ")", (4, 8, 8), None, "expects 4 here, in the order NCHW; the batch comes first"),
        (T2 + ")", None, (6, 4, 3, 3), "the layer's own weights have shape 4,6,3,3 (IOHW); leave --weight out"),
        ("nn.Conv2d(3, 4, 3, padding='same', stride=2)", None, None, "not supported for strided convolutions"),
        ("nn.Conv2d(3, 4, 3, dtype=torch.int8)", None, None, "dtype is torch.int8, expected one of: float64"),
        ("F.conv2d(x, w)", (1, 3, 8, 8), None, "give it with --weight, in the order OIHW, such as --weight 8,3,3,3"),
        ("F.conv2d(3, w)", None, None, "input is 3, expected a tensor such as x"),
        ("layers.Conv2D(4, 3)", None, None, "give the input's shape with --input, in the order NHWC"),
        ("layers.Conv2D(4, 3, padding='causal')", (1, 8, 8, 3), None, "expected one of 'valid', 'same'"),
        ("layers.Conv2D(4, 9)", (1, 8, 8, 3), None, "refuses this for an input of spatial size 8,8"),
        (
            "layers.Conv2D(4, 3, 2, dilation_rate=2)",
            (1, 8, 8, 3),
            None,
            "not supported in conjunction with dilation_rate",
        ),
        (
            "layers.Conv2D(4, 3, data_format='NHWC')",
            (1, 8, 8, 3),
            None,
            "data_format is 'NHWC', expected 'channels_last'",
        ),
        ("layers.Conv2D(4, 3, groups=2)", (1, 8, 8, 3), None, "3 channels, which must be divisible by groups"),
        ("layers.Conv2DTranspose(4, 3, 2, output_padding=2)", (1, 8, 8, 3), None, "strictly less than strides, 2"),
        ("layers.Conv2DTranspose(4, 3, groups=2)", (1, 8, 8, 3), None, "has no argument 'groups'"),
        ("keras.ops.conv(x, w)", None, None, "nothing says how many; give the input's shape with --input"),
        ("tf.nn.conv2d(x, w, 1, 'same')", (1, 8, 8, 3), (3, 3, 3, 4), "expected 'SAME' or 'VALID' (in capitals)"),
        ("tf.nn.conv3d(x, w, 1, 'SAME')", (1, 8, 8, 8, 3), (3, 3, 3, 3, 4), "strides is 1, expected a sequence of 5"),
        ("tf.nn.conv2d(x, w, [2, 1, 1, 1], 'SAME')", (1, 8, 8, 3), (3, 3, 3, 4), "expected 1 for the batch"),
        ("tf.nn.conv2d(x, w, 1, 'SAME', 'NHCW')", (1, 8, 8, 3), (3, 3, 3, 4), "expected 'NHWC' or 'NCHW'"),
        (
            "tf.nn.conv2d_transpose(x, w, [1, 18, 16, 4], 2)",
            (1, 8, 8, 3),
            (3, 3, 4, 3),
            "takes to 9,8; the input has 8,8",
        ),
        ("tf.nn.conv2d_transpose(x, w, [2, 16, 16, 4], 2)", (1, 8, 8, 3), (3, 3, 4, 3), "batch 2, the input 1"),
        ("tf.nn.conv2d_transpose(x, w, shape, 2)", (1, 8, 8, 3), (3, 3, 4, 3), "shape: no value is known here"),
        ("tf.nn.conv2d_transpose(x, w, [n, 16, 16, 4], 2)", (1, 8, 8, 3), (3, 3, 4, 3), "n: no value is known here"),
        ("lax.conv_transpose(x, w, 2, 'SAME')", (1, 8, 8, 3), (3, 3, 3, 4), "strides is 2, expected a sequence of 2"),
        ("lax.conv_transpose(x, w, (2, 2), 'same')", (1, 8, 8, 3), (3, 3, 3, 4), "(in capitals)"),
        (
            "lax.conv_general_dilated(x, w, (1, 1), 'SAME', (2, 2))",
            (1, 3, 8, 8),
            (4, 3, 3, 3),
            "with lhs_dilation JAX takes (low, high) pairs only",
        ),
        (
            "lax.conv_general_dilated(x, w, (2, 2), [(0, 0), (0, 0)], (2, 2))",
            (1, 3, 8, 8),
            (4, 3, 3, 3),
            "neither a convolution nor a transposed",
        ),
        (
            "lax.conv_general_dilated(x, w, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWI', 'NHWC'))",
            (1, 8, 8, 3),
            (3, 3, 3, 4),
            "expected three strings for 2 spatial axes",
        ),
        (
            "lax.conv(x, w, (1, 1), 'SAME', None, jnp.bfloat16)",
            (1, 3, 8, 8),
            (4, 3, 3, 3),
            "a result of another dtype than the input",
        ),
    ],
)
def test_what_is_wrong_is_said(text: str, x: Shape, w: Shape, said: str) -> None:
    message = refusal(text, x, w)
    assert said in message
    if message.startswith("column"):
        head, line, caret = message.split("\n")
        assert caret.index("^") == line.index(line.strip()[0]) + int(head.split()[1].rstrip(":")) - 1

"""The code that is printed, without a framework: its form, and that a worker may run it as it is."""

from __future__ import annotations

import ast

import pytest

from conformance.frameworks.check import check_plan
from conformance.outcome import Unsupported
from conformance.recipe.bench import places
from conformance.recipe.call import Call
from conformance.recipe.naive import nominal
from conformance.recipe.read import read_call
from conformance.recipe.weights import NAMES
from conformance.recipe.write import Code, forms, write
from conformance.target import parse_target

KERAS = 'keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")'
CALLS = [
    (KERAS, (1, 5, 6, 3), None),
    ("keras.layers.Conv3DTranspose(2, 2, strides=3, use_bias=False)", (2, 2, 3, 2, 3), None),
    ('keras.layers.Conv2D(4, (3, 2), padding="same", strides=2)', (1, 5, 6, 3), None),
    ("torch.nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)", (2, 4, 5), None),
    ("torch.nn.Conv2d(4, 6, 3, padding=1, groups=2)", (2, 4, 5, 5), None),
    ("torch.nn.functional.conv_transpose2d(x, w, stride=2)", (1, 3, 4, 4), (3, 2, 3, 3)),
    ("tf.nn.conv2d_transpose(x, w, (1, 8, 8, 4), 2)", (1, 4, 4, 3), (3, 3, 4, 3)),
    ("jax.lax.conv_transpose(x, w, (2,), 'SAME')", (1, 5, 3), (3, 3, 2)),
]


def code(call: Call, target: str) -> Code:
    place = parse_target(target)
    written = write(call, place, forms(call, place)[0])
    assert not isinstance(written, Unsupported)
    return written[0]


def test_a_layer_for_a_layer_with_a_crop_where_one_is_needed() -> None:
    assert code(read_call(KERAS, (1, 5, 6, 3)), "torch").script == (
        "import numpy as np\n"
        "import torch\n"
        "\n"
        "weight = np.transpose(kernel, (3, 2, 0, 1))\n"
        "\n"
        "weight = torch.as_tensor(weight)\n"
        "bias = torch.as_tensor(bias)\n"
        "x = x.permute(0, 3, 1, 2)  # NHWC to NCHW\n"
        "layer = torch.nn.ConvTranspose2d(3, 4, 3, stride=2)\n"
        'y = torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))\n'
        "y = y[:, :, :2 * x.shape[2], :2 * x.shape[3]]\n"
        "y = y.permute(0, 2, 3, 1)  # NCHW to NHWC"
    )


def test_a_function_for_a_function() -> None:
    call = read_call("jax.lax.conv_transpose(x, w, (2, 2), 'SAME')", (1, 4, 4, 3), (3, 3, 3, 2))
    assert "torch.nn.functional.conv_transpose2d" in code(call, "torch").head
    assert "keras.ops.conv_transpose" in code(call, "keras").head


def test_jax_takes_the_weights_as_they_are_where_it_can() -> None:
    for text, shape in (CALLS[0][:2], ("torch.nn.ConvTranspose2d(3, 4, 3, stride=2)", (1, 3, 4, 4))):
        written = code(read_call(text, shape), "jax")
        assert written.weights == ()
        assert "transpose_kernel=True" in written.head
        assert "jax.numpy.transpose" not in written.ran.text


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize(("text", "shape", "weight"), CALLS)
def test_every_code_is_python_that_a_worker_may_run(
    text: str, shape: tuple[int, ...], weight: tuple[int, ...] | None, target: str
) -> None:
    call = read_call(text, shape, weight)
    for place in places(target):
        for form in forms(call, place):
            written = write(call, place, form)
            if isinstance(written, Unsupported):
                assert written.reason
                continue
            for one in written:
                names = [name for name, _ in one.ran.inputs]
                assert check_plan(one.ran.text, target, names) == []
                ast.parse(one.script)
                assert one.head in one.ran.text.replace("(\n    ", "(").replace("\n)", ")")


def test_the_naive_words_are_the_calls_own() -> None:
    said, lost = nominal(read_call(KERAS, (1, 5, 6, 3)), "torch")
    assert said.padding == ((1, 1), (1, 1))
    assert lost == ['padding "same" has no counterpart']
    torch = read_call("torch.nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1, output_padding=1)", (1, 3, 5, 5))
    said, lost = nominal(torch, "jax")
    assert said.padding == ((1, 1), (1, 1))
    assert lost == ["output_padding has no counterpart"]
    said, lost = nominal(torch, "keras")
    assert (said.padding, said.output_padding) == ("same", (1, 1))
    assert lost == ["padding by numbers has no counterpart"]

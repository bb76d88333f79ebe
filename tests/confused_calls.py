"""Real framework calls that are confused: what somebody wrote, which case they had in mind, and the confusion's name.

In each call `x` is "NC..", `w` "IO.." ("GIO.." where there are groups) and `b` "C", tensors of the framework; it leaves
the answer in `y` ("NC.."). Run as a script (`python confused_calls.py FRAMEWORK IN.npz OUT.npz`) this file imports
NumPy and that framework alone, and executes that framework's calls.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Call:
    """One confused call. `values`: integers, normal, or infinite (an infinity in the kernel, zeros in x)."""

    confusion: str
    framework: str
    op: str
    params: dict[str, Any]
    code: str
    values: str = "integers"


_TORCH = {"convention": "torch", "in_channels": 2, "out_channels": 3}
_JAX = {"convention": "jax", "in_channels": 2, "out_channels": 3}
_OI = "w = w.swapaxes(0, 1)\n"

# A jax kernel in HWIO order, data in NHWC, and back.
_LAST = "x = jnp.moveaxis(x, 1, -1)\nw = jnp.moveaxis(w, (0, 1), (-2, -1))\n"
_FIRST = "\ny = jnp.moveaxis(y, -1, 1)"

CALLS = (
    Call(
        "kernel flipped",
        "jax",
        "conv_transpose",
        {**_JAX, "stride": 2, "padding": "valid"},
        # Without transpose_kernel=True.
        _LAST + "y = jax.lax.conv_transpose(x, w, (2, 2), 'VALID')" + _FIRST,
    ),
    Call(
        "another convention",
        "jax",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 0, "kernel": 4, "size": 5},
        # torch's padding=0 written as JAX's explicit padding (jax#17618).
        _LAST + "w = w.swapaxes(-2, -1)\n"
        "y = jax.lax.conv_transpose(x, w, (2, 2), [(0, 0), (0, 0)], transpose_kernel=True)" + _FIRST,
    ),
    Call(
        "another convention",
        "jax",
        "conv_transpose",
        {**_TORCH, "dims": 1, "stride": 4, "kernel": 2, "size": 3},
        # VALID with a stride beyond the kernel: n*s long in JAX, (n-1)*s + k in PyTorch.
        "y = jax.lax.conv_transpose(jnp.moveaxis(x, 1, -1), w.transpose(2, 1, 0), (4,), 'VALID', transpose_kernel=True)"
        + _FIRST,
    ),
    Call(
        "symmetric same",
        "torch",
        "conv_transpose",
        {"convention": "keras", "stride": 2, "padding": "same", "in_channels": 2, "out_channels": 3},
        # The usual port of Keras's 'same'.
        "y = F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)",
    ),
    Call(
        "symmetric same",
        "torch",
        "conv",
        {"convention": "tensorflow", "stride": 2, "padding": "same", "in_channels": 2, "out_channels": 3},
        # pytorch#45667.
        _OI + "y = F.conv2d(x, w, stride=2, padding=1)",
    ),
    Call(
        "odd pixel at the other end",
        "jax",
        "conv",
        {"convention": "tensorflow", "stride": 2, "padding": "same", "in_channels": 2, "out_channels": 3},
        _LAST
        + "y = jax.lax.conv_general_dilated(x, w, (2, 2), 'SAME_LOWER', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))"
        + _FIRST,
    ),
    Call(
        "padding around the input",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 1},
        "y = F.conv_transpose2d(F.pad(x, (1, 1, 1, 1)), w, stride=2)",
    ),
    Call(
        "output_padding at the start",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 1, "output_padding": 1},
        "y = F.conv_transpose2d(x, w, stride=2)[:, :, :-1, :-1]",
    ),
    Call(
        "output_padding misread",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 1, "output_padding": 1},
        "y = F.conv_transpose2d(x, w, stride=2, padding=1)",
    ),
    Call(
        "padding misread",
        "torch",
        "conv",
        {**_TORCH, "size": [4, 5], "padding": [2, 1]},
        # F.pad takes the last axis first.
        _OI + "y = F.conv2d(F.pad(x, (2, 2, 1, 1)), w)",
    ),
    Call(
        "stride of another axis",
        "torch",
        "conv",
        {**_TORCH, "size": [8, 8], "stride": [2, 3]},
        _OI + "y = F.conv2d(x, w, stride=(3, 2))",
    ),
    Call(
        "dilation of another axis",
        "torch",
        "conv",
        {**_TORCH, "size": [8, 8], "dilation": [1, 2]},
        _OI + "y = F.conv2d(x, w, dilation=2)",
    ),
    Call("dilation ignored", "torch", "conv", {**_TORCH, "size": 7, "dilation": 2}, _OI + "y = F.conv2d(x, w)"),
    Call("stride ignored", "torch", "conv_transpose", {**_TORCH, "stride": 3}, "y = F.conv_transpose2d(x, w)"),
    Call(
        "stride and dilation exchanged",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "dilation": 3},
        "y = F.conv_transpose2d(x, w, stride=3, dilation=2)",
    ),
    Call(
        "dilation off by one",
        "torch",
        "conv",
        {**_TORCH, "size": 9, "dilation": 2},
        # Two gaps between taps are dilation 3.
        _OI + "y = F.conv2d(x, w, dilation=3)",
    ),
    Call(
        "shifted by one",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 1},
        "y = F.conv_transpose2d(x, w, stride=2)[:, :, 2:, 2:]",
    ),
    Call(
        "off by one at an end",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2},
        "y = F.conv_transpose2d(x, w, stride=2)[:, :, :-1, :-1]",
    ),
    Call(
        "zeros multiplied",
        "jax",
        "conv_transpose",
        {"convention": "torch", "size": 4, "kernel": 2, "in_channels": 1, "out_channels": 1},
        _LAST + "y = jax.lax.conv_transpose(x, w, (1, 1), 'VALID', transpose_kernel=True)" + _FIRST,
        "infinite",
    ),
    Call(
        "border padding",
        "torch",
        "conv",
        {**_TORCH, "size": 5, "padding": 1},
        _OI + "layer = torch.nn.Conv2d(2, 3, 3, padding=1, bias=False, padding_mode='reflect')\n"
        "layer.weight.data = w\ny = layer(x)",
    ),
    Call(
        "repeated input",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2, "padding": 1, "output_padding": 1},
        # Upsampling and a convolution in place of the transposed convolution.
        "y = F.conv2d(F.interpolate(x, scale_factor=2, mode='nearest'), w.swapaxes(0, 1).flip(2, 3), padding=1)",
    ),
    Call(
        "channels swapped",
        "torch",
        "conv",
        {**_TORCH, "in_channels": 3, "out_channels": 3, "padding": 1},
        "y = F.conv2d(x, w, padding=1)",
    ),
    Call(
        "space swapped",
        "torch",
        "conv",
        {**_TORCH, "size": [4, 6], "padding": 1},
        _OI + "y = F.conv2d(x.transpose(2, 3), w.transpose(2, 3), padding=1)",
    ),
    Call(
        "space swapped",
        "torch",
        "conv_transpose",
        {**_TORCH, "stride": 2},
        "y = F.conv_transpose2d(x, w.transpose(2, 3), stride=2)",
    ),
    Call(
        "channels first as last",
        "torch",
        "conv",
        {**_TORCH, "size": [4, 6], "padding": 1},
        # An NHWC array viewed as NCHW.
        _OI + "y = F.conv2d(x.permute(0, 2, 3, 1).contiguous().view(x.shape), w, padding=1)",
    ),
    Call(
        "kernel misread",
        "torch",
        "conv",
        {**_TORCH, "padding": 1},
        # A TensorFlow kernel (HWIO) reshaped to OIHW.
        "y = F.conv2d(x, w.permute(2, 3, 0, 1).reshape(3, 2, 3, 3), padding=1)",
    ),
    Call(
        "group order",
        "torch",
        "conv",
        {**_TORCH, "in_channels": 4, "out_channels": 6, "groups": 2},
        "w = w.swapaxes(1, 2).reshape(6, 2, 3, 3)\ny = F.channel_shuffle(F.conv2d(x, w, groups=2), 2)",
    ),
    Call(
        "one group's kernel for all",
        "torch",
        "conv_transpose",
        {**_TORCH, "in_channels": 4, "out_channels": 6, "groups": 2},
        "y = torch.cat([F.conv_transpose2d(part, w[0]) for part in x.chunk(2, 1)], 1)",
    ),
    Call("bias missing", "torch", "conv", {**_TORCH, "bias": True}, _OI + "y = F.conv2d(x, w)"),
    Call(
        "bias added twice",
        "torch",
        "conv_transpose",
        {**_TORCH, "bias": True},
        "y = F.conv_transpose2d(x, w, b) + b.view(1, -1, 1, 1)",
    ),
    Call("bias misplaced", "torch", "conv", {**_TORCH, "bias": True}, _OI + "y = F.conv2d(x, w) - b.view(1, -1, 1, 1)"),
    Call("data flipped", "torch", "conv", {**_TORCH, "size": 5}, _OI + "y = F.conv2d(torch.flip(x, (3,)), w)"),
    Call(
        "channels reversed",
        "torch",
        "conv",
        {**_TORCH, "in_channels": 3, "padding": 1},
        # RGB read as BGR.
        _OI + "y = F.conv2d(x[:, [2, 1, 0]], w, padding=1)",
    ),
    Call(
        "batch item reused",
        "torch",
        "conv",
        {**_TORCH, "batch": 3},
        _OI + "y = F.conv2d(x[:1], w).expand(3, -1, -1, -1)",
    ),
    Call(
        "output moved by one",
        "torch",
        "conv",
        {**_TORCH, "padding": 1},
        _OI + "y = torch.roll(F.conv2d(x, w, padding=1), 1, 3)",
    ),
    Call(
        "scaled",
        "torch",
        "conv",
        {**_TORCH, "size": 6},
        # A mean where the sum is meant, by average pooling of the columns.
        _OI + "y = F.unfold(x, 3).transpose(1, 2) @ w.reshape(3, -1).T / 9\ny = y.transpose(1, 2).reshape(1, 3, 4, 4)",
    ),
    Call(
        "narrow inputs",
        "torch",
        "conv",
        {**_TORCH, "size": 6},
        _OI + "y = F.conv2d(x.bfloat16().float(), w.bfloat16().float())",
        "normal",
    ),
    Call(
        "computed in another dtype",
        "torch",
        "conv",
        {**_TORCH, "size": 6},
        _OI + "with torch.autocast('cpu', torch.bfloat16):\n    y = F.conv2d(x, w)",
        "normal",
    ),
    Call(
        "narrow output",
        "torch",
        "conv_transpose",
        {**_TORCH, "size": 6},
        "y = F.conv_transpose2d(x, w).half()",
        "normal",
    ),
    Call(
        "narrow arithmetic",
        "jax",
        "conv",
        {"convention": "jax", "dims": 1, "size": 70, "kernel": 1, "in_channels": 128, "out_channels": 8},
        # Sums of float16 products in float16.
        "terms = x[:, :, None, :].astype('float16') * w[None, :, :, :].astype('float16')\n"
        "y = jax.lax.reduce(terms, np.float16(0), jax.lax.add, (1,))",
        "normal",
    ),
    Call(
        "input given back", "torch", "conv", {**_TORCH, "out_channels": 2, "padding": 1}, "y = torch.nn.Identity()(x)"
    ),
)


def main(framework: str, source: str, target: str) -> None:
    given = np.load(source)
    if framework == "torch":
        import torch

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        names: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
        convert: Any = torch.from_numpy
    else:
        import jax
        import jax.numpy as jnp

        names = {"jax": jax, "jnp": jnp, "np": np}
        convert = jnp.asarray
    results = {}
    for i, call in enumerate(CALLS):
        if call.framework == framework:
            scope = dict(names)
            scope.update({name: convert(given[f"{i}.{name}"]) for name in "xwb" if f"{i}.{name}" in given})
            exec(call.code, scope)
            y = scope["y"]
            results[str(i)] = y.float().numpy() if framework == "torch" else np.asarray(y, dtype=np.float32)
    np.savez(target, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])

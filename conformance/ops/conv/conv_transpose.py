"""Transposed convolution: what each convention's words mean, as one canonical geometry.

The canonical form is the full scatter, of length F = (n-1)*s + d*(k-1) + 1, from which `lo` elements are cropped at
the start and `hi` at the end (negative: extended with zeros). A convention is a rule that gives the output's length
and `lo`. Sources are named at each rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from conformance.exact.trilinear import Axis, Geometry
from conformance.ops.base import axis_field, param
from conformance.ops.conv.convolution import (
    AxisParams,
    Convolution,
    Refused,
    per_axis_params,
)

# (axis, padding word or "") -> (output length, lo)
Rule = Callable[[AxisParams, str], tuple[int, int]]


def torch_rule(a: AxisParams, word: str) -> tuple[int, int]:
    """torch.nn.ConvTranspose2d: (n-1)*s - 2p + d*(k-1) + output_padding + 1, output_padding below max(s, d).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """
    if word == "same":
        raise Refused("PyTorch's transposed convolution has no padding 'same'")
    low, high = a.pad or (0, 0)
    if low != high:
        raise Refused(f"PyTorch pads both ends alike, found {low} and {high}")
    if low < 0:
        raise Refused(f"padding is {low}, expected at least 0")
    smallest = (a.n - 1) * a.s - 2 * low + a.extent
    extra = a.output_padding or 0
    if a.output_size is not None:
        extra = a.output_size - smallest
        if not 0 <= extra <= a.s - 1:
            raise Refused(f"output_size is {a.output_size}, expected {smallest} to {smallest + a.s - 1}")
    if not 0 <= extra < max(a.s, a.d):
        raise Refused(f"output_padding is {extra}, expected below max(stride, dilation) = {max(a.s, a.d)}")
    if a.n < 1:
        raise Refused("PyTorch takes no empty spatial axis")
    # Length 0 stands: no page refuses it. 2.13.0 on a CPU answers it through oneDNN (batch 2, or groups 2) and refuses
    # it elsewhere (batch 1, groups 1: "Output size is too small").
    return smallest + extra, low


def tensorflow_rule(a: AxisParams, word: str) -> tuple[int, int]:
    """tf.nn.conv2d_transpose: the input gradient of a convolution whose output has length n.

    Any output length that such a convolution maps to n is allowed; where none is asked for, Keras's choice is taken.
    SAME crops as that convolution pads: the total over two, rounded down, at the start.
    https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose
    """
    if a.output_padding is not None:
        raise Refused("tf.nn's transposed convolutions have no output_padding, they take output_shape")
    if not word:
        low, high = a.pad or (0, 0)
        length = (a.n - 1) * a.s + a.extent - low - high if a.output_size is None else a.output_size
        if min(low, high) < 0:
            raise Refused(f"padding is {(low, high)}, expected at least 0")
        if (length + low + high - a.extent) // a.s + 1 != a.n or length < 0:
            raise Refused(f"no convolution with this padding takes length {length} to {a.n}")
        return length, low
    default = a.n * a.s + (max(a.extent - a.s, 0) if word == "valid" else 0)
    length = default if a.output_size is None else a.output_size
    forward = -(-length // a.s) if word == "same" else -(-(length - a.extent + 1) // a.s)
    if forward != a.n or length < 0:
        raise Refused(f"output_size is {length}; no {word} convolution takes it to length {a.n}")
    if word == "valid":
        return length, 0
    return length, max((a.n - 1) * a.s + a.extent - length, 0) // 2


def keras_rule(a: AxisParams, word: str) -> tuple[int, int]:
    """keras.layers.Conv2DTranspose. Without output_padding: n*s for same, n*s + max(k - s, 0) for valid.

    With it: (n-1)*s + k - 2*(k//2) + output_padding for same, (n-1)*s + k + output_padding for valid, where k counts
    its gaps and output_padding is below the stride.
    https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
    """
    if not word:
        raise Refused("Keras pads with 'valid' or 'same' only")
    if a.output_size is not None:
        raise Refused("Keras's transposed convolutions have no output_size")
    if a.output_padding is not None and a.output_padding >= a.s:
        raise Refused(f"output_padding is {a.output_padding}, expected below the stride, which is {a.s}")
    full = (a.n - 1) * a.s + a.extent
    if word == "valid":
        return full + (max(a.s - a.extent, 0) if a.output_padding is None else a.output_padding), 0
    length = a.n * a.s if a.output_padding is None else (a.n - 1) * a.s + a.extent % 2 + a.output_padding
    return length, max(full - length, 0) // 2


def jax_rule(a: AxisParams, word: str) -> tuple[int, int]:
    """jax.lax.conv_transpose. 'SAME' and 'VALID' speak of the forward convolution, pairs of the dilated input's
    padding.

    A pair (a, b) pads the input, spread out by the stride, so lo = extent - 1 - a.
    https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html
    """
    if a.output_padding is not None or a.output_size is not None:
        raise Refused("lax.conv_transpose has neither output_padding nor output_size")
    spread = (a.n - 1) * a.s + 1 if a.n else 0
    if not word:
        low, high = a.pad or (0, 0)
        total = low + high
    elif word == "valid":
        low = a.extent - 1
        total = a.extent + a.s - 2 + max(a.extent - a.s, 0)
    else:
        total = a.extent + a.s - 2
        low = a.extent - 1 if a.s > a.extent - 1 else -(-total // 2)
    if spread + total < 0:
        raise Refused(f"padding cuts {-total} elements off {spread}")
    # That is n*s for 'SAME' and n*s + max(extent - s, 0) for 'VALID', but s-1 more where n is 0: an empty axis stays
    # empty when it is spread out (observed on 0.10.2: x (1, 0, 3, 2), stride 2, 'SAME' gives (1, 1, 6, 4)).
    return max(spread + total - a.extent + 1, 0), a.extent - 1 - low


def onnx_rule(a: AxisParams, word: str) -> tuple[int, int]:
    """ONNX ConvTranspose: length s*(n-1) + output_padding + extent - begin - end, or the pads that a given length
    needs.

    SAME_UPPER and SAME_LOWER give n*s; the odd pixel of the total is cropped at the end (UPPER) or, with every other
    word and with explicit pads, which a given length overrides, at the start. https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
    """
    extra = a.output_padding or 0
    if extra and extra >= max(a.s, a.d):
        raise Refused(f"output_padding is {extra}, expected below max(stride, dilation) = {max(a.s, a.d)}")
    reach = a.s * (a.n - 1) + extra + a.extent
    if word in ("same_upper", "same_lower") or a.output_size is not None:
        length = a.n * a.s if a.output_size is None else a.output_size
        total = reach - length
        return length, total // 2 if word == "same_upper" else total - total // 2
    low, high = (0, 0) if word else a.pad or (0, 0)
    return reach - low - high, low


RULES: dict[str, Rule] = {
    "torch": torch_rule,
    "tensorflow": tensorflow_rule,
    "keras": keras_rule,
    "jax": jax_rule,
    "onnx": onnx_rule,
}


@dataclass(frozen=True)
class ConvTranspose(Convolution):
    """y[n, g*b, s*i + d*t - lo] += x[n, g*a, i] * w[g, a, b, t], summed over a, i and t; plus the bias."""

    name = "conv_transpose"
    transposed = True
    in_words = (
        "every element of x, times the kernel, is added into the output, `stride` elements from the next one's, and "
        "what `padding` says is cropped from the ends"
    )
    output_padding: tuple[int, ...] | None = param(
        axis_field(None, 0, "extra length at the end, in the convention's meaning", nullable=True)
    )
    output_size: tuple[int, ...] | None = param(axis_field(None, 0, "the requested output length", nullable=True))

    def axes(self) -> Geometry:
        rule = RULES[self.convention]
        word = self.padding if isinstance(self.padding, str) else ""
        axes = []
        for a in per_axis_params(self):
            length, lo = rule(a, word)
            if length < 0:
                raise Refused(f"the output would have length {length}")
            axes.append(Axis(small=a.n, large=length, kernel=a.k, stride=a.s, dilation=a.d, lo=lo))
        return tuple(axes)

    def acceptances(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for text, changed in self._read_otherwise():
            if changed.refusal() is None:
                yield text, changed.outputs()[0].shape
        if self.output_padding is None:
            return
        plain = replace(self, output_padding=(0,) * self.dims)
        if plain.refusal() is None:
            batch, channels, *sizes = plain.outputs()[0].shape
            longer = (n + o for n, o in zip(sizes, self.output_padding, strict=True))
            text = "one computes on: the shape is the formula's, without the check of output_padding"
            yield text, (batch, channels, *longer)

    def _read_otherwise(self) -> Iterator[tuple[str, ConvTranspose]]:
        if self.output_padding is not None:
            for limit, name in (
                ([s - 1 for s in self.stride], "stride - 1"),
                ([max(s, d) - 1 for s, d in zip(self.stride, self.dilation, strict=True)], "max(stride, dilation) - 1"),
            ):
                clamped = tuple(min(o, most) for o, most in zip(self.output_padding, limit, strict=True))
                text = f"one clamps: output_padding taken as {clamped}, {name} at most"
                yield text, replace(self, output_padding=clamped)
            yield "one ignores output_padding", replace(self, output_padding=None)
        if self.output_size is not None:
            yield "one ignores output_size", replace(self, output_size=None)

    def overlaps(self) -> tuple[tuple[int, ...], ...] | None:
        """How many kernel taps reach each place, an axis: with a stride, the chessboard is their outer product."""
        if max(self.stride) < 2 or self.refusal() is not None:
            return None
        return tuple(_taps(axis) for axis in self.geometry())


def _taps(axis: Axis) -> tuple[int, ...]:
    counts = np.zeros(axis.large, dtype=np.int64)
    for tap in range(axis.kernel):
        if found := axis.tap(tap):
            counts[found[1]] += 1
    return tuple(map(int, counts))

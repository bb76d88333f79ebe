"""Convolutions with kernels of each channel's own, by the names that people look for.

They are `conv` with a group for each channel of x; what differs between frameworks is how the kernel is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from conformance.exact.num import Num, stored
from conformance.ops.base import SPATIAL, Op, TensorSpec, boolean_field, integer_field, param, shape_field, word_field
from conformance.ops.conv.conv import Conv


@dataclass(frozen=True)
class DepthwiseConv(Op):
    """Each channel of x by kernels of its own, so many a channel: y[n, c, m] is x[n, c] convolved with w[c, m].

    The channels of y are those of the first channel of x, then those of the second: c * multiplier + m. `same` gives
    ceil(n / stride) elements, and pads with zeros, the odd one at the end. The bias is of each channel of y.
    """

    name = "depthwise_conv"
    unsaid = ("batch", "channels", "size")
    batch: int = param(integer_field(2, 1, "batch size N"))
    channels: int = param(integer_field(3, 1, "channels of x, C"))
    multiplier: int = param(integer_field(2, 1, "channels of y for each of x, M"))
    size: tuple[int, ...] = param(shape_field((5, 6), "the spatial shape of x", most=2))
    kernel: int = param(integer_field(3, 1, "the kernel's size along each axis"))
    stride: int = param(integer_field(1, 1, "stride along each axis"))
    dilation: int = param(integer_field(1, 1, "kernel dilation (atrous rate) along each axis"))
    padding: str = param(word_field("valid", ("valid", "same"), "padding"))
    bias: bool = param(boolean_field(True, "add a bias per channel of y"))

    def conv(self) -> Conv:
        """The same as a grouped convolution."""
        dims = len(self.size)
        return Conv(
            dims=dims,
            batch=self.batch,
            in_channels=self.channels,
            out_channels=self.channels * self.multiplier,
            groups=self.channels,
            size=self.size,
            kernel=(self.kernel,) * dims,
            stride=(self.stride,) * dims,
            dilation=(self.dilation,) * dims,
            padding=self.padding,
        )

    def refusal(self) -> str | None:
        return self.conv().refusal()

    def meaning(self) -> dict[str, Any]:
        axes, dims = self.conv().geometry(), len(self.size)
        behind = ((a.small - 1) * a.stride + a.extent - a.lo - a.large for a in axes)
        return {
            "strides": (self.stride,) * dims,
            "dilations": (self.dilation,) * dims,
            "windows": (self.kernel,) * dims,
            "extents": tuple(axis.extent for axis in axes),
            "pads": tuple((axis.lo, max(high, 0)) for axis, high in zip(axes, behind, strict=True)),
        }

    def inputs(self) -> tuple[TensorSpec, ...]:
        c, m, space = self.channels, self.multiplier, SPATIAL[len(self.size)]
        x = TensorSpec("x", "NC" + space, (self.batch, c, *self.size))
        w = TensorSpec("w", "CM" + space, (c, m, *self.conv().kernel))
        return (x, w, TensorSpec("b", "CM", (c, m))) if self.bias else (x, w)

    def outputs(self) -> tuple[TensorSpec, ...]:
        sizes = (axis.small for axis in self.conv().geometry())
        space = SPATIAL[len(self.size)]
        return (TensorSpec("y", "NCM" + space, (self.batch, self.channels, self.multiplier, *sizes)),)

    def products(self) -> int:
        return self.conv().products()

    def effort(self, gradients: bool) -> tuple[int, int]:
        return self.conv().effort(gradients)

    def deep(self, x: Num, w: Num, b: Num | None) -> Num:
        """Every channel's own, in their order."""
        kernels = w.reshape(self.channels, 1, self.multiplier, *w.shape[2:])
        return self.conv().compute(x, kernels, None if b is None else b.reshape(-1))

    def compute(self, x: Num, w: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        y = self.deep(x, w, b)
        return y.reshape(self.batch, self.channels, self.multiplier, *y.shape[2:])

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.padding == "same" and self.stride > 1:
            even = _EvenSeparable if isinstance(self, SeparableConv) else _EvenDepthwise
            text = "half the kernel padded at both ends, as by padding=1 of a kernel of 3"
            yield text, even(**self.held())


@dataclass(frozen=True)
class SeparableConv(DepthwiseConv):
    """A depthwise convolution, and one of kernel 1 that joins its channels (Sifre, 2014; Chollet, 2017).

    y[n, o] is the sum over c and m of p[c, m, o] times x[n, c] convolved with w[c, m]. Strides, dilation and padding
    are the first's; the bias is the second's, and there is none between them.
    """

    name = "separable_conv"
    filters: int = param(integer_field(4, 1, "channels of y, O"))

    def meaning(self) -> dict[str, Any]:
        ones = (1,) * len(self.size)
        joins = self.channels * self.multiplier
        joining = {"joining": (self.filters, joins, *ones), "joining_last": (*ones, joins, self.filters)}
        return {**super().meaning(), "ones": ones, **joining}

    def inputs(self) -> tuple[TensorSpec, ...]:
        x, w, *_ = super().inputs()
        p = TensorSpec("p", "CMO", (self.channels, self.multiplier, self.filters))
        return (x, w, p, TensorSpec("b", "O", (self.filters,))) if self.bias else (x, w, p)

    def outputs(self) -> tuple[TensorSpec, ...]:
        (y,) = super().outputs()
        return (TensorSpec("y", "NO" + SPATIAL[len(self.size)], (self.batch, self.filters, *y.shape[3:])),)

    def pointwise(self) -> Conv:
        """The second convolution."""
        ones, sizes = (1,) * len(self.size), self.outputs()[0].shape[2:]
        channels = self.channels * self.multiplier
        return Conv(len(ones), self.batch, channels, self.filters, 1, sizes, ones, ones, ones)

    def products(self) -> int:
        return super().products() * self.pointwise().products()

    def effort(self, gradients: bool) -> tuple[int, int]:
        one, other = super().effort(gradients), self.pointwise().effort(gradients)
        return one[0] + other[0], one[1] + other[1]

    def compute(self, x: Num, w: Num, p: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        shape = (1, self.channels * self.multiplier, self.filters, *self.pointwise().kernel)
        return self.pointwise().compute(stored(self.deep(x, w, None)), p.reshape(*shape), b)


class _Even(DepthwiseConv):
    """With zeros alike at both ends, as a number for `padding` has them."""

    def conv(self) -> Conv:
        half = self.dilation * (self.kernel - 1) // 2
        return replace(super().conv(), padding=((half, half),) * len(self.size), symmetric=True, convention="torch")


@dataclass(frozen=True)
class _EvenDepthwise(_Even):
    pass


@dataclass(frozen=True)
class _EvenSeparable(_Even, SeparableConv):
    pass

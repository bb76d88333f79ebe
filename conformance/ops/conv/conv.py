"""Convolution (cross-correlation, as every framework means it): what each convention's padding means, as one geometry.

y[i] = sum over t of w[t] * x[s*i + d*t - lo]; a convention gives the output's length and `lo`, the padding at the
start.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exact.trilinear import Axis, Geometry
from conformance.ops.conv.convolution import AxisParams, Convolution, Refused, per_axis_params


def _rule(a: AxisParams, word: str, convention: str) -> tuple[int, int]:
    if convention == "torch" and a.n < 1:
        raise Refused("PyTorch takes no empty spatial axis")
    if word in ("same", "same_upper", "same_lower"):
        return _same(a, word, convention)
    low, high = (0, 0) if word else a.pad or (0, 0)
    if not word and convention == "keras":
        raise Refused("Keras's convolutions pad with 'valid' or 'same' only")
    if convention == "torch" and low != high:
        raise Refused(f"PyTorch pads both ends alike, found {low} and {high}")
    if convention != "jax" and min(low, high) < 0:
        raise Refused(f"padding is {(low, high)}, expected at least 0")
    if a.n + low + high < 0:
        raise Refused(f"padding cuts {-low - high} elements off {a.n}")
    reach = a.n + low + high - a.extent
    if reach < 0:
        # TensorFlow truncates (reach + s) / s towards zero and refuses what is negative (observed with 2.21.0).
        if convention == "jax" or (convention == "tensorflow" and reach > -2 * a.s):
            return 0, low
        raise Refused(f"the kernel reaches over {a.extent} elements, the padded input has {a.n + low + high}")
    return reach // a.s + 1, low


def _same(a: AxisParams, word: str, convention: str) -> tuple[int, int]:
    """SAME: ceil(n/s) outputs; the padding this takes, the odd element at the end (at the start for SAME_LOWER).

    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2; PyTorch has it for stride 1 only:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """
    if convention == "torch" and a.s != 1:
        raise Refused("PyTorch's padding='same' takes stride 1 only")
    length = -(-a.n // a.s)
    total = max((length - 1) * a.s + a.extent - a.n, 0)
    return length, total - total // 2 if word == "same_lower" else total // 2


@dataclass(frozen=True)
class Conv(Convolution):
    """y[n, g*b, i] = sum over a and t of w[g, a, b, t] * x[n, g*a, s*i + d*t - lo]; plus the bias."""

    name = "conv"
    transposed = False
    in_words = (
        "an element of the output is the sum of the products of the kernel and what lies under it of x, which is "
        "padded with zeros"
    )

    def axes(self) -> Geometry:
        word = self.padding if isinstance(self.padding, str) else ""
        axes = []
        for a in per_axis_params(self):
            length, lo = _rule(a, word, self.convention)
            axes.append(Axis(small=length, large=a.n, kernel=a.k, stride=a.s, dilation=a.d, lo=lo))
        return tuple(axes)

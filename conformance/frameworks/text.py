"""Writing plans: calls, literals, crops and pads as text. Shared by the adapters; knows no framework."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.exact.trilinear import Axis
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported

Pair = tuple[int, int]


class Code(str):
    """Text that `call` writes as it stands (a variable, an expression) where it would write a literal's repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def call(function: str, *expressions: str, **literals: object) -> str:
    """`function(expressions, name=literal)`: expressions as they stand, literals by repr (`Code` as it stands)."""
    return f"{function}({', '.join([*expressions, *(f'{name}={value!r}' for name, value in literals.items())])})"


def lines(*statements: str) -> str:
    """A plan's text from its statements; empty ones are left out."""
    return "\n".join(s for s in statements if s)


def sliced(name: str, bounds: Sequence[Pair | None], channels_last: bool = False) -> str:
    """`y[:, :, 1:9, :]`: a (start, stop) slice a spatial axis, None for the whole axis; `name` where all are None."""
    if all(b is None for b in bounds):
        return name
    spatial = [":" if b is None else f"{b[0]}:{b[1]}" for b in bounds]
    return f"{name}[{', '.join([':', *spatial, ':'] if channels_last else [':', ':', *spatial])}]"


def pad_pairs(pairs: Iterable[Pair], channels_last: bool = False) -> tuple[Pair, ...]:
    """A (before, after) pair for every axis of the tensor, as numpy.pad, tf.pad and keras.ops.pad take it."""
    spatial = tuple(pairs)
    return ((0, 0), *spatial, (0, 0)) if channels_last else ((0, 0), (0, 0), *spatial)


def extension(axis: Axis) -> Pair:
    """How many zeros go before and after the full scatter: where lo or hi is negative."""
    return max(-axis.lo, 0), max(-axis.hi, 0)


def crop(axis: Axis) -> Pair | None:
    """The (start, stop) slice of the *extended* full scatter that is the result; None where that is all of it."""
    if axis.lo <= 0 and axis.hi <= 0:
        return None
    start = max(axis.lo, 0)
    return start, start + axis.large


def bias_shape(dims: int, channels_last: bool = False) -> tuple[int, ...]:
    """The shape in which a bias of one number a channel broadcasts over an output."""
    return (-1,) if channels_last else (1, -1, *(1 for _ in range(dims)))


def rejected(params: Convolution) -> Unsupported:
    """What an adapter answers where the definition refuses and the case speaks another framework's convention."""
    return Unsupported(
        f"the {params.convention} convention rejects these parameters; only its own words can express them"
    )

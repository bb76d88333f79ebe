"""Ops that move elements, and those that count: padding, rolling, repeating, shuffling; linspace and arange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from conformance.exact.moves import concatenate, pad, pad_like, repeat, roll
from conformance.exact.num import Num, num
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    ParamError,
    TensorSpec,
    an_integer,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    param,
    real_field,
    shape_field,
    word_field,
)
from conformance.ops.pool import Pair, parse_pads

_UNSHUFFLED = "as PyTorch's pixel_unshuffle, where the channels of x are the slower part"
_BY_DEPTH = "as TensorFlow's space_to_depth, where the channels of x are the faster part"
_AXIS = Field(an_integer(-6, 5), -1, "the axis, from the end where it is negative", {"type": "integer"})


def _pairs(value: Any) -> tuple[Pair, ...]:
    found = parse_pads(value) if isinstance(value, list | tuple) else None
    if found is None:
        raise ValueError("a list of one to three [before, after] pairs, of the last axes")
    return tuple(found)


_PADS = Field(
    _pairs,
    ((1, 2),),
    "[before, after] of each of the last axes",
    {"type": "array", "minItems": 1, "maxItems": 3},
    least=0,
)


@dataclass(frozen=True)
class Moving(Op):
    """One tensor in, whose elements stand elsewhere in the one that comes out."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))

    def __post_init__(self) -> None:
        axis = getattr(self, "axis", 0)
        if not -len(self.shape) <= axis < len(self.shape):
            raise ParamError("axis", f"found {axis}, expected {-len(self.shape)} to {len(self.shape) - 1}")

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)], self.made()),)

    def made(self) -> tuple[int, ...]:
        """The shape of what comes out."""
        return self.shape


@dataclass(frozen=True)
class Pad(Moving):
    """x with places around it, along its last axes, as NumPy fills them.

    constant: `value`. edge: the nearest element. reflect: mirrored at the outermost element, which does not come
    twice. symmetric: mirrored beyond it, so that it comes twice. wrap: from the other end. What is wider than x begins
    again.
    """

    name = "pad"
    pads: tuple[Pair, ...] = param(_PADS)
    mode: str = param(
        word_field("constant", ("constant", "reflect", "symmetric", "edge", "wrap"), "what stands around x")
    )
    value: float = param(real_field(0.0, "the constant"))

    def __post_init__(self) -> None:
        if len(self.pads) > len(self.shape):
            raise ParamError("pads", f"found {len(self.pads)} pairs, expected at most {len(self.shape)}: x has no more")

    def refusal(self) -> str | None:
        widths = zip(self.shape, self.meaning()["full"], strict=True)
        if self.mode != "constant" and any(n == 0 and any(ends) for n, ends in widths):
            return "there is no element of x to fill the places around it with"
        return None

    def meaning(self) -> Mapping[str, Any]:
        full = ((0, 0),) * (len(self.shape) - len(self.pads)) + self.pads
        spare = [n - max(ends) for n, ends in zip(self.shape, full, strict=True) if any(ends)]
        return {"full": full, "spare": min(spare, default=1)}

    def made(self) -> tuple[int, ...]:
        return tuple(n + sum(ends) for n, ends in zip(self.shape, self.meaning()["full"], strict=True))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        full = self.meaning()["full"]
        return pad(x, full, self.value) if self.mode == "constant" else pad_like(x, full, self.mode)


@dataclass(frozen=True)
class Roll(Moving):
    """x moved on along an axis by `shift` places; what leaves at the end comes in at the beginning."""

    name = "roll"
    shift: int = param(Field(an_integer(-(2**31)), 2, "by how many places", {"type": "integer"}))
    axis: int = param(_AXIS)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return roll(x, self.shift, self.axis)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "in the other direction", Roll(**{**given, "shift": -self.shift})
        yield "all elements in a row rolled, not those along the axis", _Flat(**given)


@dataclass(frozen=True)
class _Flat(Roll):
    """Over all elements."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return roll(x.reshape(x.size), self.shift, 0).reshape(*x.shape)


@dataclass(frozen=True)
class Repeat(Moving):
    """Each element along an axis `times` times in a row: a a b b."""

    name = "repeat"
    times: int = param(integer_field(2, 0, "how often"))
    axis: int = param(_AXIS)

    def made(self) -> tuple[int, ...]:
        at = self.axis % len(self.shape)
        return tuple(n * self.times if i == at else n for i, n in enumerate(self.shape))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return repeat(x, self.times, self.axis)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "all of x again and again, as tile: a b a b", _Tiled(**given)


@dataclass(frozen=True)
class _Tiled(Repeat):
    """The whole of x again and again."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return concatenate([x] * self.times, self.axis) if self.times else repeat(x, 0, self.axis)


@dataclass(frozen=True)
class Tile(Moving):
    """All of x again and again along its last axes, `times` times each: a b a b."""

    name = "tile"
    times: tuple[int, ...] = param(shape_field((2, 3), "how often, of each of the last axes"))

    def __post_init__(self) -> None:
        if len(self.times) > len(self.shape):
            raise ParamError(
                "times", f"found {len(self.times)}, expected at most {len(self.shape)}: x has no more axes"
            )

    def meaning(self) -> Mapping[str, Any]:
        return {"full": (1,) * (len(self.shape) - len(self.times)) + self.times}

    def made(self) -> tuple[int, ...]:
        return tuple(n * times for n, times in zip(self.shape, self.meaning()["full"], strict=True))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        for axis, times in enumerate(self.meaning()["full"]):
            x = concatenate([x] * times, axis) if times else repeat(x, 0, axis)
        return x

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "each element in a row, as repeat: a a b b", _Repeated(self.shape, self.times)


@dataclass(frozen=True)
class _Repeated(Tile):
    """Each element in a row."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        for axis, times in enumerate(self.meaning()["full"]):
            x = repeat(x, times, axis)
        return x


@dataclass(frozen=True)
class PixelShuffle(Op):
    """Channels into space (Shi et al., 2016): y[c, h b + i, w b + j] = x[(c b + i) b + j, h, w]."""

    name = "pixel_shuffle"
    unsaid = ("size", "batch", "channels")
    size: tuple[int, ...] = param(axis_field((3, 2), 0, "height and width of x"))
    batch: int = param(integer_field(1, 0, "batch size N"))
    channels: int = param(integer_field(3, 1, "channels of y"))
    block: int = param(integer_field(2, 1, "b, how many rows and columns become of one"))

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", one_an_axis("size", self.size, 2, "height and width"))

    @property
    def depth_last(self) -> bool:
        """Whether the channels of y are the slower part of those of x, or the faster."""
        return False

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NCHW", (self.batch, self.channels * self.block**2, *self.size)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCHW", (self.batch, self.channels, *(n * self.block for n in self.size))),)

    def meaning(self) -> Mapping[str, Any]:
        b, c, (h, w) = self.block, self.channels, self.size
        split = (self.batch, b, b, c, h, w) if self.depth_last else (self.batch, c, b, b, h, w)
        order = (0, 3, 4, 1, 5, 2) if self.depth_last else (0, 1, 4, 2, 5, 3)
        return {"split": split, "order": order, "joined": self.outputs()[0].shape}

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        meant = self.meaning()
        return x.reshape(*meant["split"]).transpose(*meant["order"]).reshape(*meant["joined"])

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given: dict[str, Any] = {name: getattr(self, name) for name in ("size", "batch", "channels", "block")}
        if self.depth_last:
            yield "as PyTorch's pixel_shuffle, where the channels of y are the slower part", PixelShuffle(**given)
        else:
            yield "as TensorFlow's depth_to_space, where the channels of y are the faster part", DepthToSpace(**given)


@dataclass(frozen=True)
class DepthToSpace(PixelShuffle):
    """Channels into space. DCR: y[c, h b + i, w b + j] = x[(i b + j) C + c, h, w]; CRD: as pixel_shuffle."""

    name = "depth_to_space"
    mode: str = param(word_field("DCR", ("DCR", "CRD"), "the order within the channels of x, as ONNX names them"))

    @property
    def depth_last(self) -> bool:
        return self.mode == "DCR"


@dataclass(frozen=True)
class SpaceToDepth(DepthToSpace):
    """Space into channels. DCR: y[(i b + j) C + c, h, w] = x[c, h b + i, w b + j]; CRD: y[(c b + i) b + j, h, w]."""

    name = "space_to_depth"
    size: tuple[int, ...] = param(axis_field((3, 2), 0, "height and width of y"))
    channels: int = param(integer_field(3, 1, "channels of x"))
    block: int = param(integer_field(2, 1, "b, of how many rows and columns one becomes"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NCHW", (self.batch, self.channels, *(n * self.block for n in self.size))),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCHW", (self.batch, self.channels * self.block**2, *self.size)),)

    def meaning(self) -> Mapping[str, Any]:
        b, c, (h, w) = self.block, self.channels, self.size
        order = (0, 3, 5, 1, 2, 4) if self.depth_last else (0, 1, 3, 5, 2, 4)
        return {"split": (self.batch, c, h, b, w, b), "order": order, "joined": self.outputs()[0].shape}

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        if self.depth_last:
            yield _UNSHUFFLED, SpaceToDepth(**{**given, "mode": "CRD"})
        else:
            yield _BY_DEPTH, SpaceToDepth(**{**given, "mode": "DCR"})


@dataclass(frozen=True)
class Linspace(Op):
    """`count` numbers at equal distances from start to stop, which is the last one; without `endpoint`, the next."""

    name = "linspace"
    start: float = param(real_field(0.0, "the first"))
    stop: float = param(real_field(1.0, "the last"))
    count: int = param(integer_field(5, 0, "how many"))
    endpoint: bool = param(boolean_field(True, "the last is stop"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return ()

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "A", (self.count,), pulled=False),)

    def compute(self) -> Num:  # type: ignore[override]
        places = np.arange(self.count, dtype=np.float64)
        start, stop = num(self.start), num(self.stop)
        return start + (stop - start) * places / float(max(self.count - int(self.endpoint), 1))


@dataclass(frozen=True)
class Arange(Op):
    """start, start + step, and so on: ceil((stop - start) / step) numbers, by a quotient in float64."""

    name = "arange"
    start: float = param(real_field(0.0, "the first"))
    stop: float = param(real_field(5.0, "what is not reached"))
    step: float = param(real_field(1.0, "the distance"))

    @property
    def count(self) -> int:
        """How many."""
        return max(ceil((self.stop - self.start) / self.step), 0)

    def refusal(self) -> str | None:
        return "a step of 0 leads nowhere" if self.step == 0 else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return ()

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "A", (self.count,), pulled=False),)

    def compute(self) -> Num:  # type: ignore[override]
        return num(self.start) + num(self.step) * np.arange(self.count, dtype=np.float64)

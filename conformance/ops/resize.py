"""Resizing: the elements of another grid of places, each made of those of x that lie around its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, isfinite
from typing import Any, Self

import numpy as np

from conformance.exact.moves import take
from conformance.exact.num import Num, stored, total
from conformance.exact.truth import Truth, where
from conformance.ops.base import (
    SPATIAL,
    Field,
    Op,
    ParamError,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    param,
    real_field,
    word_field,
)

COORDINATES = ("half_pixel", "align_corners", "asymmetric")
# A place between two elements: which of them it is.
ROUND: dict[str, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "prefer_floor": lambda p: ceil(p - Fraction(1, 2)),
    "prefer_ceil": lambda p: floor(p + Fraction(1, 2)),
}
_PLACE = 6.0  # roundings of a place on its way: the scale, its reciprocal, a product, a shift, a distance
_NEAR = 2.0**-21  # how far a place in float32 is off, as a share of it


def _scales(value: Any) -> float | tuple[float, ...]:
    entries = value if isinstance(value, list | tuple) else (value,)
    for one in entries:
        if isinstance(one, bool) or not isinstance(one, int | float) or not isfinite(one) or not 0 < one <= 1000:
            raise ValueError("a number above 0 and up to 1000, or a list of one to three of them")
    if not 1 <= len(entries) <= 3:
        raise ValueError("a number above 0 and up to 1000, or a list of one to three of them")
    return tuple(map(float, value)) if isinstance(value, list | tuple) else float(value)


_SCALE = Field(
    _scales,
    2.0,
    "how many times as long y is, rounded down, where `output` does not say it; places are by this, not by the lengths",
    {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
)


@dataclass(frozen=True)
class Sizes:
    """`lengths` of y, and its whole `shape`. `scaled`: the scale is not the ratio of the lengths.

    `by`: how often y is as long, 0 if never. `steps`: places of y for one of x. `whole`: every element of y covers
    whole elements of x, or lies in one. `way`: everything else in words.
    """

    lengths: tuple[int, ...]
    shape: tuple[int, ...]
    steps: tuple[float, ...]
    scaled: bool
    by: tuple[int, ...]
    whole: bool
    way: str


@dataclass(frozen=True)
class Resize(Op):
    """x at the places of y: place i of y lies at (i + 1/2) n / o - 1/2 of x, which is n long where y is o long.

    That is `half_pixel`; `align_corners` has i (n - 1) / (o - 1), 0 where o is 1, and `asymmetric` has i n / o. By a
    scale s, o is s n rounded down, and places have 1 / s for n / o (but for align_corners and area). Of x counts
    nearest: the element at the place as `rounding` has it (half to the lower or the upper one; down; up), or the first
        or last one;
    linear: the two around it, by 1 less their distance;
    cubic: the four around it, by Keys' kernel with coefficient `a`. Elements outside of x are the first and the last
        one, or left out, with the weights of the others scaled to a sum of 1 (`exclude`);
    area: all, by the share of i n / o to (i + 1) n / o that they cover.
    With `antialias`, where y is shorter, the kernel is stretched by n / o, and what is outside of x is left out.
    Axes are resized independently. (ONNX, operator Resize.)
    """

    name = "resize"
    unsaid = ("size", "batch", "channels")
    size: tuple[int, ...] = param(axis_field((5, 6), 1, "the spatial size of x"))
    batch: int = param(integer_field(1, 1, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    output: tuple[int, ...] | None = param(axis_field(None, 1, "the spatial size of y", nullable=True))
    scale: tuple[float, ...] = param(_SCALE, (2.0, 2.0))
    method: str = param(word_field("linear", ("nearest", "linear", "cubic", "area"), "what counts of x"))
    coordinates: str = param(word_field("half_pixel", COORDINATES, "where the places of y lie in x"))
    rounding: str = param(word_field("prefer_ceil", tuple(ROUND), "of nearest: which of two elements it is"))
    a: float = param(real_field(-0.75, "of cubic: the coefficient", near=(-0.5, -0.75, -1.0)))
    exclude: bool = param(boolean_field(False, "of cubic: elements outside of x are left out"))
    antialias: bool = param(boolean_field(False, "of linear and cubic: stretch the kernel where y is shorter"))

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        size = values["size"] if isinstance(values["size"], tuple) else (values["size"],)
        spelled: dict[str, Any] = {**values, "size": size}
        if values["output"] is not None:
            if values["scale"] != cls.fields()["scale"].default:
                raise ParamError("scale", "found both output and scale, expected one of them")
            del spelled["scale"]
            spelled["output"] = one_an_axis("output", values["output"], len(size), "as many as size")
        else:
            spelled["scale"] = one_an_axis("scale", values["scale"], len(size), "as many as size")
        method = values["method"]
        for name, of in (("rounding", ("nearest",)), ("a", ("cubic",)), ("exclude", ("cubic",))):
            if method not in of and values[name] != cls.fields()[name].default:
                raise ParamError(name, f"{name} has no meaning with method {method}")
        if method == "area" and values["coordinates"] != "half_pixel":
            raise ParamError("coordinates", "area has no places: expected half_pixel, which is the default")
        if values["antialias"] and (method not in ("linear", "cubic") or values["coordinates"] != "half_pixel"):
            raise ParamError("antialias", "expected linear or cubic, and half_pixel, beside antialias")
        if values["antialias"] and values["exclude"]:
            raise ParamError("exclude", "with antialias what is outside of x is left out in any case")
        return cls(**spelled)

    def __post_init__(self) -> None:
        if min(self.lengths) < 1:
            raise ParamError("scale", f"a scale of {self.scale} leaves nothing of {self.size}")

    @property
    def lengths(self) -> tuple[int, ...]:
        """The spatial size of y."""
        if self.output is not None:
            return self.output
        return tuple(floor(n * _written(s)) for n, s in zip(self.size, self.scale, strict=True))

    def ratios(self) -> tuple[Fraction, ...]:
        """How far the places of y are apart, along each axis."""
        pairs = zip(self.size, self.lengths, strict=True)
        if self.method != "area" and self.coordinates == "align_corners":
            return tuple(Fraction(n - 1, o - 1) if o > 1 else Fraction(1) for n, o in pairs)
        if self.method == "area" or self.output is not None:
            return tuple(Fraction(n, o) for n, o in pairs)
        return tuple(1 / _written(s) for s in self.scale)

    def meaning(self) -> Sizes:
        lengths = self.lengths
        pairs = tuple(zip(self.size, lengths, strict=True))
        scaled = self.coordinates != "align_corners" and self.ratios() != tuple(Fraction(n, o) for n, o in pairs)
        by = tuple(o // n if o % n == 0 else 0 for n, o in pairs)
        whole = all(n % o == 0 or o % n == 0 for n, o in pairs)
        steps = tuple(float(1 / ratio) if ratio else 0.0 for ratio in self.ratios())
        return Sizes(lengths, (self.batch, self.channels, *lengths), steps, scaled, by, whole, self._way())

    def _way(self) -> str:
        if self.method == "area":
            return "area"
        said = [self.method, self.coordinates]
        if self.method == "nearest":
            said.append(self.rounding)
        if self.method == "cubic":
            said += [f"{self.a:g}", *(["within"] if self.exclude else [])]
        return " ".join(said + ["antialias"] * self.antialias)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NC" + SPATIAL[len(self.size)], (self.batch, self.channels, *self.size)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NC" + SPATIAL[len(self.size)], (self.batch, self.channels, *self.lengths)),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        for axis, (n, o, ratio) in enumerate(zip(self.size, self.lengths, self.ratios(), strict=True), 2):
            places = [self.place(i, ratio) for i in range(o)]
            exact = all(part & (part - 1) == 0 for part in ratio.as_integer_ratio())  # by it or by its reciprocal
            if self.method == "nearest":
                x = self._nearest(x, axis, places, exact)
            elif n != o or any(p != i for i, p in enumerate(places)):
                x = self._weighted(x, axis, places, ratio, exact)
        return x

    def place(self, i: int, ratio: Fraction) -> Fraction:
        """Where place i of y lies in x."""
        return (i + Fraction(1, 2)) * ratio - Fraction(1, 2) if self.coordinates == "half_pixel" else i * ratio

    def _nearest(self, x: Num, axis: int, places: list[Fraction], exact: bool) -> Num:
        """The element at each place; either of two where the place's rounding in float32 decides."""

        def at(off: int) -> Any:
            moved = (p + off * Fraction(_NEAR) * (abs(p) + (self.coordinates == "half_pixel")) for p in places)
            return np.clip([ROUND[self.rounding](p) for p in moved], 0, x.shape[axis] - 1)

        y = take(x, at(0), axis)
        for other in () if exact else (at(-1), at(1)):
            open_at = np.broadcast_to((other != at(0)).reshape(-1, *(1,) * (x.ndim - axis - 1)), y.shape)
            if open_at.any():
                y = where(Truth(np.ones(y.shape, bool), lambda p, o=open_at: o), y, take(x, other, axis))  # type: ignore[misc]
        return y

    def _weighted(self, x: Num, axis: int, places: list[Fraction], ratio: Fraction, exact: bool) -> Num:
        """The sum of what lies around each place by its weight. What has none is not looked at."""
        n = x.shape[axis]
        found = [self._weights(i, p, n, ratio) for i, p in enumerate(places)]
        most = max(map(len, found))
        at, weights = np.zeros((len(found), most), np.int64), np.zeros((len(found), most))
        for i, one in enumerate(found):
            at[i, : len(one)] = list(one)
            weights[i, : len(one)] = [float(w) for w in one.values()]
        # Of a weight: its own arithmetic, and what its place is off times how steep the kernel is.
        steep, polynomial = (1.5 + abs(self.a), 4 + 24 * abs(self.a)) if self.method == "cubic" else (1.0, 4.0)
        off = np.array([0.0 if exact else steep * _PLACE * (abs(float(p)) + 1) for p in places])[:, None]
        if self.antialias or self.method == "area":
            off = off / max(float(ratio), 1.0)
            polynomial = polynomial / max(float(ratio), 1.0)
        spread = (-1, most, *(1,) * (x.ndim - axis - 1))
        err = np.where(weights != 0, off + polynomial * (1 if self.method == "cubic" else np.abs(weights)), 0.0)
        by = Num(weights.reshape(spread), own=lambda name: err.reshape(spread) if name == "err" else None, steps=12)
        there = (weights != 0).reshape(spread)
        seen = where(np.broadcast_to(there, (*x.shape[:axis], *at.shape, *x.shape[axis + 1 :])), take(x, at, axis), 0.0)
        return stored(total(seen * stored(by), axis + 1))

    def _weights(self, i: int, place: Fraction, n: int, ratio: Fraction) -> dict[int, Fraction]:
        """The elements of x that count for place i of y, and by how much."""
        if self.method == "area":
            low, high = i * ratio, (i + 1) * ratio
            return {
                j: (min(high, Fraction(j + 1)) - max(low, Fraction(j))) / ratio for j in range(floor(low), ceil(high))
            }
        wide = max(ratio, Fraction(1)) if self.antialias else Fraction(1)
        reach = wide * (2 if self.method == "cubic" else 1)
        around = range(ceil(place - reach), floor(place + reach) + 1)
        given = {j: self._kernel(abs(j - place) / wide) for j in around}
        if self.antialias or self.exclude:
            given = {j: w for j, w in given.items() if 0 <= j < n}
            whole = sum(given.values())
            given = {j: w / whole for j, w in given.items()}
        found: dict[int, Fraction] = {}
        for j, w in given.items():
            within = min(max(j, 0), n - 1)
            found[within] = found.get(within, Fraction(0)) + w
        return {j: w for j, w in found.items() if w}

    def _kernel(self, d: Fraction) -> Fraction:
        if self.method == "linear":
            return max(1 - d, Fraction(0))
        a = _written(self.a)
        if d <= 1:
            return ((a + 2) * d - (a + 3)) * d * d + 1
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a if d < 2 else Fraction(0)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.meaning().scaled:
            yield "by the ratio of the lengths, not by the scale", replace(self, output=self.lengths)
        if self.method == "nearest":
            for text, coordinates, rounding in (
                ("nearest-exact: the centre of a place rounded", "half_pixel", "prefer_ceil"),
                ("ONNX's default: the centre of a place, half to the lower element", "half_pixel", "prefer_floor"),
                ("PyTorch's nearest: the place i n / o rounded down", "asymmetric", "floor"),
            ):
                if (coordinates, rounding) != (self.coordinates, self.rounding):
                    yield text, replace(self, coordinates=coordinates, rounding=rounding)
        if self.method == "cubic":
            for text, a, exclude in (
                ("Keys' kernel of -0.5, without what is outside of x", -0.5, True),
                ("a kernel of -0.75, with the border repeated", -0.75, False),
            ):
                if (a, exclude) != (self.a, self.exclude) and not self.antialias:
                    yield text, replace(self, a=a, exclude=exclude)
        if self.method == "area" and not self.meaning().whole:
            yield "whole elements of x, as an adaptive pool has them", _Bins(**self.held())
        if self.method == "cubic" and not self.antialias:
            yield "places rounded to 1/1024", _Coarse(**self.held())

    def periods(self) -> Mapping[str, int]:
        return {letter: by for letter, by in zip(SPATIAL[len(self.size)], self.meaning().by, strict=True) if by > 1}


def _written(value: float) -> Fraction:
    """A number as it is written: 1.3 is 13/10."""
    return Fraction(repr(value))


@dataclass(frozen=True)
class _Bins(Resize):
    """Means of whole elements: from the floor of where a place begins to the ceiling of where it ends."""

    def _weights(self, i: int, place: Fraction, n: int, ratio: Fraction) -> dict[int, Fraction]:
        low, high = floor(i * ratio), ceil((i + 1) * ratio)
        return {j: Fraction(1, high - low) for j in range(low, high)}


@dataclass(frozen=True)
class _Coarse(Resize):
    """By a table of 1024 weights between two elements."""

    def place(self, i: int, ratio: Fraction) -> Fraction:
        exact = super().place(i, ratio)
        return floor(exact) + Fraction(round((exact - floor(exact)) * 1024), 1024)

"""Arithmetic as machines do it: integers that wrap around, division and its rest, shifts, rounding, casts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, rounded
from conformance.exact import integers
from conformance.exact.graph import Edge
from conformance.exact.num import Num, fit, rounding, scaled, stored
from conformance.exact.precision import Precision
from conformance.exact.truth import absolute, floor, round_half_even, sign, trunc
from conformance.ops.axes import OF, REAL, element, of_field
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    ParamError,
    TensorSpec,
    an_integer,
    param,
    real_field,
    shape_field,
    word_field,
)

_WHOLE = OF[:-1]
_FLOATS = tuple(DTYPES)
Array = NDArray[Any]


@dataclass(frozen=True)
class _Elements(Op):
    """What all of them share: tensors of one shape, of real numbers or of a dtype of their own."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of each tensor", most=4))
    of: str = param(of_field(_WHOLE))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.tensor("a", self.of), self.tensor("b", self.of)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.tensor("y", self.of, drawn=False),)

    def tensor(self, name: str, of: str, drawn: bool = True) -> TensorSpec:
        """One of its tensors, of real numbers (`real`), or of a dtype of its own."""
        axes = LETTERS[: len(self.shape)]
        if of in _FLOATS:
            return TensorSpec(name, axes, self.shape, dtype=of, pulled=False)
        spec = element(name, axes, self.shape, of)
        return spec if drawn else replace(spec, draw="")

    def otherwise(self, text: str, formula: Any) -> tuple[str, Op]:
        """The same question, answered by another formula of (op, *inputs)."""
        other = make_dataclass("_Other", [], bases=(type(self),), namespace={"compute": formula}, frozen=True)
        return text, other(**self.held())

    @property
    def width(self) -> int:
        """The bits of an element."""
        return 8 * np.dtype(self.of).itemsize


def _without_zero(spec: TensorSpec) -> TensorSpec:
    return replace(spec, draw=f"{spec.draw} but 0") if spec.kind == "integer" else spec


# --- one tensor -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Negative(_Elements):
    """-x. Of integers modulo 2**width: the least one is its own negative."""

    name = "negative"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.tensor("x", self.of),)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        return -x if self.of == REAL else integers.negate(x)


@dataclass(frozen=True)
class Abs(Negative):
    """x without its sign. Of integers modulo 2**width: the least one stays as it is. At 0 the gradient is 0."""

    name = "abs"

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        return absolute(x) if self.of == REAL else integers.absolute(x)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.of != REAL:
            yield self.otherwise(
                "the largest integer in place of what does not fit",
                lambda o, x: np.where(x == np.iinfo(o.of).min, np.iinfo(o.of).max, np.abs(x)) if o.of[0] == "i" else x,
            )


def _half_away(x: Num) -> Num:
    return sign(x) * floor(absolute(x) + 0.5)


@dataclass(frozen=True)
class Round(_Elements):
    """The nearest number of so many decimals, of two that with an even last digit: x * 10^d rounded, and divided again.

    What rounding of x * 10^d brings next to the middle of two may become either. The gradient is 0.
    """

    name = "round"
    of: str = REAL
    decimals: int = param(
        Field(
            an_integer(-4, 6),
            0,
            "digits behind the point; below 0: in front of it",
            {"type": "integer", "minimum": -4, "maximum": 6},
        )
    )

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.tensor("x", REAL),)

    def meaning(self) -> dict[str, float]:
        """`scale`: 10 to the number of decimals, without its sign."""
        return {"scale": float(10 ** abs(self.decimals))}

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.by(x, round_half_even)

    def by(self, x: Num, to_integer: Any) -> Num:
        """With another way to an integer."""
        scale = self.meaning()["scale"]
        if not self.decimals:
            made: Num = to_integer(x)
        elif self.decimals > 0:
            made = to_integer(x * scale) / scale
        else:
            made = to_integer(x / scale) * scale
        return made

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        for text, way in (
            ("half away from zero, as C's round and pencil and paper", _half_away),
            ("half up, floor(x + 0.5)", lambda x: floor(x + 0.5)),
            ("towards zero", trunc),
            ("down", floor),
        ):
            yield self.otherwise(text, lambda o, x, way=way: o.by(x, way))


@dataclass(frozen=True)
class Cast(_Elements):
    """x in another dtype.

    To a float: the nearest one, of two that with an even last bit; beyond the largest infinite. A float to an integer:
    its integer part; what does not fit, infinities and NaN have no answer there, and any is right. Integers modulo
    2**width. To bool: whether it is not 0; NaN is not.
    """

    name = "cast"
    of: str = param(of_field())
    to: str = param(word_field("int8", (*OF, *_FLOATS), "the dtype of y"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.tensor("x", self.of), pulled=False),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.tensor("y", self.to, drawn=False),)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        if self.to in _FLOATS:
            return Num(rounded(x.value, self.to)) if self.of == REAL else integers.to_float(x, self.to)
        return self.whole(x) if self.of == REAL else integers.cast(x, self.to)

    def whole(self, x: Num) -> Any:
        """The integer part, where it fits."""
        return integers.from_float(x, self.to, Precision.of("float64"))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.of == REAL and self.to in _WHOLE:
            yield self.otherwise(
                "rounded to the nearest integer, not cut off", lambda o, x: o.whole(round_half_even(x))
            )
            yield self.otherwise("rounded down, not towards zero", lambda o, x: o.whole(floor(x)))
        if self.of in _WHOLE and self.to in _WHOLE:
            yield self.otherwise(
                "the nearest integer of the dtype in place of what does not fit",
                lambda o, x: np.clip(x, np.iinfo(o.to).min, np.iinfo(o.to).max).astype(o.to),
            )
        if self.to in _FLOATS:
            for way in ("float32", "bfloat16", "float16"):
                yield self.otherwise(f"by way of {way}, rounded twice", lambda o, x, way=way: o.by_way_of(x, way))

    def by_way_of(self, x: Any, dtype: str) -> Num:
        """Rounded to a narrower dtype first."""
        first = Cast(self.shape, self.of, dtype).compute(x)
        return Num(rounded(first.value, self.to))


# --- two tensors ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subtract(_Elements):
    """a - b, of integers modulo 2**width."""

    name = "subtract"

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return a - b if self.of == REAL else integers.subtract(a, b)


@dataclass(frozen=True)
class Multiply(_Elements):
    """a * b, of integers modulo 2**width; of booleans: whether both are true."""

    name = "multiply"
    of: str = param(of_field())

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return a * b if self.of == REAL else integers.multiply(a, b)


_SAME = "same"
_NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Add(_Elements):
    """a + b in the dtype `to`, to which both are cast first; of integers modulo 2**width, of booleans: or.

    Which dtype comes of two others is for the case to say; there are several tables of promotion. b may be a Python
    number, `scalar`, which has no dtype of its own.
    """

    name = "add"
    of: str = param(of_field())
    other: str = param(
        word_field(
            _SAME, (_SAME, REAL, *OF, *_FLOATS, *_NUMBERS), "what b is: as a, of a dtype of its own, or a number"
        )
    )
    to: str = param(word_field(_SAME, (_SAME, REAL, *OF, *_FLOATS), "the dtype of y: as a's, or another"))
    scalar: float = param(real_field(2.0, "the Python number that b is, where `other` is int or float"))

    def __post_init__(self) -> None:
        if self.other == "int" and self.scalar != int(self.scalar):
            raise ParamError("scalar", f"found {self.scalar:g}, expected an integer where `other` is int")

    def meaning(self) -> dict[str, Any]:
        """`result`: the dtype of y. `number`: the Python number, or null."""
        number = {"int": int(self.scalar), "float": self.scalar}.get(self.other)
        return {"result": self.result, "number": number}

    @property
    def result(self) -> str:
        """The dtype of y."""
        return self.of if self.to == _SAME else self.to

    def inputs(self) -> tuple[TensorSpec, ...]:
        a = self.tensor("a", self.of)
        if self.other in _NUMBERS:
            return (a,)
        return a, self.tensor("b", self.of if self.other == _SAME else self.other)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.tensor("y", self.result, drawn=False),)

    def compute(self, a: Any, b: Any = None) -> Any:  # type: ignore[override]
        if b is None:
            b = np.full(self.shape, int(self.scalar)) if self.other == "int" else Num(np.full(self.shape, self.scalar))
        return self.cast(a) + self.cast(b) if self.result in (REAL, *_FLOATS) else self.wrapped(a, b)

    def cast(self, x: Any) -> Num:
        """As a real number: an integer may have to be rounded first."""
        return x if isinstance(x, Num) else stored(Num(x.astype(np.float64)))

    def wrapped(self, a: Any, b: Any) -> Any:
        """In an integer dtype."""
        a, b = (x.value if isinstance(x, Num) else x for x in (a, b))
        return integers.add(integers.whole(a, self.result), integers.whole(b, self.result))


@dataclass(frozen=True)
class Divide(_Elements):
    """a / b; or as an integer: rounded down (`floor`, as Python's //), or towards zero (`trunc`, as C's /).

    Of integers by 0, and of the least one by -1, any answer is right. Of real numbers `floor` is that of the quotient
    before it is rounded, so that it agrees with the remainder: 1 // 0.1 is 9, since 0.1 is a little more than a tenth.
    `trunc` is of the rounded quotient, which an integer may be next to. The gradient of an integer is 0.
    """

    name = "divide"
    rounding: str = param(word_field("none", ("none", "floor", "trunc"), "how the quotient becomes an integer"))

    def __post_init__(self) -> None:
        if self.of != REAL and self.rounding == "none":
            raise ParamError("rounding", "found none, expected floor or trunc for a quotient of integers")

    def inputs(self) -> tuple[TensorSpec, ...]:
        a, b = super().inputs()
        return a, _without_zero(b)

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        if self.of != REAL:
            return (integers.floor_divide if self.rounding == "floor" else integers.truncated_divide)(a, b)
        if self.rounding == "floor":
            return _floored(a, b)
        return trunc(a / b) if self.rounding == "trunc" else a / b

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.of == REAL and self.rounding == "floor":
            for name in ("float32", "float16", "bfloat16", "float64"):
                yield self.otherwise(
                    f"rounded down after the quotient was rounded to {name}",
                    lambda o, a, b, name=name: Num(np.floor(rounded((a / b).value, name))),
                )
        for text, other in (("rounded down", "floor"), ("rounded towards zero", "trunc")):
            if self.rounding not in ("none", other):
                yield text, replace(self, rounding=other)
        if self.of == REAL and self.rounding != "none":
            yield self.otherwise("not rounded to an integer", lambda o, a, b: a / b)


def _floored(a: Num, b: Num) -> Num:
    """The floor of the exact quotient of inputs."""
    with np.errstate(all="ignore"):
        value = np.floor_divide(a.value, b.value)
    # What every dtype holds is exact.
    large = np.where(np.isfinite(value) & (np.abs(value) > 256), value, 0.0)
    return Num(value, own=rounding(large, 1) if large.any() else None)


@dataclass(frozen=True)
class Remainder(_Elements):
    """What a division of a by b leaves, with the sign of the divisor, or of the dividend.

    divisor: a - floor(a / b) b, as Python's %. dividend: a - trunc(a / b) b, as C's % and fmod. Of the quotient before
    it is rounded. Of integers by 0 any answer is right.
    """

    name = "remainder"
    sign: str = param(word_field("divisor", ("divisor", "dividend"), "whose sign it has"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        a, b = super().inputs()
        return a, _without_zero(b)

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        if self.of != REAL:
            return (integers.modulo if self.sign == "divisor" else integers.remainder)(a, b)
        return _left(a, b, self.sign == "divisor")

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        other = "dividend" if self.sign == "divisor" else "divisor"
        yield f"with the sign of the {other}", replace(self, sign=other)
        if self.of == REAL:
            round_to = np.floor if self.sign == "divisor" else np.trunc
            for name in ("float32", "float64", "float16", "bfloat16"):
                yield self.otherwise(
                    f"as a less the quotient times b, each rounded to {name}",
                    lambda o, a, b, name=name: Num(_by_hand(a.value, b.value, round_to, name)),
                )


def _by_hand(a: Array, b: Array, to_integer: Any, dtype: str) -> Array:
    with np.errstate(all="ignore"):
        quotient = to_integer(rounded(a / b, dtype))
        return rounded(a - rounded(quotient * b, dtype), dtype)


def _left(a: Num, b: Num, floored: bool) -> Num:
    """The rest of inputs: without a rounding, but where b is added for its sign."""
    with np.errstate(all="ignore"):
        plain = np.fmod(a.value, b.value)
        value = np.mod(a.value, b.value) if floored else plain
        quotient = (np.floor if floored else np.trunc)(
            np.floor_divide(a.value, b.value) if floored else a.value / b.value
        )
    turned = np.where(np.isfinite(value) & (value != plain), value, 0.0)
    edges = (
        Edge(a, scaled(lambda: np.ones(value.shape)), lambda g, y: fit(g, a.shape)),
        Edge(b, scaled(lambda: quotient), lambda g, y: fit(g * Num(-quotient), b.shape)),
    )
    return Num(value, edges, rounding(turned, 1) if turned.any() else None)


# --- shifts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftShift(_Elements):
    """The bits of a, b places up: a * 2**b modulo 2**width. By less than 0, or the width and more, any is right."""

    name = "left_shift"
    of: str = param(of_field(_WHOLE, "int32"))

    def __post_init__(self) -> None:
        if self.of == REAL:
            raise ParamError("of", "found real, expected an integer dtype")

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.tensor("a", self.of), replace(self.tensor("b", self.of), draw=f"0..{self.width - 1}")

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return integers.shift_left(a, b)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield self.otherwise("in the other direction", lambda o, a, b: integers.shift_right(a, b))


@dataclass(frozen=True)
class RightShift(LeftShift):
    """The bits of a, b places down, with the sign kept: a / 2**b rounded down.

    By less than 0, or not less than the width, any answer is right.
    """

    name = "right_shift"

    def compute(self, a: Any, b: Any) -> Any:  # type: ignore[override]
        return integers.shift_right(a, b)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield self.otherwise("in the other direction", lambda o, a, b: integers.shift_left(a, b))
        yield self.otherwise(
            "with zeros from above in place of the sign",
            lambda o, a, b: integers.shift_right(a.view(f"u{a.itemsize}"), b.view(f"u{b.itemsize}")).value.view(
                a.dtype
            ),
        )
        yield self.otherwise(
            "rounded towards zero, as a division by a power of two is",
            lambda o, a, b: np.trunc(a / np.exp2(b.astype(np.float64))).astype(a.dtype),
        )

"""What ops along axes share: fields that name axes, and elements that are integers or booleans as well."""

from __future__ import annotations

from typing import Any

from conformance.ops.base import Field, ParamError, TensorSpec, an_integer, boolean_field, optional, word_field

REAL = "real"
# What elements may be, besides real numbers: so dtypes that all frameworks have.
OF = ("int8", "int16", "int32", "int64", "uint8", "bool")


def axes_field(doc: str) -> Field:
    """A field of distinct axes, counted from the first or the last; null for all of them."""
    one = an_integer(-6, 5)

    def parse(value: Any) -> tuple[int, ...]:
        try:
            if isinstance(value, list | tuple) and len(value) <= 6:
                return tuple(one(v) for v in value)
        except ValueError:
            pass
        raise ValueError("a list of up to six axes")

    items = {"type": "integer", "minimum": -6, "maximum": 5}
    schema = {"anyOf": [{"type": "array", "items": items, "maxItems": 6}, {"type": "null"}]}
    return Field(optional(parse), (-1,), doc, schema)


def axis_of(default: int | None, doc: str, nullable: bool = False) -> Field:
    """A field of one axis, counted from the first or the last; null for all of them where that is allowed."""
    one, schema = an_integer(-6, 5), {"type": "integer", "minimum": -6, "maximum": 5}
    if nullable:
        return Field(optional(one), default, doc, {"anyOf": [schema, {"type": "null"}]})
    return Field(one, default, doc, schema)


def of_field(words: tuple[str, ...] = OF, default: str = REAL) -> Field:
    """A field that says what the elements of x are."""
    return word_field(default, (REAL, *words), "real numbers of the case's dtype, or another dtype of x's own")


def element(name: str, axes: str, shape: tuple[int, ...], of: str) -> TensorSpec:
    """A tensor of real numbers, or of a dtype of its own."""
    if of in (REAL, "bool"):
        return TensorSpec(name, axes, shape, kind=REAL if of == REAL else "boolean")
    # Of 8 bits all that there are, so that sums pass them; of others what a float16 holds.
    drawn = {"int8": "-128..127", "uint8": "0..255"}.get(of, "-1000..1000")
    return TensorSpec(name, axes, shape, kind="integer", dtype=of, draw=drawn)


def wide_field() -> Field:
    """A field that says in which dtype integers are added or multiplied."""
    return boolean_field(True, "integers are counted in one wide enough; false: in x's own, where they wrap around")


def check_axes(name: str, axes: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """ParamError where an axis is not among those of the shape, or named twice."""
    rank = len(shape)
    if wrong := [i for i in axes if not -rank <= i < rank]:
        raise ParamError(name, f"found the axis {wrong[0]}, expected at least {-rank} and below {rank}: x has {rank}")
    if len({i % rank for i in axes}) < len(axes):
        raise ParamError(name, f"found {list(axes)}, expected each axis once")


def counted(of: str, wide: bool, name: str, axes: str, shape: tuple[int, ...]) -> TensorSpec:
    """An output of integers, in any dtype or in their own; or of real numbers."""
    if of == REAL:
        return TensorSpec(name, axes, shape)
    return TensorSpec(name, axes, shape, kind="integer", dtype="" if wide else of)


def check_wide(of: str, wide: bool) -> None:
    """ParamError where it is asked of others than integers in which dtype they are counted."""
    if not wide and of in (REAL, "bool"):
        raise ParamError("wide", f"found false for elements that are {of}, expected an integer dtype in `of`")

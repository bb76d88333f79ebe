"""What an op is: parameters, the shapes of its tensors, what it refuses, and its exact reference.

An op is mathematics. It knows nothing of frameworks, of YAML or of verdicts. One file an op family;
`ops/__init__.py` holds the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rounding = Callable[[Array], Array]

REQUIRED = object()


class ParamError(ValueError):
    """Parameters that can't be meant: the message says what was found and what was expected."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class Field:
    """One parameter of an op: how a YAML value is read, and what is said where it can't be."""

    parse: Callable[[Any], Any]  # returns the canonical, hashable value; raises ValueError(what was expected)
    default: Any
    doc: str
    schema: Mapping[str, Any]  # JSON Schema of one value, for editors


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of an op in its canonical layout: a letter an axis (`NCHW`, `GIOHW`)."""

    name: str
    axes: str
    shape: tuple[int, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """Length by letter."""
        return dict(zip(self.axes, self.shape, strict=True))


@dataclass(frozen=True)
class Reference:
    """The exact answer for one output or gradient, and what is needed to judge an answer.

    `value`: float64, canonical layout. `magnitude`: sum |x||w| an element, the same shape (None until asked for).
    `products`: the largest number of products in one element's sum. `energy()`: sum (x*w)^2 an element, for the
    effective bits.
    """

    value: Array
    products: int
    magnitude: Callable[[], Array]
    energy: Callable[[], Array]
    # |what a separate last addition (a bias) is made to|, which is rounded on its own before it; None where there
    # is none.
    partial: Callable[[], Array] | None = None
    # The value where the two factors of every product are rounded first; None where an op can't say.
    recompute: Callable[[Rounding, Rounding], Array] | None = None
    # Whether products are equal to one another, so that their rounding errors are, too, and add up.
    repeats: Callable[[], bool] = lambda: False
    # What comparisons derive from it once for all targets.
    cache: dict[str, Array] = field(default_factory=dict, compare=False, repr=False)


def few_values(array: Array) -> bool:
    """Whether most of an array's elements have a value that another one has, the sign aside."""
    return 2 * np.unique(np.abs(array)).size <= array.size


class Op(ABC):
    """A framework-neutral operation. `P` below stands for the op's own frozen parameter class."""

    name: str
    version: int = 1  # raise it when the meaning changes: fingerprints change with it
    fields: ClassVar[Mapping[str, Field]]
    # What conditions may read besides the parameters; see `derived`.
    derived_names: ClassVar[tuple[str, ...]] = ()

    def derived(self, bound: Any) -> Mapping[str, Any]:
        """What follows from the parameters and is worth a name in conditions: name -> value."""
        return {}

    @abstractmethod
    def bind(self, params: Mapping[str, Any]) -> Any:
        """Parsed parameters (every value went through its Field) to the op's frozen parameter object.

        Raises ParamError where they contradict one another.
        """

    def trusting(self) -> Op:
        """This op for a file whose author the user trusts; the same where a file holds no code."""
        return self

    @abstractmethod
    def label(self, bound: Any) -> str:
        """A short readable text that tells apart any two parameter objects of this op."""

    @abstractmethod
    def inputs(self, bound: Any) -> tuple[TensorSpec, ...]:
        """The input tensors, in the order in which values are drawn for them."""

    @abstractmethod
    def refusal(self, bound: Any) -> str | None:
        """Why the op's definition rejects these parameters, or None where it has an answer."""

    @abstractmethod
    def output(self, bound: Any) -> TensorSpec:
        """The output's canonical spec; only where `refusal` is None."""

    @abstractmethod
    def products(self, bound: Any) -> int:
        """The largest number of products summed into one element of the output or of any gradient."""

    def effort(self, bound: Any, gradients: bool) -> tuple[int, int]:
        """What one evaluation of the reference takes: multiply-adds, and float64 numbers held besides the tensors.

        Only where `refusal` is None; with its gradients where these are asked for.
        """
        return 0, 0

    @abstractmethod
    def reference(self, bound: Any, arrays: Mapping[str, Array]) -> Reference:
        """The exact output for float64 inputs in canonical layout."""

    @abstractmethod
    def gradients(self, bound: Any, arrays: Mapping[str, Array], cotangent: Array) -> dict[str, Reference]:
        """The exact gradient of sum(output * cotangent) with respect to each input."""


# --- readers for fields -------------------------------------------------------------------------------------------

_INT_OR_LIST = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}


def an_integer(low: int, high: int = 2**31) -> Callable[[Any], int]:
    """A reader of one integer in low..high."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"an integer of at least {low}")
        return value

    return parse


def per_axis(low: int, high: int = 2**40) -> Callable[[Any], int | tuple[int, ...]]:
    """A reader of an integer (the same on every axis) or a list with one an axis."""
    one = an_integer(low, high)
    expected = f"an integer of at least {low}, or a list of one to three of them"

    def parse(value: Any) -> int | tuple[int, ...]:
        if isinstance(value, list | tuple):
            if not 1 <= len(value) <= 3:
                raise ValueError(expected)
            try:
                return tuple(one(v) for v in value)
            except ValueError:
                raise ValueError(expected) from None
        try:
            return one(value)
        except ValueError:
            raise ValueError(expected) from None

    return parse


def optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reader that takes null too."""

    def wrapped(value: Any) -> Any:
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError as error:
            raise ValueError(f"null, {error}") from None

    return wrapped


def one_of(*allowed: str) -> Callable[[Any], str]:
    """A reader of one word of a closed list."""

    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError("one of: " + ", ".join(allowed))
        return str(value)

    return parse


def a_boolean(value: Any) -> bool:
    """A reader of true or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def integer_field(default: Any, low: int, doc: str) -> Field:
    """A field that holds one integer."""
    return Field(an_integer(low), default, doc, {"type": "integer", "minimum": low})


def axis_field(default: Any, low: int, doc: str, nullable: bool = False) -> Field:
    """A field that holds an integer or one an axis."""
    parse = per_axis(low)
    schema: dict[str, Any] = dict(_INT_OR_LIST)
    if nullable:
        return Field(optional(parse), default, doc, {"anyOf": [*_INT_OR_LIST["anyOf"], {"type": "null"}]})
    return Field(parse, default, doc, schema)


def word_field(default: Any, allowed: tuple[str, ...], doc: str, nullable: bool = False) -> Field:
    """A field that holds one word of a closed list."""
    parse = one_of(*allowed)
    if nullable:
        return Field(optional(parse), default, doc, {"enum": [*allowed, None]})
    return Field(parse, default, doc, {"enum": list(allowed)})


def boolean_field(default: bool, doc: str) -> Field:
    """A field that holds true or false."""
    return Field(a_boolean, default, doc, {"type": "boolean"})

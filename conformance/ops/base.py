"""What an op is: parameters, the shapes of its tensors, what it refuses, and its exact reference.

An op is mathematics. It knows nothing of frameworks, of YAML or of verdicts. One file an op family;
`ops/__init__.py` holds the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from conformance.ops.parameters import Step, acceptances, given, readings, shown, smaller
from conformance.ops.reference import Evaluation, Reference

if TYPE_CHECKING:
    from conformance.exact.num import Num
    from conformance.ops.confusions import Confusion, Problem

Array = NDArray[np.float64]

REQUIRED = object()

# The letters of so many spatial axes; and of tensors whose axes mean nothing, none of those that stand for something.
SPATIAL = {1: "W", 2: "HW", 3: "DHW"}
LETTERS = "ABEFJK"
# What stands between the range of a `draw` and the one integer that it leaves out.
BUT = " but "


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
    least: int | None = None  # of an integer, or of each in a list: what minimize goes towards
    words: tuple[str, ...] = ()  # of a closed list
    near: tuple[float, ...] = ()  # of a real number: what people and frameworks take it for (other defaults)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of an op in its canonical layout: a letter an axis (`NCHW`, `GIOHW`)."""

    name: str
    axes: str
    shape: tuple[int, ...]
    kind: str = "real"  # or index, integer, boolean, complex: how it is judged
    dtype: str = ""  # its own, where it is not the case's
    draw: str = ""  # how values are drawn for it, where it is not as for any input: "positive", "unit", "ascending"
    # along the last axis; "0..9", "-9..9 but 0"; "dominant", "regular": well conditioned matrices
    into: str = ""  # of an index: "x.K", the tensor and the letter that it points into; see judge/kinds.py
    marks: tuple[tuple[str, str], ...] = ()  # the order of named slices along an axis: ("G", "iofg")
    unordered: str = ""  # an axis along which the order is left open
    pulled: bool = True  # of real numbers: whether a gradient goes through an output, or to an input

    def __repr__(self) -> str:
        # Fingerprints are made of it, so what is as usual goes unsaid.
        given = (f.name for f in fields(self) if f.default is MISSING or getattr(self, f.name) != f.default)
        return f"TensorSpec({', '.join(f'{name}={getattr(self, name)!r}' for name in given)})"

    @property
    def between(self) -> tuple[int, int]:
        """The least and the largest integer that is drawn for it: `draw` is "0..9", or "-9..9 but 0"."""
        low, _, high = (self.draw or "-9..9").partition(BUT)[0].partition("..")
        return int(low), int(high)

    @property
    def barred(self) -> int | None:
        """The integer between those that is not drawn, and is not the largest."""
        _, found, value = self.draw.partition(BUT)
        return int(value) if found else None

    def travels_as(self, dtype: str) -> str:
        """The dtype of an input in a case of `dtype`."""
        return self.dtype or {"index": "int64", "integer": "int64", "boolean": "bool"}.get(self.kind, dtype)

    @property
    def sizes(self) -> dict[str, int]:
        """Length by letter."""
        return dict(zip(self.axes, self.shape, strict=True))


@dataclass(frozen=True)
class Relation:
    """What must hold of an answer of which several are right, such as the signs of singular vectors.

    `outputs`: those that it judges, in place of a value of their own. `sides(inputs, outputs)`: two programs over Num
    that must be equal. `roundings`: by how many unit roundoffs of its largest element an output may be off.
    """

    text: str  # "u s v = x"
    outputs: tuple[str, ...]
    sides: Callable[[Mapping[str, Num], Mapping[str, Num]], tuple[Any, Any]]
    roundings: float


class Op(ABC):
    """A framework-neutral question with an exact meaning: a frozen dataclass of its parameters.

    Subclasses are frozen dataclasses. A field made by `param` is what a case file may say. The class docstring is the
    definition.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1  # raise it when the meaning changes: fingerprints change with it
    # What conditions may read besides the parameters; see `derived`.
    derived_names: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def fields(cls) -> Mapping[str, Field]:
        """What a case file may say, by name."""
        return _fields(cls)

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        """The op with these parameters, each of which went through its Field.

        `trusted`: whether the user trusts the author of the file; of no meaning where a file holds no code. Raises
        ParamError where parameters contradict one another.
        """
        return cls(**values)

    def parameters(self) -> dict[str, Any]:
        """Every parameter by its name, as conditions read it and records keep it."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    def held(self) -> dict[str, Any]:
        """Every parameter as it is held, to make another op of the same ones."""
        return {name: getattr(self, name) for name in self.fields()}

    def label(self) -> str:
        """A short readable text that tells apart any two sets of parameters of this op."""
        said = [f"{key}={shown(value)}" for key, value in self.parameters().items() if value != _default(self, key)]
        return f"{self.name}[{' '.join(said)}]"

    def readings(self) -> Iterator[tuple[str, Self]]:
        """The question with one parameter read otherwise, each with what is said of it."""
        return readings(self)

    @abstractmethod
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The input tensors, in the order in which values are drawn for them."""

    @abstractmethod
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs' canonical specs, in their order; only where `refusal` is None."""

    @abstractmethod
    def compute(self, **tensors: Any) -> Any:
        """The definition, as a program over `Num` (conformance/exact): the outputs, in their order.

        Real inputs are Num, others arrays, in canonical layout. An output that is no real number is an Index, a Truth
        or an array. A definition is written in the stable form that good libraries use. Only where `refusal` is None.
        """

    def evaluated(self, arrays: Mapping[str, Array]) -> Evaluation:
        """One evaluation of the definition, for float64 inputs in canonical layout."""
        return Evaluation.of(self, arrays)

    def evaluate(self, arrays: Mapping[str, Array]) -> dict[str, Reference]:
        """The exact outputs by name, for float64 inputs in canonical layout."""
        return self.evaluated(arrays).outputs

    def gradients(self, arrays: Mapping[str, Array], cotangents: Mapping[str, Array]) -> dict[str, Reference]:
        """The exact gradient of the sum of output * cotangent, over the outputs that have one, for each real input."""
        return self.evaluated(arrays).gradients(cotangents)

    def products(self) -> int:
        """The largest number of products summed into one element of an output or of any gradient.

        0 where the op is no sum of products: then sums of small integers need not be exact.
        """
        return 0

    def refusal(self) -> str | None:
        """Why the op's definition rejects these parameters, or None where it has an answer."""
        return None

    def meaning(self) -> Any:
        """What follows from the parameters and frameworks are asked for, such as a geometry; None where nothing does.

        Only where `refusal` is None.
        """
        return None

    def definition(self) -> Op | None:
        """The op that says what is right: this one, but for a `call`, which may name another, or none."""
        return self

    def notes(self) -> str:
        """What is right and why, in one sentence for who does not read this code."""
        return f"It is the definition of {self.name}, computed in float64"

    def relations(self) -> tuple[Relation, ...]:
        """What must hold of outputs of which several are right; they are judged by that, in shape and dtype as ever."""
        return ()

    def derived(self) -> Mapping[str, Any]:
        """What follows from the parameters and is worth a name in conditions: name -> value."""
        return {}

    def confusions(self) -> tuple[Confusion[Any], ...]:
        """The ways in which this question is misunderstood, the most plausible first.

        A family adds its own before or after those that follow for every op.
        """
        from conformance.ops.confused import GENERIC  # it is written with this class

        return GENERIC

    def problem(self, arrays: Mapping[str, Array], output: str) -> Problem:
        """The computation of an output that confusions alter; only where `refusal` is None."""
        from conformance.ops.question import Question

        return Question(self, arrays, output)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        """Other questions that this one is taken for, of the same inputs, each with what is said of it."""
        return iter(())

    def acceptances(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """How it may come that a target answers what `refusal` rejects, each with its first output's shape then."""
        return acceptances(self)

    def given(self) -> dict[str, Any]:
        """The parameters as a case file gives them; what is the default is left out."""
        return given(self)

    @classmethod
    def smaller(cls) -> tuple[tuple[str, Step], ...]:
        """What `minimize` tries, in its order: steps by name, each from a question to smaller ones, the smallest first.

        A smaller question is read from a case file before it is asked, so a step need not see to it that parameters
        agree.
        """
        return smaller(cls)

    # The steps of `smaller` after which a call is written as before, since it learns the sizes from its tensors.
    unsaid: ClassVar[tuple[str, ...]] = ()

    def overlaps(self) -> tuple[tuple[int, ...], ...] | None:
        """How many kernel taps reach each index of the output's last axes, a tuple an axis, for reports to draw.

        None where there is nothing to see, or the parameters are refused.
        """
        return None

    def periods(self) -> Mapping[str, int]:
        """How often a pattern repeats along an axis of the output, by letter: a stride. Tells where errors lie."""
        return {}

    def blocks(self) -> Mapping[str, int]:
        """Into how many equal blocks an axis of the output falls, by letter: groups of channels."""
        return {}

    def effort(self, gradients: bool) -> tuple[int, int]:
        """What one evaluation of the reference takes: multiply-adds, and float64 numbers held besides the tensors.

        Only where `refusal` is None; with its gradients where these are asked for.
        """
        return 0, 0


def _default(op: Op, name: str) -> Any:
    return next(f.default for f in fields(op) if f.name == name)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    return {"op": value.name, "params": value.parameters()} if isinstance(value, Op) else value


@cache
def _fields(op: type[Op]) -> Mapping[str, Field]:
    said = fields(op)  # type: ignore[arg-type]  # every op is a dataclass
    return {f.name: f.metadata["param"] for f in said if "param" in f.metadata}


def param(said: Field, default: Any = None) -> Any:
    """A parameter of an op, as a dataclass field. `default`: that of the file as `bind` spells it out, if not alike."""
    if said.default is REQUIRED:
        return field(metadata={"param": said})
    return field(default=said.default if default is None else default, metadata={"param": said})


# --- readers for fields -------------------------------------------------------------------------------------------

_INT_OR_LIST = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}


def an_integer(low: int, high: int = 2**40) -> Callable[[Any], int]:
    """A reader of one integer in low..high."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"an integer of at least {low}")
        if value > high:
            raise ValueError(f"an integer of at most {high:,}")
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


def one_an_axis(name: str, value: Any, dims: int, what: str) -> tuple[Any, ...]:
    """A parameter spelled out: a list as it is, one value for all axes. ParamError where a list has another length."""
    if not isinstance(value, tuple):
        return (value,) * dims
    if len(value) != dims:
        raise ParamError(name, f"{name} has {len(value)} entries, expected {dims}: {what}")
    return value


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
    return Field(an_integer(low), default, doc, {"type": "integer", "minimum": low}, least=low)


def axis_field(default: Any, low: int, doc: str, nullable: bool = False) -> Field:
    """A field that holds an integer or one an axis."""
    parse = per_axis(low)
    schema: dict[str, Any] = dict(_INT_OR_LIST)
    if nullable:
        schema = {"anyOf": [*_INT_OR_LIST["anyOf"], {"type": "null"}]}
        return Field(optional(parse), default, doc, schema, least=low)
    return Field(parse, default, doc, schema, least=low)


def word_field(default: Any, allowed: tuple[str, ...], doc: str, nullable: bool = False) -> Field:
    """A field that holds one word of a closed list."""
    parse = one_of(*allowed)
    if nullable:
        return Field(optional(parse), default, doc, {"enum": [*allowed, None]}, words=allowed)
    return Field(parse, default, doc, {"enum": list(allowed)}, words=allowed)


def boolean_field(default: bool, doc: str) -> Field:
    """A field that holds true or false."""
    return Field(a_boolean, default, doc, {"type": "boolean"})


def real_field(default: float, doc: str, near: tuple[float, ...] = (), above: float | None = None) -> Field:
    """A field that holds a real number, `above` something. `near`: what people and frameworks take it for."""
    expected = "a number" if above is None else f"a number above {above:g}"

    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(expected)
        if above is not None and value <= above:
            raise ValueError(expected)
        return float(value)

    schema: dict[str, Any] = {"type": "number"}
    if above is not None:
        schema["exclusiveMinimum"] = above
    return Field(parse, default, doc, schema, near=near)


def shape_field(default: tuple[int, ...], doc: str, most: int = 6) -> Field:
    """A field that holds a shape: one to `most` lengths, 0 among them allowed."""
    one = an_integer(0, 2**40)

    def parse(value: Any) -> tuple[int, ...]:
        try:
            if isinstance(value, list | tuple) and 1 <= len(value) <= most:
                return tuple(one(v) for v in value)
        except ValueError:
            pass
        raise ValueError(f"a list of one to {most} lengths")

    items = {"type": "integer", "minimum": 0}
    return Field(parse, default, doc, {"type": "array", "items": items, "minItems": 1, "maxItems": most}, least=1)

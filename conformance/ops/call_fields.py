"""How the parameters of a `call` are read from a case file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, TypeAlias, TypeVar

from conformance.layout import LayoutError, parse_layout
from conformance.ops.base import REQUIRED, Field, ParamError, TensorSpec
from conformance.target import FRAMEWORKS, TargetError, parse_target
from conformance.text.nearest import did_you_mean

OUTPUT = "y"
# What plans begin their dotted names with.
_ROOTS = tuple(dict.fromkeys(word for framework in FRAMEWORKS.values() for word in framework.first_words))

MAX_INPUTS = 64
MAX_LENGTH = 2**40  # of an axis
MAX_NAME = 64  # characters of an input's name
MAX_DETAILS = 100
MAX_SHOWN = 120  # characters of a value in a message

T = TypeVar("T")
# A plan before it is bound: framework, text, whether the text stands below `text`, layouts by tensor.
Written: TypeAlias = tuple[str, str, bool, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Detail:
    """One thing that is wrong inside a nested parameter.

    `path` leads to it from the parameters (`("plans", "torch", "text")`); `line` and `column` are those within a text,
    0 where the whole value is meant.
    """

    path: tuple[str | int, ...]
    message: str
    line: int = 0
    column: int = 0


class CallError(ParamError):
    """Everything that is wrong with a `call`, each with its path."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__(str(details[0].path[0]), details[0].message)
        self.details = tuple(details)


def cut(text: str) -> str:
    """A text as a message shows it."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def found_word(value: Any) -> str:
    """A value of the file as a message shows it."""
    return cut(repr(value))


def read_mapping(value: Any, path: tuple[str | int, ...], expected: str) -> Mapping[str, Any]:
    """A mapping; CallError where it is none."""
    if not isinstance(value, dict):
        raise CallError([Detail(path, f"found {found_word(value)}, expected {expected}")])
    return value


def check_keys(value: Mapping[str, Any], path: tuple[str | int, ...], allowed: Sequence[str]) -> None:
    """CallError with every key that is not allowed."""
    details: list[Detail] = []
    for key in value:
        if key not in allowed and len(details) <= MAX_DETAILS:
            details.append(Detail((*path, key), unknown_word("key", key, allowed)))
    if details:
        raise CallError(details)


def unknown_word(kind: str, found: str, allowed: Iterable[str]) -> str:
    """The message for a word that is not in a closed list."""
    words = list(allowed)
    found = cut(found)
    return f"unknown {kind} {found!r}, expected one of: {', '.join(words)}{did_you_mean(found, words)}"


def _letters(value: Any, path: tuple[str | int, ...]) -> str:
    """A canonical layout: one letter an axis, nothing merged and nothing flipped."""
    expected = "a layout with one letter an axis, such as NCHW"
    if not isinstance(value, str):
        raise CallError([Detail(path, f"found {found_word(value)}, expected {expected}")])
    if len(value) > MAX_NAME:
        raise CallError([Detail(path, f"found {len(value):,} characters, expected {expected}")])
    try:
        layout = parse_layout(value)
    except LayoutError as error:
        raise CallError([Detail(path, str(error))]) from None
    if layout.flips or any(len(axis) > 1 for axis in layout.axes):
        raise CallError(
            [Detail(path, f"found {value!r}, expected {expected}; a plan's own layouts may merge and flip")]
        )
    return layout.letters


def or_null(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reader that takes null too, and leaves a CallError its places."""
    return lambda value: None if value is None else parse(value)


def _each(entries: Mapping[str, Any], read: Callable[[str, Any], T]) -> tuple[T, ...]:
    """What `read` makes of each entry; the faults of all of them together."""
    results: list[T] = []
    details: list[Detail] = []
    for name, entry in entries.items():
        try:
            results.append(read(name, entry))
        except CallError as error:
            details += error.details
            if len(details) > MAX_DETAILS:
                break
    if details:
        raise CallError(details)
    return tuple(results)


def parse_inputs(value: Any) -> tuple[TensorSpec, ...]:
    """`{x: {shape: [1, 2, 4, 4], layout: NCHW}}` as specs, in the order of the file."""
    body = read_mapping(value, ("inputs",), "a mapping from each input's name to its shape and layout")
    if len(body) > MAX_INPUTS:
        raise CallError([Detail(("inputs",), f"found {len(body):,} inputs, expected at most {MAX_INPUTS}")])
    return _each(body, _input)


def _input(name: str, entry: Any) -> TensorSpec:
    path = ("inputs", name)
    if (
        len(name) > MAX_NAME
        or not name.isidentifier()
        or name.startswith("_")
        or iskeyword(name)
        or name in (OUTPUT, *_ROOTS)
    ):
        expected = f"expected a plain name other than {', '.join((OUTPUT, *_ROOTS))}"
        raise CallError([Detail(path, f"{cut(name)!r} can't name an input; {expected}")])
    body = read_mapping(entry, path, "{shape: [...], layout: NCHW}")
    check_keys(body, path, ("shape", "layout"))
    missing = [key for key in ("shape", "layout") if key not in body]
    if missing:
        expected = "expected {shape: [...], layout: NCHW}"
        raise CallError([Detail(path, f"the input {name!r} has no {key!r}, {expected}") for key in missing])
    axes, shape = _letters(body["layout"], (*path, "layout")), body["shape"]
    if not isinstance(shape, list) or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in shape):
        raise CallError(
            [Detail((*path, "shape"), f"found {found_word(shape)}, expected a list of integers of at least 0")]
        )
    if any(n > MAX_LENGTH for n in shape):
        raise CallError(
            [Detail((*path, "shape"), f"found {found_word(shape)}, expected lengths of at most {MAX_LENGTH:,}")]
        )
    if len(shape) != len(axes):
        message = f"the shape {found_word(shape)} has {len(shape)} axes, but the layout {axes} has {len(axes)}"
        raise CallError([Detail((*path, "shape"), message)])
    return TensorSpec(name, axes, tuple(shape))


def parse_plans(value: Any) -> tuple[Written, ...]:
    """The plans by framework; a bare text is a plan that takes and gives tensors in their canonical layouts."""
    body = read_mapping(value, ("plans",), "a mapping from each framework to its plan")
    if not body:
        expected = "expected one for at least one of: " + ", ".join(FRAMEWORKS)
        raise CallError([Detail(("plans",), f"there is no plan, {expected}")])
    return _each(body, _plan)


def _plan(framework: str, entry: Any) -> Written:
    path = ("plans", framework)
    if framework not in FRAMEWORKS:
        raise CallError([Detail(path, unknown_word("framework", framework, FRAMEWORKS))])
    if isinstance(entry, str):
        return framework, entry, False, ()
    plan = read_mapping(entry, path, "a plan's text, or {text: ..., layouts: {...}}")
    check_keys(plan, path, ("text", "layouts"))
    if not isinstance(plan.get("text"), str):
        raise CallError([Detail((*path, "text"), f"found {found_word(plan.get('text'))}, expected the plan's text")])
    layouts = read_mapping(plan.get("layouts", {}), (*path, "layouts"), "a mapping from each tensor to its layout")
    for name, layout in layouts.items():
        if not isinstance(layout, str):
            raise CallError(
                [Detail((*path, "layouts", name), f"found {found_word(layout)}, expected a layout such as NHWC")]
            )
    return framework, plan["text"], True, tuple(layouts.items())


def parse_reference(value: Any) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """`{op: conv_transpose, params: {...}}`; the parameters are read when the call is bound."""
    body = read_mapping(value, ("reference",), "{op: ..., params: {...}}")
    check_keys(body, ("reference",), ("op", "params"))
    if not isinstance(body.get("op"), str):
        raise CallError(
            [Detail(("reference", "op"), f"found {found_word(body.get('op'))}, expected the name of an op")]
        )
    params = read_mapping(body.get("params", {}), ("reference", "params"), "a mapping of the op's parameters")
    return body["op"], tuple(params.items())


def parse_against(value: Any) -> str:
    """The one target that the others are held against, in its canonical text; a framework alone is its plain target."""
    if not isinstance(value, str):
        raise ValueError("a target, such as torch, keras/jax or tensorflow:xla")
    try:
        return str(parse_target(value))
    except TargetError as error:
        raise CallError([Detail(("against",), str(error))]) from None


def parse_allowance(value: Any) -> int:
    """`{ulp: 2}`: how far from equal an answer may be, in units in the last place of the case's dtype."""
    body = read_mapping(value, ("allowance",), "{ulp: N}")
    check_keys(body, ("allowance",), ("ulp",))
    ulp = body.get("ulp")
    if isinstance(ulp, bool) or not isinstance(ulp, int) or not 0 <= ulp <= 1024:
        raise CallError([Detail(("allowance", "ulp"), f"found {found_word(ulp)}, expected an integer from 0 to 1024")])
    return ulp


def parse_output(value: Any) -> str:
    """The canonical layout of the result."""
    return _letters(value, ("output",))


_TEXT = {"type": "string"}
_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_INPUT = {
    "type": "object",
    "properties": {"shape": _SHAPE, "layout": _TEXT},
    "required": ["shape", "layout"],
    "additionalProperties": False,
}
_PLAN = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {"text": _TEXT, "layouts": {"type": "object", "additionalProperties": _TEXT}},
            "required": ["text"],
            "additionalProperties": False,
        },
    ]
}


FIELDS: dict[str, Field] = {
    "inputs": Field(
        or_null(parse_inputs),
        None,
        "the inputs by name, each with its shape and layout; left out where a reference op has them",
        {"type": "object", "additionalProperties": _INPUT},
    ),
    "output": Field(
        or_null(parse_output), None, "the layout in which results are compared; left out with a reference op", _TEXT
    ),
    "plans": Field(
        parse_plans,
        REQUIRED,
        "framework -> the lines that compute y, and the layouts in which they take and give tensors",
        {"type": "object", "properties": dict.fromkeys(FRAMEWORKS, _PLAN), "additionalProperties": False},
    ),
    "reference": Field(
        or_null(parse_reference),
        None,
        "an op whose definition is the exact answer",
        {
            "type": "object",
            "properties": {"op": _TEXT, "params": {"type": "object"}},
            "required": ["op"],
            "additionalProperties": False,
        },
    ),
    "against": Field(
        or_null(parse_against), None, "the one target whose answer the others must equal, such as torch:compile", _TEXT
    ),
    "allowance": Field(
        or_null(parse_allowance),
        None,
        "how far from equal an answer may be, where no reference op derives it",
        {"type": "object", "properties": {"ulp": {"type": "integer", "minimum": 0}}, "additionalProperties": False},
    ),
}

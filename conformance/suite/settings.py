"""What may be said at every level of a case file (file, grid, case): its readers, its documentation, its JSON Schema.

One table, `SETTINGS`, drives both the validation and the schema for editors, so the two can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from conformance.dtypes import DTYPES
from conformance.suite.case import CHECKS, PERMITS, POLICIES, Claim, Expect, Place, Values
from conformance.suite.document import Node
from conformance.suite.readers import (
    MAX_NAME,
    Key,
    Report,
    Wrong,
    a_set,
    boolean,
    complete,
    integer,
    keys_schema,
    layout,
    name,
    number,
    numbers,
    sequence,
    tag,
    target,
    text,
    word,
)

KINDS = ("integers", "normal", "index", "ones")  # kinds that a single word names
BASES = ("zeros", "ones", "integers", "normal", "index")
SPECIAL_WORDS = ("nan", "inf", "-inf", "-0.0", "subnormal", "-subnormal", "largest", "-largest")
GONE_CHECKS = {"adjointness": "'gradient', which holds the same: the gradient of x is the adjoint of the op"}
DEFAULT_CHECKS = ("shape", "dtype", "value")


@dataclass(frozen=True)
class Settings:
    """The settings of a grid or a case, with what the levels above say folded in. Tuples are grid dimensions."""

    about: str = ""
    tags: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ("default",)
    values: tuple[Values, ...] = (Values("integers"), Values("normal"))
    dtype: tuple[str, ...] = ("float32",)
    seed: tuple[int, ...] = (0,)
    check: tuple[str, ...] = DEFAULT_CHECKS
    nonfinite: str = "strict"
    permits: frozenset[str] = frozenset()
    expect: Expect = field(default_factory=Expect)
    claim: Claim | None = None

    def under(self, given: Mapping[str, Any]) -> Settings:
        """These settings with a lower level's own: tags add up, everything else replaces."""
        changes = dict(given)
        if "tags" in changes:
            changes["tags"] = self.tags | changes["tags"]
        return replace(self, **changes)


# --- readers ------------------------------------------------------------------------------------------------------


def _index(node: Node, _: Report) -> tuple[int, ...] | str:
    if isinstance(node.value, str) and node.value in ("first", "last"):
        return node.value
    if isinstance(node.value, list) and all(type(child.value) is int for child in node.value):
        return tuple(child.value for child in node.value)
    raise Wrong(node, f"found {node.shown()}, expected first, last or an index such as [0, 0, 1]")


def _special(node: Node, _: Report) -> str:
    value = node.value
    if isinstance(value, str) and value in SPECIAL_WORDS:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Wrong(node, f"found {node.shown()}, expected a number or one of: {', '.join(SPECIAL_WORDS)}")


def _place(node: Node, report: Report) -> Place:
    given = complete(node, PLACE, "a place", report)
    return Place(given["in"], given["at"], given["value"])


def values(node: Node, report: Report) -> Values:
    """A recipe: a word, or a mapping with its kind."""
    if isinstance(node.value, str):
        return Values(word("values", *KINDS)(node, report))
    if not isinstance(node.value, dict):
        raise Wrong(node, f"found {node.shown()}, expected {', '.join(KINDS)}, or a mapping with `kind`")
    kind = node.value.get("kind")
    if kind is None:
        raise Wrong(node, "values without `kind`, expected one of: specials, literal, " + ", ".join(KINDS))
    chosen = word("values", "specials", "literal", *KINDS)(kind, report)
    given = complete(
        node, {"specials": SPECIALS, "literal": LITERAL}.get(chosen, PLAIN), f"values of kind {chosen}", report
    )
    if chosen == "specials":
        base = given.get("base", "integers")
        places = given.get("place", ())
        shown = given.get("name") or specials_name(base, places)
        if len(shown) > MAX_NAME:
            raise Wrong(node, f"the id would show {len(shown):,} characters of places; expected a `name` of its own")
        return Values(chosen, base, places, (), shown)
    if chosen == "literal":
        return Values(chosen, arrays=given["arrays"], name=given.get("name", ""))
    return Values(chosen, name=given.get("name", ""))


def specials_name(base: str, places: Sequence[Place]) -> str:
    """What an id shows of specials that have no name."""
    return "+".join([base, *(f"{p.tensor}@{_shown(p.index)}={p.value}" for p in places)])


def _shown(index: tuple[int, ...] | str) -> str:
    return index if isinstance(index, str) else ".".join(map(str, index))


def _arrays(node: Node, report: Report) -> tuple[tuple[str, Any], ...]:
    if not isinstance(node.value, dict) or not node.value:
        raise Wrong(node, f"found {node.shown()}, expected a mapping from each input to its numbers")
    return tuple((key, numbers(child, report)) for key, child in node.value.items())


def _shape(node: Node, report: Report) -> tuple[int, ...]:
    if not isinstance(node.value, list):
        raise Wrong(node, f"found {node.shown()}, expected a list of lengths")
    result = tuple(integer(child, report) for child in node.value)
    if any(length < 0 for length in result):
        raise Wrong(node, f"found {node.shown()}, expected lengths of at least 0")
    return result


def expect(node: Node, report: Report) -> Expect:
    """What the case states."""
    given = complete(node, EXPECT, "expect", report)
    if not given:
        raise Wrong(node, "expect states nothing, expected some of: " + ", ".join(EXPECT))
    if given.get("refused") and len(given) > 1:
        raise Wrong(node, "expect says that the case is refused and what it answers; expected one of them")
    if given.get("layout") and not {"shape", "values"} & given.keys():
        raise Wrong(node, "expect has a layout, but neither a shape nor values in it")
    return Expect(**given)


def _tolerance(node: Node, _: Report) -> float:
    value = number(node)
    if not 0.0 <= value < inf:
        raise Wrong(node, f"found {node.shown()}, expected a finite number of at least 0")
    return value


def claim(node: Node, report: Report) -> Claim:
    """A document's claim."""
    given = complete(node, CLAIM, "claim", report)
    return Claim(given["document"], given["says"], given["holds"])


# --- tables -------------------------------------------------------------------------------------------------------

_TEXT = {"type": "string"}
_NUMBERS = {"description": "numbers, nested", "type": ["array", "number", "string"]}


def _one_or_list(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


_VALUES_NAME = Key(name, "what the id shows; the kind where it is left out", _TEXT)
_KIND = Key(
    word("kind", "specials", "literal", *KINDS), "how values are made", {"enum": ["specials", "literal", *KINDS]}, True
)
PLAIN: dict[str, Key] = {"kind": _KIND, "name": _VALUES_NAME}
PLACE: dict[str, Key] = {
    "in": Key(text, "the input that the value is put into", _TEXT, True),
    "at": Key(
        _index,
        "where: first, last, or an index in the op's canonical layout",
        {"anyOf": [{"enum": ["first", "last"]}, {"type": "array", "items": {"type": "integer"}}]},
        True,
    ),
    "value": Key(
        _special, "what: a number or a word", {"anyOf": [{"type": "number"}, {"enum": list(SPECIAL_WORDS)}]}, True
    ),
}
SPECIALS: dict[str, Key] = {
    "kind": _KIND,
    "base": Key(word("base", *BASES), "the values around the special ones", {"enum": list(BASES)}),
    "name": _VALUES_NAME,
    "place": Key(
        sequence(_place, "places, each {in: x, at: first, value: nan}"),
        "which special values stand where; none where it is left out",
        {"type": "array", "items": keys_schema(PLACE), "minItems": 1},
    ),
}
LITERAL: dict[str, Key] = {
    "kind": _KIND,
    "name": _VALUES_NAME,
    "arrays": Key(
        _arrays,
        "each input's numbers, in its canonical order",
        {"type": "object", "additionalProperties": _NUMBERS},
        True,
    ),
}
_TOLERANCE = {"type": "number", "minimum": 0}
EXPECT: dict[str, Key] = {
    "shape": Key(_shape, "the shape of the output", {"type": "array", "items": {"type": "integer", "minimum": 0}}),
    "values": Key(numbers, "the values of the output", _NUMBERS),
    "refused": Key(boolean, "whether every target must refuse the case", {"type": "boolean"}),
    "layout": Key(layout, "the layout of shape and values, such as NHWC; the op's canonical one where left out", _TEXT),
    "rtol": Key(_tolerance, "how far off an answer may be, relative to what is right, by a person's word", _TOLERANCE),
    "atol": Key(_tolerance, "how far off an answer may be, added to what `rtol` allows", _TOLERANCE),
}
CLAIM: dict[str, Key] = {
    "document": Key(text, "the document that claims it", _TEXT, True),
    "says": Key(text, "what it claims", _TEXT, True),
    "holds": Key(boolean, "whether it is true", {"type": "boolean"}, True),
}

_VALUES_SCHEMA = {
    "anyOf": [{"enum": list(KINDS)}, keys_schema(SPECIALS), keys_schema(LITERAL), keys_schema(PLAIN)],
}

SETTINGS: dict[str, Key] = {
    "about": Key(text, "one line on what is asked", _TEXT),
    "tags": Key(
        a_set(sequence(tag, "tags")),
        "words to select by; those of every level add up",
        {"type": "array", "items": _TEXT},
    ),
    "targets": Key(
        sequence(target, "targets"),
        "where the cases run when --on is not given; `default` is every installed framework",
        {"type": "array", "items": _TEXT, "minItems": 1},
    ),
    "values": Key(
        sequence(values, "recipes", alone=True),
        "how inputs are made; several are a grid dimension; integers and normal where left out",
        _one_or_list(_VALUES_SCHEMA),
    ),
    "dtype": Key(
        sequence(word("dtype", *DTYPES), "dtypes", alone=True),
        "the dtype of inputs and output; several are a grid dimension",
        _one_or_list({"enum": list(DTYPES)}),
    ),
    "seed": Key(
        sequence(integer, "integers", alone=True),
        "what the values depend on besides the case; several are a grid dimension",
        _one_or_list({"type": "integer"}),
    ),
    "check": Key(
        sequence(word("check", *CHECKS, gone=GONE_CHECKS), "checks"),
        "what is checked; shape, dtype and value where left out",
        {"type": "array", "items": {"enum": list(CHECKS)}, "minItems": 1},
    ),
    "nonfinite": Key(
        word("nonfinite", *POLICIES),
        "which outputs an infinity or NaN may touch: those of the definition, at least those, or any",
        {"enum": list(POLICIES)},
    ),
    "permits": Key(
        a_set(sequence(word("permits", *PERMITS), "words", empty=True)),
        "what is meant although it compares nothing: an empty output, an all-zero reference",
        {"type": "array", "items": {"enum": list(PERMITS)}},
    ),
    "expect": Key(expect, "what the case states beyond the op's definition", keys_schema(EXPECT)),
    "claim": Key(claim, "a document's claim that the case settles", keys_schema(CLAIM)),
}

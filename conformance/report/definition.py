"""What a case asks, in sentences: for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.record import RecordedCase

_VALUES = {
    "integers": "are small integers, so that every partial sum is exact",
    "normal": "are drawn from a normal distribution",
    "index": "count 1, 2, 3, ... in canonical order",
    "literal": "are those that the case writes out",
}
_NONFINITE = {
    "superset": "A NaN or an infinity has to stand wherever the definition has one, and may stand elsewhere",
    "ignore": "Where a NaN or an infinity stands is not looked at",
}
_PERMITS = {
    "empty": "an empty output",
    "zeros": "a reference of zeros",
    "nonfinite": "a reference that is finite nowhere",
}


def sentences(case: RecordedCase) -> list[str]:
    """What the case asks beside its parameters, a sentence each, without the full stop."""
    definition = case.definition
    found = [f"It asks {case.op} in {case.dtype}", _values(case)]
    checks = [str(check) for check in definition.get("checks") or ()]
    if checks:
        found.append(f"What is checked: {_listed(checks)}")
    if said := _NONFINITE.get(str(definition.get("nonfinite"))):
        found.append(said)
    if permits := [_PERMITS.get(str(name), str(name)) for name in definition.get("permits") or ()]:
        found.append(f"It is meant although it compares nothing: {_listed(permits)}")
    expect = definition.get("expect")
    found += _expected(expect) if isinstance(expect, Mapping) else []
    if case.claim is not None:
        truth = "which holds" if case.claim.holds else "which does not hold: the case states what does"
        found.append(f"Document {case.claim.document} says: {case.claim.says} ({truth})")
    if case.tags:
        found.append(f"Its tags: {', '.join(sorted(case.tags))}")
    return found


def _values(case: RecordedCase) -> str:
    given = case.definition.get("values")
    given = given if isinstance(given, Mapping) else {}
    kind = str(given.get("kind") or case.values)
    seed = case.definition.get("seed")
    drawn = f", from seed {seed}" if seed is not None and kind not in ("index", "literal") else ""
    if kind != "specials":
        return f"Its inputs {_VALUES.get(kind, f'are {kind}')}{drawn}"
    base = _VALUES.get(str(given.get("base")), f"are {given.get('base')}")
    places = [_place(place) for place in given.get("places") or () if isinstance(place, Mapping)]
    return f"Its inputs {base}{drawn}, but {_listed(places)}"


def _place(place: Mapping[str, Any]) -> str:
    index = place.get("index")
    where = f"at {_shown(index)}" if isinstance(index, list | tuple) else f"at the {index} element"
    return f"{place.get('value')} {where} of {place.get('tensor')}"


def _expected(expect: Mapping[str, Any]) -> list[str]:
    found = []
    layout = f" in layout {expect['layout']}" if expect.get("layout") else ""
    if expect.get("refused") is not None:
        found.append("Every target has to refuse it" if expect["refused"] else "No target may refuse it")
    if expect.get("shape") is not None:
        found.append(f"It states the shape {_shown(expect['shape'])}{layout}")
    if expect.get("values") is not None:
        found.append(f"It states the values {_shown(expect['values'])}{layout}")
    stated = [f"{name} {expect[name]}" for name in ("rtol", "atol") if expect.get(name) is not None]
    if stated:
        found.append(f"A person allows {_listed(stated)}")
    return found


def _shown(value: Any) -> str:
    return f"({', '.join(map(_shown, value))})" if isinstance(value, list | tuple) else str(value)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)

"""Selecting cases with -k: `stride=2 and not same`, `kernel>=3 and (dtype=float16 or tag=smoke)`.

A word that is the name or the id of a case stands for that case; any other is looked for in the ids, in whatever
letters. A comparison asks about a parameter (where it has an entry an axis,
all of them must hold), or about `op`, `dtype`, `values`, `seed`, `tag`, `check`, `name`, `file` and `nonfinite`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.ops import OPS
from conformance.suite.case import Case
from conformance.text.nearest import did_you_mean, is_named

ATTRIBUTES = ("op", "dtype", "values", "seed", "tag", "check", "name", "file", "nonfinite")
MAX_DEPTH = 100

_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<quoted>\"[^\"]*\"|'[^']*')"
    # A list of numbers may hold spaces, and a quoted text anything, where they are what something is compared with.
    r"|(?P<term>(?:(?<=[=<>])(?:[\[(][-\d,\s]*[\])]|\"[^\"]*\"|'[^']*')|[^\s()\"'])+))"
)
_COMPARISON = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*(?P<symbol>==|!=|>=|<=|=|>|<)(?P<value>.*)", re.DOTALL)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

Matches = Callable[[Case], bool]


class SelectorError(ValueError):
    """A selector that can't be read; `position` counts characters from 1."""

    def __init__(self, text: str, position: int, message: str) -> None:
        super().__init__(f"{text!r}, character {position}: {message}")
        self.position = position


@dataclass(frozen=True)
class Selector:
    """A parsed selection. The empty one matches everything."""

    text: str
    matches: Matches

    @classmethod
    def parse(cls, text: str, names: Callable[[str], bool] = lambda _: False) -> Selector:
        """Read a selection; SelectorError says where and what was expected.

        `names`: whether a text is the id or the name of a case. Such a word stands for that case alone, and is not
        looked for in the ids of others; so does the whole text, whatever spaces and brackets an id has.
        """
        if not text.strip():
            return cls(text, lambda _: True)
        if names(text.strip()):
            return cls(text, _named(text.strip()))
        return cls(text, _Parser(text, names).everything())


class _Parser:
    """Recursive descent: or, and, not, parentheses, terms."""

    def __init__(self, text: str, names: Callable[[str], bool]) -> None:
        self.text = text
        self.names = names
        self.tokens = list(self.split())
        self.at = 0
        self.depth = 0

    def split(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while self.text[position:].strip():
            match = _TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                raise SelectorError(
                    self.text, start + 1, f"can't read {self.text[start]!r}; is a quote or bracket open?"
                )
            kind = match.lastgroup
            yield kind, match[kind], match.start(kind) + 1
            position = match.end()

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text) + 1)

    def word(self, word: str) -> bool:
        kind, text, _ = self.peek()
        if kind == "term" and text.lower() == word:
            self.at += 1
            return True
        return False

    def everything(self) -> Matches:
        result = self.either()
        kind, text, position = self.peek()
        if kind != "end":
            hint = "; terms are joined with and, or" if kind != "close" else ""
            raise SelectorError(self.text, position, f"unexpected {text!r}, expected and, or, or the end{hint}")
        return result

    def either(self) -> Matches:
        parts = [self.both()]
        while self.word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda case: any(part(case) for part in parts)

    def both(self) -> Matches:
        parts = [self.negated()]
        while self.word("and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else lambda case: all(part(case) for part in parts)

    def negated(self) -> Matches:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SelectorError(self.text, self.peek()[2], "nested too deeply")
        try:
            if self.word("not"):
                inner = self.negated()
                return lambda case: not inner(case)
            return self.primary()
        finally:
            self.depth -= 1

    def primary(self) -> Matches:
        kind, text, position = self.peek()
        self.at += 1
        if kind == "open":
            inner = self.either()
            if self.peek()[0] != "close":
                raise SelectorError(self.text, self.peek()[2], "expected )")
            self.at += 1
            return inner
        if kind == "quoted":
            return self.part(text[1:-1])
        if kind != "term" or text.lower() in ("and", "or", "not"):
            found = repr(text) if text else "the end"
            raise SelectorError(self.text, position, f"unexpected {found}, expected a term such as stride=2 or same")
        comparison = _COMPARISON.fullmatch(text)
        if comparison is None:
            return self.part(text)
        return self.comparison(comparison, position)

    def part(self, text: str) -> Matches:
        return _named(text) if self.names(text) else _substring(text)

    def comparison(self, match: re.Match[str], position: int) -> Matches:
        key, symbol, wanted = match["key"], match["symbol"], match["value"].strip("\"'")
        known = {*ATTRIBUTES, *(name for op in OPS.values() for name in op.fields())}
        if key not in known:
            ordered = [*ATTRIBUTES, *sorted(known - set(ATTRIBUTES))]
            hint = did_you_mean(key, known)
            raise SelectorError(
                self.text, position, f"unknown parameter {key!r}, expected one of: {', '.join(ordered)}{hint}"
            )
        if not wanted:
            raise SelectorError(self.text, position + match.start("value"), f"{key}{symbol} needs a value")
        value = _parse(wanted)
        if symbol in (">", ">=", "<", "<=") and not isinstance(value, int | float):
            raise SelectorError(
                self.text, position + match.start("value"), f"{symbol} takes a number, found {wanted!r}"
            )
        if key in ATTRIBUTES:
            return _attribute(key, symbol, wanted, value)
        return _parameter(key, symbol, value)


def _named(text: str) -> Matches:
    return lambda case: is_named(text, case.id)


def _substring(text: str) -> Matches:
    lowered = text.lower()
    return lambda case: lowered in case.id.lower()


def _parse(text: str) -> Any:
    """A value as a word of the command line gives it: an integer, a number, true, false, null, 4x3 or [4,3], a word."""
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d*\.\d+", text):
        return float(text)
    if re.fullmatch(r"\d+(x\d+)+", text):
        return tuple(int(part) for part in text.split("x"))
    if re.fullmatch(r"[\[(][-\d,\s]*[\])]", text):
        return tuple(int(part) for part in re.findall(r"-?\d+", text))
    return text


def _attribute(key: str, symbol: str, wanted: str, value: Any) -> Matches:
    test = _OPERATORS[symbol]
    if key == "seed":
        return lambda case: bool(test(case.seed, value))
    read: dict[str, Callable[[Case], frozenset[str]]] = {
        "op": lambda case: frozenset((case.op.name,)),
        "dtype": lambda case: frozenset((case.dtype,)),
        "values": lambda case: frozenset((case.values.kind, case.values.name or case.values.kind)),
        "tag": lambda case: case.tags,
        "check": lambda case: frozenset(case.checks),
        "name": lambda case: frozenset((case.label.split(" ")[0],)),
        "file": lambda case: frozenset((case.id.partition("::")[0],)),
        "nonfinite": lambda case: frozenset((case.nonfinite,)),
    }
    words = read[key]
    negative = symbol == "!="
    return lambda case: (wanted in words(case)) is not negative


def _parameter(key: str, symbol: str, wanted: Any) -> Matches:
    test = _OPERATORS["=" if symbol == "!=" else symbol]
    negative = symbol == "!="

    def matches(case: Case) -> bool:
        fields = case.op.fields()
        if key not in fields:
            return False
        value = _value(case, key)
        return _holds(test, value, wanted) is not negative

    return matches


def _value(case: Case, key: str) -> Any:
    """The parameter as the op has it (spelled out per axis), else as the file gives it, else its default."""
    return case.params.get(key, dict(case.given).get(key, case.op.fields()[key].default))


def _holds(test: Callable[[Any, Any], Any], value: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return bool(test(value, wanted)) or bool(test(tuple(_flat(value)), wanted))
    flat = list(_flat(value))
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        comparable = all(isinstance(v, int | float) and not isinstance(v, bool) for v in flat)
        return comparable and bool(flat) and all(test(v, wanted) for v in flat)
    return bool(flat) and all(type(v) is type(wanted) and test(v, wanted) for v in flat)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for item in value:
            yield from _flat(item)
    else:
        yield value

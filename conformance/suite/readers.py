"""Reading YAML nodes into values: what can't be meant becomes a finding with its place, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from conformance.layout import LayoutError, parse_layout
from conformance.suite.document import Node
from conformance.suite.findings import MAX_FINDINGS, CaseFileError, Finding, unknown
from conformance.target import TargetError, parse_target

MAX_NAME = 200  # characters of what goes into an id
MAX_TEXT = 4_000  # characters of what is said to people
MAX_ENTRIES = 10_000  # of one list: each is a dimension's value, or stands in every case

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._,+=-]*")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Wrong(Exception):
    """A value that can't be meant."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node


class Reported(Wrong):
    """A value whose faults have been reported one by one."""

    def __init__(self, node: Node) -> None:
        super().__init__(node, "")


class Report:
    """Gathers what is wrong with a file."""

    def __init__(self, file: str, source: str = "") -> None:
        self.file = file
        self.source = source  # the file's text, by which places inside a text are found
        self.findings: list[Finding] = []

    def add(self, node: Node, message: str) -> None:
        """A finding at a node; nothing where there is nothing to say (see Reported)."""
        if not message:
            return
        if len(self.findings) == MAX_FINDINGS:
            rest = Finding(self.file, node.line, node.column, f"and more: reading ends after {MAX_FINDINGS} findings")
            raise CaseFileError([*self.findings, rest])
        self.findings.append(Finding(self.file, node.line, node.column, message))

    def mapping(self, node: Node, keys: Mapping[str, Key], what: str) -> dict[str, Any]:
        """The values of a mapping with a closed list of keys; whatever is wrong is reported and left out."""
        result: dict[str, Any] = {}
        if not isinstance(node.value, dict):
            self.add(node, f"{what} is {node.shown()}, expected a mapping with some of: {', '.join(keys)}")
            return result
        for name, child in node.value.items():
            key = keys.get(name)
            if key is None:
                self.add(node.keys[name], unknown("key", name, keys))
                continue
            try:
                result[name] = key.read(child, self)
            except Wrong as wrong:
                message = str(wrong)
                self.add(wrong.node, f"{name}: {message}" if message.startswith("found") else message)
        for name, key in keys.items():
            if key.required and name not in node.value:
                self.add(node, f"{what} has no {name!r}: {key.doc}")
        return result


Reader = Callable[[Node, Report], Any]


@dataclass(frozen=True)
class Key:
    """One key of a mapping: how it is read, what it means, and its JSON Schema."""

    read: Reader
    doc: str
    schema: Mapping[str, Any]
    required: bool = False


def keys_schema(keys: Mapping[str, Key]) -> dict[str, Any]:
    """The JSON Schema of a mapping with these keys."""
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {**key.schema, "description": key.doc} for name, key in keys.items()},
    }
    required = [name for name, key in keys.items() if key.required]
    return {**schema, "required": required} if required else schema


def text(node: Node, _: Report) -> str:
    """Any text that is not empty."""
    if not isinstance(node.value, str) or not node.value.strip():
        raise Wrong(node, f"found {node.shown()}, expected text (in quotes where it looks like something else)")
    return _within(MAX_TEXT, node.value.strip(), node)


def _within(most: int, text: str, node: Node) -> str:
    if len(text) > most:
        raise Wrong(node, f"found {len(text):,} characters, expected at most {most:,}")
    return text


def integer(node: Node, _: Report) -> int:
    """An integer."""
    if isinstance(node.value, bool) or not isinstance(node.value, int):
        raise Wrong(node, f"found {node.shown()}, expected an integer")
    return node.value


def boolean(node: Node, _: Report) -> bool:
    """true or false."""
    if not isinstance(node.value, bool):
        raise Wrong(node, f"found {node.shown()}, expected true or false")
    return node.value


def name(node: Node, _: Report) -> str:
    """What stands in an id."""
    if not isinstance(node.value, str) or not _NAME.fullmatch(node.value):
        raise Wrong(node, f"found {node.shown()}, expected a name of letters, digits and . _ , + = -")
    return _within(MAX_NAME, node.value, node)


def tag(node: Node, _: Report) -> str:
    """A tag."""
    if not isinstance(node.value, str) or not _TAG.fullmatch(node.value):
        raise Wrong(node, f"found {node.shown()}, expected a tag of letters, digits, _ and -")
    return _within(MAX_NAME, node.value, node)


def target(node: Node, _: Report) -> str:
    """`default`, or a target."""
    if not isinstance(node.value, str):
        raise Wrong(node, f"found {node.shown()}, expected a target such as torch or tensorflow:xla, or default")
    if node.value == "default":
        return node.value
    _within(MAX_NAME, node.value, node)
    try:
        parse_target(node.value)
    except TargetError as error:
        raise Wrong(node, str(error)) from None
    return node.value


def layout(node: Node, _: Report) -> str:
    """A layout."""
    if not isinstance(node.value, str):
        raise Wrong(node, f"found {node.shown()}, expected a layout such as NHWC")
    _within(MAX_NAME, node.value, node)
    try:
        parse_layout(node.value)
    except LayoutError as error:
        raise Wrong(node, str(error)) from None
    return node.value


def word(kind: str, *allowed: str, gone: Mapping[str, str] = MappingProxyType({})) -> Reader:
    """One word of a closed list. `gone`: what was once in it, and what to write instead."""

    def read(node: Node, _: Report) -> str:
        if not isinstance(node.value, str):
            raise Wrong(node, f"{kind} is {node.shown()}, expected one of: {', '.join(allowed)}")
        if node.value in gone:
            raise Wrong(node, f"there is no {kind} {node.value!r} any more; write {gone[node.value]}")
        if node.value not in allowed:
            raise Wrong(node, unknown(kind, node.value, allowed))
        return node.value

    return read


def sequence(read: Reader, what: str, alone: bool = False, empty: bool = False) -> Reader:
    """A list without repetitions; with `alone`, a single entry may stand without brackets."""

    def read_all(node: Node, report: Report) -> tuple[Any, ...]:
        if not isinstance(node.value, list):
            if alone and node.value is not None:
                return (read(node, report),)
            raise Wrong(node, f"found {node.shown()}, expected a list of {what}")
        if not node.value and not empty:
            raise Wrong(node, f"the list is empty, expected {what}")
        few(node, what)
        result: dict[Any, None] = {}
        for child in node.value:
            try:
                value = read(child, report)
            except Wrong as wrong:
                report.add(wrong.node, str(wrong))
                continue
            if value in result:
                report.add(child, f"{child.shown()} is in the list twice")
            result[value] = None
        return tuple(result)

    return read_all


def few(node: Node, what: str, most: int = MAX_ENTRIES) -> None:
    """Wrong where a list is longer than any that a person writes."""
    if len(node.value) > most:
        raise Wrong(node, f"the list has {len(node.value):,} {what}, expected at most {most:,}")


def a_set(read: Reader) -> Reader:
    """A reader's list as a frozen set."""
    return lambda node, report: frozenset(read(node, report))


def number(node: Node) -> float:
    """A number, or one of the words nan, inf and -inf."""
    value = node.value
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(node, f"found {node.shown()}, expected a number, nan, inf or -inf")
    try:
        return float(value)
    except OverflowError:
        raise Wrong(node, f"found {node.shown()}, which is beyond every dtype's range") from None


def numbers(node: Node, _: Report) -> Any:
    """A rectangular array of numbers, as nested tuples."""
    return _array(node)[0]


def _array(node: Node) -> tuple[Any, tuple[int, ...]]:
    if not isinstance(node.value, list):
        return number(node), ()
    children = [_array(child) for child in node.value]
    shapes = [shape for _, shape in children]
    for child, shape in zip(node.value, shapes, strict=True):
        if shape != shapes[0]:
            raise Wrong(child, f"the array is ragged: shape {list(shape)} here, {list(shapes[0])} before it")
    return tuple(value for value, _ in children), (len(children), *(shapes[0] if shapes else ()))


def complete(node: Node, keys: Mapping[str, Key], what: str, report: Report) -> dict[str, Any]:
    """A mapping in which nothing is wrong: one that has findings of its own raises nothing more than these."""
    before = len(report.findings)
    given = report.mapping(node, keys, what)
    if len(report.findings) > before:
        raise Reported(node)
    return given

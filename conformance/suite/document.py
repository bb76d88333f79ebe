"""YAML text in, a tree with positions out.

Strict, and safe for a stranger's file: UTF-8, one document, no tags, no duplicate keys, a limit on size, nesting and on
what aliases may expand to. Plain scalars follow the core schema of YAML 1.2 (`no` is a word, `010` is ten, `1:30` is a
word), since the YAML 1.1 rules of PyYAML turn words and ratios into something else.
"""

from __future__ import annotations

import math
import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance.suite.findings import MAX_FINDINGS, CaseFileError, Finding, quoted, unprintable
from conformance.text.nearest import did_you_mean
from conformance.worker.whitelist import check_characters

MAX_BYTES = 5 * 2**20
MAX_NODES = 250_000  # after expanding aliases
MAX_DIRECTIVES = 8  # libyaml compares each with all before it
MAX_DEPTH = 64
MAX_DIGITS = 400
MAX_BITS = 64  # of an integer: no size, seed or value of any dtype needs more

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)")
# Lines by which a text is taken for a case file, or for a file of declared divergences. Messages quote no other file:
# whatever else a path leads to is nobody's business.
_OURS = re.compile(r"""^\{?[ ]*["']?op["']?[ ]*:|^-[ ]name:.*(?:\n[ ].*)*\n[ ]+(?:reason|status):""", re.MULTILINE)
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS.update({w: w.lower() == "true" for w in ("true", "True", "TRUE", "false", "False", "FALSE")})


@dataclass(slots=True, eq=False)
class Node:
    """A value of the file and where it stands (from 1).

    `value` is a scalar, a list of nodes, or a dict of nodes by key; `keys` gives each key's position. `style` is the
    scalar's quotation: None (plain), a quote, `|` or `>`. `weight` counts the values below it, aliases expanded.
    """

    line: int
    column: int
    value: Any
    style: str | None = None
    keys: dict[str, Node] = field(default_factory=dict)
    weight: int = 1

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.value, list)

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.value, dict)

    def plain(self) -> Any:
        """The value without positions: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: tuple[str | int, ...]) -> Node:
        """The node at a path of keys and indices, or the nearest one above it that exists."""
        node = self
        for step in path:
            children = node.value
            if isinstance(children, list):
                inside = isinstance(step, int) and step < len(children)
            else:
                inside = isinstance(children, dict) and step in children
            if not inside:
                break
            node = children[step]
        return node

    def shown(self) -> str:
        """The value as a message shows it, cut where it is long."""
        value = self.plain()
        text = show(value)
        return text if len(text) <= 80 else text[:77] + "..."


def show(value: Any) -> str:
    """A plain value in YAML's words: null, true, [1, 2], {a: 1}."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {show(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _key(key: str) -> str:
    return key if key.isidentifier() else repr(key)


def read_text(path: Path) -> str:
    """The text of a file of at most 5 MiB in UTF-8; CaseFileError where it is not one."""
    file = str(path)
    if not path.exists():
        raise CaseFileError([Finding(file, 0, 0, "no such file" + nearest_file(path))])
    try:
        # Nobody has to write into a pipe for us to see that it is one.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CaseFileError([Finding(file, 0, 0, "not a file, expected a YAML case file")])
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CaseFileError([Finding(file, 0, 0, f"can't be read: {error.strerror}")]) from None
    if len(data) > MAX_BYTES:
        size = max(len(data), status.st_size)
        raise CaseFileError([Finding(file, 0, 0, f"the file has {size:,} bytes, expected at most {MAX_BYTES:,}")])
    if data.startswith(b"SQLite format 3\0"):
        message = f"a record, expected a YAML case file; `conformance report {shlex.quote(file)} --html FILE` reads it"
        raise CaseFileError([Finding(file, 0, 0, message)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8; save the file as UTF-8"
        raise CaseFileError([Finding(file, line, column, message)]) from None


def nearest_file(path: Path) -> str:
    """A suggestion of a file that is there, for one that is not."""
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        path, folder = folder, folder.parent
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.exists())
    except OSError:
        names = []
    hint = did_you_mean(path.name, names) or did_you_mean(path.name + ".yaml", names)
    return hint.replace("did you mean '", f"did you mean '{folder}/") if str(folder) != "." else hint


def parse_document(text: str, file: str) -> Node:
    """The tree of a YAML text; CaseFileError with every finding."""
    builder = _Builder(file, bool(_OURS.search(text)))
    try:
        builder.directives(text)
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        builder.findings.append(Finding(file, line, column, _problem(error, text, line)))
    except yaml.YAMLError as error:
        builder.findings.append(_reader_problem(error, text, file))
    if not builder.findings:
        # What the parser skipped: comments, which are read by people as well.
        builder.findings += [Finding(file, f.line, f.column, f.message) for f in check_characters(text)]
    if not builder.findings and builder.root is None:
        builder.findings.append(
            Finding(file, 1, 1, "the file is empty, expected a mapping with `op` and `grids` or `cases`")
        )
    if builder.findings:
        raise CaseFileError(builder.findings)
    assert builder.root is not None
    return builder.root


def _problem(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    lines = text.split("\n")
    around = lines[line - 1] if line <= len(lines) else ""
    at = error.problem_mark.column if error.problem_mark is not None else 0
    if "\t" in around[: len(around) - len(around.lstrip())] or around[at : at + 1] == "\t":
        return "a tab where YAML takes spaces only"
    context = f" ({error.context}" if error.context else ""
    if context and error.context_mark:
        context += f", line {error.context_mark.line + 1}"
    return f"not valid YAML: {error.problem or error}{context + ')' if context else ''}"


def _reader_problem(error: yaml.YAMLError, text: str, file: str) -> Finding:
    for index, character in enumerate(text):
        if (
            not (character.isprintable() or character in "\t\n\r\x85\u2028\u2029\u00a0\u3000\ufeff")
            and ord(character) < 0xA0
        ):
            line = text.count("\n", 0, index) + 1
            column = index - text.rfind("\n", 0, index)
            return Finding(file, line, column, f"not valid YAML: control character U+{ord(character):04X}")
    return Finding(file, 1, 1, f"not valid YAML: {str(error).splitlines()[0]}")


def node_at(event: Any, value: Any) -> Node:
    """A node where an event begins."""
    mark = event.start_mark
    return Node(mark.line + 1, mark.column + 1, value, getattr(event, "style", None) or None)


class _Stop(Exception):
    """Reading on makes no sense."""


class _Builder:
    """Builds the tree from parser events, without recursion, so that no nesting can overflow a stack."""

    def __init__(self, file: str, ours: bool) -> None:
        self.file = file
        self.ours = ours  # whether messages may quote the file's words
        self.findings: list[Finding] = []
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.pending: list[tuple[str, Node] | None] = []  # the key that waits for its value, one a level
        self.anchors: dict[str, Node] = {}
        self.open: list[str | None] = []
        self.nodes = 0
        self.documents = 0
        self.steps: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self.scalar,
            yaml.SequenceStartEvent: self.start,
            yaml.MappingStartEvent: self.start,
            yaml.SequenceEndEvent: self.end,
            yaml.MappingEndEvent: self.end,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.document,
        }

    def refuse(self, event: Any, message: str) -> None:
        mark = event.start_mark
        self.findings.append(Finding(self.file, mark.line + 1, mark.column + 1, message))
        if len(self.findings) == MAX_FINDINGS:
            raise _Stop

    def directives(self, text: str) -> None:
        """Refuse what would take the parser long before it says a word."""
        if text.count("\n%") > MAX_DIRECTIVES:
            found = [n for n, line in enumerate(text.split("\n"), 1) if line.startswith("%")]
            message = f"{len(found):,} lines that begin with %, expected at most {MAX_DIRECTIVES}"
            self.findings.append(Finding(self.file, found[MAX_DIRECTIVES], 1, message))
            raise _Stop

    def word(self, mark: str, text: str) -> str:
        """A word of the file, as a message names it: not at all where the file is none of ours."""
        return f" {mark}{text if text.isidentifier() and len(text) < 80 else quoted(text)}" if self.ours else ""

    def take(self, event: Any) -> None:
        """Add one parser event to the tree."""
        step = self.steps.get(type(event))
        if step is not None:
            step(event)

    def scalar(self, event: Any) -> None:
        if event.tag:
            self.tagged(event)
        # Keys and values alike: an id, a name, a plan, a description. A line break is text of several lines.
        unseen = unprintable(event.value.replace("\n", "").replace("\t", ""))
        if unseen:
            self.refuse(event, f"{unseen} can't be seen, or ends a line for some readers; leave it out")
        self.add(event, node_at(event, event.value))

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self.refuse(event, "a second YAML document; expected one document a file")
            raise _Stop

    def tagged(self, event: Any) -> None:
        if event.tag:
            self.refuse(event, f"the tag{self.word('', event.tag)} is not allowed; values are plain YAML")

    def count(self, event: Any, weight: int) -> None:
        self.nodes += weight
        if self.nodes > MAX_NODES:
            self.refuse(event, f"the file has more than {MAX_NODES:,} values once its aliases are expanded")
            raise _Stop

    def start(self, event: Any) -> None:
        self.tagged(event)
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(event, f"nested more than {MAX_DEPTH} levels deep")
            raise _Stop
        node = node_at(event, [] if isinstance(event, yaml.SequenceStartEvent) else {})
        if self.stack and self.stack[-1].is_mapping and self.pending[-1] is None:
            self.refuse(event, "a list or a mapping can't be a key")
            raise _Stop
        self.count(event, 1)
        self.stack.append(node)
        self.pending.append(None)
        self.open.append(event.anchor)

    def end(self, _: Any) -> None:
        node = self.stack.pop()
        self.pending.pop()
        anchor = self.open.pop()
        if anchor:
            self.anchors[anchor] = node
        self.attach(node)

    def alias(self, event: Any) -> None:
        node = self.anchors.get(event.anchor)
        if event.anchor in self.open:
            self.refuse(event, f"the alias{self.word('*', event.anchor)} stands inside what it stands for")
            raise _Stop
        if node is None:
            self.refuse(event, f"no anchor{self.word('&', event.anchor)} before this alias")
            raise _Stop
        if self.stack and self.stack[-1].is_mapping and self.pending[-1] is None:
            self.refuse(event, "an alias can't be a key")
            raise _Stop
        self.count(event, node.weight)
        self.attach(node)

    def add(self, event: Any, node: Node) -> None:
        self.count(event, 1)
        if self.stack and self.stack[-1].is_mapping and self.pending[-1] is None:
            parent, key = self.stack[-1], node.value
            if key in parent.keys:
                name = f" {quoted(key)}" if self.ours else ""
                self.refuse(event, f"the key{name} is given twice, first in line {parent.keys[key].line}")
            self.pending[-1] = (key, node)
            return
        if node.style is None and not event.tag:
            self.resolve(event, node)
        if event.anchor:
            self.anchors[event.anchor] = node
        self.attach(node)

    def attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.weight += node.weight
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        waiting = self.pending[-1]
        assert waiting is not None
        key, where = waiting
        parent.value.setdefault(key, node)
        parent.keys.setdefault(key, where)
        self.pending[-1] = None

    def resolve(self, event: Any, node: Node) -> None:
        text = node.value
        if text in _WORDS:
            node.value = _WORDS[text]
        elif text[:1] in "+-.0123456789":
            if len(text) > MAX_DIGITS and (_FLOAT.fullmatch(text) or _BASED.fullmatch(text)):
                self.refuse(event, f"a number of {len(text)} characters, expected at most {MAX_DIGITS}")
                node.value = 0
            elif _INTEGER.fullmatch(text):
                node.value = self.integer(event, int(text))
            elif _BASED.fullmatch(text):
                node.value = self.integer(event, int(text, 0))
            elif _FLOAT.fullmatch(text):
                node.value = float(text)
                if math.isinf(node.value):
                    self.refuse(event, f"the number {text} is beyond what a float64 holds; write .inf for infinity")
            elif _SPECIAL.fullmatch(text):
                node.value = float(text.replace(".", "", 1))

    def integer(self, event: Any, value: int) -> int:
        if value.bit_length() > MAX_BITS:
            self.refuse(event, f"an integer of {value.bit_length()} bits, expected at most {MAX_BITS}")
            return 0
        return value


def text_positions(node: Node, source: str) -> Iterator[tuple[int, int]]:
    """Where each line of a scalar's text begins in the file: (line, column) for line 1, 2, ... of the text.

    For `|` blocks every line has its own place; for a text on one line it is the place of its first character.
    Elsewhere (folded texts) the lines of the text are not lines of the file: the scalar's own place stands for all.
    """
    lines = str(node.value).split("\n")
    rows = source.split("\n")
    if node.style == "|":
        for number, line in enumerate(lines):
            row = node.line + number
            found = rows[row] if row < len(rows) else ""
            yield row + 1, len(found.rstrip("\r")) - len(line) + 1 if line else 1
    else:
        shift = 1 if node.style in ("'", '"') else 0
        for _ in lines:
            yield node.line, node.column + shift

"""Known files in, entries out: strict, with every finding at its file, line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from conformance.dtypes import DTYPES
from conformance.known.entry import FACTS, Entry, Glob, OnTarget, Words, WordsError, names
from conformance.ops import OPS
from conformance.suite.case import Source
from conformance.suite.document import Node, parse_document, read_text
from conformance.suite.findings import CaseFileError, Finding, unknown
from conformance.suite.places import files_below
from conformance.target import FRAMEWORKS, Target, TargetError, parse_target
from conformance.text.expression import Expression, ExpressionError, parse_expression
from conformance.text.nearest import did_you_mean
from conformance.verdict import Known, Status

KINDS = ("bug", "convention", "limitation")
KEYS = (
    "name",
    "kind",
    "where",
    "status",
    "signature",
    "reason",
    "link",
    "expires",
    "sometimes",
    "comes_and_goes",
    "reference",
)
WHERE = ("op", "case", "params", "targets", "family", "when", "versions", "dtype", "device", "mode")
SIGNATURE = ("message", "explanation", "cause", "fraction")
STATUSES = tuple(s.value for s in Status if s not in (Status.PASS, Status.UNSUPPORTED))
OP_NAMES = tuple(OPS)
DEVICES = tuple(dict.fromkeys(device for f in FRAMEWORKS.values() for device in f.devices))
MODES = tuple(dict.fromkeys(mode for f in FRAMEWORKS.values() for mode in f.modes))
# What something can compute with: a framework, or what lies below one.
FAMILIES = tuple(dict.fromkeys(name for f in FRAMEWORKS.values() for name in (f.name, *f.backends)))
# Every target without options, to see whether a pattern can match any.
_TARGETS = tuple(
    str(Target(framework.name, backend, mode, device))
    for framework in FRAMEWORKS.values()
    for backend in framework.backends or ("",)
    for mode in framework.modes
    for device in framework.devices
)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

T = TypeVar("T")


def load_entries(paths: Path | str | Iterable[Path | str]) -> list[Entry]:
    """The entries of files, and of every .yaml file below folders; CaseFileError with all findings of all files."""
    findings: list[Finding] = []
    entries: list[Entry] = []
    for path in _files([paths] if isinstance(paths, Path | str) else paths):
        try:
            entries += parse_entries(read_text(path), str(path))
        except CaseFileError as error:
            findings += error.findings
    first: dict[str, Entry] = {}
    for entry in entries:
        earlier = first.setdefault(entry.known.name, entry)
        if earlier is not entry:
            where = entry.source
            message = f"the name {entry.known.name!r} is already taken at {earlier.source}"
            findings.append(Finding(where.file, where.line, where.column, message))
    if findings:
        raise CaseFileError(findings)
    return entries


def _files(paths: Iterable[Path | str]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            found.update(dict.fromkeys(files_below(path, (".yaml", ".yml"), path)))
        else:
            found[path] = None
    return list(found)


def parse_entries(text: str, file: str) -> list[Entry]:
    """The entries of one file's text; CaseFileError with every finding."""
    if not text.strip():
        raise CaseFileError([Finding(file, 1, 1, "the file is empty, expected a list of declared divergences")])
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return []  # comments alone: a file that waits for its first entry
    root = parse_document(text, file)
    reader = _Reader(file)
    entries = []
    if not root.is_list:
        reader.refuse(root, f"found {root.shown()}, expected a list of declared divergences (`- name: ...`)")
    else:
        entries = [entry for node in root.value if (entry := reader.entry(node)) is not None]
    if reader.findings:
        raise CaseFileError(reader.findings)
    return entries


class _Reader:
    """Reads nodes and collects what is wrong with them. A method answers None (or nothing) where something was."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def refuse(self, node: Node, message: str, offset: int = 0) -> None:
        self.findings.append(Finding(self.file, node.line, node.column + offset, message))

    def mapping(self, node: Node, what: str, allowed: Sequence[str], required: Sequence[str] = ()) -> dict[str, Node]:
        if not node.is_mapping:
            self.refuse(node, f"{what} is {node.shown()}, expected a mapping with: {', '.join(allowed)}")
            return {}
        for key, position in node.keys.items():
            if key not in allowed:
                self.refuse(position, unknown(f"key of {what}", str(key), allowed))
        for key in required:
            if key not in node.value:
                self.refuse(node, f"{what} has no `{key}`; it needs: {', '.join(required)}")
        return {key: value for key, value in node.value.items() if key in allowed}

    def text(self, node: Node | None, what: str) -> str:
        if node is None:
            return ""
        if not isinstance(node.value, str) or not node.value.strip():
            self.refuse(node, f"{what} is {node.shown()}, expected a text")
            return ""
        return str(node.value).strip()

    def texts(self, node: Node | None, what: str) -> list[tuple[Node, str]]:
        """One text or a list of texts, each with its node."""
        if node is None:
            return []
        items = node.value if node.is_list else [node]
        if not items:
            self.refuse(node, f"{what} is an empty list, expected at least one text")
        return [(item, text) for item in items if (text := self.text(item, what))]

    def each(self, node: Node | None, what: str, read: Callable[[Node, str], T | None]) -> tuple[T, ...]:
        return tuple(v for item, text in self.texts(node, what) if (v := read(item, text)) is not None)

    def words(self, node: Node | None, what: str, allowed: Sequence[str]) -> tuple[str, ...]:
        def read(item: Node, text: str) -> str | None:
            if text in allowed:
                return text
            self.refuse(item, unknown(what, text, allowed))
            return None

        return self.each(node, what, read)

    def entry(self, node: Node) -> Entry | None:
        before = len(self.findings)
        fields = self.mapping(node, "a declared divergence", KEYS, ("name", "kind", "where", "status", "reason"))
        name = self.text(fields.get("name"), "name")
        if name and not _NAME.fullmatch(name):
            self.refuse(
                fields["name"], f"name is {name!r}, expected lower-case letters, digits, and . _ - between them"
            )
        kind = self.words(fields.get("kind"), "kind", KINDS)
        if len(kind) > 1:
            self.refuse(fields["kind"], f"kind is {fields['kind'].shown()}, expected one of: {', '.join(KINDS)}")
        linked = fields.get("link")
        link = self.text(linked, "link") if linked is not None and linked.value else ""
        if link and not re.match(r"https?://[^\s]+$", link):
            self.refuse(fields["link"], f"link is {link!r}, expected an address that starts with https://")
        statuses = self.words(fields.get("status"), "status", STATUSES)
        where = self.where(fields["where"]) if "where" in fields else {}
        signature = self.signature(fields["signature"]) if "signature" in fields else {}
        reason = " ".join(self.text(fields.get("reason"), "reason").split())
        if reason.upper().startswith("TODO"):
            said = f"reason is {reason!r}, so nobody has looked at {name or 'it'} yet"
            self.refuse(fields["reason"], f"{said}; write why it is so in a sentence, then it counts")
        expires = self.expires(fields.get("expires"))
        sometimes = self.boolean(fields.get("sometimes"), "sometimes")
        comes_and_goes = self.boolean(fields.get("comes_and_goes"), "comes_and_goes")
        reference = self.text(fields.get("reference"), "reference")
        if len(self.findings) > before:
            return None
        return Entry(
            known=Known(name, kind[0], reason, link),
            source=Source(self.file, node.line, node.column),
            statuses=frozenset(map(Status, statuses)),
            expires=expires,
            sometimes=sometimes,
            comes_and_goes=comes_and_goes,
            reference=reference,
            **where,
            **signature,
        )

    def where(self, node: Node) -> dict[str, Any]:
        fields = self.mapping(node, "where", WHERE)
        if node.is_mapping and not {"targets", "family"} & fields.keys():
            self.refuse(node, "where has neither `targets` nor `family`, so it would cover no target; give one of them")
        if node.is_mapping and not {"op", "case"} & fields.keys():
            self.refuse(node, "where has neither `op` nor `case`, so it would cover every case; it needs one of them")
        ops = self.words(fields.get("op"), "op", OP_NAMES)
        return {
            "ops": ops,
            "cases": self.each(fields.get("case"), "case", lambda _, text: Glob(text)),
            "params": self.params(fields.get("params"), ops),
            "targets": (
                *self.each(fields.get("targets"), "targets", self.target),
                *self.each(fields.get("family"), "family", self.family),
            ),
            "when": self.expression(fields.get("when"), "when", tuple(FACTS)),
            "versions": self.each(fields.get("versions"), "versions", self.version),
            "dtypes": self.words(fields.get("dtype"), "dtype", tuple(DTYPES)),
            "devices": self.words(fields.get("device"), "device", DEVICES),
            "modes": self.words(fields.get("mode"), "mode", MODES),
        }

    def params(self, node: Node | None, ops: Sequence[str]) -> tuple[Expression, ...]:
        if node is not None and not ops:
            self.refuse(node, "params is given without `op`, which says what parameters there are")
            return ()
        return self.expression(node, "params", names(ops) if ops else ())

    def expression(self, node: Node | None, what: str, known: Sequence[str]) -> tuple[Expression, ...]:
        text = self.text(node, what)
        if node is None or not text:
            return ()
        try:
            return tuple(parse_expression(text, known))
        except ExpressionError as error:
            # The text's own column is the file's where the scalar stands on one line.
            quote = 1 if node.style in ("'", '"') else 0
            offset = error.column - 1 + quote if error.column and node.style not in ("|", ">") else 0
            self.refuse(node, f"{what}: {error}", offset)
            return ()

    def family(self, node: Node, text: str) -> OnTarget | None:
        if text not in FAMILIES:
            self.refuse(node, unknown("family", text, FAMILIES))
            return None
        return OnTarget(text, family=True)

    def target(self, node: Node, text: str) -> OnTarget | None:
        if "==" in text:
            self.refuse(node, f"target {text!r} names a version; versions go into `versions`, such as 'torch >=2.4,<3'")
            return None
        if not set("*?") & set(text):
            try:
                return OnTarget(str(parse_target(text)))
            except TargetError as error:
                self.refuse(node, str(error))
                return None
        if not any(map(Glob(text.partition("+")[0]), _TARGETS)):
            words = re.split(r"[/:@*?]", text, maxsplit=1)[0]
            hint = did_you_mean(words, FRAMEWORKS)
            self.refuse(node, f"no target matches {text!r}; frameworks are: {', '.join(FRAMEWORKS)}{hint}")
            return None
        return OnTarget(text)

    def version(self, node: Node, text: str) -> tuple[str, SpecifierSet] | None:
        try:
            wanted = Requirement(text)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            self.refuse(
                node, f"versions {text!r} can't be read ({reason}); expected such as 'torch >=2.4,<3' (PEP 440)"
            )
            return None
        if wanted.name not in FRAMEWORKS:
            self.refuse(node, unknown("framework in versions", wanted.name, FRAMEWORKS))
            return None
        if not wanted.specifier or wanted.extras or wanted.marker or wanted.url:
            self.refuse(node, f"versions is {text!r}, expected a framework and a range, such as 'torch >=2.4,<3'")
            return None
        return wanted.name, wanted.specifier

    def signature(self, node: Node) -> dict[str, Any]:
        fields = self.mapping(node, "signature", SIGNATURE)
        if node.is_mapping and not fields:
            self.refuse(node, f"signature says nothing, expected one of: {', '.join(SIGNATURE)}")
        return {
            "message": self.pattern(fields.get("message"), "message"),
            "explanation": self.pattern(fields.get("explanation"), "explanation"),
            "cause": self.text(fields.get("cause"), "cause") or None,
            "fraction": self.fraction(fields.get("fraction")),
        }

    def pattern(self, node: Node | None, what: str) -> Words | None:
        text = self.text(node, what)
        if node is None or not text:
            return None
        try:
            return Words(text)
        except WordsError as error:
            self.refuse(node, f"{what}: {error}")
            return None

    def fraction(self, node: Node | None) -> tuple[float, float] | None:
        if node is None:
            return None
        values = node.plain()
        good = isinstance(values, list) and len(values) == 2
        good = good and all(
            isinstance(v, int | float) and not isinstance(v, bool) and not math.isnan(v) for v in values
        )
        if not good or not 0 <= values[0] <= values[1]:
            expected = "[low, high] with 0 <= low <= high, as fractions of the allowance (.inf is allowed)"
            self.refuse(node, f"fraction is {node.shown()}, expected {expected}")
            return None
        return float(values[0]), float(values[1])

    def expires(self, node: Node | None) -> date | None:
        text = self.text(node, "expires")
        if node is None or not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse(node, f"expires is {text!r}, expected a date such as 2027-06-30")
            return None

    def boolean(self, node: Node | None, what: str) -> bool:
        if node is not None and not isinstance(node.value, bool):
            self.refuse(node, f"{what} is {node.shown()}, expected true or false")
        return node is not None and node.value is True

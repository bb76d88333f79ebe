"""A case as the text of a case file, the inverse of the loader: read again, it has the same fingerprint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.suite.case import Case, Expect, Values
from conformance.suite.document import parse_document, show
from conformance.suite.findings import CaseFileError
from conformance.suite.loader import Suite
from conformance.suite.readers import Report
from conformance.suite.schema import read_file
from conformance.suite.settings import DEFAULT_CHECKS, specials_name
from conformance.text.plain import clean
from conformance.worker.statements import code_lines

WIDTH = 116
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./=()+-]*(?: [A-Za-z0-9_./=()+-]+)*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off"})  # the last four by YAML 1.1


def case_text(cases: Sequence[Case], comment: str = "", shared: Mapping[str, Any] | None = None) -> str:
    """A case file with these cases of one op, each under its label as name.

    `comment` stands above them, line by line; `shared` are keys of the file itself, such as `about` and `tags`.
    """
    head: dict[str, Any] = {"op": cases[0].op.name, **(shared or {})}
    lines = [f"# {line}".rstrip() for line in code_lines(clean(comment))]
    for key, value in head.items():
        lines.append(f"{key}: {flow(value)}")
    lines.append("cases:")
    for case in cases:
        body = _block(case_document(case), 4)
        lines.append("  - " + body[0].lstrip())
        lines += body[1:]
    return "\n".join(lines) + "\n"


def read_case(text: str, file: str = "minimal.yaml", trusted: bool = False) -> Case:
    """The first case of a case file's text; CaseFileError with what is wrong with it."""
    report = Report(file, text)
    spec = read_file(parse_document(text, file), report)
    if spec is None or report.findings:
        raise CaseFileError(report.findings)
    if trusted:
        spec.trusted = True
    suite = Suite(Path(file), Path(file).stem, text, spec)
    findings = suite.check()
    if findings:
        raise CaseFileError(findings)
    return next(suite.cases())


def case_document(case: Case) -> dict[str, Any]:
    """One case as it stands under `cases`: plain lists, mappings and scalars, defaults left out."""
    name = re.sub(r"[^A-Za-z0-9._,+=-]+", "-", case_name(case)).strip("-.") or "case"
    document: dict[str, Any] = {"name": name}
    if case.about:
        document["about"] = case.about
    if case.tags:
        document["tags"] = sorted(case.tags)
    if case.targets != ("default",):
        document["targets"] = list(case.targets)
    document["params"] = {key: thaw(value) for key, value in case.given}
    document["values"] = _values(case.values)
    if case.dtype != "float32":
        document["dtype"] = case.dtype
    if case.seed:
        document["seed"] = case.seed
    if set(case.checks) != set(DEFAULT_CHECKS):
        document["check"] = list(case.checks)
    if case.nonfinite != "strict":
        document["nonfinite"] = case.nonfinite
    if case.permits:
        document["permits"] = sorted(case.permits)
    expect = _expect(case.expect)
    if expect:
        document["expect"] = expect
    if case.claim is not None:
        claim = case.claim
        document["claim"] = {"document": claim.document, "says": claim.says, "holds": claim.holds}
    return document


def case_name(case: Case) -> str:
    """A case's name: its label without what the loader adds for values, dtype, seed and checks."""
    label = case.label
    return label[: label.rindex("]") + 1] if "]" in label else label.partition(" ")[0]


def thaw(value: Any) -> Any:
    """The inverse of `block.freeze`. A mapping is frozen as pairs of a text and a value; no list looks like that."""
    if not isinstance(value, tuple):
        return value
    if value and all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value):
        # What was empty below a key may have been a mapping or a list; either is what leaving it out means.
        return {key: thaw(v) for key, v in value if v != () or key in ("shape", "axes")}
    return [thaw(v) for v in value]


def _values(values: Values) -> Any:
    if values.kind == "specials":
        document: dict[str, Any] = {"kind": "specials", "base": values.base}
        if values.name != specials_name(values.base, values.places):
            document["name"] = values.name
        if values.places:
            document["place"] = [
                {
                    "in": p.tensor,
                    "at": p.index if isinstance(p.index, str) else list(p.index),
                    "value": Plain(_number(p.value)),
                }
                for p in values.places
            ]
        return document
    named = {"name": values.name} if values.name else {}
    if values.kind == "literal":
        return {"kind": "literal", **named, "arrays": {key: _numbers(array) for key, array in values.arrays}}
    return {"kind": values.kind, **named} if named else values.kind


def _numbers(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_numbers(v) for v in value]
    text = repr(float(value))
    whole = text.endswith(".0") and text != "-0.0"
    return Plain(text[:-2] if whole else _number(text))


def _number(text: str) -> str:
    """1e-40 as 1.0e-40: by YAML 1.1, which editors may go by, the former is a word."""
    return re.sub(r"^([-+]?[0-9]+)(?=e)", r"\1.0", text)


def _expect(expect: Expect) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if expect.shape is not None:
        document["shape"] = list(expect.shape)
    if expect.values is not None:
        document["values"] = _numbers(expect.values)
    if expect.refused is not None:
        document["refused"] = expect.refused
    if expect.layout:
        document["layout"] = expect.layout
    for name, value in (("rtol", expect.rtol), ("atol", expect.atol)):
        if value is not None:
            document[name] = value
    return document


# --- YAML ---------------------------------------------------------------------------------------------------------


class Plain(str):
    """A scalar that is written as it is: a number in its own digits, or nan and inf, which are words."""

    __slots__ = ()


def flow(value: Any) -> str:
    """A value in YAML's flow style, on one line."""
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return show(value)


def _text(value: str) -> str:
    """Plain where nothing in it means something to YAML, else in double quotes with its escapes."""
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    escaped = "".join(_escaped(c) for c in value)
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    if character == "\n":
        return "\\n"
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _block(document: Mapping[str, Any], indent: int) -> list[str]:
    """A mapping in block style, each value on one line where it fits."""
    lines: list[str] = []
    space = " " * indent
    for key, value in document.items():
        line = f"{space}{_text(key)}: {flow(value)}"
        if isinstance(value, dict) and value and (len(line) > WIDTH or _has_lines(value)):
            lines.append(f"{space}{_text(key)}:")
            lines += _block(value, indent + 2)
        elif isinstance(value, str) and _as_lines(value):
            lines.append(f"{space}{_text(key)}: |" + ("" if value.endswith("\n") else "-"))
            lines += [f"{space}  {text}" for text in value.removesuffix("\n").split("\n")]
        else:
            lines.append(line)
    return lines


def _has_lines(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_lines(v) for v in value.values())
    return isinstance(value, str) and _as_lines(value)


def _as_lines(text: str) -> bool:
    """Whether a text has several lines that a `|` block gives back as they are."""
    lines = text.removesuffix("\n").split("\n")
    clean = all(line and line == line.rstrip() and line.isprintable() for line in lines)
    return "\n" in text and clean and not lines[0].startswith(" ")

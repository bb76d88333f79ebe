"""Annotations: GitHub's workflow commands, which show a message at the line of a YAML file in a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from conformance.record import Reader
from conformance.record.facts import unexpected_groups
from conformance.text.plain import one_line
from conformance.text.words import in_a_line, plural
from conformance.verdict import Problem

LIMIT = 10  # GitHub shows ten errors a step and drops the others
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
_FINDING = re.compile(r"(?P<place>\S.*?:\d+:\d+): (?P<message>.*)")


def command(message: str, title: str = "", file: str = "", line: str = "", col: str = "") -> str:
    """One `::error` command; whatever the words hold, it stays one line and one command."""
    values = {"file": file, "line": line, "col": col, "title": title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in values.items() if value)
    return f"::error {properties}::{_data(one_line(message))}" if properties else f"::error::{_data(one_line(message))}"


def of_record(reader: Reader, problems: Sequence[Problem], root: Path, limit: int = LIMIT) -> list[str]:
    """A command for each group of unexpected divergences that say the same, and for each other unexpected result."""
    lines = []
    for group in unexpected_groups(reader.verdicts(unexpected=True), keep=1):
        case, verdict = group.rows[0].case, group.rows[0].verdict
        words = f"{case.label}: {verdict.message}"
        words += f"; explained: {in_a_line(verdict.explanation)}" if verdict.explanation else ""
        words += f" (and {group.count - 1:,} more like it)" if group.count > 1 else ""
        title = f"{verdict.status} on {verdict.target}"
        lines.append(command(words, title, **_place(str(case.source), root)))
    lines += [command(problem.message, problem.name, **_place(problem.where, root)) for problem in problems]
    return _limited(lines, limit)


def of_text(text: str, root: Path, limit: int = LIMIT) -> list[str]:
    """Commands for the findings (`file:line:column: message`) among an error's lines; without any, one for all."""
    found = [match for line in text.split("\n") if (match := _FINDING.fullmatch(line.strip()))]
    if not found:
        return [command(text, "conformance")]
    return _limited([command(m["message"], "case file", **_place(m["place"], root)) for m in found], limit)


def _limited(lines: list[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return lines
    rest = len(lines) - limit + 1
    note = command(
        f"and {plural(rest, 'other unexpected result')}: see the job summary or the JUnit file", "conformance"
    )
    return [*lines[: limit - 1], note]


def _place(where: str, root: Path) -> dict[str, str]:
    """The properties of `file:line:column`, the file as seen from the repository's root; none for a file outside."""
    match = _PLACE.fullmatch(where)
    if match is None:
        return {}
    try:
        file = Path(match["file"]).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return {}
    return {"file": file, "line": match["line"], "col": match["column"] or ""}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")

"""What a record says against declared divergences, as edits of their files that a person may apply."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from conformance.known.condition import Separator
from conformance.known.entry import Entry, environment, specifier_text
from conformance.known.propose import Evidence, where_lines
from conformance.known.table import KnownTable
from conformance.record import RecordedCase


@dataclass
class Edits:
    """What is stale: a line each, and the files as they would be."""

    said: list[str] = field(default_factory=list)
    lines: dict[str, dict[int, tuple[int, list[str]]]] = field(default_factory=dict)  # file -> first -> (last, new)
    removed: set[str] = field(default_factory=set)

    def diff(self) -> str:
        """A unified diff for `patch -p0`."""
        parts: list[str] = []
        for file, edits in self.lines.items():
            old = Path(file).read_text(encoding="utf-8").splitlines(keepends=True)
            new = list(old)
            for first in sorted(edits, reverse=True):
                last, lines = edits[first]
                new[first - 1 : last] = lines
            parts += difflib.unified_diff(old, new, file, file)
        return "".join(parts)


def edits(evidence: Evidence, table: KnownTable) -> Edits:
    """What the table, which has seen the whole record, finds stale. Nothing is written."""
    found = Edits()
    stale = {problem.name for problem in table.stale()}
    found.said = [f"{problem.where}: {problem.message}" for problem in table.stale()]
    spans = _spans(table.entries)
    separator = Separator()
    for entry in table.entries:
        if entry.known.name not in stale or entry.sometimes or entry.comes_and_goes:
            continue
        first, last = spans[entry.known.name]
        happened = evidence.happened(entry)
        if not happened:
            found.removed.add(entry.known.name)
            found.lines.setdefault(entry.source.file, {})[first] = (last, [])
            continue
        narrowed = _narrowed(evidence, entry, separator, first, last)
        if narrowed:
            found.lines.setdefault(entry.source.file, {})[first] = (last, narrowed)
    return found


def _spans(entries: list[Entry]) -> dict[str, tuple[int, int]]:
    """Entry -> its first and last line, without the blank lines and comments that follow it."""
    spans: dict[str, tuple[int, int]] = {}
    for file in {entry.source.file for entry in entries}:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        mine = sorted((e for e in entries if e.source.file == file), key=lambda e: e.source.line)
        following = [e.source.line for e in mine[1:]] + [len(lines) + 1]
        for entry, end in zip(mine, following, strict=True):
            last = end - 1
            while last > entry.source.line and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
                last -= 1
            spans[entry.known.name] = (entry.source.line, last)
    return spans


def _narrowed(evidence: Evidence, entry: Entry, separator: Separator, first: int, last: int) -> list[str]:
    """The entry's lines with a `where` that covers exactly what still happens; empty where a person must decide."""
    happened = evidence.happened(entry)
    ops = {case.op_name for case, _ in happened}
    inside = {case.id: case for case, _ in happened}
    targets = list(dict.fromkeys(verdict.target for _, verdict in happened))
    outside: dict[str, RecordedCase] = {}
    pairs = {(case.id, verdict.target) for case, verdict in happened}
    for target in targets:
        spec = evidence.targets[target]
        if not entry.applies(evidence.reader.targets[target], spec):
            continue
        for case, verdict in evidence.rows[target]:
            covered = case.op_name in ops and entry.covers(case, environment(case))
            if covered and (case.id, target) not in pairs and entry.would_show(verdict):
                outside[case.id] = case
    lines = Path(entry.source.file).read_text(encoding="utf-8").splitlines(keepends=True)[first - 1 : last]
    start = next((i for i, line in enumerate(lines) if re.match(r" {2}where:", line)), None)
    if len(ops) != 1 or inside.keys() & outside.keys() or start is None or entry.devices or entry.modes or entry.when:
        return []
    end = next((i for i in range(start + 1, len(lines)) if re.match(r" {0,2}\S", lines[i])), len(lines))
    condition = separator.separate(list(inside.values()), list(outside.values()))
    versions = ", ".join(f"{name} {specifier_text(specifier)}" for name, specifier in entry.versions)
    if len(entry.versions) > 1:
        return []
    names = [target.partition("==")[0] for target in targets]
    block = [line + "\n" for line in where_lines(next(iter(ops)), list(dict.fromkeys(names)), versions, condition)]
    return [*lines[:start], *block, *lines[end:]]

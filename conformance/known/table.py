"""The table of declared divergences: which one a verdict falls under, and which of them are stale."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.known.entry import CaseLike, Entry, environment, facts, specifier_text
from conformance.known.file import load_entries
from conformance.target import Target, parse_target
from conformance.verdict import Known, Problem, Status, Verdict

if TYPE_CHECKING:
    from conformance.known.baseline import Baseline

EXAMPLES = 3


@dataclass
class _Sample:
    """A few of something (the first by the alphabet, whichever came first), and how many there were."""

    first: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.first) < EXAMPLES or text < self.first[-1]:
            self.first = sorted([*self.first, text])[:EXAMPLES]

    def __str__(self) -> str:
        more = self.count - len(self.first)
        return ", ".join(self.first) + (f" and {more:,} more" if more else "")


@dataclass
class _Tally:
    """What was seen of one entry in this run."""

    reached: bool = False  # it covers some case on some target, whatever the version
    covered: int = 0  # verdicts on which the divergence would have shown
    happened: int = 0
    mended: dict[str, _Sample] = field(default_factory=dict)  # target -> cases that pass
    different: dict[str, _Sample] = field(default_factory=dict)  # target -> cases that diverge in another way


class KnownTable:
    """Declared divergences, and what this run showed of each.

    `match` is asked once a verdict, passes included, since a pass is what makes an entry stale. It is cheap: what a
    target's version rules out is settled once a target, what an op or a dtype rules out once for all its cases, and
    what a case's parameters rule out once a case.
    """

    def __init__(self, entries: Iterable[Entry], full: bool = False, today: date | None = None) -> None:
        self.entries = list(entries)
        self.baseline: Baseline | None = None  # what is in it is known where nothing declares it
        self._full = full
        self._today = today or date.today()
        self._tallies = [_Tally() for _ in self.entries]
        self._targets: dict[str, Target] = {}
        self._for_target: dict[tuple[Any, ...], tuple[frozenset[int], frozenset[int]]] = {}
        self._for_case: dict[str, tuple[int, ...]] = {}
        self._for_form: dict[tuple[str, str], tuple[int, ...]] = {}

    @classmethod
    def load(
        cls, paths: Path | str | Iterable[Path | str], full: bool = False, today: date | None = None
    ) -> KnownTable:
        """Read files and folders; CaseFileError with all findings.

        `full` says that the whole suite will run, so that an entry that covers nothing is stale, too.
        """
        return cls(load_entries(paths), full, today)

    def match(self, case: CaseLike, target: Target, info: Mapping[str, Any], verdict: Verdict) -> Known | None:
        """The entry that a verdict falls under, or None; call it once for every verdict of the run.

        `info` is what the target's worker said of itself. The first entry in the order of the files is the answer where
        several declare the same.
        """
        found = self._declared(case, target, info, verdict)
        if self.baseline is not None:
            found = found or self.baseline.match(case, verdict)
        return found

    def _declared(self, case: CaseLike, target: Target, info: Mapping[str, Any], verdict: Verdict) -> Known | None:
        candidates = self._case_entries(case)
        if not candidates:
            self._targets.setdefault(verdict.target, target)
            return None
        named, applying = self._target_entries(target, verdict.target, info)
        found: Known | None = None
        otherwise: list[int] = []
        for index in candidates:
            if index not in named:
                continue
            entry, tally = self.entries[index], self._tallies[index]
            tally.reached = True
            if index not in applying:
                continue
            if entry.declares(verdict):
                tally.covered += 1
                tally.happened += 1
                found = found or entry.known
            elif entry.would_show(verdict):
                tally.covered += 1
                otherwise.append(index)
        for index in otherwise:
            self._against_it(self._tallies[index], case, verdict, found is not None)
        return found

    @staticmethod
    def _against_it(tally: _Tally, case: CaseLike, verdict: Verdict, explained: bool) -> None:
        if verdict.status is Status.PASS:
            tally.mended.setdefault(verdict.target, _Sample()).add(case.id)
        elif not explained:
            words = f"{case.id} (got {verdict.status}: {verdict.message})"
            tally.different.setdefault(verdict.target, _Sample()).add(words)

    def _case_entries(self, case: CaseLike) -> tuple[int, ...]:
        found = self._for_case.get(case.id)
        if found is None:
            form = (case.op_name, case.dtype)
            possible = self._for_form.get(form)
            if possible is None:
                possible = tuple(i for i, entry in enumerate(self.entries) if entry.of_form(*form))
                self._for_form[form] = possible
            values = environment(case) if possible else {}
            found = tuple(i for i in possible if self.entries[i].covers(case, values))
            self._for_case[case.id] = found
        return found

    def _target_entries(
        self, target: Target, name: str, info: Mapping[str, Any]
    ) -> tuple[frozenset[int], frozenset[int]]:
        key = (name, info.get("version"), info.get("backend_version"), *facts(info).values())
        found = self._for_target.get(key)
        if found is None:
            self._targets[name] = target
            named = [i for i, entry in enumerate(self.entries) if entry.on_target(target)]
            applying = frozenset(i for i in named if self.entries[i].applies(info, target))
            found = self._for_target[key] = (frozenset(named), applying)
        return found

    def replay(self, reader: Any) -> None:
        """Take account of what an interrupted run has in its record (a `record.Reader`) already."""
        infos = reader.targets
        targets = {name: parse_target(name) for name in infos}
        for row in reader.verdicts():
            name = row.verdict.target
            self.match(row.case, targets[name], infos[name], row.verdict)

    def stale(self) -> list[Problem]:
        """What this run says against the entries: mended, different, expired, covering nothing. In the files' order."""
        problems = []
        for entry, tally in zip(self.entries, self._tallies, strict=True):
            for message in self._against(entry, tally):
                problems.append(Problem(entry.known.name, message, str(entry.source)))
        return problems

    def _against(self, entry: Entry, tally: _Tally) -> list[str]:
        name = entry.known.name
        said: list[str] = []
        if entry.expires is not None and entry.expires < self._today and (tally.reached or self._full):
            said.append(
                f"known divergence {name} expired on {entry.expires}: look at it again, then extend or remove it"
            )
        if not tally.reached:
            if self._full and any(entry.on_target(target) for target in self._targets.values()):
                said.append(f"known divergence {name} covers no case of the suite: correct its `where`, or remove it")
            return said
        for target, sample in sorted(tally.different.items()):
            declared = ", ".join(sorted(entry.statuses))
            said.append(f"known divergence {name} happens differently on {target}: declared {declared}; {sample}")
        if entry.comes_and_goes:
            return said
        if entry.sometimes:
            # A part of the suite may hold none of those on which it happens.
            if self._full and tally.covered and not tally.happened and not tally.different:
                said.append(
                    f"known divergence {name} did not happen in any of the {tally.covered:,} verdicts it covers"
                )
            return said
        for target, sample in sorted(tally.mended.items()):
            all_of_them = not tally.happened and not tally.different
            advice = "remove it" if all_of_them else "narrow its `where`, or say `sometimes: true`"
            said.append(f"known divergence {name} no longer happens on {target} with {sample}: {advice}")
        return said


def render_table(table: KnownTable, width: int = 100) -> str:
    """The declared divergences as text: what, where, why."""
    if not table.entries:
        return "no divergence is declared"
    lines = []
    for entry in table.entries:
        known = entry.known
        targets = ", ".join(map(str, entry.targets))
        lines.append(f"{known.name}  ({known.kind})")
        lines.append(f"    what: {', '.join(sorted(entry.statuses))} on {targets}{_conditions(entry)}")
        lines += textwrap.wrap(known.reason, width, initial_indent="    why:  ", subsequent_indent="          ")
        for label, text in (("link", known.link), ("from", entry.reference), ("in", str(entry.source))):
            if text:
                lines.append(f"    {label + ':':5} {text}")
        if entry.expires is not None:
            lines.append(f"    expires {entry.expires}")
        lines.append("")
    kinds = [entry.known.kind for entry in table.entries]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(kinds)))
    return "\n".join([*lines, f"{len(kinds)} declared: {counts}"])


def _conditions(entry: Entry) -> str:
    said = [f" {name} {specifier_text(specifier)}" for name, specifier in entry.versions]
    if entry.ops:
        said.append(f" {' or '.join(entry.ops)}")
    if entry.cases:
        said.append(f" cases {' or '.join(glob.pattern for glob in entry.cases)}")
    if entry.params:
        said.append(f" where {' and '.join(part.text for part in entry.params)}")
    if entry.when:
        said.append(f" when {' and '.join(part.text for part in entry.when)}")
    for label, words in (("dtype", entry.dtypes), ("device", entry.devices), ("mode", entry.modes)):
        if words:
            said.append(f" {label} {' or '.join(words)}")
    if entry.sometimes:
        said.append(" not on all of them")
    if entry.comes_and_goes:
        said.append(" comes and goes")
    return ";".join(["", *said])

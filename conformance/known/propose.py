"""Known entries proposed from a record: as few as describe what is unexpected in it, none of them accepted.

A proposal's reason is `TODO: why`, which the reader of known files refuses until a person has written one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property, reduce

from conformance.known.baseline import KIND as BASELINE
from conformance.known.condition import Condition, Separator, base
from conformance.known.entry import SHOWN_WITHOUT_VALUES, Entry, environment
from conformance.known.file import parse_entries
from conformance.known.table import KnownTable
from conformance.record import Reader, RecordedCase
from conformance.target import Target, parse_target
from conformance.text.plain import clean, one_line
from conformance.text.words import causes, modulo_numbers, plural
from conformance.verdict import Status, Verdict
from conformance.worker.whitelist import unsafe

REASON = "TODO: why"
KINDS = {Status.RAISED: "limitation"}
MEASURED = (Status.VALUE, Status.PRECISION, Status.GRADIENT)
TOLD_BY_WORDS = (Status.RAISED, Status.ACCEPTED, Status.CRASHED, Status.TIMEOUT)
WORDS_ALIKE = 5
_SIGNAL = re.compile(r"\bSIG[A-Z]+\b")
LONGEST, SHORTEST, TELLING = 90, 6, 24


@dataclass
class Evidence:
    """A record as proposals need it: every verdict that says something, by target."""

    reader: Reader
    rows: dict[str, list[tuple[RecordedCase, Verdict]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.reader.verdicts():
            self.rows.setdefault(row.verdict.target, []).append((row.case, row.verdict))

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Every target of the record, read."""
        return {name: parse_target(name) for name in self.rows}

    def unexpected(self, table: KnownTable) -> list[tuple[RecordedCase, Verdict]]:
        """The divergences that neither the table nor the run's baseline knows; it is asked about every verdict."""
        infos = self.reader.targets
        found = []
        for name, rows in self.rows.items():
            for case, verdict in rows:
                known = table.match(case, self.targets[name], infos[name], verdict)
                excused = known is not None or (verdict.known is not None and verdict.known.kind == BASELINE)
                if verdict.divergent and not excused:
                    found.append((case, verdict))
        return found

    def happened(self, entry: Entry) -> list[tuple[RecordedCase, Verdict]]:
        """The verdicts that are what an entry declares."""
        infos = self.reader.targets
        found = []
        for name, target in self.targets.items():
            if entry.on_target(target) and entry.applies(infos[name], target):
                found += [
                    (case, verdict)
                    for case, verdict in self.rows[name]
                    if entry.declares(verdict) and entry.covers(case, environment(case))
                ]
        return found


@dataclass(frozen=True)
class Proposal:
    """One proposed entry: `op`, where, what, and the verdicts that it is for."""

    name: str
    op: str
    targets: tuple[str, ...]
    versions: str
    condition: Condition
    status: Status
    signature: tuple[tuple[str, str], ...]  # key -> YAML text
    verdicts: tuple[Verdict, ...]

    def render(self, reason: str = REASON) -> str:
        """The entry as YAML, in the form that docs/known.md describes."""
        first = self.verdicts[0]
        lines = [
            f"- name: {self.name}",
            f"  # {plural(len(self.verdicts), 'verdict')}, such as {one_line(first.case)} on {first.target}:",
            f"  #   {one_line(first.message)}",
            f"  kind: {KINDS.get(self.status, 'bug')}  # bug, convention or limitation: choose",
            *where_lines(self.op, self.targets, self.versions, self.condition),
            f"  status: {self.status}",
        ]
        if self.signature:
            lines.append("  signature: {" + ", ".join(f"{key}: {text}" for key, text in self.signature) + "}")
        return "\n".join([*lines, f"  reason: {quoted(reason)}", "  link:", ""])


def where_lines(op: str, targets: Sequence[str], versions: str, condition: Condition) -> list[str]:
    """A `where` block, indented as a key of an entry."""
    lines = ["  where:", f"    op: {op}"] if op else ["  where:"]
    if condition.cases:
        lines += _list("case", condition.cases)
    if condition.params:
        lines.append(f"    params: {quoted(' and '.join(condition.params))}")
    lines += _list("targets", targets)
    if versions:
        lines.append(f"    versions: {quoted(versions)}")
    if condition.dtypes:
        lines.append(f"    dtype: [{', '.join(condition.dtypes)}]")
    return lines


def _list(key: str, values: Sequence[str]) -> list[str]:
    line = f"    {key}: [{', '.join(map(quoted, values))}]"
    return [line] if len(line) <= 110 else [f"    {key}:", *(f"      - {quoted(value)}" for value in values)]


def quoted(text: str) -> str:
    """A text as a YAML scalar in double quotes; what no case file may hold is spelled out."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in json.dumps(clean(text), ensure_ascii=False))


def propose(evidence: Evidence, table: KnownTable, taken: Iterable[str] = ()) -> list[Proposal]:
    """Entries for every divergence of the record that the table does not know. `taken` are names in use."""
    groups: dict[tuple[str, ...], dict[str, dict[str, tuple[RecordedCase, Verdict]]]] = {}
    for case, verdict in evidence.unexpected(table):
        version = evidence.targets[verdict.target].version
        key = (case.op_name, verdict.status.value, _kind_of_words(verdict), version)
        groups.setdefault(key, {}).setdefault(verdict.target, {})[case.id] = (case, verdict)
    names = {*taken, *(entry.known.name for entry in table.entries)}
    separator = Separator()
    proposals = []
    for (op, status, _, version), by_target in groups.items():
        for targets in _classes(evidence, op, Status(status), by_target):
            rows = [row for target in targets for row in by_target[target].values()]
            inside = list({case.id: case for case, _ in rows}.values())
            outside = _outside(evidence, op, Status(status), {t: by_target[t] for t in targets})
            condition = separator.separate(inside, list(outside.values()))
            verdicts = tuple(verdict for _, verdict in rows)
            framework = evidence.targets[targets[0]].framework
            proposals.append(
                Proposal(
                    name=_name(targets, inside, Status(status), names),
                    op=op,
                    targets=tuple(dict.fromkeys(target.partition("==")[0] for target in targets)),
                    versions=f"{framework} =={version}" if version else "",
                    condition=condition,
                    status=Status(status),
                    signature=_signature(Status(status), verdicts),
                    verdicts=verdicts,
                )
            )
    return proposals


def check(evidence: Evidence, entries: Sequence[Entry], proposals: Sequence[Proposal]) -> tuple[int, list[str]]:
    """(how many divergences would still be unexpected, what would be stale) if the proposals were given a reason."""
    text = "\n".join(proposal.render("checked") for proposal in proposals)
    table = KnownTable([*entries, *(parse_entries(text, "proposal") if text else [])])
    left = evidence.unexpected(table)
    names = {proposal.name for proposal in proposals}
    return len(left), [problem.message for problem in table.stale() if problem.name in names]


Rows = dict[str, dict[str, tuple[RecordedCase, Verdict]]]


def _outside(evidence: Evidence, op: str, status: Status, by_target: Rows) -> dict[str, RecordedCase]:
    """The cases on which one of the targets showed that the divergence is not there."""
    found: dict[str, RecordedCase] = {}
    for target, inside in by_target.items():
        for case, verdict in evidence.rows[target]:
            if case.op_name == op and case.id not in inside and _would_show(status, verdict):
                found[case.id] = case
    return found


def _would_show(status: Status, verdict: Verdict) -> bool:
    if verdict.status is Status.UNSUPPORTED:
        return False
    return verdict.figures is None or verdict.figures.elements > 0 or status in SHOWN_WITHOUT_VALUES


def _classes(evidence: Evidence, op: str, status: Status, by_target: Rows) -> list[list[str]]:
    """The targets in as few classes as can share an entry: no case is inside for one and outside for another."""
    classes: list[list[str]] = []
    for target in by_target:
        for together in classes:
            joined = {t: by_target[t] for t in (*together, target)}
            inside = {id for rows in joined.values() for id in rows}
            same = evidence.targets[target].framework == evidence.targets[together[0]].framework
            versioned = evidence.targets[target].version
            if (same or not versioned) and not inside & _outside(evidence, op, status, joined).keys():
                together.append(target)
                break
        else:
            classes.append([target])
    return classes


def _kind_of_words(verdict: Verdict) -> str:
    """What two divergences of one status must share to go into one entry."""
    if named := causes(verdict.explanation):
        return named[0]
    if verdict.status is Status.CRASHED:
        return verdict.message.partition(":")[0]  # its last words are of the process, not of the cause
    if verdict.status in TOLD_BY_WORDS:
        return " ".join(modulo_numbers(verdict.message).split()[:WORDS_ALIKE])
    return ""


def _signature(status: Status, verdicts: Sequence[Verdict]) -> tuple[tuple[str, str], ...]:
    # What we say ourselves is worded anew from release to release. A cause's name stays, as do figures and the words of
    # a framework; where there is none of them, the status has to do.
    if named := causes(verdicts[0].explanation):
        return (("cause", quoted(named[0])),)
    if status in MEASURED:
        fractions = [v.figures.fraction for v in verdicts if v.figures is not None]
        if len(fractions) < len(verdicts):
            return ()
        low, high = _rounded(min(fractions), math.floor), _rounded(max(fractions), math.ceil)
        return (("fraction", f"[{low}, {high}]"),)
    if status is Status.CRASHED:
        signal = _SIGNAL.search(verdicts[0].message)
        return (("message", quoted(signal[0])),) if signal else ()
    text = _common([verdict.message for verdict in verdicts]) if status is Status.RAISED else ""
    return (("message", quoted(text)),) if text else ()


def _common(texts: Sequence[str]) -> str:
    """The longest words without a number that all texts have; with numbers where there are none; "" where too few."""
    shared = _seen(reduce(_shared, dict.fromkeys(texts)))
    pieces = [piece.strip(" ,;:([") for piece in modulo_numbers(shared).replace("\n", "#").split("#")]
    best = next((piece for piece in pieces if len(piece) >= TELLING), max(pieces, key=len))
    if len(best) < SHORTEST * 2 and "\n" not in shared:
        best = shared.strip()
    if len(best) > LONGEST:
        best = best[:LONGEST].rpartition(" ")[0] or best[:LONGEST]
    return best if len(best) >= SHORTEST and not (best[0] == best[-1] == "/") else ""


def _seen(text: str) -> str:
    """The longest part of a text in which every character can be seen: a case file takes no other."""
    return max("".join("\0" if unsafe(character) else character for character in text).split("\0"), key=len)


def _shared(a: str, b: str) -> str:
    match = SequenceMatcher(None, a, b, autojunk=False).find_longest_match()
    return a[match.a : match.a + match.size]


def _rounded(value: float, towards: object) -> str:
    """A figure to one digit, outwards, as YAML has it."""
    if math.isinf(value):
        return ".inf"
    if not value:
        return "0"
    unit = 10.0 ** math.floor(math.log10(abs(value)))
    digits = math.floor(value / unit) if towards is math.floor else math.ceil(value / unit)
    return f"{digits * unit:.10g}"


def _name(targets: Sequence[str], inside: Sequence[RecordedCase], status: Status, names: set[str]) -> str:
    frameworks = list(dict.fromkeys(target.partition("==")[0] for target in targets))
    who = frameworks[0] if len(frameworks) == 1 else frameworks[0].partition(":")[0].partition("+")[0] + "-and-others"
    bases = {base(case).rpartition("::")[2] for case in inside}
    what = next(iter(bases)) if len(bases) == 1 and "[" not in "".join(bases) else inside[0].op_name
    start = re.sub(r"[^a-z0-9]+", "-", f"{who}-{what}-{status}".lower()).strip("-")[:80]
    name, number = start, 2
    while name in names:
        name, number = f"{start}-{number}", number + 1
    names.add(name)
    return name

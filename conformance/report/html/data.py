"""What a page shows of a record, as columns of numbers that point into one list of strings.

Strings repeat a lot (plans, messages, digests), so each is written once. Arrays come with divergent verdicts alone, up
to a budget: a page stays small whatever the record holds.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.record import ALLOWANCE, REFERENCE, Reader, RecordedArray, RecordedCase, of
from conformance.record.facts import (
    Group,
    claims,
    conclusion,
    known_uses,
    notes,
    on_forge,
    target,
    trusted_files,
    unexpected_groups,
)
from conformance.report.definition import sentences
from conformance.report.picture import fractions, overlap
from conformance.text.data import Data, Strings, rounded, strict
from conformance.text.plain import clean
from conformance.text.words import explained
from conformance.verdict import Figures, Problem, Status, Verdict

ELEMENTS_AN_ARRAY = 1 << 14
ARRAY_BYTES_A_PAGE = 4 << 20  # before compression
GROUPS_SHOWN = 200


def record(
    reader: Reader, problems: Iterable[Problem] = (), scripts: Mapping[tuple[str, str], str] | None = None
) -> Data:
    """The whole of a record, for the page `report`. `scripts`: (case, target) -> what reproduces it alone."""
    strings = Strings()
    targets = reader.targets
    cases = _Cases(strings)
    verdicts = _Verdicts(strings, list(targets), scripts or {})
    divergent: list[Verdict] = []
    for row in reader.verdicts():
        verdicts.add(cases.add(row.case), row.verdict, row.attempts)
        if row.verdict.divergent:
            divergent.append(row.verdict)
    return {
        "page": "report",
        **head(reader, problems),
        "targets": [{"name": name, **target(info)} for name, info in targets.items()],
        "statuses": [status.value for status in Status],
        "knowns": [{**dataclasses.asdict(use.known), "count": use.count} for use in known_uses(reader)],
        "claims": [dataclasses.asdict(entry) for entry in claims(reader)],
        "unexpected": [_group(group) for group in unexpected_groups(reader.verdicts(unexpected=True))[:GROUPS_SHOWN]],
        "cases": cases.columns,
        "forge": _forge(reader, cases.files),
        "trusted": sorted(map(clean, trusted_files(reader))),
        "verdicts": verdicts.columns(reader),
        "arrays": _arrays(reader, divergent, cases.numbers, list(targets)),
        "strings": strings.list,
    }


def head(reader: Reader, problems: Iterable[Problem] = ()) -> Data:
    """How a record ends and where it came from."""
    end = conclusion(reader, problems)
    return {
        "record": reader.path.name,
        "exit": end.code,
        "reason": clean(end.reason),
        "notes": [clean(note) for note in notes(reader)],
        "problems": [dataclasses.asdict(problem) for problem in end.problems],
        "environment": strict(reader.environment),
    }


def _group(group: Group) -> Data:
    row = group.rows[0]
    return {
        "count": group.count,
        "case": row.case.id,
        "file": row.case.source.file,
        "line": row.case.source.line,
        "target": row.verdict.target,
        "status": row.verdict.status.value,
        "subject": row.verdict.subject,
        "message": clean(row.verdict.message),
        "explanation": clean("\n".join(explained(row.verdict.explanation))),
    }


def _forge(reader: Reader, files: Iterable[str]) -> dict[str, str]:
    """File -> where it is shown, of those that are shown anywhere."""
    environment = reader.environment
    return {clean(file): shown for file in sorted(set(files)) if (shown := on_forge(environment, file))}


class _Cases:
    """Columns of cases, in the order of the record."""

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self.numbers: dict[str, int] = {}
        self.files: set[str] = set()
        names = ("id", "op", "file", "line", "dtype", "fingerprint", "about", "facts", "params", "overlap")
        self.columns: dict[str, list[Any]] = {name: [] for name in names}

    def add(self, case: RecordedCase) -> int:
        """The number of a case; a new one is appended."""
        found = self.numbers.get(case.id)
        if found is not None:
            return found
        found = self.numbers[case.id] = len(self.numbers)
        self.files.add(case.source.file)
        s = self._strings
        values = {
            "id": clean(case.id),
            "op": s.add(case.op),
            "file": s.add(case.source.file),
            "line": case.source.line,
            "dtype": s.add(case.dtype),
            "fingerprint": case.fingerprint,
            "about": s.add(case.about),
            "facts": s.json(sentences(case)),
            "params": s.json(_params(case)),
            "overlap": s.json(overlap(case)),
        }
        for name, value in values.items():
            self.columns[name].append(value)
        return found


def _params(case: RecordedCase) -> Data:
    # The plans of a `call` are shown with each target.
    given = {name: value for name, value in case.given if name != "plans"}
    meaning = {name: value for name, value in case.params.items() if name != "plans"}
    return {"given": given, "means": meaning}


class _Verdicts:
    """Columns of verdicts. Columns that are mostly empty are maps from row to value."""

    def __init__(self, strings: Strings, targets: list[str], scripts: Mapping[tuple[str, str], str]) -> None:
        self._strings = strings
        self._scripts = scripts
        self._targets = {name: index for index, name in enumerate(targets)}
        self._statuses = {status: index for index, status in enumerate(Status)}
        names = ("case", "target", "status", "message", "plan", "digest", "elements", "fraction", "seconds")
        self._dense: dict[str, list[Any]] = {name: [] for name in names}
        self._sparse: dict[str, dict[int, Any]] = {
            name: {} for name in ("known", "subject", "explanation", "attempts", "figures", "script")
        }

    def add(self, case: int, verdict: Verdict, attempts: int) -> None:
        s, row = self._strings, len(self._dense["case"])
        figures = verdict.figures
        values: dict[str, Any] = {
            "case": case,
            "target": self._targets[verdict.target],
            "status": self._statuses[verdict.status],
            "message": s.add(verdict.message),
            "plan": s.add(verdict.plan),
            "digest": s.add(verdict.digest),
            "elements": figures.elements if figures else None,
            "fraction": rounded(figures.fraction, 4) if figures else None,
            "seconds": rounded(verdict.seconds, 3),
        }
        for name, value in values.items():
            self._dense[name].append(value)
        sparse: dict[str, Any] = {
            "known": verdict.known.name if verdict.known else None,
            "subject": s.add(verdict.about) if verdict.about else None,
            "explanation": s.add("\n".join(explained(verdict.explanation))) if verdict.explanation else None,
            "attempts": attempts if attempts > 1 else None,
            "figures": _figures(figures) if figures else None,
            "script": s.add(script) if (script := self._scripts.get((verdict.case, verdict.target))) else None,
        }
        for name, value in sparse.items():
            if value is not None:
                self._sparse[name][row] = value

    def columns(self, reader: Reader) -> Data:
        order = {use.known.name: index for index, use in enumerate(known_uses(reader))}
        known = {row: order[name] for row, name in self._sparse["known"].items()}
        return {**self._dense, **self._sparse, "known": known}


def _figures(figures: Figures) -> list[Any] | None:
    """[differing, worst, got, reference, needed, bits], or None where there is nothing to say."""
    if not figures.differing and not figures.needed and figures.bits is None:
        return None
    worst = list(figures.worst) if figures.worst is not None and figures.differing else None
    got, reference = (figures.got, figures.reference) if worst is not None else (None, None)
    return [
        figures.differing,
        worst,
        rounded(got, 9),
        rounded(reference, 9),
        rounded(figures.needed, 3),
        rounded(figures.bits, 3),
    ]


def _arrays(
    reader: Reader, divergent: Iterable[Verdict], numbers: Mapping[str, int], targets: list[str]
) -> dict[str, Any]:
    """ "case" -> the inputs and references that its targets share; "case target" -> what the target answered."""
    room = ARRAY_BYTES_A_PAGE
    found: dict[str, Any] = {}
    shared: dict[str, RecordedArray] = {}
    last = ""
    for verdict in divergent:
        mine = reader.arrays(verdict.case, verdict.target)
        if not mine:
            continue
        if verdict.case != last:
            last, shared = verdict.case, reader.arrays(verdict.case)
        number = numbers[verdict.case]
        entries = []
        for array in mine.values():
            entry = _compared(array, shared)
            room -= _bytes(entry)
            entries.append(entry if room > 0 else _bare(array))
        found[f"{number} {targets.index(verdict.target)}"] = entries
        if str(number) not in found:
            given = [a for name, a in shared.items() if not name.startswith(ALLOWANCE)]
            entries = [_entry(array) for array in given]
            room -= sum(map(_bytes, entries))
            found[str(number)] = entries if room > 0 else [_bare(array) for array in given]
    return found


def _compared(array: RecordedArray, shared: Mapping[str, RecordedArray]) -> Data:
    """An answer with its error as a fraction of the allowance."""
    entry = _entry(array)
    against = REFERENCE + of(array.name)
    reference, allowance = shared.get(against), shared.get(ALLOWANCE + of(array.name))
    entry["against"] = against
    if "data" not in entry or reference is None or reference.values is None or reference.shape != array.shape:
        return entry
    assert array.values is not None
    allowed = None if allowance is None or allowance.values is None else allowance.values.astype(np.float64)
    error, unit = fractions(array.values.astype(np.float64), reference.values.astype(np.float64), allowed)
    with np.errstate(over="ignore"):
        entry["error"] = _packed(error.astype(np.float32))
    entry["unit"] = rounded(unit, 6)
    return entry


def _bare(array: RecordedArray) -> Data:
    return {"name": array.name, "dtype": array.dtype, "shape": list(array.shape)}


def _entry(array: RecordedArray) -> Data:
    entry = _bare(array)
    values = array.values
    if values is not None and 0 < values.size <= ELEMENTS_AN_ARRAY and values.dtype.kind in "fiub":
        # float16 is exact in float32; integers are exact in float64 as far as pictures go.
        wide = np.float32 if values.dtype in (np.float16, np.float32) else np.float64
        entry["data"] = _packed(values.astype(wide))
        entry["wide"] = wide is np.float64
    return entry


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(values.astype(values.dtype.newbyteorder("<")).tobytes()).decode()


def _bytes(entry: Data) -> int:
    return len(entry.get("data", "")) + len(entry.get("error", ""))

"""A baseline: a record whose divergences are no news. What is not in it is unexpected, as ever."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from conformance.record import Reader
from conformance.text.words import alike, modulo_numbers, plural
from conformance.verdict import Known, Problem, Status, Verdict

KIND = "baseline"
SHOWN = 5


class Fingerprinted(Protocol):
    """A case, as a suite or a record holds it."""

    @property
    def id(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...


class Baseline:
    """The divergences of a complete record, by case, target, status and words, whatever the numbers in the words."""

    def __init__(self, reader: Reader) -> None:
        self.path: Path = reader.path
        self.known = Known(KIND, KIND, f"already in the baseline {reader.path.name}", "")
        self._words: dict[tuple[str, str], set[tuple[Status, str]]] = {}
        self._matched = 0
        self._gone: dict[str, None] = {}
        for row in reader.verdicts(divergent=True):
            said = (row.verdict.status, alike(row.verdict))
            # A case that was renamed keeps its fingerprint, one that was changed keeps its id.
            for key in (row.case.id, row.case.fingerprint):
                self._words.setdefault((key, row.verdict.target), set()).add(said)
        summary = reader.summary
        self._problems = {self._problem(problem) for problem in (summary.problems if summary else ())}

    def match(self, case: Fingerprinted, verdict: Verdict) -> Known | None:
        """`known` where the verdict's divergence is in the baseline. Ask it for passes too: they show what is gone."""
        target = verdict.target
        said = self._words.get((case.id, target)) or self._words.get((case.fingerprint, target))
        if said is None:
            return None
        if verdict.status is Status.PASS:
            self._gone[f"{case.id} on {target}"] = None
        elif (verdict.status, alike(verdict)) in said:
            self._matched += 1
            return self.known
        return None

    def sift(self, problems: Iterable[Problem]) -> tuple[list[Problem], list[str]]:
        """The problems that are news, and notes on the baseline: what it covers, what is gone from it."""
        found = list(problems)
        new = [problem for problem in found if self._problem(problem) not in self._problems]
        notes = []
        covered = [plural(self._matched, "divergence")] if self._matched else []
        covered += [plural(len(found) - len(new), "other unexpected result")] if len(found) > len(new) else []
        if covered:
            notes.append(f"{' and '.join(covered)} already in the baseline {self.path.name}")
        if self._gone:
            first = ", ".join(sorted(self._gone)[:SHOWN])
            more = f" and {len(self._gone) - SHOWN:,} more" if len(self._gone) > SHOWN else ""
            gone = plural(len(self._gone), "divergence")
            notes.append(f"{gone} of the baseline {self.path.name} no longer there: {first}{more}; take a new baseline")
        return new, notes

    @staticmethod
    def _problem(problem: Problem) -> tuple[str, str]:
        return problem.name, modulo_numbers(problem.message)

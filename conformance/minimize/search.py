"""The search: which smaller case is tried next, which is kept, and when it ends.

Nothing here looks at a clock or draws a number: the same case on the same target gives the same smaller case. The
budget counts cases that a target was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import TracebackType
from typing import Self

from conformance.ask.probe import Found, Probe
from conformance.ask.where import with_anchor
from conformance.executor.local import Command
from conformance.minimize import parameters, values
from conformance.minimize.failure import Failure, Scale, failure_of, scale_of, still
from conformance.ops.call import Call
from conformance.suite.case import Case, Values
from conformance.suite.findings import CaseFileError
from conformance.suite.write import case_text, read_case
from conformance.target import Target
from conformance.verdict import Status, Verdict

BATCH = 8  # candidates that are asked at once
LOOKS = 3  # at the original, before anything is tried
DEATHS = 60  # of workers, in one search

Progress = Callable[[int, Case], None]


class NotMinimizable(Exception):
    """There is no failure to keep: the case passes, can't be judged, or fails now so and now otherwise."""


@dataclass(frozen=True)
class Minimal:
    """The smallest case found, its verdict, and what it took.

    `tried` counts cases asked; `exhausted` is why the search ended early, or "".
    """

    case: Case
    verdict: Verdict
    failure: Failure
    tried: int
    exhausted: str = ""


class Asker:
    """One target, asked again and again; a context manager. Its workers stay alive between searches."""

    def __init__(
        self,
        target: Target,
        timeout: float = 60.0,
        pythons: Mapping[Target, str] | None = None,
        command: Command | None = None,
    ) -> None:
        self.target = target
        self.timeout = timeout
        self.pythons = pythons
        self.command = command  # another program as worker, as in LocalExecutor
        self._probes: dict[tuple[Target, ...], Probe] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers."""
        for probe in self._probes.values():
            probe.close()
        self._probes.clear()

    def version(self) -> str:
        """The framework's version, and its backend's, as the worker says them."""
        info = self._probe((self.target,)).info(self.target)
        words = [f"{self.target.framework} {info.get('version', '')}".strip()]
        if info.get("backend_version"):
            words.append(f"{self.target.backend} {info['backend_version']}")
        return ", ".join(words)

    def judge(self, cases: Sequence[Case]) -> list[Found]:
        """What comes of some cases on the target; ProbeError where it can't answer at all."""
        return self._probe(self._targets(cases)).judge(cases)

    def died(self, found: Found) -> bool:
        """Whether a worker died of it."""
        verdict = found.verdicts.get(self.target)
        return verdict is not None and verdict.status in (Status.CRASHED, Status.TIMEOUT)

    def _targets(self, cases: Sequence[Case]) -> tuple[Target, ...]:
        """The target, and those whose answers are the reference."""
        others = {target for case in cases for target in with_anchor(case, [self.target])}
        return (self.target, *sorted(others - {self.target}))

    def _probe(self, targets: tuple[Target, ...]) -> Probe:
        if targets not in self._probes:
            self._probes[targets] = Probe(targets, timeout=self.timeout, pythons=self.pythons, command=self.command)
        return self._probes[targets]


def minimize(
    case: Case,
    asker: Asker,
    budget: int = 400,
    progress: Progress = lambda _n, _c: None,
    anew: bool = False,
) -> Minimal:
    """The smallest case that fails on the asker's target as `case` does; NotMinimizable where it does not fail.

    `anew`: the last two looks are at a new worker, so that nothing that ran before can be the cause.
    """
    failure, scale = _first_looks(case, asker)
    plain = replace(case, about="", tags=frozenset(), claim=None, targets=(str(asker.target),))
    search = _Search(asker, failure, scale, budget, progress)
    kept = search.run(read_again(plain) or plain)
    if anew:
        asker.close()
    # The last one is asked twice more; where it does not hold, the one before it.
    for smaller in reversed(kept):
        verdicts = [_verdict(found, asker.target) for found in asker.judge([smaller, smaller])]
        if all(v is not None and _shows(v, smaller, failure, scale) for v in verdicts):
            last = verdicts[-1]
            assert last is not None
            return Minimal(smaller, last, failure, search.tried, search.exhausted)
    raise NotMinimizable(
        f"the failure is flaky: {case.id} failed on {asker.target} at first ({failure}), but not any more at the end"
    )


def _shows(verdict: Verdict, case: Case, failure: Failure, scale: Scale) -> bool:
    """Whether a verdict on a case shows the same failure, of the same size."""
    return failure_of(verdict, case.op.definition()) == failure and still(
        scale, scale_of(verdict, values.largest(case))
    )


def _first_looks(case: Case, asker: Asker) -> tuple[Failure, Scale]:
    found = asker.judge([case] * LOOKS)
    for one in found:
        if one.error:
            raise NotMinimizable(f"{case.id} can't be judged as it is written: {one.error}")
    verdicts = [one.verdicts[asker.target] for one in found]
    failures = [failure_of(verdict, case.op.definition()) for verdict in verdicts]
    if len(set(failures)) > 1:
        seen = "".join(f"\n  {v.status}: {v.message or v.explanation}" for v in verdicts)
        raise NotMinimizable(
            f"the failure is flaky: {LOOKS} runs of {case.id} on {asker.target} do not agree, so there is no one "
            f"failure to keep:{seen}"
        )
    if verdicts[0].status is Status.PASS:
        raise NotMinimizable(
            f"{case.id} passes on {asker.target} ({verdicts[0].message}): there is nothing to minimize"
        )
    if verdicts[0].status is Status.UNSUPPORTED:
        raise NotMinimizable(f"{case.id} is not supported on {asker.target}: {verdicts[0].message}")
    return failures[0], scale_of(verdicts[0], values.largest(case))


def read_again(case: Case) -> Case | None:
    """The case as its own text is read, parameters bound and checked; None where they contradict each other."""
    trusted = isinstance(case.op, Call) and any(plan.trusted for _, plan in case.op.plans)
    try:
        return read_case(case_text([case]), trusted=trusted)
    except CaseFileError:
        return None


class _Search:
    def __init__(self, asker: Asker, failure: Failure, scale: Scale, budget: int, progress: Progress) -> None:
        self.asker = asker
        self.failure = failure
        self.scale = scale
        self.budget = budget
        self.progress = progress
        self.tried = 0
        self.deaths = 0
        self.exhausted = ""
        self.seen: set[str] = set()
        # Where each one that shows the failure costs a worker, none is asked that might not be needed.
        self.batch = 1 if failure.status in (Status.CRASHED, Status.TIMEOUT) else BATCH

    def run(self, case: Case) -> list[Case]:
        """Every case that was kept, the smallest last."""
        kept = [case]
        self.seen.add(case.fingerprint)
        while not self.exhausted:
            before = len(kept)
            self._rounds(kept, parameters.steps(kept[-1]))
            self._rounds(kept, values.STEPS)
            if len(kept) == before:
                break
        return kept

    def _rounds(self, kept: list[Case], steps: Iterable[tuple[str, parameters.Step]]) -> None:
        """Every step until it brings nothing more, all of them until none does."""
        changed = True
        while changed and not self.exhausted:
            changed = False
            for _, step in steps:
                while not self.exhausted:
                    smaller = self._first(kept[-1], step(kept[-1]))
                    if smaller is None:
                        break
                    kept.append(smaller)
                    changed = True

    def _first(self, current: Case, candidates: Iterator[Case]) -> Case | None:
        """The first candidate, in their order, that shows the failure."""
        fresh = self._fresh(current, candidates)
        while batch := list(islice(fresh, self.batch)):
            if self.tried + len(batch) > self.budget:
                batch = batch[: self.budget - self.tried]
                self.exhausted = f"the budget of {self.budget} cases was used up"
            if not batch:
                return None
            self.progress(self.tried, current)
            found = self.asker.judge(batch)
            self.tried += len(batch)
            self.deaths += sum(self.asker.died(one) for one in found)
            if self.deaths >= DEATHS:
                self.exhausted = f"{self.deaths} workers died"
            for case, one in zip(batch, found, strict=True):
                verdict = _verdict(one, self.asker.target)
                if verdict is not None and _shows(verdict, case, self.failure, self.scale):
                    return case
            if self.exhausted:
                return None
        return None

    def _fresh(self, current: Case, candidates: Iterator[Case]) -> Iterator[Case]:
        """Candidates that can be read, that nobody tried yet, and of which the definition says what it said before."""
        refused = current.op.refusal() is None
        for candidate in candidates:
            if _answers_else(current, candidate):
                continue
            case = _fitted(current, candidate)
            if case is None or case.fingerprint in self.seen:
                continue
            self.seen.add(case.fingerprint)
            if (case.op.refusal() is None) == refused:
                yield case


def _answers_else(current: Case, candidate: Case) -> bool:
    """Whether a candidate has other inputs, where the case itself states what is right for its own ones: then any
    answer would be wrong, and that is no failure of the target.
    """
    if not isinstance(current.op, Call) or current.op.answer is None:
        return False
    inputs = [dict(case.given).get("inputs") for case in (current, candidate)]
    return current.values != candidate.values or inputs[0] != inputs[1]


def _fitted(current: Case, candidate: Case) -> Case | None:
    """The candidate as it is read; literal values of the current case are cut down to smaller tensors."""
    if current.values.kind != "literal" or candidate.given == current.given:
        return read_again(candidate)
    bound = read_again(replace(candidate, values=Values("ones")))
    cut = None if bound is None else values.cropped(current, bound.op.inputs())
    return None if cut is None else read_again(replace(candidate, values=cut))


def _verdict(found: Found, target: Target) -> Verdict | None:
    return None if found.error else found.verdicts.get(target)

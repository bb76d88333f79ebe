"""The run: cases in, verdicts out. Everything is appended to the record as it arrives.

Every target goes through the cases at its own pace, so that those that import fast begin while the others still load.
What is shared between targets (inputs, reference) is made when the first target asks for it and dropped when the last
has answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conformance.ask.keep import keep, verdict_of
from conformance.ask.ladder import Ladder, Rung, Waiting, wanted
from conformance.ask.prepare import (
    CaseError,
    Prepared,
    canonical,
    gradient_reason,
    plan_for,
    prepare,
    request_for,
    settle,
)
from conformance.ask.where import anchor_of, not_asked
from conformance.executor import Answer, Event, Executor, Failed, Ready, Request, Unavailable
from conformance.judge.compare import Judgement, judge
from conformance.outcome import Outcome, Unsupported, Value
from conformance.plan import USUAL, Plan
from conformance.record import Writer
from conformance.suite.case import Case
from conformance.suite.values import ValuesError
from conformance.target import Target
from conformance.verdict import Known, Status, Verdict

# What may be held for targets that are behind; beyond it those that are ahead wait.
PREPARED_BYTES = 512 * 2**20


@dataclass
class Findings:
    """What a run found besides verdicts."""

    case_errors: list[tuple[Case, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # target -> why its worker could not do its job
    versions: dict[str, dict[str, object]] = field(default_factory=dict)
    verdicts: int = 0
    coordinator_seconds: float = 0.0
    stopped: bool = False  # whoever hears the verdicts has heard enough
    executed: dict[str, int] = field(default_factory=dict)  # target -> cases that it was really asked

    def sort(self, cases: Sequence[Case], targets: Sequence[str]) -> None:
        """Bring everything into the order of the cases and targets that were asked for, whoever answered first."""
        position = {id(case): index for index, case in enumerate(cases)}
        self.case_errors.sort(key=lambda found: position[id(found[0])])
        self.failed = {name: self.failed[name] for name in targets if name in self.failed}
        self.executed = {name: self.executed[name] for name in targets if name in self.executed}


Listener = Callable[[Target, Verdict], None]
# A case, a target, what its worker says of itself, and a verdict -> the declared divergence that it falls under.
Matcher = Callable[[Case, Target, Mapping[str, Any], Verdict], Known | None]


@dataclass
class _Pending:
    """A request in flight: which case, and its plan."""

    index: int
    plan: Plan
    rung: Rung | None = None  # what the precision ladder asks it for


class Run:
    """One run: cases are added, `step` does what can be done now, `go` runs to the end."""

    def __init__(
        self,
        targets: Sequence[Target],
        executor: Executor,
        writer: Writer,
        known: Matcher | None = None,
        on_verdict: Listener = lambda _t, _v: None,
        on_ready: Callable[[Target, Mapping[str, object]], None] = lambda _t, _i: None,
        keep_outputs: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.executor = executor
        self.writer = writer
        self.known = known
        self.on_verdict = on_verdict
        self.on_ready = on_ready
        self.keep_outputs = keep_outputs  # passed ones too, for a diff of the bits
        self.stop = stop  # whether to leave the rest, now
        self.findings = Findings()
        self.cases: list[Case] = []
        self.waiting: list[int] = []  # how many targets have not finished the case at this index
        self.queues: dict[Target, list[int]] = {target: [] for target in targets}
        self.recorded: set[tuple[Target, int]] = set()  # asked again as an anchor; the verdict is there already
        self.cursor: dict[Target, int] = dict.fromkeys(targets, 0)
        self.outstanding: dict[Target, int] = dict.fromkeys(targets, 0)
        self.ready: set[Target] = set()
        self.gone: dict[Target, tuple[str, bool]] = {}  # targets that can't run: the reason, whether it is a verdict
        self.prepared: dict[int, Prepared | None] = {}
        self.prepared_bytes = 0
        self.pending: dict[tuple[Target, int], _Pending] = {}
        # What waits for the answer that it is held against.
        self.held: dict[int, list[tuple[Target, _Pending, Outcome]]] = {}
        self.ladder = Ladder()
        self.anchored: dict[Target, set[int]] = {}  # the unfinished cases for which a target may be asked once more
        self.next_key = 0

    @property
    def total(self) -> int:
        """How many verdicts the run gives for the cases added so far."""
        return sum(len(queue) for queue in self.queues.values()) - len(self.recorded)

    def add(self, case: Case, targets: Iterable[Target], done: Collection[Target] = ()) -> int:
        """Queue a case for its targets; the answer is the index by which `finished` knows it.

        `done` are those whose verdicts an interrupted run has recorded. They are not asked again, but for the one that
        the rest are held against.
        """
        index = len(self.cases)
        self.cases.append(case)
        self.waiting.append(0)
        left = [target for target in targets if target not in done]
        anchor = anchor_of(case)
        if left and anchor is not None and anchor in done:
            self.recorded.add((anchor, index))
            left.append(anchor)
        for target in left:
            self.queues[target].append(index)
            self.waiting[index] += 1
        if anchor is not None and anchor in left:
            self.anchored.setdefault(anchor, set()).add(index)
        return index

    def finished(self, index: int) -> bool:
        """Whether every target has its verdict on a case."""
        return self.waiting[index] == 0

    def go(self) -> Findings:
        """Run to the end of everything added, or until `stop` says so."""
        busy = set(self.queues)
        while busy and not self.stop():
            self.step()
            idle = {t for t in busy if self.cursor[t] == len(self.queues[t]) and not self._needed(t)}
            for target in idle:
                # A worker that still starts is left alone: what it says of itself belongs into the record.
                if target in self.ready:
                    self.executor.retire(target)
            busy -= idle
        self.findings.sort(self.cases, [str(target) for target in self.queues])
        return self.findings

    def _needed(self, target: Target) -> bool:
        """Whether a target that has been asked everything still has to answer, or may be asked once more."""
        if self.outstanding[target] or self.anchored.get(target):
            return True
        return any(target == held for waiting in self.held.values() for held, _, _ in waiting)

    def step(self) -> None:
        """Feed every target that has room, then take what has arrived (waiting for it where nothing could be fed)."""
        busy = False
        for target in self.queues:
            if target in self.gone:
                self._drain(target)
            elif target in self.ready:
                busy |= self._feed(target)
        for event in self.executor.poll(0.0 if busy else 0.2):
            self.take(event)
            if self.stop():
                return  # what has come besides is asked again when the run goes on

    def take(self, event: Event) -> None:
        """Act on one thing that the executor says."""
        match event:
            case Ready(target, info):
                self.ready.add(target)
                self.findings.versions[str(target)] = dict(info)
                self.writer.set_target_info(str(target), dict(info))
                self.on_ready(target, info)
            case Unavailable(target, reason):
                self._abandon(target, reason, record=True)
            case Failed(target, message):
                self.findings.failed[str(target)] = message
                self._abandon(target, message, record=False)
            case Answer(target, key, outcome):
                self._answered(target, key, outcome)

    def _feed(self, target: Target) -> bool:
        """Submit what the target has room for; True where something was."""
        queue = self.queues[target]
        fed = False
        started = time.thread_time()
        while self.cursor[target] < len(queue) and self.executor.room(target):
            index = queue[self.cursor[target]]
            if index not in self.prepared and self.prepared_bytes > PREPARED_BYTES and not self._is_last(target):
                break
            self.cursor[target] += 1
            fed = True
            prepared = self._prepare(index)
            if prepared is None or prepared.mistaken:
                self._release(index)
                continue
            plan = plan_for(prepared.case, target)
            if isinstance(plan, Unsupported):
                self._conclude(target, index, prepared, None, plan)
                continue
            self.findings.executed[str(target)] = self.findings.executed.get(str(target), 0) + 1
            self._submit(target, _Pending(index, plan), request_for(prepared, plan, target))
        self.findings.coordinator_seconds += time.thread_time() - started
        return fed

    def _is_last(self, target: Target) -> bool:
        """Whether no other live target is further behind: then it must go on, or nobody could."""
        here = self.cursor[target] / len(self.queues[target])
        return all(
            here <= self.cursor[t] / len(queue)
            for t, queue in self.queues.items()
            if queue and self.cursor[t] < len(queue) and t in self.ready
        )

    def _submit(self, target: Target, pending: _Pending, request: Request) -> None:
        key = self.next_key
        self.next_key += 1
        self.pending[target, key] = pending
        self.outstanding[target] += 1
        self.executor.submit(target, key, request)

    def _prepare(self, index: int) -> Prepared | None:
        if index not in self.prepared:
            case = self.cases[index]
            try:
                prepared: Prepared | None = prepare(case)
            except (CaseError, ValuesError) as error:
                self.findings.case_errors.append((case, str(error)))
                prepared = None
            self.prepared[index] = prepared
            self.prepared_bytes += prepared.nbytes if prepared else 0
            if prepared:
                self.writer.add_case(case)
        return self.prepared[index]

    def _release(self, index: int) -> None:
        self.waiting[index] -= 1
        if not self.waiting[index]:
            prepared = self.prepared.pop(index, None)
            self.prepared_bytes -= prepared.nbytes if prepared else 0
            self.ladder.forget(index)
            for cases in self.anchored.values():
                cases.discard(index)

    def _abandon(self, target: Target, reason: str, record: bool) -> None:
        """A target that can't run: each of its cases gets the reason (or, where the harness failed, no verdict
        at all).
        """
        self.gone[target] = (reason, record)
        for key in [k for k in self.pending if k[0] == target]:
            pending = self.pending.pop(key)
            if pending.rung is None:
                self._finish_abandoned(target, pending.index, reason, record)
            else:
                self.ladder.lost(pending.index, target, reason)
                self._climbed(pending.index)
        self.outstanding[target] = 0
        self._drain(target)

    def _drain(self, target: Target) -> None:
        reason, record = self.gone[target]
        for index in self.queues[target][self.cursor[target] :]:
            self._finish_abandoned(target, index, reason, record)
        self.cursor[target] = len(self.queues[target])

    def _finish_abandoned(self, target: Target, index: int, reason: str, record: bool) -> None:
        if record:
            case = self.cases[index]
            self.writer.add_case(case)
            self._emit(target, index, Verdict(case.id, str(target), Status.UNSUPPORTED, "", reason))
        if target == anchor_of(self.cases[index]):
            for other, waiting, _ in self.held.pop(index, []):
                self._unanchored(other, waiting)
        self._release(index)

    def _unanchored(self, target: Target, pending: _Pending) -> None:
        """A target has answered, and the one that it is held against can't."""
        prepared = self.prepared[pending.index]
        assert prepared is not None
        anchor = prepared.anchor
        assert anchor is not None
        reason, record = self.gone.get(anchor, (not_asked(anchor) or "it is not among the targets of the case", True))
        if not record:
            # The anchor's worker failed: once it works, a resumed run has the verdicts of both.
            self._release(pending.index)
            return
        outcome = Unsupported(f"held against {anchor}, which can't answer here: {reason}")
        self._conclude(target, pending.index, prepared, pending.plan, outcome)

    def _answered(self, target: Target, key: int, outcome: Outcome) -> None:
        started = time.thread_time()
        pending = self.pending.pop((target, key))
        self.outstanding[target] -= 1
        prepared = self.prepared[pending.index]
        assert prepared is not None
        if prepared.mistaken:
            self._release(pending.index)
        elif pending.rung is not None:
            asked = self.ladder.take(prepared, pending.index, target, pending.rung, outcome)
            self._ask_rungs(target, pending.index, pending.plan, asked)
            self._climbed(pending.index)
        elif prepared.unanswered:
            self._conclude(target, pending.index, prepared, pending.plan, Unsupported(prepared.unanswered))
        else:
            outcome = canonical(prepared, pending.plan, outcome)
            if prepared.settled:
                self._conclude(target, pending.index, prepared, pending.plan, outcome)
            else:
                self._weigh(target, pending, prepared, outcome)
        self.findings.coordinator_seconds += time.thread_time() - started

    def _weigh(self, target: Target, pending: _Pending, prepared: Prepared, outcome: Outcome) -> None:
        """For a case whose reference is a target's answer: hold what comes before that answer, then judge it all."""
        anchor = prepared.anchor
        assert anchor is not None
        if target != anchor:
            if anchor not in self.gone and pending.index in self.queues.get(anchor, ()):
                self.held.setdefault(pending.index, []).append((target, pending, outcome))
            else:
                self._unanchored(target, pending)
            return
        if isinstance(outcome, Value) and not outcome.has_values:
            outcome = Unsupported("it answers with a shape alone, so nothing can be held against it")
        # A refusal is judged before it becomes what is expected: it is not right because it agrees with itself.
        answered = isinstance(outcome, Value)
        if answered:
            try:
                settle(prepared, target, outcome)
            except CaseError as error:
                # A mistake of the case is no divergence of anybody: as where it is found before a target is asked.
                self.findings.case_errors.append((prepared.case, str(error)))
                prepared.mistaken = True
                for _ in range(1 + len(self.held.pop(pending.index, []))):
                    self._release(pending.index)
                return
        self._conclude(target, pending.index, prepared, pending.plan, outcome)
        if not answered:
            settle(prepared, target, outcome)
        for other, waiting, answer in self.held.pop(pending.index, []):
            held = Unsupported(prepared.unanswered) if prepared.unanswered else answer
            self._conclude(other, waiting.index, prepared, waiting.plan, held)

    def _conclude(self, target: Target, index: int, prepared: Prepared, plan: Plan | None, outcome: Outcome) -> None:
        expectation = prepared.expectation
        reason = gradient_reason(target) if expectation.gradients else ""
        if reason and isinstance(outcome, Value):
            judgement = judge(replace(expectation, gradients={}), outcome)
            if judgement.status is Status.PASS:
                message = f"{reason}; its values are right"
                judgement = Judgement(Status.UNSUPPORTED, "gradient", message, judgement.figures)
        else:
            judgement = judge(expectation, outcome)
        if isinstance(outcome, Value) and plan is not None and wanted(prepared, target, judgement, outcome):
            self._climb(target, index, prepared, Waiting(target, plan, outcome))
            return
        self._write(target, index, prepared, plan, outcome, judgement)

    def _climb(self, target: Target, index: int, prepared: Prepared, waiting: Waiting) -> None:
        """Two answers are not equal, and nothing says how far apart they may be: ask both sides in float64."""
        anchor, right, own = prepared.anchor, prepared.expectation.outputs[USUAL], waiting.outcome.first.values
        assert anchor is not None
        assert own is not None
        self.ladder.wait(index, waiting)
        for side, narrow in ((target, own.astype(np.float64)), (anchor, right.value)):
            plan = plan_for(prepared.case, side)
            assert isinstance(plan, Plan)
            asked = self.ladder.begin(prepared, index, side, plan, narrow)
            if side in self.gone:
                self.ladder.lost(index, side, self.gone[side][0])
            else:
                self._ask_rungs(side, index, plan, asked)
        self._climbed(index)

    def _ask_rungs(self, target: Target, index: int, plan: Plan, asked: Iterable[tuple[Rung, Request]]) -> None:
        for rung, request in asked:
            self._submit(target, _Pending(index, plan, rung=rung), request)

    def _climbed(self, index: int) -> None:
        """Judge what has waited for float64 answers that are all there now."""
        prepared = self.prepared.get(index)
        if prepared is None:
            return
        for waiting, judgement in list(self.ladder.ready(prepared, index)):
            self._write(waiting.target, index, prepared, waiting.plan, waiting.outcome, judgement)

    def _write(
        self, target: Target, index: int, prepared: Prepared, plan: Plan | None, outcome: Outcome, judgement: Judgement
    ) -> None:
        verdict = verdict_of(prepared, target, plan, outcome, judgement)
        keep(self.writer, prepared, verdict, outcome, self.keep_outputs)
        self._emit(target, index, verdict)
        self._release(index)

    def _emit(self, target: Target, index: int, verdict: Verdict) -> None:
        if (target, index) in self.recorded:
            return
        case = self.cases[index]
        if self.known is not None:
            info = self.findings.versions.get(str(target), {})
            matched = self.known(case, target, info, verdict)
            if matched is not None:
                verdict = replace(verdict, known=matched)
        self.findings.verdicts += 1
        self.writer.add_verdict(verdict)
        self.on_verdict(target, verdict)

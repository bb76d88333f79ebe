"""Faults put into answers that are otherwise right, and what became of each; alarms over answers that nobody spoilt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conformance.ask.prepare import CaseError, Prepared, canonical, plan_for, prepare, request_for
from conformance.ask.probe import Probe, ProbeError
from conformance.ask.where import expand
from conformance.faults import workers
from conformance.faults.asked import NUMPY, Asked, Fault, ask, can_ask, lowered
from conformance.faults.blind import Blindness
from conformance.faults.same import changed
from conformance.judge.compare import judge
from conformance.known import KnownTable
from conformance.ops.reference import Reference
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.suite.case import Case
from conformance.suite.choose import suite_root
from conformance.suite.values import ValuesError
from conformance.target import Target
from conformance.text.statusline import StatusLine
from conformance.verdict import Status, Verdict

# The defaults of torch.testing.assert_close, by dtype: rtol, atol (pytorch.org/docs/stable/testing.html).
FIXED = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
}


TRANSPORT = "workers"


HANG_SECONDS = 2.0


TRANSPORT_CASES = 6


NARROW_REASON = "integers of this size are exact in that arithmetic, so no bit changes; real values show it"


POLICY_REASON = (
    "{count} more are let pass where no framework defines what NaN or infinity may touch (`nonfinite` of the case)"
)


IDLE_REASON = "it changes none of these answers"


WITHIN_REASON = "within what an honest computation in that dtype may give"


@dataclass
class Tally:
    """What became of one fault: wrong answers in exact and in real values, and how many of them were caught."""

    fault: str
    group: str
    within: bool = False
    wrong: Counter[str] = field(default_factory=Counter)  # "exact" or "real"
    caught: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)  # caught by fixed tolerances
    excused: int = 0  # let pass by the case's own policy for what is not finite
    asked: int = 0  # cases in which it means something
    optional: bool = False
    missed: list[str] = field(default_factory=list)  # cases, exact ones and those that no rounding excuses

    @property
    def reason(self) -> str:
        """Why a fault that was not always caught is none to worry about, or ""."""
        if self.missed:
            return ""
        if self.excused:
            return POLICY_REASON.format(count=self.excused)
        if self.optional and not sum(self.wrong.values()):
            return IDLE_REASON
        if not self.wrong["exact"] and self.caught["real"] and not self.optional:
            return NARROW_REASON
        return WITHIN_REASON if self.caught["real"] < self.wrong["real"] else ""

    @property
    def idle(self) -> bool:
        """Whether it has changed no exact answer yet; one that only rounds need not."""
        return not self.optional and not self.wrong["exact"] and not (self.within and self.wrong["real"])

    @property
    def survives(self) -> bool:
        """Whether it was missed where it must not be, or showed nowhere at all."""
        if self.missed or sum(self.caught.values()):
            return bool(self.missed)
        return not self.optional or (bool(sum(self.wrong.values())) and not self.within and not self.excused)


@dataclass
class Alarms:
    """Answers that nobody spoilt, and how many of them raised an alarm."""

    answers: int = 0
    harness: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)


def assert_close(dtype: str, right: Reference, outcome: Outcome) -> bool:
    """Whether fixed tolerances accept an answer; NaN equals NaN, which is more than they do unless asked."""
    if not isinstance(outcome, Value) or outcome.first.values is None:
        return False
    return close(dtype, right, outcome.first)


def close(dtype: str, right: Reference, tensor: Tensor) -> bool:
    """|got - right| <= atol + rtol |right| everywhere, in the same shape and dtype."""
    rtol, atol = FIXED[dtype]
    if tensor.values is None or tensor.shape != right.value.shape or tensor.dtype != dtype:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        got = tensor.values.astype(np.float64)
        return bool(np.allclose(got, right.value, rtol=rtol, atol=atol, equal_nan=True))


def inject(fault: Fault, asked: Asked, tally: Tally, blindness: Blindness | None = None) -> None:
    """Put one fault into one case, and note what became of it."""
    if not fault.applies(asked):
        return
    tally.asked += 1
    mode = "exact" if asked.exact else "real"
    expectation = fault.expectation(asked)
    for outcome in fault.make(asked):
        if not changed(asked, outcome, fault.signs):
            continue
        tally.wrong[mode] += 1
        judged = judge(expectation, outcome)
        if judged.status is not Status.PASS:
            tally.caught[mode] += 1
            if blindness is not None:
                blindness.try_without(fault.name, asked, expectation, outcome, judged.status, judge)
        elif policy_excuses(asked, outcome):
            tally.excused += 1
        elif asked.exact or not fault.within:
            tally.missed.append(asked.case.id)
        tally.fixed[mode] += not _fixed_accepts(asked, outcome)


def policy_excuses(asked: Asked, outcome: Outcome) -> bool:
    """Whether the case leaves open which elements are finite, and the answer differs in nothing else."""
    if asked.expectation.nonfinite == "strict" or not isinstance(outcome, Value):
        return False
    pairs = [(tensor, asked.expectation.outputs[name]) for name, tensor in outcome.outputs.items()]
    pairs += [(tensor, asked.gradients[name]) for name, tensor in outcome.gradients.items()]
    for tensor, reference in pairs:
        if tensor.values is None or tensor.shape != reference.value.shape or np.iscomplexobj(tensor.values):
            return False
        got, right = tensor.values.astype(np.float64), reference.value
        if not np.array_equal(got, np.where(np.isfinite(got), right, got), equal_nan=True):
            return False
    return True


def _fixed_accepts(asked: Asked, outcome: Outcome) -> bool:
    if not isinstance(outcome, Value) or outcome.outputs.keys() != asked.honest.keys():
        return False
    for spec in asked.outputs:
        found, right = outcome.outputs[spec.name], asked.expectation.outputs[spec.name]
        dtype = spec.dtype or asked.case.dtype
        if spec.kind == "real" and dtype in FIXED:
            if not close(dtype, right, found):
                return False
        elif found.shape != right.value.shape or not np.array_equal(found.values, right.value):  # type: ignore[arg-type]
            return False
    if not outcome.gradients:
        return True
    return outcome.gradients.keys() == asked.gradients.keys() and all(
        close(asked.case.dtype, asked.gradients[name], tensor) for name, tensor in outcome.gradients.items()
    )


def prepared_cases(cases: Sequence[Case], most: int) -> Iterator[Prepared]:
    """Up to `most` cases that can show a fault, spread evenly over the suite; all of them where `most` is 0."""
    step = max(1, len(cases) // most) if most else 1
    # Every n-th case, then those after them: whoever asks on gets others, and in the end all.
    for start in range(step):
        for case in cases[start::step]:
            try:
                prepared = prepare(case)
            except (CaseError, ValuesError):
                continue  # `run` names what can't be judged
            if can_ask(prepared):
                yield prepared


def honest(prepared: Prepared, before: Asked | None) -> Asked | None:
    """The case on its way to NumPy, or None where NumPy's own answer is not right (a declared divergence)."""
    asked = ask(prepared, before)
    return asked if judge(asked.expectation, Value(dict(asked.honest))).status is Status.PASS else None


def spoil(
    cases: Sequence[Case],
    faults: Sequence[Fault],
    most: int,
    progress: StatusLine,
    blindness: Blindness | None = None,
) -> tuple[list[Tally], int, int]:
    """Every fault in the sampled cases; those that showed in no exact case are tried on further ones.

    The tallies of the faults that mean something in these cases, how many cases had every fault, and how many more were
    looked at for the rest. `blindness` is told what got through without each check.
    """
    tallies = {fault.name: Tally(fault.name, fault.group, fault.within, optional=fault.optional) for fault in faults}
    before: Asked | None = None
    used = further = 0
    for prepared in prepared_cases(cases, most):
        waiting = faults if used < most or not most else [f for f in faults if tallies[f.name].idle]
        if not waiting:
            break
        asked = honest(prepared, before)
        if asked is None:
            continue
        if blindness is not None:
            blindness.meet(asked)
        further += waiting is not faults
        used += 1
        for fault in waiting:
            inject(fault, asked, tallies[fault.name], blindness)
        before = asked
        progress.show(f"{used} cases with {len(faults)} faults each")
    return [tally for tally in tallies.values() if tally.asked], used - further, further


def spoil_workers(cases: Sequence[Case], names: Sequence[str], progress: StatusLine) -> list[Tally]:
    """Whole workers with one fault each, real processes, on a few cases of one shape and a few of others."""
    alike = _alike(cases)
    tallies = []
    # Some faults show after a few requests only.
    for name in names if len(alike) == TRANSPORT_CASES else ():
        progress.show(f"a worker with the fault: {name}")
        tally = Tally(name, TRANSPORT)
        tally.wrong["exact"] = 1
        try:
            with Probe([NUMPY], timeout=HANG_SECONDS, command=workers.command(name)) as probe:
                found = probe.judge(alike)
            noticed = any(v.status is not Status.PASS for f in found for v in f.verdicts.values())
        except ProbeError:
            noticed = True  # the run would end with "its worker failed"
        tally.caught["exact"] = int(noticed)
        if not noticed:
            tally.missed.append(alike[0].id)
        tallies.append(tally)
    return tallies


def _alike(cases: Sequence[Case]) -> list[Case]:
    """Cases that NumPy is asked, of one shape with different parameters: what a cache that looks at shapes confuses."""
    groups: dict[Any, list[Case]] = {}
    for prepared in prepared_cases(cases, 0):
        case = replace(prepared.case, checks=tuple(c for c in prepared.case.checks if c in ("shape", "dtype", "value")))
        if case.values.kind != "integers" or isinstance(lowered(case, case.op, case.op.meaning()), Unsupported):
            continue
        key = (case.dtype, *(array.shape for array in prepared.arrays.values()))
        group = groups.setdefault(key, [])
        group.append(case)
        if len(group) == TRANSPORT_CASES:
            return group
    return max(groups.values(), key=len, default=[])


def unspoilt(cases: Sequence[Case], targets: Sequence[Target], most: int, progress: StatusLine) -> Alarms:
    """The real answers of the installed frameworks: whatever raises an alarm here, and is not declared, is false."""
    alarms = Alarms()
    known = KnownTable.load([suite_root() / "known"])
    chosen: list[Prepared] = []
    for prepared in prepared_cases(cases, most):
        if most and len(chosen) >= most:
            break
        chosen.append(prepared)
    with Probe(targets) as probe:
        for target in targets:
            progress.show(f"unspoilt answers of {target}")
            info = probe.info(target)
            meant = [p for p in chosen if target in expand(p.case, targets, lambda _: True)]
            asked = [(p, plan) for p in meant if not isinstance(plan := plan_for(p.case, target), Unsupported)]
            outcomes = probe.ask(target, [request_for(p, plan, target) for p, plan in asked])
            for (prepared, plan), outcome in zip(asked, outcomes, strict=True):
                answer = canonical(prepared, plan, outcome)
                _judge_unspoilt(alarms, known, target, info, prepared, answer)
    return alarms


def _judge_unspoilt(
    alarms: Alarms, known: KnownTable, target: Target, info: Any, prepared: Prepared, outcome: Outcome
) -> None:
    expectation = prepared.expectation
    if isinstance(outcome, Value) and not outcome.gradients:
        expectation = replace(expectation, gradients={})  # this target gives none
    judged = judge(expectation, outcome)
    if judged.status is Status.UNSUPPORTED:
        return
    case = prepared.case
    verdict = Verdict(case.id, str(target), judged.status, judged.subject, judged.message, figures=judged.figures)
    if known.match(case, target, info, verdict) is not None:
        return
    alarms.answers += 1
    if judged.status is not Status.PASS:
        alarms.harness.append(f"{case.id} on {target}: {judged.status}: {judged.message}")
        return
    first = next(iter(expectation.outputs.values()))
    if first.value.dtype.kind != "f" or case.dtype not in FIXED:
        return
    if not isinstance(outcome, Raised) and not assert_close(case.dtype, first, outcome):
        alarms.fixed.append(f"{case.id} on {target}")

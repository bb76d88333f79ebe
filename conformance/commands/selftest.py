"""`conformance selftest`: proof that the harness can fail.

Every single fault of the catalogue is put into targets that are otherwise right, on cases of the suite; whatever
changes the answer must be caught. Beside it stands what a comparison with fixed tolerances (those of
`torch.testing.assert_close`) says of the same data, and how often it raises an alarm over answers that nobody spoilt.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from rich.table import Table

from conformance.ask.prepare import CaseError, Prepared, canonical, plan_for, prepare, request_for
from conformance.ask.probe import Probe, ProbeError
from conformance.ask.where import expand
from conformance.environments.installed import default_targets, missing, named_targets
from conformance.faults import workers
from conformance.faults.asked import NUMPY, Asked, Fault, ask, can_ask
from conformance.faults.catalogue import FAULTS
from conformance.judge.compare import judge
from conformance.known import KnownTable
from conformance.ops.base import Reference
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.suite.case import Case
from conformance.suite.choose import load_suites, selected, selector, suite_root
from conformance.suite.values import ValuesError
from conformance.target import Target
from conformance.text.plain import behind
from conformance.text.statusline import StatusLine
from conformance.text.terminal import Printer, columns
from conformance.usage import HARNESS, OK, UNEXPECTED, UsageError, printing
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
WIDTH = 100  # narrower than its table the report would be unreadable
NARROW_REASON = "integers of this size are exact in that arithmetic, so no bit changes; real values show it"
POLICY_REASON = (
    "{count} more are let pass where no framework defines what NaN or infinity may touch (`nonfinite` of the case)"
)
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
    missed: list[str] = field(default_factory=list)  # cases, exact ones and those that no rounding excuses

    @property
    def reason(self) -> str:
        """Why a fault that was not always caught is none to worry about, or ""."""
        if self.missed:
            return ""
        if self.excused:
            return POLICY_REASON.format(count=self.excused)
        if not self.wrong["exact"] and self.caught["real"]:
            return NARROW_REASON
        return WITHIN_REASON if self.caught["real"] < self.wrong["real"] else ""

    @property
    def idle(self) -> bool:
        """Whether it has changed no exact answer yet; one that only rounds need not."""
        return not self.wrong["exact"] and not (self.within and self.wrong["real"])

    @property
    def survives(self) -> bool:
        """Whether it was missed where it must not be, or showed nowhere at all."""
        return bool(self.missed) or not sum(self.caught.values())


@dataclass
class Alarms:
    """Answers that nobody spoilt, and how many of them raised an alarm."""

    answers: int = 0
    harness: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)


def assert_close(dtype: str, right: Reference, outcome: Outcome) -> bool:
    """Whether fixed tolerances accept an answer; NaN equals NaN, which is more than they do unless asked."""
    if not isinstance(outcome, Value) or outcome.output.values is None:
        return False
    return close(dtype, right, outcome.output)


def close(dtype: str, right: Reference, tensor: Tensor) -> bool:
    """|got - right| <= atol + rtol |right| everywhere, in the same shape and dtype."""
    rtol, atol = FIXED[dtype]
    if tensor.values is None or tensor.shape != right.value.shape or tensor.dtype != dtype:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        got = tensor.values.astype(np.float64)
        return bool(np.allclose(got, right.value, rtol=rtol, atol=atol, equal_nan=True))


def changed(asked: Asked, outcome: Outcome) -> bool:
    """Whether an outcome is not the honest answer: a refusal, another shape, dtype or bit."""
    if not isinstance(outcome, Value) or outcome.output.values is None:
        return True
    if _differs(asked.y, outcome.output, asked.case.dtype):
        return True
    if not outcome.gradients:
        return False
    right = asked.gradients
    return outcome.gradients.keys() != right.keys() or any(
        _differs(right[name].value, tensor, asked.case.dtype) for name, tensor in outcome.gradients.items()
    )


def _differs(right: Any, tensor: Tensor, dtype: str) -> bool:
    assert tensor.values is not None
    if tensor.dtype != dtype or tensor.shape != right.shape:
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        kept = right.astype(tensor.values.dtype)
    return not np.array_equal(tensor.values, kept, equal_nan=True)


def inject(fault: Fault, asked: Asked, tally: Tally) -> None:
    """Put one fault into one case, and note what became of it."""
    mode = "exact" if asked.exact else "real"
    for outcome in fault.make(asked):
        if not changed(asked, outcome):
            continue
        tally.wrong[mode] += 1
        expectation = asked.with_gradients if fault.group == "gradients" else asked.expectation
        if judge(expectation, outcome).status is not Status.PASS:
            tally.caught[mode] += 1
        elif policy_excuses(asked, outcome):
            tally.excused += 1
        elif asked.exact or not fault.within:
            tally.missed.append(asked.case.id)
        tally.fixed[mode] += not _fixed_accepts(asked, outcome)


def policy_excuses(asked: Asked, outcome: Outcome) -> bool:
    """Whether the case leaves open which elements are finite, and the answer differs in nothing else."""
    if asked.expectation.nonfinite == "strict" or not isinstance(outcome, Value):
        return False
    pairs = [(outcome.output, asked.right)]
    pairs += [(tensor, asked.gradients[name]) for name, tensor in outcome.gradients.items()]
    for tensor, reference in pairs:
        if tensor.values is None or tensor.shape != reference.value.shape:
            return False
        got, right = tensor.values.astype(np.float64), reference.value
        if not np.array_equal(got, np.where(np.isfinite(got), right, got), equal_nan=True):
            return False
    return True


def _fixed_accepts(asked: Asked, outcome: Outcome) -> bool:
    if not assert_close(asked.case.dtype, asked.right, outcome):
        return False
    assert isinstance(outcome, Value)
    if not outcome.gradients:
        return True
    return outcome.gradients.keys() == asked.gradients.keys() and all(
        close(asked.case.dtype, asked.gradients[name], tensor) for name, tensor in outcome.gradients.items()
    )


# --- which cases ----------------------------------------------------------------------------------------------------


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
    return asked if judge(asked.expectation, asked.answer(asked.y)).status is Status.PASS else None


def spoil(
    cases: Sequence[Case], faults: Sequence[Fault], most: int, progress: StatusLine
) -> tuple[list[Tally], int, int]:
    """Every fault in the sampled cases; those that showed in no exact case are tried on further ones.

    The tallies, how many cases had every fault, and how many more were looked at for the rest.
    """
    tallies = {fault.name: Tally(fault.name, fault.group, fault.within) for fault in faults}
    before: Asked | None = None
    used = further = 0
    for prepared in prepared_cases(cases, most):
        waiting = faults if used < most or not most else [f for f in faults if tallies[f.name].idle]
        if not waiting:
            break
        asked = honest(prepared, before)
        if asked is None:
            continue
        further += waiting is not faults
        used += 1
        for fault in waiting:
            inject(fault, asked, tallies[fault.name])
        before = asked
        progress.show(f"{used} cases with {len(faults)} faults each")
    return list(tallies.values()), used - further, further


# --- workers with a fault -------------------------------------------------------------------------------------------


def spoil_workers(cases: Sequence[Case], names: Sequence[str], progress: StatusLine) -> list[Tally]:
    """Whole workers with one fault each, real processes, on a few cases of one shape and a few of others."""
    target = NUMPY
    alike = _alike(cases)
    tallies = []
    for name in names:
        progress.show(f"a worker with the fault: {name}")
        tally = Tally(name, TRANSPORT)
        tally.wrong["exact"] = 1
        try:
            with Probe([target], timeout=HANG_SECONDS, command=workers.command(name)) as probe:
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
    """Cases of one shape with different parameters: what a cache that looks at shapes confuses."""
    groups: dict[Any, list[Case]] = {}
    for prepared in prepared_cases(cases, 0):
        if prepared.case.values.kind != "integers" or set(prepared.case.checks) - {"shape", "dtype", "value"}:
            continue
        key = (prepared.case.dtype, *(array.shape for array in prepared.arrays.values()))
        group = groups.setdefault(key, [])
        group.append(prepared.case)
        if len(group) == TRANSPORT_CASES:
            return group
    return max(groups.values(), key=len, default=[])


# --- answers that nobody spoilt -------------------------------------------------------------------------------------


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
            asked = [(p, plan) for p in meant if not isinstance(plan := plan_for(p, target), Unsupported)]
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
    assert expectation.output is not None
    if not isinstance(outcome, Raised) and not assert_close(case.dtype, expectation.output, outcome):
        alarms.fixed.append(f"{case.id} on {target}")


# --- what is said of it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a self-test found."""

    tallies: Sequence[Tally]
    cases: int  # into which every fault was put
    further: int  # looked at for faults that those do not show
    alarms: Alarms
    targets: Sequence[str]

    @property
    def survivors(self) -> list[Tally]:
        """Faults that were missed where they must not be."""
        return [tally for tally in self.tallies if tally.survives]

    @property
    def ok(self) -> bool:
        """Nothing survived and nothing raised a false alarm."""
        return not self.survivors and not self.alarms.harness

    def totals(self, mode: str) -> tuple[int, int, int]:
        """Wrong answers in exact or real values, how many were caught, and how many fixed tolerances catch."""
        spoilt = [tally for tally in self.tallies if tally.group != TRANSPORT]
        wrong = sum(tally.wrong[mode] for tally in spoilt)
        return wrong, sum(t.caught[mode] for t in spoilt), sum(t.fixed[mode] for t in spoilt)

    def document(self) -> dict[str, Any]:
        """Everything, for tools."""
        return {
            "faults": [
                {
                    "name": t.fault,
                    "group": t.group,
                    "wrong": dict(t.wrong),
                    "caught": dict(t.caught),
                    "caught_by_fixed_tolerances": dict(t.fixed),
                    "excused": t.excused,
                    "missed": t.missed,
                    "survives": t.survives,
                    "reason": t.reason,
                }
                for t in self.tallies
            ],
            "cases": self.cases,
            "further_cases": self.further,
            "targets": list(self.targets),
            "unspoilt_answers": self.alarms.answers,
            "false_alarms": self.alarms.harness,
            "false_alarms_of_fixed_tolerances": self.alarms.fixed,
            "ok": self.ok,
        }


def share(part: int, whole: int) -> str:
    """`12,345 (99.1 %)`."""
    return f"{part:,} ({part / whole:.1%})".replace("%)", " %)") if whole else "-"


HEADINGS = ("what is spoilt", "faults", "caught", "wrong answers", "caught", "by fixed tolerances")


def rows(result: Result) -> list[tuple[str, ...]]:
    """One a group of faults, under `HEADINGS`."""
    groups: dict[str, list[Tally]] = {}
    for tally in result.tallies:
        groups.setdefault(tally.group, []).append(tally)
    table: list[tuple[str, ...]] = []
    for group, tallies in groups.items():
        wrong = sum(sum(t.wrong.values()) for t in tallies)
        caught = sum(sum(t.caught.values()) for t in tallies)
        fixed = share(sum(sum(t.fixed.values()) for t in tallies), wrong) if group != TRANSPORT else "-"
        alive = sum(not t.survives for t in tallies)
        table.append((group, str(len(tallies)), str(alive), f"{wrong:,}", share(caught, wrong), fixed))
    return table


def sentences(result: Result) -> list[str]:
    """The figures in words."""
    said = []
    for mode, word in (("exact", "values whose sums are exact"), ("real", "real values")):
        wrong, caught, fixed = result.totals(mode)
        if wrong:
            said.append(
                f"{word}: {wrong:,} wrong answers, {share(caught, wrong)} caught; "
                f"fixed tolerances catch {share(fixed, wrong)}"
            )
    alarms = result.alarms
    said.append(
        f"unspoilt: {alarms.answers:,} answers of {', '.join(result.targets)}: {len(alarms.harness)} false alarms; "
        f"fixed tolerances raise {len(alarms.fixed)}"
    )
    return said


def notes(result: Result) -> list[str]:
    """The faults that were not always caught, with the reason, and the survivors."""
    said = []
    for tally in result.tallies:
        if tally.survives:
            where = (
                f"missed in {len(tally.missed)} cases, such as {tally.missed[0]}" if tally.missed else "never showed"
            )
            said.append(f"SURVIVES: {tally.fault}: {where}")
    for tally in result.tallies:
        if not tally.survives and tally.reason:
            mode = "exact" if tally.excused else "real"
            counts = f"caught {tally.caught[mode]:,} of {tally.wrong[mode]:,} in {mode} values"
            said.append(f"{tally.fault}: {counts}; {tally.reason}")
    said += [f"FALSE ALARM: {alarm}" for alarm in result.alarms.harness]
    return said


def render(result: Result) -> None:
    """The report on the terminal."""
    console = Printer(file=behind(sys.stdout), width=columns(80), highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows(result):
        table.add_row(*row)
    console.print(table)
    console.print()
    for line in sentences(result):
        console.print(line, soft_wrap=True)
    for line in notes(result):
        console.print(f"  {line}", soft_wrap=True)
    console.print(f"{verdict(result)}", soft_wrap=True)


def verdict(result: Result) -> str:
    """The last line."""
    count = len(result.tallies)
    if result.ok:
        more = f" (and, where those can't show it, {result.further:,} more)" if result.further else ""
        return f"{count} faults in {result.cases:,} cases{more}: all caught, no false alarm"
    return f"{count} faults: {len(result.survivors)} survive; {len(result.alarms.harness)} false alarms"


def markdown(result: Result) -> str:
    """The report as Markdown."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(result)]
    lines += ["", *(f"- {line}" for line in sentences(result)), *(f"- {line}" for line in notes(result))]
    return "\n".join([*lines, "", verdict(result), ""])


def _targets(text: str) -> list[Target]:
    asked = named_targets(text, "--on")
    for target in asked:
        if missing(target):
            raise UsageError(f"--on: {target} is not installed: there is no module {missing(target)!r}")
    return asked or default_targets()[0]


def selftest_command(options: argparse.Namespace) -> int:
    """Inject every fault, say what became of it."""
    faults = [f for f in FAULTS if not options.fault or any(part in f.name for part in options.fault)]
    transport = [n for n in workers.FAULTS if not options.fault or any(part in n for part in options.fault)]
    if not faults and not transport:
        raise UsageError(f"no fault has {' or '.join(map(repr, options.fault))} in its name")
    targets = _targets(options.on)
    chosen = selector(options)
    cases = [c for c in selected(load_suites(options.paths), chosen) if c.op in ("conv", "conv_transpose")]
    if not cases:
        raise UsageError("the selection has no case of conv or conv_transpose, into which faults are put")
    progress = StatusLine()
    tallies, used, further = spoil(cases, faults, options.sample, progress) if faults else ([], 0, 0)
    if not used and faults:
        raise UsageError("none of the selected cases can be put to NumPy, into whose answers the faults go")
    tallies += spoil_workers(cases, transport, progress)
    try:
        alarms = unspoilt(cases, targets, options.sample, progress)
    except ProbeError as error:
        progress.end()
        print(f"conformance: {error}", file=sys.stderr)
        return HARNESS
    progress.end()
    result = Result(tallies, used, further, alarms, [str(target) for target in targets])
    try:
        if options.json:
            options.json.write_text(json.dumps(result.document(), indent=2) + "\n", encoding="utf-8")
        if options.markdown:
            options.markdown.write_text(markdown(result), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from None
    with printing():
        render(result)
    return OK if result.ok else UNEXPECTED

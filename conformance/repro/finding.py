"""What a script is about: one case on one target, its verdict, and what is right."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from conformance.ask.probe import Probe, ProbeError
from conformance.ask.where import not_asked, with_anchor
from conformance.executor import Request
from conformance.layout import LayoutError, to_layout
from conformance.outcome import GRADIENT, Outcome, Unsupported
from conformance.plan import Plan
from conformance.record import Reader, RecordError
from conformance.suite.case import Case
from conformance.suite.lookup import find_case
from conformance.suite.values import ValuesError
from conformance.target import Target
from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError
from conformance.verdict import Status, Verdict


@dataclass(frozen=True)
class Finding:
    """A case on a target with its verdict. `info` is what the target's worker said of itself, where it was asked."""

    prepared: Prepared
    target: Target
    verdict: Verdict
    plan: Plan
    request: Request
    info: Mapping[str, Any]
    anchor: str = ""  # the target whose answer is expected, for a case held `against` one

    @property
    def case(self) -> Case:
        """The case."""
        return self.prepared.case

    @property
    def dtype(self) -> str:
        """The case's dtype."""
        return self.prepared.case.dtype

    @property
    def output(self) -> str:
        """The output that the verdict is about; the first where it is about none in particular."""
        subject = self.verdict.subject
        return subject if subject in self.plan.outputs else self.plan.outputs[0]

    @property
    def axes(self) -> str:
        """That output's canonical letters."""
        return self.prepared.output_axes[self.output]

    @property
    def right_dtype(self) -> str:
        """The dtype that output should have; an index is of any integer dtype."""
        spec = self.prepared.expectation.specs.get(self.output)
        if spec is None or spec.kind == "real" or spec.dtype:
            return (spec.dtype if spec else "") or self.dtype
        wide = "complex64" if self.dtype == "float32" else "complex128"
        return {"boolean": "bool", "complex": wide}.get(spec.kind, "")

    @property
    def native_shape(self) -> tuple[int, ...] | None:
        """The shape of that output in the plan's layout, if it is right; None where there is none."""
        reference = self.prepared.expectation.outputs.get(self.output)
        return None if reference is None else tuple(in_layout(reference.value, self.axes, self, self.output).shape)

    @property
    def gradient(self) -> bool:
        """Whether the divergence is one of the gradients, or may be."""
        if not self.request.gradient:
            return False
        subject, status = self.verdict.subject, self.verdict.status
        unsaid = status is Status.RAISED and not subject  # of several outputs the error names none
        return subject.startswith("gradient") or status in (Status.CRASHED, Status.TIMEOUT) or unsaid

    @property
    def input(self) -> str:
        """The input whose gradient diverges, or "" where it is an output or no particular one."""
        return self.verdict.subject.removeprefix(GRADIENT) if GRADIENT in self.verdict.subject else ""


def note(message: str) -> None:
    """A word to the person, beside the script."""
    print(f"conformance: {message}", file=sys.stderr)


def recorded(
    text: str, target: str, record: Path | None, paths: Sequence[Path], trust: Sequence[Path] = ()
) -> tuple[Case, Verdict | None, Any]:
    """The case, its recorded verdict on the target (None where it has to be run), and what the worker said of itself.

    A record that is named must have the case and the target; without one, the newest in reports/ that has both will do.
    """
    if record is None:
        case = find_case(text, paths, trust)
        there = (path for path in Path("reports").glob("*.db") if path.is_file())  # no link that leads nowhere
        records = sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)
        for path in records:
            try:
                found = _from_record(path, case, target)
            except RecordError:
                continue  # of another version, or of other cases: it is one of many that nobody named
            if found is not None:
                return (case, *found)
        return case, None, {}
    try:
        with Reader(record, complete=False) as reader:
            id = reader.case(text).id
            case = find_case(id, paths, trust)
            names = [row.verdict.target for row in reader.verdicts(case=id)]
    except RecordError as error:
        raise UsageError(str(error)) from None
    if target not in names:
        hint = did_you_mean(target, names)
        raise UsageError(
            f"{record} has no verdict on {target!r} of {id}; it has one on: {', '.join(names) or 'none'}{hint}"
        )
    try:
        found = _from_record(record, case, target)
    except RecordError as error:
        raise UsageError(str(error)) from None
    return (case, *(found or (None, {})))


def _from_record(path: Path, case: Case, target: str) -> tuple[Verdict, Any] | None:
    """A record's verdict; None where the case, or what its plan is, has changed since, which is said."""
    with Reader(path, complete=False) as reader:
        old = reader.case(case.id)
        rows = list(reader.verdicts(case=case.id, target=target)) if old.id == case.id else []
        if not rows:
            return None
        if old.fingerprint != case.fingerprint:
            note(
                f"{case.id} has changed since {path} (its fingerprint was {old.fingerprint} and is now "
                f"{case.fingerprint}), so that verdict is not used"
            )
            return None
        return rows[0].verdict, reader.targets.get(target, {})


def find(
    text: str,
    target: Target,
    record: Path | None = None,
    paths: Sequence[Path] = (),
    trust: Sequence[Path] = (),
) -> Finding:
    """The finding behind a command line; UsageError where there is nothing to reproduce."""
    case, verdict, info = recorded(text, str(target), record, paths, trust)
    return finding(case, target, verdict, info)


def from_record(prepared: Prepared, target: Target, verdict: Verdict, info: Mapping[str, Any]) -> Finding | None:
    """The finding for a recorded divergence, with nothing run; None where something would have to be."""
    if prepared.anchor is not None or not verdict.divergent:
        return None
    plan = plan_for(prepared.case, target)
    if isinstance(plan, Unsupported) or verdict.plan != plan.render():
        return None
    return Finding(prepared, target, verdict, plan, request_for(prepared, plan, target), info)


def finding(case: Case, target: Target, verdict: Verdict | None, info: Mapping[str, Any]) -> Finding:
    """The finding for a verdict; without one the case is run now."""
    try:
        prepared = prepare(case)
    except (CaseError, ValuesError) as error:
        raise UsageError(f"{case.source}: {error}") from None
    plan = _planned(prepared, target)
    if verdict is not None and verdict.plan and verdict.plan != plan.render():
        note(f"{target} is asked in other words than when {case.id} was recorded, so it is run again")
        verdict = None
    anchor = prepared.anchor
    asked = with_anchor(case, [target])
    if anchor is not None and anchor not in asked:
        raise UsageError(f"{case.id} is held against {anchor}, which can't be asked here: {not_asked(anchor)}")
    if verdict is None or (anchor and verdict.status is not Status.UNSUPPORTED):
        try:
            with Probe(asked) as probe:
                if verdict is None:
                    verdict, info = _judged(probe, case, target)
                if anchor is not None:
                    settle(prepared, anchor, _answer(probe, prepared, anchor))
        except ProbeError as error:
            raise UsageError(f"{error}; a record that has its verdict would do (--record)") from None
        except CaseError as error:
            raise UsageError(f"{case.source}: {error}") from None
    if verdict.status is Status.UNSUPPORTED:
        raise UsageError(f"{case.id} is unsupported on {target}, so there is nothing to reproduce: {verdict.message}")
    if not verdict.divergent:
        note(f"{case.id} passes on {target}: there is no divergence, and the script exits 0")
    return Finding(
        prepared,
        target,
        replace(verdict, case=case.id),
        plan,
        request_for(prepared, plan, target),
        info,
        str(anchor) if anchor else "",
    )


def beside(found: Finding, target: Target) -> Finding:
    """The same case on another target, for a script across both."""
    if target == found.target:
        raise UsageError(f"--across: {target} is the target that --on names, expected another one")
    plan = _planned(found.prepared, target)
    if found.gradient and gradient_reason(target):
        raise UsageError(f"--across: the divergence is in a gradient, and {gradient_reason(target)}")
    return replace(found, target=target, plan=plan, request=request_for(found.prepared, plan, target), info={})


def _planned(prepared: Prepared, target: Target) -> Plan:
    plan = plan_for(prepared.case, target)
    if isinstance(plan, Unsupported):
        raise UsageError(
            f"{prepared.case.id} is unsupported on {target}, so there is nothing to reproduce: {plan.reason}"
        )
    return plan


def _judged(probe: Probe, case: Case, target: Target) -> tuple[Verdict, Mapping[str, Any]]:
    found = probe.judge([case])[0]
    if found.error:
        raise UsageError(f"{case.source}: {found.error}")
    return found.verdicts[target], probe.info(target)


def _answer(probe: Probe, prepared: Prepared, anchor: Target) -> Outcome:
    plan = _planned(prepared, anchor)
    return canonical(prepared, plan, probe.ask(anchor, [request_for(prepared, plan, anchor)])[0])


def in_layout(array: Any, axes: str, found: Finding, name: str) -> Any:
    """An array of canonical letters in the plan's layout of `name`; UsageError where that layout can't hold it."""
    try:
        return to_layout(array, axes, found.plan.layout(name), name, found.prepared.marks(name))
    except LayoutError as error:
        raise UsageError(f"what is expected has no form in the plan's layout: {error}") from None

"""One point of somebody else's test data, and whether an op's reference agrees with it.

A reader makes of a call (a node and its tensors, a sample and its arguments) the op's parameters, the inputs and the
outputs, by the names of the op's tensors and in that framework's layouts, which are those of its words. The outputs are
then judged as an answer is. What a reader can't say is `NotExpressible`, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conformance.ask.prepare import CaseError, prepare
from conformance.dtypes import DTYPES
from conformance.frameworks import Ask, lower
from conformance.judge.compare import Judgement, judge
from conformance.layout import from_layout
from conformance.ops.base import ParamError, TensorSpec
from conformance.outcome import Tensor, Unsupported, Value
from conformance.plan import Plan
from conformance.suite.case import Values
from conformance.suite.values import ValuesError
from conformance.target import parse_target
from conformance.verdict import Status
from tests.strategies import a_case

AnyArray = np.ndarray[Any, Any]


class NotExpressible(Exception):
    """Why no op of ours says this."""


@dataclass(frozen=True)
class Point:
    """A call that was read, and what its author says that comes out."""

    name: str
    op: str
    params: Mapping[str, Any]
    inputs: Mapping[str, AnyArray]
    outputs: Mapping[str, AnyArray]
    framework: str
    options: str = ""  # of the target in whose layouts the tensors are
    dtype: str = "float32"
    # Where the words can't ask it in this form: tensor -> layout.
    layouts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Tally:
    """What came of an op's points."""

    agree: int = 0
    disagree: list[tuple[str, str]] = field(default_factory=list)
    outside: Counter[str] = field(default_factory=Counter)


def held(point: Point) -> Judgement:
    """The outputs of a point as an answer to our question."""
    try:
        case = a_case(point.op, point.dtype, **point.params)
    except (ParamError, ValueError, AssertionError) as error:
        raise NotExpressible(f"{type(error).__name__}: {error}") from None
    if (refused := case.op.refusal()) is not None:
        raise NotExpressible(f"refused: {refused}")
    plan = lower(Ask(case.op, case.op.meaning(), point.dtype, parse_target(point.framework + point.options)))
    if isinstance(plan, Unsupported):
        raise NotExpressible(plan.reason)
    inputs = {spec.name: _canonical(spec, point.inputs, plan) for spec in case.op.inputs()}
    arrays = tuple((name, array.tolist()) for name, array in inputs.items())
    try:
        prepared = prepare(replace(case, values=Values("literal", arrays=arrays)))
    except (CaseError, ValuesError) as error:
        raise NotExpressible(str(error)) from None
    answers = {}
    for spec in case.op.outputs():
        if spec.name in point.outputs:
            array = _canonical(spec, point.outputs, plan)
            answers[spec.name] = Tensor(array.dtype.name, array.shape, array)
    # What the author does not say of an op's outputs is not judged.
    expectation = prepared.expectation
    asked = {name: made for name, made in expectation.outputs.items() if name in answers}
    return judge(replace(expectation, outputs=asked), Value(answers))


def _canonical(spec: TensorSpec, arrays: Mapping[str, AnyArray], plan: Plan) -> AnyArray:
    if spec.name not in arrays:
        raise NotExpressible(f"it gives no {spec.name}")
    if spec.kind == "real" and not spec.dtype and arrays[spec.name].dtype.name not in DTYPES:
        raise NotExpressible(f"of {arrays[spec.name].dtype}")
    return from_layout(
        np.asarray(arrays[spec.name]), spec.axes, plan.layout(spec.name), spec.sizes, spec.name, spec.marks
    )


def tally(points: Iterable[Point | tuple[str, str, str]], rough: float = 1e-3) -> dict[str, Tally]:
    """What comes of the points, an op at a time; a tuple is (op, name, why it is outside).

    `rough`: others compute in float32, step by step; an answer that the allowance does not cover, and that is nearer
    than this, relatively, agrees.
    """
    found: dict[str, Tally] = {}
    for point in points:
        if isinstance(point, tuple):
            found.setdefault(point[0], Tally()).outside[point[2]] += 1
            continue
        mine = found.setdefault(point.op, Tally())
        try:
            judged = held(point)
        except NotExpressible as reason:
            mine.outside[str(reason)] += 1
            continue
        near = judged.figures is not None and judged.figures.needed < rough
        if judged.status is Status.PASS or (judged.status in (Status.VALUE, Status.PRECISION) and near):
            mine.agree += 1
        else:
            mine.disagree.append((point.name, f"{judged.status.value}: {judged.subject}: {judged.message}"))
    return found


def listed(source: str, tallies: Mapping[str, Tally]) -> Sequence[str]:
    """A line an op, and one for each point that disagrees."""
    lines = []
    for op, one in sorted(tallies.items()):
        outside = "; ".join(f"{count} {reason}" for reason, count in one.outside.most_common())
        text = f"{source} {op}: {one.agree} agree, {len(one.disagree)} disagree, {sum(one.outside.values())} outside"
        lines += [text + (f" ({outside})" if outside else "")]
        lines += [f"  {name}: {why}" for name, why in one.disagree]
    return lines

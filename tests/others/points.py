"""One point of somebody else's test data, and whether an op's reference agrees with it.

A reader makes of a call (a node and its tensors, a sample and its arguments) a `Read`: the op, its parameters, its
inputs, and which of the answers are its outputs; in the layouts of that framework's words, or the op's own. The outputs
are then judged as an answer is. What a reader can't say is `NotExpressible`, with the reason, and is counted by it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conformance.ask.prepare import CaseError, prepare
from conformance.dtypes import DTYPES
from conformance.frameworks import Ask, lower
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.layout import Layout, LayoutError, from_layout
from conformance.ops import OPS
from conformance.ops.base import ParamError, TensorSpec
from conformance.outcome import Tensor, Unsupported, Value
from conformance.plan import Plan
from conformance.suite.case import Case, Values
from conformance.suite.values import ValuesError
from conformance.target import parse_target
from conformance.verdict import Status
from tests.strategies import a_case, parameters

AnyArray = np.ndarray[Any, Any]
Answers = Sequence[AnyArray]

# Others compute in their format, step by step. An answer beyond the allowance that is off by less than this,
# relatively, is told apart from one that means something else; it is counted by itself.
ROUGH = {"float64": 1e-9, "float32": 1e-3, "float16": 0.05, "bfloat16": 0.2}
_NUMBERS = re.compile(r"[\[(]*-?\d[-+\d.,e ()\[\]]*")


class NotExpressible(Exception):
    """Why no op of ours says this."""


def unless(condition: object, why: str) -> None:
    """NotExpressible where the condition holds."""
    if condition:
        raise NotExpressible(why)


def named(*names: str, turn: Callable[[AnyArray], AnyArray] = lambda a: a) -> Callable[[Answers], dict[str, AnyArray]]:
    """The answers as outputs of these names, each of them turned."""
    return lambda answers: {name: turn(answer) for name, answer in zip(names, answers, strict=False)}


_Y = named("y")


@dataclass(frozen=True)
class Read:
    """A call as an op of ours: its parameters, its inputs, and how its outputs are made of what was answered."""

    op: str
    params: Mapping[str, Any]
    inputs: Mapping[str, AnyArray]
    outputs: Callable[[Answers], Mapping[str, AnyArray]] = _Y


@dataclass(frozen=True)
class Point:
    """A call that was read, and what its author says that comes out: answers, or a refusal, by its message."""

    name: str
    read: Read
    answers: Answers
    framework: str
    dtype: str = "float32"
    refused: str = ""


# A point, or what can't be said: whose it is (an op, or a function), its name, and why.
Found = Iterator[Point | tuple[str, str, str]]


@dataclass
class Tally:
    """What came of an op's points."""

    agree: int = 0
    narrow: int = 0  # right, in sums of a narrower format: the meaning is the same
    refused: int = 0  # by both
    near: list[tuple[str, str]] = field(default_factory=list)
    disagree: list[tuple[str, str]] = field(default_factory=list)
    accepted: list[tuple[str, str]] = field(default_factory=list)  # by our definition alone
    outside: Counter[str] = field(default_factory=Counter)

    def put(self, point: Point) -> None:
        """Count a point."""
        try:
            if point.refused:
                self._refuse(point)
                return
            judged = held(point)
        except NotExpressible as reason:
            self.outside[_alike(str(reason))] += 1
            return
        except Exception as error:
            self.disagree.append((point.name, f"no judgement: {type(error).__name__}: {error}"))
            return
        text = (point.name, f"{judged.status.value}: {judged.subject}: {judged.message}")
        near = judged.figures is not None and judged.figures.needed < ROUGH[point.dtype]
        if judged.status is Status.PASS:
            self.agree += 1
        elif judged.status is Status.PRECISION:
            self.narrow += 1
        elif judged.status is Status.VALUE and near:
            self.near.append(text)
        else:
            self.disagree.append(text)

    def _refuse(self, point: Point) -> None:
        try:
            asked(point)
        except Refused:
            self.refused += 1
        else:
            self.accepted.append((point.name, point.refused))


class Refused(NotExpressible):
    """Our op rejects it."""


def asked(point: Point) -> tuple[Case, Plan | None]:
    """The question that a point is, with its inputs, and the framework's plan for it where there is one."""
    read = point.read
    unknown = set(read.params) - set(OPS[read.op].fields())
    assert not unknown, f"{read.op} has no {unknown}"
    try:
        case = replace(a_case("relu", point.dtype), op=parameters(read.op, **read.params))
    except (ParamError, ValueError) as error:
        raise Refused(str(error)) from None
    if (refused := case.op.refusal()) is not None:
        raise Refused(f"refused: {refused}")
    plan = lower(Ask(case.op, case.op.meaning(), point.dtype, parse_target(point.framework)))
    known = None if isinstance(plan, Unsupported) else plan
    arrays = []
    specs = case.op.inputs()
    real = {read.inputs[s.name].dtype.name for s in specs if s.kind == "real" and not s.dtype and s.name in read.inputs}
    unless(len(real) > 1, f"of {' and '.join(sorted(real))}")
    for spec in specs:
        unless(spec.name not in read.inputs, f"it gives no {spec.name}")
        try:
            array = _canonical(spec, read.inputs[spec.name], known)
        except LayoutError as error:
            raise Refused(str(error)) from None
        if array.shape != spec.shape:
            raise Refused(f"{spec.name} is {array.shape}, expected {spec.shape}")
        arrays.append((spec.name, array.tolist()))
    return replace(case, values=Values("literal", arrays=tuple(arrays)), permits=_PERMITS), known


_PERMITS = frozenset(("empty", "zeros", "nonfinite"))


def held(point: Point) -> Judgement:
    """The outputs of a point as an answer to our question."""
    case, plan = asked(point)
    try:
        expectation = prepare(case).expectation
    except (CaseError, ValuesError) as error:
        raise Refused(str(error)) from None
    given = point.read.outputs(point.answers)
    answers = {}
    for spec in case.op.outputs():
        if spec.name in given:
            name = given[spec.name].dtype.name
            unless(spec.kind == "real" and not spec.dtype and name not in DTYPES, f"of {name}")
            try:
                array = _canonical(spec, given[spec.name], plan)
            except LayoutError:
                array = given[spec.name]  # of other rank: its shape is judged
            answers[spec.name] = Tensor(name, array.shape, array)
    return judge(_of(expectation, answers), Value(answers))


def _of(expectation: Expectation, answers: Mapping[str, Tensor]) -> Expectation:
    """What the author does not say of an op's outputs is not judged."""
    outputs = {name: made for name, made in expectation.outputs.items() if name in answers}
    relations = tuple(r for r in expectation.relations if set(r.outputs) <= set(answers))
    return replace(expectation, outputs=outputs, relations=relations)


def _canonical(spec: TensorSpec, array: AnyArray, plan: Plan | None) -> AnyArray:
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":  # NumPy's own functions know none
        array = array.astype(np.float32)
    layout = plan.layout(spec.name) if plan is not None else Layout(tuple(spec.axes))
    return from_layout(array, spec.axes, layout, spec.sizes, spec.name, spec.marks)


def _alike(reason: str) -> str:
    """A reason without its numbers, so that it counts as the same as others."""
    return _NUMBERS.sub("# ", reason).strip()


def tally(points: Iterable[Point | tuple[str, str, str]]) -> dict[str, Tally]:
    """What comes of the points, an op at a time."""
    found: dict[str, Tally] = {}
    for point in points:
        if isinstance(point, tuple):
            found.setdefault(point[0], Tally()).outside[_alike(point[2])] += 1
        else:
            found.setdefault(point.read.op, Tally()).put(point)
    return found


def listed(source: str, tallies: Mapping[str, Tally], known: Mapping[str, str]) -> Iterator[str]:
    """A line an op, and one for each point that disagrees, or is refused by its author alone, unless it is known."""
    for op, one in sorted(tallies.items()):
        counts = {
            "agree": one.agree,
            "in narrower sums": one.narrow,
            "near": len(one.near),
            "disagree": len(one.disagree),
            "refused by both": one.refused,
            "refused by them alone": len(one.accepted),
            "outside": sum(one.outside.values()),
        }
        said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        outside = "; ".join(f"{count} {reason}" for reason, count in one.outside.most_common())
        yield f"{source} {op}: {said}" + (f" ({outside})" if outside else "")
        for what, several in (("", one.disagree), ("near: ", one.near), ("refused by them alone: ", one.accepted)):
            for name, why in several:
                yield f"  {what}{name}: {why}" + (f" [{reason}]" if (reason := because(known, name)) else "")


def because(known: Mapping[str, str], name: str) -> str:
    """The reason that is known for what came of a point, or ""."""
    return next((why for pattern, why in known.items() if re.fullmatch(pattern, name)), "")


def unexplained(tallies: Mapping[str, Tally], known: Mapping[str, str]) -> int:
    """How many points disagree, or are refused by their author alone, for no reason that is known."""
    every = (name for one in tallies.values() for name, _ in (*one.disagree, *one.accepted))
    return sum(not because(known, name) for name in every)

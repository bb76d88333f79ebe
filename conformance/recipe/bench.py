"""Where recipes are tried out: workers that stay alive, data, and answers that are remembered.

Data depends on the meaning of a call alone, not on its words, so that a framework is asked the same question once,
however many recipes need its answer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from conformance.ask.prepare import Prepared, canonical, prepare, request_for
from conformance.ask.probe import Probe, ProbeError
from conformance.dtypes import encode, rounded
from conformance.environments.installed import missing
from conformance.exact.trilinear import Geometry
from conformance.executor import Answer, Encoded, Request
from conformance.judge.compare import Judgement, judge
from conformance.layout import Layout, from_layout, to_layout
from conformance.ops.base import Op
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Outcome, Value
from conformance.plan import Plan
from conformance.recipe.call import Call
from conformance.suite.case import Case, Source, Values
from conformance.target import Target, parse_target

# Where a framework is asked, in this order, until it answers: a backend or a build may lack a kernel that others have.
PLACES: Mapping[str, tuple[str, ...]] = {
    "torch": ("torch",),
    "jax": ("jax",),
    "tensorflow": ("tensorflow", "tensorflow+onednn=1", "tensorflow:xla"),
    "keras": ("keras/tensorflow", "keras/torch", "keras/jax"),
    "onnx": ("onnx",),
}
# Whom a call is translated for where nobody says.
USUAL = ("torch", "jax", "tensorflow", "keras")
KINDS = ("integers", "normal")


def places(name: str) -> tuple[Target, ...]:
    """Where a framework's name, or one target alone, is asked. Raises TargetError."""
    return tuple(parse_target(text) for text in PLACES.get(name, (name,)))


@dataclass(frozen=True)
class Statements:
    """What is run: a plan's text, which inputs it has (name -> x, w or b), and the layouts of x, w, b and y."""

    text: str
    inputs: tuple[tuple[str, str], ...]
    layouts: tuple[tuple[str, str], ...]

    @property
    def plan(self) -> Plan:
        """As a plan, by whose layouts an answer is brought into the op's own."""
        return Plan(self.text, self.layouts)


# A plan is run as it is, with the op's own names.
Question = tuple[Target, Statements | Plan, Prepared]


class Needed(Exception):
    """An answer that is not there yet, while questions are only collected."""


class _Probe(Probe):
    """A probe whose targets are all asked at the same time."""

    def ask_all(self, asked: Sequence[tuple[Target, Request]]) -> list[Outcome | ProbeError]:
        """What each target answers to its requests, in their order."""
        self._start()
        answers: dict[int, Outcome | ProbeError] = {}
        waiting: dict[Target, deque[int]] = {}
        for number, (target, _) in enumerate(asked):
            waiting.setdefault(target, deque()).append(number)
        while len(answers) < len(asked):
            for target, numbers in waiting.items():
                while numbers and self._executor.room(target):
                    number = numbers.popleft()
                    self._executor.submit(target, -1 - number, asked[number][1])
            for event in self._executor.poll(0.2):
                if isinstance(event, Answer) and event.key < 0:
                    answers[-1 - event.key] = event.outcome
                else:
                    self._run.take(event)
            for number, (target, _) in enumerate(asked):
                if target in self._run.gone and number not in answers:
                    answers[number] = ProbeError(f"{target} can't run here: {self._run.gone[target][0]}")
        return [answers[number] for number in range(len(asked))]


class Bench:
    """Workers, started when first needed, and what they have answered. For one thread."""

    def __init__(self, *, timeout: float = 120.0) -> None:
        self._timeout = timeout
        self._probes: dict[Target, _Probe] = {}
        self._data: dict[tuple[Op, str, str, bool], Prepared] = {}
        self._outcomes: dict[tuple[Target, Statements | Plan, str], Outcome | ProbeError] = {}
        # While this is a dict, questions without an answer are put here instead of being asked.
        self._collected: dict[tuple[Target, Statements | Plan, str], Question] | None = None
        self.runs = 0  # of statements in workers, for the sweep's figures

    def close(self) -> None:
        """Stop the workers."""
        for probe in dict.fromkeys(self._probes.values()):
            probe.close()
        self._probes.clear()

    @property
    def started(self) -> tuple[Target, ...]:
        """The targets that have a worker, or will have one at the next question."""
        return tuple(self._probes)

    def start(self, targets: Sequence[Target]) -> None:
        """Make these ready together at the first question: their imports take seconds each, and overlap."""
        new = [t for t in dict.fromkeys(targets) if t not in self._probes and not missing(t)]
        if new:
            self._probes.update(dict.fromkeys(new, _Probe(new, timeout=self._timeout)))

    def version(self, target: Target) -> str:
        """`3.15.1 on tensorflow 2.21.0`: the framework's version, and its backend's."""
        self.start([target])
        info = self._probes[target].info(target)
        under = f" on {target.backend} {info['backend_version']}" if info.get("backend_version") else ""
        return f"{info['version']}{under}"

    def data(self, call: Call, geometry: Geometry, kind: str, gradient: bool = False) -> Prepared:
        """Inputs and the exact answer for a call that means `geometry`. Raises CaseError where nothing is compared."""
        return self.drawn(meaning(call, geometry), call.dtype, kind, gradient)

    def drawn(self, op: Op, dtype: str, kind: str, gradient: bool = False) -> Prepared:
        """Inputs and the exact answer, with its gradients or without. CaseError where nothing is compared."""
        key = (op, dtype, kind, gradient)
        if key not in self._data:
            self._data[key] = prepare(_case(op, dtype, kind, gradient))
        return self._data[key]

    def refused_data(self, call: Call) -> Prepared:
        """Inputs for a call that its definition refuses, for the framework's own words about it."""
        return prepare(_case(call.op, call.dtype, "integers", gradient=False))

    def collect(self) -> None:
        """From now on only note what is asked, and raise Needed, until `answer_collected`."""
        self._collected = {}

    def answer_collected(self) -> int:
        """Ask all that was noted, of all targets at the same time; returns how many questions that were."""
        questions, self._collected = self._collected or {}, None
        self._answer(list(questions.values()))
        return len(questions)

    def judged(self, target: Target, what: Statements, data: Sequence[Prepared]) -> list[Judgement]:
        """The target's answers against the exact ones. ProbeError where the target can't answer at all."""
        return [judge(p.expectation, o) for p, o in zip(data, self.outcomes(target, what, data), strict=True)]

    def outcomes(self, target: Target, what: Statements | Plan, data: Sequence[Prepared]) -> list[Outcome]:
        """What a target answers to statements on some data, in the op's own layouts; each is asked once.

        ProbeError where the target can't answer at all; Needed while questions are only collected.
        """
        questions = [(target, what, prepared) for prepared in data]
        unknown = [q for q in questions if _key(q) not in self._outcomes]
        if unknown and self._collected is not None:
            self._collected.update((_key(q), q) for q in unknown)
            raise Needed
        self._answer(unknown)
        found = []
        for question in questions:
            outcome = self._outcomes[_key(question)]
            if isinstance(outcome, ProbeError):
                raise outcome
            found.append(outcome)
        return found

    def _answer(self, questions: Sequence[Question]) -> None:
        self.start([target for target, _, _ in questions])
        groups: dict[_Probe, list[Question]] = {}
        for question in questions:
            groups.setdefault(self._probes[question[0]], []).append(question)
        for probe, group in groups.items():
            requests = [(target, _request(what, prepared, target)) for target, what, prepared in group]
            self.runs += len(requests)
            for question, outcome in zip(group, probe.ask_all(requests), strict=True):
                _, what, prepared = question
                self._outcomes[_key(question)] = (
                    outcome
                    if isinstance(outcome, ProbeError)
                    else canonical(prepared, _plan(what), _ours(what, outcome))
                )


def _key(question: Question) -> tuple[Target, Statements | Plan, str]:
    target, what, prepared = question
    return target, what, prepared.case.id


def _plan(what: Statements | Plan) -> Plan:
    return what if isinstance(what, Plan) else what.plan


def _request(what: Statements | Plan, prepared: Prepared, target: Target) -> Request:
    request = request_for(prepared, _plan(what), target)
    if isinstance(what, Plan):
        return request
    theirs = {which: name for name, which in what.inputs}
    inputs = tuple((theirs[which], array, dtype) for which, array, dtype in request.inputs)
    return replace(request, inputs=inputs, gradient=tuple(theirs[which] for which in request.gradient))


def _ours(what: Statements | Plan, outcome: Outcome) -> Outcome:
    """An outcome whose gradients have the op's names."""
    if isinstance(what, Plan) or not isinstance(outcome, Value):
        return outcome
    names = dict(what.inputs)
    return replace(outcome, gradients={names[name]: tensor for name, tensor in outcome.gradients.items()})


def plainly(message: str) -> str:
    """A framework's words without the names of its own parts: TensorFlow's `{{node ...}}` and `[Op:...]`."""
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:.*", "", message)


def native(prepared: Prepared, which: str, layout: Layout) -> Encoded:
    """x, w or b in the words of its dtype, in a layout."""
    axes = next(spec.axes for spec in prepared.specs if spec.name == which)
    return to_layout(encode(prepared.arrays[which], prepared.case.dtype), axes, layout, which)


def with_weights(prepared: Prepared, arrays: Mapping[str, NDArray[np.generic]], call: Call) -> Prepared:
    """The data with other weights (w and b, in the call's layouts) and their exact answer."""
    own = {"x": prepared.arrays["x"]}
    for spec in prepared.specs[1:]:
        array = from_layout(arrays[spec.name], spec.axes, call.layout(spec.name), spec.sizes, spec.name)
        own[spec.name] = rounded(np.ascontiguousarray(array, dtype=np.float64), call.dtype)
    references = prepared.case.op.evaluate(own)
    # Answers are remembered by the case's id, and these weights are no case's.
    digest = sha256(b"".join(array.tobytes() for array in own.values())).hexdigest()
    return replace(
        prepared,
        case=replace(prepared.case, id=f"{prepared.case.id} {digest}"),
        arrays=own,
        expectation=replace(prepared.expectation, outputs=references, inputs=own, exact=False),
        encoded={},
    )


def meaning(call: Call, geometry: Geometry) -> Convolution:
    """Parameters that stand for a geometry, whatever words it was said in: lax's explicit pairs can say nearly all."""
    pairs = []
    for axis in geometry:
        if call.op.transposed:
            spread = (axis.small - 1) * axis.stride + 1
            before = axis.extent - 1 - axis.lo
            pairs.append((before, axis.large + axis.extent - 1 - spread - before))
        else:
            pairs.append((axis.lo, (axis.small - 1) * axis.stride + axis.extent - axis.large - axis.lo))
    said = replace(
        call.op,
        padding=tuple(pairs),
        symmetric=False,
        output_padding=None,
        output_size=None,
        convention="jax",
        data_format=None,
    )
    same = said.refusal() is None and said.geometry() == geometry
    return said if same else replace(call.op, data_format=None)


def _case(op: Op, dtype: str, kind: str, gradient: bool) -> Case:
    return Case(
        id=f"recipe {op} {dtype} {kind}{' gradient' if gradient else ''}",
        op=op,
        given=(),
        dtype=dtype,
        values=Values(kind),
        seed=0,
        checks=("shape", "dtype", "value", *(("gradient",) if gradient else ())),
        source=Source("recipe", 1),
    )

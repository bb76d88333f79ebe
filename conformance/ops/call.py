"""`call`: plans written in the case file, one a framework, for two calls from a bug report or what no op covers.

What is right is said in one of three ways: another op is the reference, the case states the values, or the targets
are held `against` one of their own. A plan's text is checked when the case is read; the worker checks it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from conformance.frameworks.check import check_plan
from conformance.layout import Layout, LayoutError, Marks, check_convertible, parse_layout
from conformance.ops.base import REQUIRED, Array, Field, Op, ParamError, TensorSpec
from conformance.ops.call_fields import FIELDS, OUTPUT, CallError, Detail, Written, check_keys, unknown_word
from conformance.ops.call_notes import unread
from conformance.ops.defined import DEFINED
from conformance.ops.reference import Evaluation, Reference
from conformance.plan import Plan
from conformance.target import Target, parse_target


class NoReference(LookupError):
    """The case has no exact answer of its own: the frameworks are held against one of them."""


@dataclass(frozen=True)
class Answer:
    """The values that the case states, in canonical order: shape, and the elements row by row."""

    shape: tuple[int, ...]
    elements: tuple[float, ...]


@dataclass(frozen=True)
class Call(Op):
    """y = whatever the plans compute; the reference is another op, stated values, or one of the frameworks.

    `specs`: the inputs; `output_axes`: the canonical letters of the output; `plans`: a plan a framework. Exactly one of
    `reference` (the op that says what is right), `against` (one target, see `anchor`) and `answer` (see `with_answer`)
    is set once the case is complete. `ulp`: the allowance that the case states; None where it is held `against` a
    target and states none, so that the precision ladder decides.
    """

    name: ClassVar[str] = "call"

    specs: tuple[TensorSpec, ...]
    output_axes: str
    plans: tuple[tuple[str, Plan], ...]
    reference: Op | None = None
    against: str | None = None
    ulp: int | None = 0
    answer: Answer | None = None

    @classmethod
    def fields(cls) -> Mapping[str, Field]:
        return FIELDS

    def plan(self, framework: str) -> Plan | None:
        """The plan of a framework, or None where the case has none for it."""
        return dict(self.plans).get(framework)

    @property
    def answers(self) -> dict[str, str]:
        """The canonical letters of each output, in their order: those of the reference op, else of `y` alone."""
        if self.reference is None:
            return {OUTPUT: self.output_axes}
        return _answers(self.reference)

    @property
    def anchor(self) -> Target | None:
        """The target whose answer the others are held against, or None where something else says what is right."""
        return None if self.against is None else parse_target(self.against)

    def definition(self) -> Op | None:
        return self.reference

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        reference, against, ulp = values["reference"], values["against"], values["allowance"]
        specs, output = values["inputs"], values["output"]
        question: Op | None = None
        if reference is not None:
            if against is not None:
                raise ParamError("against", "`against` and `reference` are both given, expected one of them")
            if ulp is not None:
                raise ParamError("allowance", "with a reference op the allowance is derived; expected no `allowance`")
            for name in ("inputs", "output"):
                if values[name] is not None:
                    raise ParamError(
                        name, f"the reference op has its own {name}; expected no `{name}` beside `reference`"
                    )
            question = _bind_reference(*reference)
            specs = question.inputs()
            output = next(iter(_answers(question).values()))
        if specs is None:
            raise ParamError("inputs", "no `inputs`; expected each input's shape and layout, or a `reference` op")
        if output is None:
            raise ParamError(
                "output", "no `output`; expected the layout of the result, such as NCHW, or a `reference` op"
            )
        answers = {OUTPUT: output} if question is None else _answers(question)
        plans = _bind_plans(values["plans"], specs, answers, question, trusted)
        if against is not None and (framework := parse_target(against).framework) not in dict(plans):
            words = f"against is {against!r}, but there is no plan for {framework}"
            raise ParamError("against", f"{words}; expected a target of one of: {', '.join(dict(plans))}")
        return cls(specs, output, plans, question, against, ulp if against is not None else ulp or 0)

    def with_answer(self, values: Any, layout: str) -> Call:
        """The call with the values that the case states; `values` are nested in `layout` (canonical where it is "")."""
        if self.reference is not None or self.against is not None:
            return self
        array = np.asarray(values, dtype=np.float64)
        stated = parse_layout(layout) if layout else Layout(tuple(self.output_axes))
        if array.ndim != len(stated.axes):
            raise ParamError("output", f"the stated values have {array.ndim} axes, but their layout is {stated}")
        merged = any(len(axis) > 1 for axis in stated.axes)
        if merged or stated.flips or not set(stated.letters) <= set(self.output_axes):
            raise ParamError(
                "output", f"the stated values' layout is {stated}, expected the letters of {self.output_axes}"
            )
        missing = [c for c in self.output_axes if c not in stated.letters]
        letters = stated.letters + "".join(missing)
        array = array.reshape(*array.shape, *(1 for _ in missing))
        array = array.transpose([letters.index(c) for c in self.output_axes])
        return replace(self, answer=Answer(array.shape, tuple(float(v) for v in array.ravel())))

    def incomplete(self, refused: bool = False) -> str | None:
        """What is missing where nothing says what is right, or None; `refused`: every target must refuse the case."""
        if self.reference is None and self.against is None and self.answer is None and not refused:
            return (
                "nothing says what is right; expected `reference`, `against`, `expect: {values: ...}`, "
                "or `expect: {refused: true}`"
            )
        return None

    def label(self) -> str:
        shapes = " ".join("x".join(map(str, spec.shape)) for spec in self.specs)
        tensors = [(spec.name, spec.axes, spec.shape) for spec in self.specs]
        plans = [(framework, plan.text, plan.layouts) for framework, plan in self.plans]
        right = self.reference.label() if self.reference is not None else (self.against, self.ulp or 0, self.answer)
        digest = sha256(repr((tensors, self.output_axes, plans, right)).encode()).hexdigest()[:8]
        return f"call[{' '.join(dict(self.plans))} {shapes} {digest}]"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.specs

    def refusal(self) -> str | None:
        if self.reference is None:
            return None
        return self.reference.refusal()

    def outputs(self) -> tuple[TensorSpec, ...]:
        """The output's spec; NoReference where only a framework's answer can tell."""
        if self.reference is not None:
            return self.reference.outputs()
        if self.answer is not None:
            return (TensorSpec(OUTPUT, self.output_axes, self.answer.shape),)
        raise NoReference("the shape of the output is known only once a framework has answered")

    def products(self) -> int:
        """That of the reference op; elsewhere the largest input's size, which one contraction can't exceed."""
        if self.reference is not None:
            return self.reference.products()
        return max([prod(spec.shape) for spec in self.specs] + [1])

    def effort(self, gradients: bool) -> tuple[int, int]:
        if self.reference is None:
            return 0, 0
        return self.reference.effort(gradients)

    def compute(self, **tensors: Any) -> Any:
        raise NoReference("a call has no definition of its own")

    def evaluated(self, arrays: Mapping[str, Array]) -> Evaluation:
        if self.reference is not None:
            return self.reference.evaluated(arrays)
        if self.answer is None:
            raise NoReference("the frameworks are held against one of them, not against a definition")
        value = np.asarray(self.answer.elements, dtype=np.float64).reshape(self.answer.shape)
        return Evaluation(self, arrays, {}, {OUTPUT: value})

    def gradients(self, arrays: Mapping[str, Array], cotangents: Mapping[str, Array]) -> dict[str, Reference]:
        if self.reference is None:
            raise NoReference("gradients are checked against a reference op only")
        return super().gradients(arrays, cotangents)


def _bind_reference(name: str, given: tuple[tuple[str, Any], ...]) -> Op:
    if name not in DEFINED:
        raise CallError([Detail(("reference", "op"), unknown_word("op", name, DEFINED))])
    op = DEFINED[name]
    fields = op.fields()
    path = ("reference", "params")
    check_keys(dict(given), path, tuple(fields))
    values = {key: field.default for key, field in fields.items()}
    details = []
    for key, value in given:
        try:
            values[key] = fields[key].parse(value)
        except ValueError as error:
            details.append(Detail((*path, key), f"{key} is {value!r}, expected {error}"))
    missing = [key for key, value in values.items() if value is REQUIRED]
    details += [Detail(path, f"{key} is missing") for key in missing]
    if details:
        raise CallError(details)
    try:
        return op.bind(values)
    except ParamError as error:
        raise CallError([Detail((*path, error.param), str(error))]) from None


def _answers(question: Op) -> dict[str, str]:
    """The names and letters of an op's outputs. Where the parameters are refused they are for answers all the same."""
    if question.refusal() is None:
        return {spec.name: spec.axes for spec in question.outputs()}
    return {spec.name: question.inputs()[0].axes for spec in type(question)().outputs()}


def _bind_plans(
    plans: Sequence[Written],
    specs: Sequence[TensorSpec],
    answers: Mapping[str, str],
    question: Op | None,
    trusted: bool,
) -> tuple[tuple[str, Plan], ...]:
    canonical = {**{spec.name: spec.axes for spec in specs}, **answers}
    sizes = {spec.name: spec.sizes for spec in specs}
    marks = {spec.name: spec.marks for spec in specs}
    if question is not None and question.refusal() is None:
        sizes |= {spec.name: spec.sizes for spec in question.outputs()}
        marks |= {spec.name: spec.marks for spec in question.outputs()}
    details: list[Detail] = []
    result = []
    for framework, text, nested, layouts in plans:
        path = ("plans", framework)
        own = dict(canonical)
        for name, layout in layouts:
            where = (*path, "layouts", name)
            if name not in canonical:
                details.append(Detail(where, f"unknown tensor {name!r}, expected one of: {', '.join(canonical)}"))
                continue
            try:
                check_layout(canonical[name], parse_layout(layout), sizes.get(name), name, marks.get(name, ()))
                own[name] = layout
            except LayoutError as error:
                details.append(Detail(where, str(error)))
        body = text.rstrip(" \t\r\n")
        written = (*path, "text") if nested else path
        for finding in check_plan(body, framework, [spec.name for spec in specs], tuple(answers), trusted):
            details.append(Detail(written, finding.message, finding.line, finding.column))
        # The inputs of a reference op are not the case's to leave out.
        for name in unread(body, [spec.name for spec in specs]) if question is None else ():
            words = f"no statement reads the input {name!r}; use it in the plan, or leave it out of `inputs`"
            details.append(Detail(written, words))
        result.append((framework, Plan.of(body, own, outputs=tuple(answers), trusted=trusted)))
    if details:
        raise CallError(details)
    return tuple(result)


def check_layout(canonical: str, layout: Layout, sizes: dict[str, int] | None, name: str, marks: Marks = ()) -> None:
    """Raise LayoutError unless `layout` fits a tensor of these letters; without sizes, none of them may be merged."""
    if sizes is not None:
        check_convertible(canonical, layout, sizes, name, marks)
        return
    extra = set(layout.letters) - set(canonical)
    if extra:
        raise LayoutError(f"layout {layout} of {name!r} has axis {min(extra)!r}, but the tensor is {canonical}")
    if any(len(axis) > 1 for axis in layout.axes):
        raise LayoutError(
            f"layout {layout} of {name!r} merges axes, whose lengths nobody knows before a framework answers"
        )

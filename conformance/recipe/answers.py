"""A call that was read from words, in the words of another framework: written, run beside the call, and told apart from
what the same arguments mean there.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from conformance.ask.prepare import CaseError, Prepared
from conformance.ask.probe import ProbeError
from conformance.dtypes import encode
from conformance.frameworks import Ask, lower
from conformance.frameworks.calls import REQUIRED
from conformance.judge.compare import Judgement, judge
from conformance.judge.explain import explain
from conformance.layout import Layout, to_layout
from conformance.ops.base import Op, TensorSpec
from conformance.outcome import Outcome, Unsupported, Value
from conformance.plan import Plan
from conformance.recipe.bench import KINDS, Bench, places, plainly
from conformance.recipe.call import CallError
from conformance.recipe.heads import Side, bound_head, differences, head_of, shown
from conformance.recipe.lengths import grown, merged, shape_of
from conformance.recipe.literals import Expression, evaluate
from conformance.recipe.meant import Meant, read_words
from conformance.recipe.syntax import parse
from conformance.recipe.verify import RIGHT, NoRecipe, Ran, Tried, is_right
from conformance.recipe.weights import convert, formula
from conformance.target import Target
from conformance.text.words import in_a_line

EXPLAIN_SECONDS = 1.0
# Arguments that say the same under several names.
_ALIKE = (
    {"dim", "axis"},
    {"stride", "strides", "window_strides"},
    {"kernel_size", "pool_size", "ksize", "window_dimensions"},
    {"eps", "epsilon"},
    {"negative_slope", "alpha"},
)


@dataclass(frozen=True)
class Answer:
    """The plan for one target and what running it showed. `before` and `after` are the lines that move tensors.

    `trap` says what the same arguments mean there, where that is something else. `only` is the condition under which it
    holds, "" where it holds for every length that the call leaves open; `others` are the inputs that were run for that.
    """

    target: Target
    plan: Plan
    before: tuple[str, ...]
    after: tuple[str, ...]
    notes: tuple[str, ...]
    trap: str
    source: Ran
    ran: Ran
    elements: int
    kinds: tuple[str, ...]
    only: str
    others: tuple[str, ...]
    remarks: tuple[str, ...] = ()


# More inputs of other lengths are not run.
MOST_OTHERS = 4


class Answers:
    """Answers one call for any number of targets, by one bench."""

    def __init__(self, meant: Meant, bench: Bench) -> None:
        self.meant = meant
        self.bench = bench
        self.data: list[Prepared] = []
        self.trouble = ""  # why nothing can be compared
        for kind in KINDS:
            try:
                self.data.append(bench.drawn(meant.op, meant.dtype, kind))
            except CaseError as error:
                self.trouble = str(error)
        self._source: Tried | None = None
        self.grown = grown(meant.op, meant.says)

    def answer(self, name: str) -> Answer | NoRecipe:
        """What a framework (`jax`) or one target of it (`keras/jax`) is asked for the same, run and found right."""
        if not self.data:
            return NoRecipe(name, "source", f"nothing can be compared: {self.trouble}")
        source = self._run_source()
        if source.target is None:
            kind = "source" if source.kind == "target" else source.kind
            return NoRecipe(name, kind, f"the call itself can't be verified: {'; '.join(source.said())}")
        tried = Tried()
        meant = self.meant
        for place in places(name):
            plan = lower(Ask(meant.op, meant.op.meaning(), meant.dtype, place))
            if isinstance(plan, Unsupported):
                tried.note(place, plan.reason, "target")
                continue
            before, after, notes = self._moves(self.meant.op, plan)
            if not self._moves_fit(before, plan):
                tried.note(place, "the lines that bring the tensors into form do not give what is run", "wrong")
            elif self._right(place, plan, tried):
                whole, run = self._everywhere(place, plan, before)
                return Answer(
                    place,
                    whole or plan,
                    before,
                    after,
                    notes,
                    self._trap(plan, place),
                    self._ran(source),
                    self._ran(tried),
                    sum(prod(spec.shape) for spec in meant.op.outputs()),
                    tuple(p.case.values.kind for p in self.data),
                    "" if whole else self._only(),
                    run,
                    (*source.said(), *tried.said()),
                )
        return NoRecipe(name, tried.kind, "; ".join(tried.said()))

    def _everywhere(self, place: Target, plan: Plan, before: Sequence[str]) -> tuple[Plan | None, tuple[str, ...]]:
        """The plan with lengths for numbers, right for other inputs too, and those; None where there is none."""
        ops, plans = [self.meant.op], [plan]
        for op in self.grown:
            other = lower(Ask(op, op.meaning(), self.meant.dtype, place))
            if isinstance(other, Unsupported):
                continue
            if other.layouts != plan.layouts or self._moves(op, other)[0] != before:
                return None, ()
            ops.append(op)
            plans.append(other)
        shapes = [{k: n for s in op.inputs() for k, n in shape_of(s.name, laid_out(plan, s)).items()} for op in ops]
        text = plan.text if len({p.text for p in plans}) == 1 else merged([p.text for p in plans], shapes)
        if text is None:
            return None, ()
        whole, run = replace(plan, text=text), []
        # Those spread over all that there are, so that each length is another once.
        for op in ops[1 :: max((len(ops) - 1) // MOST_OTHERS, 1)]:
            for gradients in (True, False):
                try:
                    data = self.bench.drawn(op, self.meant.dtype, self.data[0].case.values.kind, gradients)
                except CaseError:
                    continue
                if is_right(self.bench, place, whole, [data], Tried()):
                    shown = ", ".join(f"{s.name} {laid_out(self.meant.words, s)}" for s in op.inputs())
                    run.append(shown if gradients else f"{shown} without them")
                    break
            else:
                return None, ()
        return whole, tuple(run)

    def _only(self) -> str:
        words = self.meant.words
        return " and ".join(f"{s.name}.shape == {laid_out(words, s)}" for s in self.meant.op.inputs())

    def _run_source(self) -> Tried:
        if self._source is None:
            self._source = Tried()
            for place in places(self.meant.framework):
                if self._right(place, self.meant.plan, self._source):
                    break
        return self._source

    def _right(self, place: Target, plan: Plan, tried: Tried) -> bool:
        def why(prepared: Prepared, judgement: Judgement, outcome: Outcome) -> str:
            return self._explained(prepared, judgement, outcome)

        return is_right(self.bench, place, plan, self.data, tried, why)

    def _ran(self, tried: Tried) -> Ran:
        assert tried.target is not None
        return Ran(tried.target, self.bench.version(tried.target), tried.error)

    def _explained(self, prepared: Prepared, judgement: Judgement, outcome: Outcome) -> str:
        """The cause of a wrong answer, where one cause alone fits it; or ""."""
        output = outcome.outputs.get(judgement.subject) if isinstance(outcome, Value) else None
        if output is None or output.values is None or output.values.dtype.kind == "c":
            return ""
        cause = explain(
            self.meant.op,
            prepared.arrays,
            np.asarray(output.values, dtype=np.float64),
            output.shape,
            output=judgement.subject,
            dtype=self.meant.dtype,
            budget_seconds=EXPLAIN_SECONDS,
        )
        return in_a_line(cause.text) if cause.exact and len(cause.confusions) == 1 else ""

    # --- tensors from the call's layouts to the target's, and back ----------------------------------------------------

    def _moves(self, op: Op, plan: Plan) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        before, after, notes = [], [], []
        for spec in op.inputs():
            ours, theirs = self.meant.words.layout(spec.name), plan.layout(spec.name)
            if (text := moved(spec, ours, theirs)) != spec.name:
                before.append(f"{spec.name} = {text}  # {ours} to {theirs}")
            notes += [
                f"{spec.name}: the slices along {axis} stand as {there} here, in the call as {here}"
                for axis, here, there in _orders(spec, ours, theirs)
            ]
        for spec in op.outputs():
            ours, theirs = self.meant.words.layout(spec.name), plan.layout(spec.name)
            if (text := moved(spec, theirs, ours)) != spec.name:
                after.append(f"# {spec.name} is {theirs}; the call's is {ours}: {text}")
        return tuple(before), tuple(after), tuple(notes)

    def _moves_fit(self, before: Sequence[str], plan: Plan) -> bool:
        """Whether the printed lines give the very arrays with which the plan is run."""
        prepared = self.data[0]

        def native(spec: TensorSpec, layout: Layout) -> np.ndarray[Any, Any]:
            words = encode(prepared.arrays[spec.name], prepared.dtype(spec.name))
            return to_layout(words, spec.axes, layout, spec.name, spec.marks)

        specs = self.meant.op.inputs()
        found = convert(before, {s.name: native(s, self.meant.words.layout(s.name)) for s in specs})
        return all(np.array_equal(found[s.name], native(s, plan.layout(s.name))) for s in specs)

    # --- what the same arguments mean there ---------------------------------------------------------------------------

    def _trap(self, plan: Plan, place: Target) -> str:
        """What comes of carrying the call's arguments over by their names, where that is another question."""
        head = head_of(plan, place.spec.first_words)
        known = place.spec.calls.get(head.function) if head else None
        if head is None or known is None:
            return ""
        proper = Side(bound_head(head, known), known)
        carried, lost = self._carried(proper)
        rank = len(plan.layout(plan.inputs[0]).axes)
        differs = differences(Side(carried, known), proper, head.tensors, rank)
        if not differs:
            return ""
        text = _written(head.function, carried, head.tensors)
        says = [
            f"{name} is {shown(Side(carried, known).value(name))}{'' if name in carried else ' by default'}; "
            f"say {name}={shown(proper.value(name))}"
            for name in differs
        ]
        measured = self._measured(text, place, plan)
        if measured is None:
            return ""  # it is refused there, so that nobody falls into it
        left = f" ({', '.join(lost)} has no word there)" if lost else ""
        return f"{text}{left} is not the same: {', and '.join(says)}{measured}"

    def _carried(self, proper: Side) -> tuple[dict[str, ast.expr], list[str]]:
        """The target's arguments with the person's own literals in them, and the person's that found no place."""
        own = {n: node for n, node in self.meant.given.items() if not isinstance(evaluate(node), Expression)}
        assert proper.known is not None
        carried, used = {}, set()
        for name, default in proper.known.parameters.items():
            alike = next((names for names in _ALIKE if name in names), {name})
            same = next((n for n in own if n in alike), None)
            value = proper.value(name)
            if same is not None:
                carried[name] = own[same]
                used.add(same)
            elif name in proper.given and (default is REQUIRED or isinstance(value, Expression)):
                carried[name] = proper.given[name]
        return carried, [n for n in own if n not in used]

    def _measured(self, text: str, place: Target, plan: Plan) -> str | None:
        """What that call means and gives; None where it is none that can be read and run."""
        prepared, spec = self.data[-1], self.meant.op.inputs()[0]
        shape = laid_out(plan, spec)
        try:
            other = read_words(parse(text), {}, shape)
            [outcome] = self.bench.outcomes(place, other.plan, [prepared])
        except (CallError, ProbeError):
            return None
        meaning = next((said for said, op in self.meant.op.readings() if op == other.op), "")
        judgement = judge(prepared.expectation, outcome)
        gives = "" if judgement.status in RIGHT else f"; there it gives: {plainly(judgement.message)}"
        cause = self._explained(prepared, judgement, outcome) if gives else ""
        said = f"; explained: {cause}" if cause else f" ({meaning})" if meaning else ""
        return gives + said if cause else said + gives


def laid_out(plan: Plan, spec: TensorSpec) -> tuple[int, ...]:
    """The shape of a tensor as a plan has it."""
    return tuple(prod(spec.sizes[c] for c in axis) for axis in plan.layout(spec.name).axes)


def moved(spec: TensorSpec, source: Layout, target: Layout) -> str:
    """An expression of NumPy that takes a tensor from one layout to the other, its named slices too."""
    orders = _orders(spec, source, target)
    if not orders:
        return formula(source, target, spec.sizes, spec.name)
    apart = Layout(tuple(spec.axes))
    text = formula(replace(source, orders=()), apart, spec.sizes, spec.name)
    for axis, here, there in orders:
        text = f"np.take({text}, {[here.index(c) for c in there]}, {spec.axes.index(axis)})"
    return formula(apart, replace(target, orders=()), spec.sizes, text)


def _orders(spec: TensorSpec, source: Layout, target: Layout) -> list[tuple[str, str, str]]:
    """(axis, order, other order) where the two layouts have named slices in different orders."""
    found = []
    for axis, order in spec.marks:
        here, there = dict(source.orders).get(axis, order), dict(target.orders).get(axis, order)
        if here != there:
            found.append((axis, here, there))
    return found


def _written(function: str, arguments: Mapping[str, ast.expr], tensors: frozenset[str]) -> str:
    """A call with the tensors by position, where they come first, and the rest by name."""
    parts, first = [], True
    for name, node in arguments.items():
        text = ast.unparse(node)
        first = first and isinstance(node, ast.Name) and node.id in tensors
        parts.append(text if first else f"{name}={text}")
    return f"{function}({', '.join(parts)})"

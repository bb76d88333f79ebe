"""A call that was read from words, in the words of another framework: written, run beside the call, and told apart from
what the same arguments mean there.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np

from conformance.ask.prepare import CaseError, Prepared, gradient_reason
from conformance.ask.probe import ProbeError
from conformance.dtypes import encode
from conformance.frameworks import Ask, ways
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
from conformance.recipe.lengths import grown, period_of, spread
from conformance.recipe.literals import Expression, evaluate
from conformance.recipe.meant import Meant, read_words
from conformance.recipe.merge import merged, shape_of
from conformance.recipe.model_text import spread_out
from conformance.recipe.syntax import parse
from conformance.recipe.verify import RIGHT, NoRecipe, Ran, Tried, is_right
from conformance.recipe.weights import convert, formula
from conformance.recipe.write import AS_TENSOR, IMPORTS, is_transposed, transposed
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

# What stands behind the inputs that were run, where there are no gradients.
NO_GRADIENTS = "no gradients here"
# Lengths of tensors, by the expressions for them.
Axes: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Written:
    """A plan in the call's own layouts, as it is printed and as it runs.

    `before` and `after` are the lines around it that are NumPy's, or comments: they move what the plan takes and gives
    as it is.
    """

    plan: Plan
    before: tuple[str, ...]
    after: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What is written for one target, and what running it showed.

    `trap` says what the same arguments mean there, where that is something else. `only` is the condition under which it
    holds, "" where it holds for every length that the call leaves open; `others` are the inputs that were run for that.
    """

    target: Target
    written: Written
    trap: str
    source: Ran
    ran: Ran
    elements: int
    kinds: tuple[str, ...]
    only: str
    others: tuple[str, ...]
    remarks: tuple[str, ...] = ()


# What is printed, the target's own plan, the condition under which it holds, and the inputs that were run for that.
_Found: TypeAlias = tuple[Written, Plan, str, tuple[str, ...]]


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
            asked = ways(self._ask(meant.op, place))
            plans = [(form, plan) for form, plan in enumerate(asked) if isinstance(plan, Plan)]
            if not plans:
                tried.note(place, next(p.reason for p in reversed(asked) if isinstance(p, Unsupported)), "target")
            found = self._best(place, plans, tried)
            if found is not None:
                written, plan, only, run = found
                return Answer(
                    place,
                    written,
                    self._trap(plan, place),
                    self._ran(source),
                    self._ran(tried),
                    sum(prod(spec.shape) for spec in meant.op.outputs()),
                    tuple(p.case.values.kind for p in self.data),
                    only,
                    run,
                    (*source.said(), *tried.said()),
                )
        return NoRecipe(name, tried.kind, "; ".join(tried.said()))

    def _ask(self, op: Op, place: Target) -> Ask[Any]:
        return Ask(op, op.meaning(), self.meant.dtype, place)

    def _best(self, place: Target, plans: Sequence[tuple[int, Plan]], tried: Tried) -> _Found | None:
        """Of several forms the first that is right at every length; else the first, for as many lengths as it is."""
        right = []
        for form, plan in plans:
            if not self._moves_fit(self._written(self.meant.op, plan, place)):
                tried.note(place, "the lines that bring the tensors into form do not give what is run", "wrong")
                continue
            found = self._everywhere(place, form, plan, self.grown)
            if found is not None and self._right(place, found[0].plan, tried):
                return found[0], plan, "", found[1]
            right.append((form, plan))
        for form, plan in right:
            written = self._written(self.meant.op, plan, place)
            if self._right(place, written.plan, tried):
                return self._partly(place, form, plan) or (written, plan, self._only(), ())
        return None

    def _everywhere(
        self, place: Target, form: int, plan: Plan, longer: Sequence[Op]
    ) -> tuple[Written, tuple[str, ...]] | None:
        """The plan with lengths for numbers, right for other inputs too, and those; None where there is none."""
        own = self._written(self.meant.op, plan, place)
        ops, plans = [self.meant.op], [plan]
        for op in longer:
            every = ways(self._ask(op, place))
            other = every[form]
            if isinstance(other, Unsupported):
                if any(isinstance(one, Plan) for one in every):
                    return None  # another form says it there
                continue
            if other.layouts != plan.layouts or self._written(op, other, place).before != own.before:
                return None
            ops.append(op)
            plans.append(other)
        shapes = [{k: n for s in op.inputs() for k, n in shape_of(s.name, laid_out(plan, s)).items()} for op in ops]
        same = len({p.text for p in plans}) == 1
        text = plan.text if same else merged([p.text for p in plans], shapes, self._periods(), _axes(plan))
        if text is None:
            return None
        whole, run, pulled = self._written(self.meant.op, replace(plan, text=text), place), [], True
        for op in spread(self.meant.op, ops[1:], self.meant.says):
            for gradients in (True, False):
                try:
                    data = self.bench.drawn(op, self.meant.dtype, self.data[0].case.values.kind, gradients)
                except CaseError:
                    continue
                if gradients and gradient_reason(place):
                    continue
                if is_right(self.bench, place, whole.plan, [data], Tried()):
                    shown = ", ".join(f"{s.name} {laid_out(self.meant.words, s)}" for s in op.inputs())
                    run.append(shown)
                    pulled = pulled and gradients
                    break
            else:
                return None
        return whole, tuple(run if pulled or not run else [*run, NO_GRADIENTS])

    def _periods(self) -> list[int]:
        """By how many lengths a number may go, the likeliest first."""
        own = self.meant.op.periods().values()
        return list(dict.fromkeys(n for n in (*own, period_of(self.meant.op)) if n > 1))

    def _partly(self, place: Target, form: int, plan: Plan) -> _Found | None:
        """The plan for any length of those axes where one text is right, and for the call's own of the others."""
        open_to: list[Op] = []
        fixed: dict[str, int] = {}
        for axes, ops in self._by_axes().items():
            if self._everywhere(place, form, plan, ops) is None:
                fixed |= dict(axes)
            else:
                open_to += ops
        found = self._everywhere(place, form, plan, open_to) if open_to else None
        if found is None or not self._right(place, found[0].plan, Tried()):
            return None
        return found[0], plan, " and ".join(f"{name} == {length}" for name, length in fixed.items()), found[1]

    def _by_axes(self) -> dict[Axes, list[Op]]:
        """The op with longer tensors, by the lengths of the call's tensors that are longer, and what they are in it."""
        own = self._shapes(self.meant.op)
        found: dict[Axes, list[Op]] = {}
        for op in self.grown:
            other = self._shapes(op)
            found.setdefault(tuple((k, n) for k, n in own.items() if other[k] != n), []).append(op)
        return found

    def _shapes(self, op: Op) -> dict[str, int]:
        """Every length of the call's tensors, by the expression for it."""
        words = self.meant.words
        return {k: n for s in op.inputs() for k, n in shape_of(s.name, laid_out(words, s)).items()}

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

    def _written(self, op: Op, plan: Plan, place: Target) -> Written:
        """A plan between the statements that move what the framework itself can move, and the lines around it."""
        before, first, last, after, notes = [], [], [], [], []
        layouts = dict(plan.layouts)
        for number, spec in enumerate(op.inputs()):
            ours, theirs = self.meant.words.layout(spec.name), plan.layout(spec.name)
            if number == 0 and is_transposed(place.framework, ours, theirs):
                first += transposed(spec.name, ours, theirs, place.framework)
                layouts[spec.name] = str(ours)
                continue
            if (text := moved(spec, ours, theirs)) != spec.name:
                before.append(f"{spec.name} = {text}  # {ours} to {theirs}")
            if (number or text != spec.name) and place.framework in AS_TENSOR:
                first.append(f"{spec.name} = {AS_TENSOR[place.framework]}({spec.name})")
            notes += [
                f"{spec.name}: the slices along {axis} stand as {there} here, in the call as {here}"
                for axis, here, there in _orders(spec, ours, theirs)
            ]
        for spec in op.outputs():
            ours, theirs = self.meant.words.layout(spec.name), plan.layout(spec.name)
            if is_transposed(place.framework, theirs, ours):
                last += transposed(spec.name, theirs, ours, place.framework)
                layouts[spec.name] = str(ours)
            elif (text := moved(spec, theirs, ours)) != spec.name and place.framework not in IMPORTS:
                after.append(f"{spec.name} = {text}  # {theirs} to {ours}")
            elif text != spec.name:
                after.append(f"# {spec.name} is {theirs}; the call's is {ours}: {text}")
        body = spread_out(plan.text) if place.framework == "onnx" else [plan.text]
        text = "\n".join([*first, *body, *last])
        ran = replace(plan, text=text, layouts=tuple(layouts.items()))
        return Written(ran, tuple(before), tuple(after), tuple(notes))

    def _moves_fit(self, written: Written) -> bool:
        """Whether the printed lines of NumPy give the very arrays with which the plan is run."""
        prepared = self.data[0]

        def native(spec: TensorSpec, layout: Layout) -> np.ndarray[Any, Any]:
            words = encode(prepared.arrays[spec.name], prepared.dtype(spec.name))
            return to_layout(words, spec.axes, layout, spec.name, spec.marks)

        specs = self.meant.op.inputs()
        found = convert(written.before, {s.name: native(s, self.meant.words.layout(s.name)) for s in specs})
        return all(np.array_equal(found[s.name], native(s, written.plan.layout(s.name))) for s in specs)

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
            if [(s.name, s.axes) for s in other.op.inputs()] != [(s.name, s.axes) for s in self.meant.op.inputs()]:
                return None  # a question of other tensors
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


def _axes(plan: Plan) -> dict[str, str]:
    """The letters of the axes of a plan's tensors, by the expressions for their lengths."""
    return {f"{name}.shape[{i}]": axis for name in plan.inputs for i, axis in enumerate(plan.layout(name).axes)}


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

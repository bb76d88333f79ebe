"""Recipes that were run before they are shown: the call itself and its translation, on the same data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.ask.prepare import CaseError, Prepared, gradient_reason
from conformance.ask.probe import ProbeError
from conformance.environments.installed import missing
from conformance.judge.compare import Judgement, judge
from conformance.ops.conv.convolution import Refused
from conformance.outcome import Outcome, Raised, Unsupported
from conformance.plan import Plan
from conformance.recipe.bench import Bench, Needed, Statements, native, places, plainly, with_weights
from conformance.recipe.call import Call
from conformance.recipe.lengths import others
from conformance.recipe.naive import Naive, naive
from conformance.recipe.read_separable import TwoCalls
from conformance.recipe.separable import composed
from conformance.recipe.weights import convert, own_shape
from conformance.recipe.write import Code, forms, write
from conformance.target import Target
from conformance.verdict import Status

# Half-precision sums may be rounded on the way (`precision`): right all the same.
RIGHT = (Status.PASS, Status.PRECISION)
REFUSED = (Status.UNSUPPORTED, Status.RAISED)


@dataclass(frozen=True)
class Ran:
    """Where a call or its translation ran, and how far it was off.

    `error`: the largest error on normal data as a fraction of what the dtype allows. On integers there was none.
    """

    target: Target
    version: str
    error: float


@dataclass(frozen=True)
class Recipe:
    """The code for one target, and what running it showed.

    `output_shape` is that of y in the call's layout. `inputs` are the shapes of x with which it was run, the call's own
    first; at the others its gradients, too, where `gradients` says so. `remarks` say where else it was tried, and what
    was said there.
    """

    call: Call
    code: Code
    source: Ran
    target: Ran
    output_shape: tuple[int, ...]
    naive: Naive | None
    inputs: tuple[tuple[int, ...], ...] = ()
    gradients: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def elements(self) -> int:
        """How many numbers of y were compared."""
        return int(np.prod(self.output_shape))


@dataclass(frozen=True)
class NoRecipe:
    """Why there is no code for one target.

    kind: `source` (the call itself is refused, or nothing can be compared), `target` (the target has no equivalent),
    `missing` (a framework is not installed or does not start), `wrong` (the call or the code answered, but not with
    what the call means; nothing is printed then).
    """

    target: str
    kind: str
    reason: str


# What came of several tries is what the gravest came to.
_GRAVITY = ("missing", "target", "wrong")
# The cause of a wrong answer, or "".
Why: TypeAlias = Callable[[Prepared, Judgement, Outcome], str]


@dataclass
class Tried:
    """What came of asking in one place after the other: figures of the first that was right, or why none was."""

    target: Target | None = None
    error: float = 0.0
    reasons: dict[str, list[str]] = field(default_factory=dict)  # reason -> the places that gave it
    kind: str = "missing"

    def note(self, place: Target, reason: str, kind: str) -> None:
        self.reasons.setdefault(plainly(reason), []).append(str(place))
        # The gravest is what counts in the end.
        self.kind = max(self.kind, kind, key=_GRAVITY.index)

    def take(self, other: Tried) -> None:
        """The reasons of another try, too."""
        for reason, who in other.reasons.items():
            self.reasons.setdefault(reason, []).extend(who)
        self.kind = max(self.kind, other.kind, key=_GRAVITY.index)

    def said(self, but: Target | None = None) -> tuple[str, ...]:
        """Every reason with the places that gave it, `but` left out."""
        found = (
            (reason, [name for name in dict.fromkeys(who) if name != str(but)]) for reason, who in self.reasons.items()
        )
        return tuple(f"{', '.join(who)}: {reason}" for reason, who in found if who)


class Recipes:
    """Translates calls; its workers stay alive in between. Use it as a context manager, from one thread."""

    def __init__(self, *, timeout: float = 120.0) -> None:
        self.bench = Bench(timeout=timeout)
        self._sources: dict[Call, Tried] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bench.close()

    def start(self, names: Sequence[str]) -> None:
        """Make frameworks ready together at the first recipe; others start when they are needed."""
        self.bench.start([places(name)[0] for name in names])

    def recipe(self, call: Call, target: str, *, compare_naive: bool = True) -> Recipe | NoRecipe:
        """The code for a framework (`torch`) or one target of it (`keras/jax`), run and found right; or why not."""
        try:
            call.op.geometry()
        except Refused as refused:
            return NoRecipe(target, "source", self._refusal(call, str(refused)))
        try:
            self._data([call, *others(call)], gradients=False)
        except CaseError as error:
            return NoRecipe(target, "source", f"nothing can be compared: {error}")
        self.start([call.framework, target])
        source = self._source(call)
        if source.target is None:
            kind = "source" if source.kind == "target" else source.kind
            return NoRecipe(target, kind, f"the call itself can't be verified: {'; '.join(source.said())}")
        tried = Tried()
        for alone, gradients in ((False, True), (False, False), (True, True), (True, False)):
            # What is right at every length comes first, and of that what has gradients.
            for form, place in product(forms(call, places(target)[0]), places(target)):
                codes = _written(call, place, form)
                if isinstance(codes, Unsupported):
                    tried.note(place, codes.reason, "target")
                    continue
                for code in (code for code in codes if code.alone == alone):
                    inputs = [call, *(() if alone else others(call))]
                    data, one = self._data(inputs, gradients), Tried()
                    if not is_right(self.bench, place, code.ran, data, one) or not _weights_fit(
                        code, call, data[0], one
                    ):
                        tried.take(one)
                        continue
                    pulled = gradients and not gradient_reason(place)
                    return Recipe(
                        call,
                        code,
                        self._ran(source),
                        self._ran(one),
                        native_shape(call, data[0]),
                        naive(code, form, list(zip(inputs, data, strict=False)), self.bench)
                        if compare_naive and code.head and not isinstance(call, TwoCalls)
                        else None,
                        tuple(own_shape(c, "x") for c in inputs),
                        pulled,
                        (*source.said(source.target), *tried.said(place)),
                    )
        return NoRecipe(target, tried.kind, "; ".join(tried.said()))

    def many(self, asked: Sequence[tuple[Call, str]], *, compare_naive: bool = True) -> list[Recipe | NoRecipe]:
        """As `recipe` for each, in this order, but all frameworks work at the same time."""
        found: dict[int, Recipe | NoRecipe] = {}
        while True:
            self.bench.collect()
            for number, (call, target) in enumerate(asked):
                if number not in found:
                    with suppress(Needed):
                        found[number] = self.recipe(call, target, compare_naive=compare_naive)
            if not self.bench.answer_collected():
                return [found[number] for number in range(len(asked))]

    def check_weights(self, recipe: Recipe, arrays: Mapping[str, NDArray[np.generic]]) -> tuple[Judgement, Judgement]:
        """How the call with other weights and its translation with them converted are judged: source, target.

        `arrays` are w and b as the call's own arrays.
        """
        call = recipe.call
        prepared = with_weights(self.bench.data(call, call.op.geometry(), "normal"), arrays, call)
        [source] = self.bench.judged(recipe.source.target, source_statements(call), [prepared])
        [target] = self.bench.judged(recipe.target.target, recipe.code.ran, [prepared])
        return source, target

    def _data(self, inputs: Sequence[Call], gradients: bool) -> list[Prepared]:
        """Integers for every input, and at last normal data for the first. Raises CaseError."""
        return [*(self._drawn(c, "integers", gradients) for c in inputs), self._drawn(inputs[0], "normal", False)]

    def _drawn(self, call: Call, kind: str, gradients: bool) -> Prepared:
        if isinstance(call, TwoCalls):
            return self.bench.drawn(call.question, call.dtype, kind, gradients)
        return self.bench.data(call, call.op.geometry(), kind, gradients)

    def _source(self, call: Call) -> Tried:
        """The call itself, where it is right first: at every length as it is read there."""
        if call not in self._sources:
            tried, inputs = Tried(), [call, *others(call)]
            data = self._data(inputs, gradients=False)
            for place in places(call.framework):
                own = [is_right(self.bench, place, source_statements(call), [data[0], data[-1]], tried)]
                pairs = zip(inputs[1:], data[1:], strict=False)
                own += [is_right(self.bench, place, source_statements(c), [d], tried) for c, d in pairs]
                if all(own):
                    break
                tried.target = None
            self._sources[call] = tried
        return self._sources[call]

    def _ran(self, tried: Tried) -> Ran:
        assert tried.target is not None
        return Ran(tried.target, self.bench.version(tried.target), tried.error)

    def _refusal(self, call: Call, definition: str) -> str:
        """What the framework itself says to a call that its definition refuses."""
        place = places(call.framework)[0]
        if missing(place):
            return f"{call.framework} refuses the call itself: {definition}"
        try:
            [outcome] = self.bench.outcomes(place, source_statements(call), [self.bench.refused_data(call)])
        except (ProbeError, CaseError) as error:
            return f"{call.framework} refuses the call itself: {definition} ({error})"
        if isinstance(outcome, Raised):
            first = next((line.strip() for line in outcome.message.splitlines() if line.strip()), "")
            return f"{place} refuses the call itself: {outcome.type}: {plainly(first)}"
        return f"by {call.framework}'s definition the call is refused, so it has no right answer: {definition}"


def is_right(
    bench: Bench, place: Target, what: Statements | Plan, data: Sequence[Prepared], tried: Tried, why: Why | None = None
) -> bool:
    """Whether a place gives the exact answer on every kind of data; where not, `tried` says why."""
    if module := missing(place):
        tried.note(place, f"not installed (needs the module {module!r})", "missing")
        return False
    try:
        outcomes = bench.outcomes(place, what, data)
    except ProbeError as error:
        tried.note(place, str(error), "missing")
        return False
    for prepared, outcome in zip(data, outcomes, strict=True):
        judgement = judge(prepared.expectation, outcome)
        if judgement.status not in RIGHT:
            kind = "target" if judgement.status in REFUSED else "wrong"
            cause = why(prepared, judgement, outcome) if why else ""
            where = f" (x {prepared.specs[0].shape})" if prepared is not data[0] else ""
            tried.note(place, judgement.message + (f"; explained: {cause}" if cause else "") + where, kind)
            return False
        if judgement.figures:
            tried.error = max(tried.error, judgement.figures.fraction)
    tried.target = place
    return True


def source_statements(call: Call) -> Statements:
    """The call as it stands, to be run."""
    return Statements(call.plan, tuple((name, name) for name in Plan(call.plan, call.layouts).inputs), call.layouts)


def native_shape(call: Call, prepared: Prepared) -> tuple[int, ...]:
    """The shape of y as the call gives it."""
    [output] = prepared.outputs
    return tuple(int(np.prod([output.sizes[c] for c in axis])) for axis in call.layout(output.name).axes)


def _weights_fit(code: Code, call: Call, prepared: Prepared, tried: Tried) -> bool:
    """Whether the printed lines of NumPy give the very arrays with which the code was run."""
    own = {call.weight_name(which): native(prepared, which, call.layout(which)) for which in _weights(code)}
    own |= {"x": native(prepared, "x", call.layout("x"))} if code.before else {}
    found = convert([*code.weights, *code.before], own)
    for which, name in {**_weights(code), **({"x": "x"} if code.before else {})}.items():
        wanted = native(prepared, which, code.ran.plan.layout(which))
        if name not in found or not np.array_equal(found[name], wanted):
            tried.note(code.target, f"the line that converts {name!r} does not give what was run", "wrong")
            tried.target = None
            return False
    return True


def _written(call: Call, place: Target, form: str) -> list[Code] | Unsupported:
    """The codes for a call, the best first; of a separable convolution those of its two in a row."""
    if not isinstance(call, TwoCalls):
        return write(call, place, form)
    first, second = (write(half, place, form) for half in call.halves)
    if isinstance(first, Unsupported) or isinstance(second, Unsupported):
        return next(found for found in (first, second) if isinstance(found, Unsupported))
    return [composed(one, other) for one, other in product(first, second) if not other.only]


def _weights(code: Code) -> dict[str, str]:
    return {which: name for name, which in code.ran.inputs if which != "x"}

"""One grid or one explicit case of a file, ready to be expanded into cases."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from operator import getitem
from typing import Any, NamedTuple

from conformance.dtypes import DTYPES
from conformance.ops.base import REQUIRED, Op, ParamError
from conformance.ops.call import Call
from conformance.ops.call_notes import layout_notes
from conformance.suite.case import Case, Source, Values
from conformance.suite.document import Node, show
from conformance.suite.findings import CaseFileError, Finding
from conformance.suite.fit import misfit, oversize
from conformance.suite.grid import MAX_CASES, Budget, Constraint, GridError, Point, Space
from conformance.suite.readers import Report
from conformance.suite.schema import CaseSpec, FileSpec, Given, GridSpec, param_findings
from conformance.suite.settings import DEFAULT_CHECKS, Settings
from conformance.text.expression import ExpressionError

FIRST_LOOK = 50_000  # looks in which loading a file seeks a grid's first point
_SHORT = {"gradient": "grad", "determinism": "det", "signed_zeros": "zeros"}


class Bound(NamedTuple):
    """The parameters of one point, shared by its dtypes, values and seeds."""

    op: Op
    label: str
    given: tuple[tuple[str, Any], ...]


class Block:
    """A grid or a case: its dimensions and what they share.

    The dimensions are the grid's parameters in the file's order, then dtype, values and seed.
    """

    def __init__(
        self, file: str, stem: str, source: str, spec: FileSpec, own: GridSpec | CaseSpec, budget: Budget
    ) -> None:
        self.budget = budget
        self.file = file
        self.text = source
        self.stem = stem
        self.op = spec.op
        self.trusted = spec.trusted
        self.node = own.node
        self.top = spec.node
        self.source = Source(file, own.node.line, own.node.column)
        self.settings = Settings().under(spec.settings).under(own.settings)
        self.name = own.name if isinstance(own, CaseSpec) else ""
        self.grid: Mapping[str, tuple[Given, ...]] = own.grid if isinstance(own, GridSpec) else {}
        fixed = {**spec.defaults, **(own.params if isinstance(own, CaseSpec) else {})}
        self.fixed = {key: given for key, given in fixed.items() if key not in self.grid}
        self.names = tuple(self.grid)
        self.where = own.where if isinstance(own, GridSpec) else None
        self.exclude = own.exclude if isinstance(own, GridSpec) else ()
        self.coverage, self.number = (own.coverage, own.sample) if isinstance(own, GridSpec) else ("full", 0)
        self._points: list[Point] | None = None
        self.base = {key: field.default for key, field in self.op.fields().items()}
        self.raw = dict(self.base)
        for key, given in self.fixed.items():
            self.base[key], self.raw[key] = given.parsed, given.raw
        # For each dimension its values and the pairs that cases show, made once: binding a point only picks among them.
        self._parsed = [[g.parsed for g in alternatives] for alternatives in self.grid.values()]
        self._pairs = [[(key, freeze(g.raw)) for g in alternatives] for key, alternatives in self.grid.items()]
        self._fixed_pairs = tuple((key, freeze(g.raw)) for key, g in self.fixed.items())
        self.missing = [key for key, value in self.base.items() if value is REQUIRED and key not in self.names]
        self.space = self._space()

    # --- points ---------------------------------------------------------------------------------------------------

    def _space(self) -> Space:
        """The product of the dimensions, with `where` and `exclude` as constraints over those that they read."""
        s = self.settings
        raws: list[Sequence[Any]] = [[g.raw for g in alternatives] for alternatives in self.grid.values()]
        parsed: list[Sequence[Any]] = [[g.parsed for g in alternatives] for alternatives in self.grid.values()]
        for extra in (s.dtype, [_values_name(v) for v in s.values], s.seed):
            raws.append(extra)
            parsed.append(extra)
        names = [*self.names, "dtype", "values", "seed"]
        number = {key: i for i, key in enumerate(names)}
        # One environment, refilled for each evaluation: only what an expression reads is written.
        environment = dict(self.raw)
        constraints: list[Constraint] = []
        parts = self.where.parts if self.where else ()

        def fill(dimensions: Sequence[int], point: Sequence[int]) -> None:
            for d in dimensions:
                environment[names[d]] = raws[d][point[d]]

        def part_constraint(part: Any) -> Constraint:
            dimensions = tuple(sorted({number[n] for n in part.names if n in number}))

            def holds(point: Sequence[int]) -> bool | None:
                fill(dimensions, point)
                try:
                    return bool(part(environment))
                except ExpressionError:
                    return None

            return Constraint(dimensions, holds, part.cost)

        def exclusion(matching: Mapping[int, frozenset[int]]) -> Constraint:
            pairs = tuple(matching.items())
            dimensions = tuple(matching)
            return Constraint(dimensions, lambda point: not all(point[d] in values for d, values in pairs))

        constraints += [part_constraint(part) for part in parts]
        self.never: list[tuple[Node, str]] = []  # entries of `exclude` that leave nothing out
        for node, entry in self.exclude:
            matching: dict[int, frozenset[int]] = {}
            for key, value in entry.items():
                if key in number:
                    matching[number[key]] = frozenset(i for i, p in enumerate(parsed[number[key]]) if p == value)
                    if not matching[number[key]]:
                        self.never.append((node, f"excludes nothing: {key} is never {show(value)} in this grid"))
                elif self.base[key] != value:
                    self.never.append((node, f"excludes nothing: {key} is always {show(self.raw[key])} in this grid"))
            constraints.append(exclusion(matching))
        exclusions = constraints[len(parts) :]
        read = tuple(sorted({d for c in constraints for d in c.dimensions}))

        def decide(point: Sequence[int]) -> bool:
            fill(read, point)
            try:
                if not all(part(environment) for part in parts):
                    return False
            except ExpressionError as error:
                assert self.where is not None
                shown = ", ".join(f"{n}: {show(environment[n])}" for part in parts for n in part.names)
                raise self.error(self.where.node, f"where {self.where.node.shown()} {error} (for {shown})") from None
            return all(c.holds(point) for c in exclusions)

        return Space([len(r) for r in raws], constraints, decide, self.budget)

    def points(self) -> Iterator[Point]:
        """The points that are cases, lazily where every point is one; CaseFileError where they can't be found."""
        try:
            if self.coverage == "full":
                yield from self.space.points()
                return
            if self._points is None:
                if self.coverage == "pairwise":
                    self._points = self.space.pairwise()
                else:
                    self._points = self.space.sample(self.number, self.settings.seed[0])
        except GridError as error:
            raise self.too_large(error) from None
        yield from self._points

    def count(self) -> int:
        """How many cases there are; not expanded where that can be known without. CaseFileError as for `points`."""
        try:
            return self.space.count() if self.coverage == "full" else sum(1 for _ in self.points())
        except GridError as error:
            raise self.too_large(error) from None

    def too_large(self, error: GridError) -> CaseFileError:
        """What a grid says that can't be expanded, at what makes it large."""
        node = self.blamed() if self.coverage == "full" else self.node.value.get("coverage", self.node)
        return self.error(node, f"{error} (a grid of {prod(self.space.sizes):,} points)")

    # --- cases ----------------------------------------------------------------------------------------------------

    def cases(self) -> Iterator[Case]:
        """The cases, lazily; CaseFileError where a point's parameters contradict each other, or where there is none."""
        s = self.settings
        split = len(self.names)
        if prod(self.space.sizes[split:]) > MAX_CASES:
            raise self.error(self.node, too_many(prod(self.space.sizes)))
        tails = {
            (i, j, k): (self._suffix(dtype, values, seed), dtype, values, seed)
            for (i, dtype), (j, values), (k, seed) in product(
                enumerate(s.dtype), enumerate(s.values), enumerate(s.seed)
            )
        }
        prefix = f"{self.stem}::"
        latest: Point | None = None
        bound: Bound | None = None
        for point in self.points():
            head = point[:split]
            if bound is None or head != latest:
                bound, latest = self.bind(head), head
                start = prefix + bound.label
            suffix, dtype, values, seed = tails[point[split:]]  # type: ignore[index]
            yield Case(
                start + suffix,
                bound.op,
                bound.given,
                dtype,
                values,
                seed,
                s.check,
                self.source,
                s.nonfinite,
                s.permits,
                s.expect,
                s.tags,
                s.targets,
                s.about,
                s.claim,
            )
        if bound is None:
            raise self.error(self.blamed(), self.nothing())

    def _suffix(self, dtype: str, values: Values, seed: int) -> str:
        """What follows the label in an id: everything in which cases of the same parameters differ."""
        words = [] if dtype == "float32" else [DTYPES[dtype].short]
        words.append(_values_name(values))
        if seed:
            words.append(f"seed{seed}")
        checks = self.settings.check
        words += [f"-{check}" for check in DEFAULT_CHECKS if check not in checks]
        words += [f"+{short}" for check, short in _SHORT.items() if check in checks]
        return " " + " ".join(words)

    def bind(self, head: Point) -> Bound:
        """The parameters of a point; CaseFileError where they contradict each other."""
        params = self.base.copy()
        params.update(zip(self.names, map(getitem, self._parsed, head), strict=True))
        try:
            op = self.op.bind(params, self.trusted)
            if isinstance(op, Call):
                op = self._complete(op)
        except ParamError as error:
            raise self.contradiction(head, error) from None
        given = (*self._fixed_pairs, *map(getitem, self._pairs, head))
        return Bound(op, self.name or op.label(), given)

    def _complete(self, call: Call) -> Call:
        """A `call` whose right answer the case states takes it from `expect`."""
        expect = self.settings.expect
        if expect.values is not None:
            call = call.with_answer(expect.values, expect.layout)
        missing = call.incomplete(bool(expect.refused))
        if missing:
            raise ParamError("plans", missing)
        if call.reference is None and "gradient" in self.settings.check:
            raise ParamError("plans", "gradients are checked against a `reference` op only, and the case has none")
        return call

    # --- what can be wrong ----------------------------------------------------------------------------------------

    def error(self, node: Node, message: str) -> CaseFileError:
        """One finding at a node, as an exception."""
        return CaseFileError([Finding(self.file, node.line, node.column, message)])

    def contradiction(self, head: Point, error: ParamError) -> CaseFileError:
        """An op's complaint about a point, at the parameter's value."""
        node = self.node
        if error.param in self.names:
            node = self.grid[error.param][head[self.names.index(error.param)]].node
        elif error.param in self.fixed:
            node = self.fixed[error.param].node
        if self.names:
            point = self.shown(head)
            error.args = (f"{error} (at {point}; leave such points out with `where` or `exclude`)",)
        report = Report(self.file, self.text)
        param_findings(node, error.param, error, report)
        return CaseFileError(report.findings)

    def shown(self, head: Point) -> str:
        """The parameters that the grid gives a point."""
        pairs = zip(self.names, head, strict=True)
        return ", ".join(f"{key}: {self.grid[key][index].node.shown()}" for key, index in pairs)

    def blamed(self) -> Node:
        """What leaves a grid without a case."""
        if self.where is not None:
            return self.where.node
        return self.node.value.get("exclude", self.node)  # type: ignore[no-any-return]

    def nothing(self) -> str:
        """The message for a grid without a case."""
        total = prod(self.space.sizes)
        if self.where is not None and not self.exclude:
            condition = self.where.node.shown()
            return f"where {condition} never holds: none of {total:,} points is left, so the grid has no case"
        reason = "`where` and `exclude` leave" if self.where is not None else "`exclude` leaves"
        return f"{reason} none of {total:,} points, so the grid has no case"

    def faults(self) -> list[Finding]:
        """What is wrong whatever the point: parameters that are missing, exclusions that exclude nothing."""
        findings = [Finding(self.file, node.line, node.column, message) for node, message in self.never]
        for key in self.missing:
            message = f"the parameter {key!r} is missing: {self.op.fields()[key].doc}"
            findings.append(Finding(self.file, self.node.line, self.node.column, message))
        return findings

    def preview(self) -> list[Finding]:
        """What can be known without expanding: for an explicit case everything, for a grid whether it has a point."""
        if self.name:
            return self.examine(array("q"))
        findings = self.faults()
        look = self.budget.part(FIRST_LOOK)
        try:
            if self.space.first(look) is None:
                raise self.error(self.blamed(), self.nothing())
        except CaseFileError as error:
            findings += error.findings
        except GridError:
            pass  # too entangled for a first look; expanding will tell
        self.budget.taken(look)
        return findings

    def examine(self, ids: array[int]) -> list[Finding]:
        """Expand everything: contradictions, sizes, values that don't fit. Appends the hash of each id to `ids`."""
        findings = self.faults()
        if self.missing:
            return findings
        misfits: dict[int, str] = {}
        largest: tuple[int, str, Node] | None = None
        latest: Any = None
        position = {id(v): i for i, v in enumerate(self.settings.values)}
        try:
            for case in self.cases():
                ids.append(hash(case.id))
                if case.op is not latest:
                    latest = case.op
                    found = oversize(latest, self.settings.check)
                    if found is not None and (largest is None or found[0] < largest[0]):
                        largest = (*found, self.sized(case))
                recipe = position[id(case.values)]
                if recipe not in misfits and case.values.kind in ("literal", "specials"):
                    message = misfit(case)
                    if message:
                        misfits[recipe] = f"{message} (in {case.label})"
        except CaseFileError as error:
            findings += error.findings
        if largest is not None:
            _, message, node = largest
            findings.append(Finding(self.file, node.line, node.column, message))
        for recipe, message in misfits.items():
            node = self.values_node(recipe)
            findings.append(Finding(self.file, node.line, node.column, message))
        return findings

    def notes(self) -> list[Finding]:
        """What is probably not meant, though it can be: plans whose tensors stand in an order that is not usual."""
        if "plans" not in self.fixed:
            return []
        given = self.fixed["plans"]
        try:
            call = next(self.cases()).op
        except (CaseFileError, StopIteration):
            return []
        if not isinstance(call, Call):
            return []
        axes = {**{spec.name: spec.axes for spec in call.specs}, **call.answers}
        places = [
            (given.node.value[framework], note) for framework, note in layout_notes(given.parsed, axes, call.answers)
        ]
        return [Finding(self.file, node.line, node.column, f"note: {message}") for node, message in places]

    def values_node(self, recipe: int) -> Node:
        """Where a recipe stands: in this block, or at the top of the file."""
        for place in (self.node, self.top):
            if "values" in place.value:
                node: Node = place.value["values"]
                return node.value[recipe] if isinstance(node.value, list) else node
        return self.node

    def sized(self, case: Case) -> Node:
        """The parameter that is largest in a case: where a reader will look for what makes a tensor too large."""
        weights = {key: _magnitude(value) for key, value in case.given}
        if not weights:
            return self.node
        key = max(weights, key=lambda k: weights[k])
        if key in self.fixed:
            return self.fixed[key].node
        raw = dict(case.given)[key]
        return next((g.node for g in self.grid[key] if freeze(g.raw) == raw), self.node)


def too_many(count: int, where: str = "the grid") -> str:
    """The message for more cases than a file or a run may have."""
    return f"{where} has {count:,} cases, expected at most {MAX_CASES:,}; give fewer alternatives, or `coverage`"


def freeze(value: Any) -> Any:
    """Lists as tuples and mappings as tuples of pairs, so that a case can't be changed."""
    if isinstance(value, list):
        return tuple(freeze(v) for v in value)
    if isinstance(value, dict):
        return tuple((k, freeze(v)) for k, v in value.items())
    return value


def _values_name(values: Values) -> str:
    return values.name or values.kind


def _magnitude(value: Any) -> int:
    if isinstance(value, tuple):
        return prod(_magnitude(v) for v in value)
    return abs(value) if isinstance(value, int) and not isinstance(value, bool) else 1

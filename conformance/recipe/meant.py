"""What a call means: the op and the parameters for which a framework's words are that very call.

Words are read backwards by writing them: for parameters that are tried, the framework's own plan is made, and its head
is held against the call. One parameter after the other takes the value that leaves the fewest differences; values come
from the call's own literals and from what the parameter's declaration lists. What stands in no argument is a length of
a tensor: it comes from the shapes that were given, or is the op's default. What still differs is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from math import prod
from typing import Any

from conformance.frameworks import Ask, lower, said, several
from conformance.frameworks.base import Framework
from conformance.frameworks.calls import REQUIRED, Known
from conformance.frameworks.words import Words
from conformance.ops.base import REQUIRED as NEEDED
from conformance.ops.base import Field, Op
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.recipe.bench import USUAL
from conformance.recipe.call import CallError
from conformance.recipe.heads import (
    FREE,
    Head,
    Side,
    bind,
    bound_head,
    counted,
    differences,
    head_of,
    in_full,
)
from conformance.recipe.literals import Expression, evaluate
from conformance.recipe.spoken import READ_AS, spoken_calls
from conformance.recipe.syntax import Parsed
from conformance.target import Target, parse_target

DTYPE = "float32"
ROUNDS = 4
PAIRS = 2_000
# Lengths that differ, so that no axis is mistaken for another.
SIZES = (8, 7, 6)
# A length that is made up reaches beyond the call's own numbers, up to this.
LONGEST = 512
# What is worse than any number of arguments: no such function, no words for it, refused by the definition, no op.
COUNTED = 1
_NO_HEAD, _NO_WORDS, _REFUSED, _NO_OP = 10_000, 20_000, 30_000, 40_000


@dataclass(frozen=True)
class Meant:
    """A call that was understood. `plan` runs it as it was written; `words` is the framework's own plan for it."""

    text: str
    framework: str
    function: str
    op: Op
    plan: Plan
    words: Plan
    given: Mapping[str, ast.expr]
    asked: Target
    notes: tuple[str, ...] = ()
    dtype: str = DTYPE

    def says(self, op: Op) -> bool:
        """Whether the words for another op of the kind have the same call in them."""
        plan = lower(Ask(op, op.meaning(), self.dtype, self.asked))
        return isinstance(plan, Plan) and self._head(plan) == self._head(self.words)

    def _head(self, plan: Plan) -> str:
        head = head_of(plan, self.asked.spec.first_words)
        return ast.unparse(head.call) if head else ""

    @property
    def definition(self) -> str:
        """The first sentence of what the op is."""
        text = " ".join((type(self.op).__doc__ or "").split("\n\n")[0].split())
        return re.split(r"(?<=[.])\s", text)[0]


@dataclass(frozen=True)
class _Tried:
    """What came of one set of parameters: how far off it is, and what differs."""

    score: int
    op: Op | None = None
    plan: Plan | None = None
    head: Head | None = None
    differs: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it is the call, at this rank: an axis may be counted from the other end."""
        return self.score <= COUNTED


@dataclass(frozen=True)
class _Reader:
    """A call beside one cell's words for one op."""

    parsed: Parsed
    framework: Framework
    target: Target
    kind: type[Op]
    words: tuple[Words, ...]
    function: str  # the name in full of what the person calls
    known: Known | None
    given: Mapping[str, ast.expr]
    shapes: Mapping[str, tuple[int, ...]]

    def near(self) -> _Tried:
        """The parameters that single changes lead to, which is what nearly every call needs."""
        return self._climb(_defaults(self.kind), pairs=0)

    def best(self) -> _Tried:
        """The parameters that come nearest to the call."""
        found = self._climb(_defaults(self.kind), PAIRS)
        if not found.right and not self.shapes:
            # A `k` beyond a length that nobody gave: a longer one.
            numbers = [n for n in self._literals() if type(n) is int and 0 < n <= LONGEST]
            for values in _longer(self.kind, max(numbers, default=0)):
                if not found.right:
                    found = min(found, self._climb(values, PAIRS), key=lambda tried: tried.score)
        return found

    def _climb(self, values: dict[str, Any], pairs: int) -> _Tried:
        """From these parameters on, whatever single change, or where none helps pair of changes, leaves less off."""
        best = self._tried(values)
        fields = {name: list(self._candidates(field)) for name, field in self.kind.fields().items()}
        # What no call says comes last: a shape of one axis would make every axis the right one.
        fields = {name: fields[name] for name in sorted(fields, key=self.kind.unsaid.__contains__)}
        for _ in range(ROUNDS):
            before = best.score
            for name, candidates in fields.items():
                # A stride that nobody gave goes with the window, or stays as it is beside another one.
                spelled = {n: getattr(best.op, n) for n in fields} if best.op else {}
                changes = [{name: value} for value in candidates]
                values, best = self._better(values, best, [*changes, *({**spelled, **change} for change in changes)])
            if best.score == before and not best.right:
                both = (
                    {one: value, other: second}
                    for one, other in combinations(fields, 2)
                    for value, second in product(fields[one], fields[other])
                )
                values, best = self._better(values, best, islice(both, pairs))
            if best.score == before:
                break
        return best

    def _better(
        self, values: dict[str, Any], best: _Tried, changes: Iterable[Mapping[str, Any]]
    ) -> tuple[dict[str, Any], _Tried]:
        for change in changes:
            if not best.score:
                break
            found = self._tried({**values, **change})
            if found.score < best.score:
                values, best = {**values, **change}, found
        return values, best

    def _candidates(self, field: Field) -> Iterator[Any]:
        literals = list(self._literals())
        numbers = [v for v in literals if type(v) in (int, float)]
        raw: list[Any] = [*field.words, True, False, *literals, *field.near, None, 1]
        raw += [other for v in numbers for other in ((v,), -v, round(1.0 - v, 12))]
        for shape in self.shapes.values():
            raw += [*shape, *(shape[i:j] for i in range(len(shape)) for j in range(len(shape), i, -1))]
        raw += [SIZES[:rank] for rank in (1, 2, 3)]
        seen = set()
        for value in raw:
            try:
                parsed = field.parse(value)
            except ValueError:
                continue
            if (key := repr(parsed)) not in seen:
                seen.add(key)
                yield parsed

    def _literals(self) -> Iterator[Any]:
        """The values in the call, and the defaults of what it leaves out."""
        side = Side(self.given, self.known)
        for name in dict.fromkeys([*self.given, *(self.known.parameters if self.known else ())]):
            value = side.value(name)
            if isinstance(value, list | tuple):
                value = tuple(value)
                if not any(isinstance(v, Expression) for v in value):
                    yield value
                    yield from (v for v in value if type(v) in (int, float))
                    yield len(value)  # how many axes a shape is for
                    # Pairs, as pads are listed: from the last axis on.
                    if len(value) % 2 == 0 and all(type(v) is int for v in value):
                        yield tuple(value[i : i + 2] for i in range(len(value) - 2, -1, -2))
                    # Without what the axes of batch and channels have.
                    yield from (value[i:j] for i, j in ((1, -1), (1, None), (2, None)) if value[i:j])
            elif type(value) in (bool, int, float, str, type(None)):
                yield value

    def _tried(self, values: Mapping[str, Any]) -> _Tried:
        try:
            op = self.kind.bind(values)
        except (ValueError, TypeError) as error:
            return _Tried(_NO_OP, differs=(str(error),))
        refusal = op.refusal()
        try:
            if self.words:
                plan = said(self.words, op, self.target, DTYPE)
            else:
                plan = lower(Ask(op, None if refusal else op.meaning(), DTYPE, self.target))
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            # What is refused need have no outputs and no meaning.
            return _Tried(_REFUSED, op, differs=(refusal or str(error),))
        if isinstance(plan, Unsupported):
            return _Tried(_NO_WORDS, op, differs=(plan.reason,))
        head = head_of(plan, self.framework.first_words)
        wanted = self.known.like if self.known and self.known.like else self.function
        head = head and _as_method(head, self.framework)
        if head is None or head.function != wanted:
            return _Tried(_NO_HEAD, op, plan, differs=(f"the words are {plan.text}",))
        known = self.framework.calls.get(head.function)
        rank = len(plan.layout(plan.inputs[0]).axes) if plan.inputs else 1
        sizes = {name: getattr(op, length) for name, length in (self.known.lengths if self.known else {}).items()}
        person, own = Side(self.given, self.known), Side(bound_head(head, known), known)
        differs = {**differences(person, own, head.tensors, rank, sizes), **self._more(own.given)}
        lengths, off = self._lengths(op, plan)
        if refusal is not None:
            lengths, off = [*lengths, refusal], off + COUNTED + 1
        if counted(person, own):
            off += COUNTED
        return _Tried(100 * len(differs) + off, op, plan, head, (*differs.values(), *lengths))

    def _more(self, own: Mapping[str, ast.expr]) -> dict[str, str]:
        """What is a tensor to the words, and a call in what this call was read as: a loss is no mean of some tensor."""
        if not any(note.startswith(READ_AS) for note in self.parsed.notes):
            return {}
        calls = {name: ast.unparse(node) for name, node in self.given.items() if isinstance(node, ast.Call)}
        return {
            name: f"{name} is {text}, expected a tensor alone"
            for name, text in calls.items()
            if text.split(".")[0] in self.framework.first_words and not isinstance(own.get(name), ast.Call)
        }

    def _lengths(self, op: Op, plan: Plan) -> tuple[list[str], int]:
        """How the shapes that were given differ from those of the plan's tensors."""
        found, off = [], 0
        for name, shape in self.shapes.items():
            spec = next((s for s in op.inputs() if s.name == name), None)
            if spec is None:
                names = ", ".join(s.name for s in op.inputs())
                return [f"a shape was given for {name!r}, and the tensors are {names}"], _NO_HEAD
            layout = plan.layout(name)
            own = tuple(prod(spec.sizes[c] for c in axis) for axis in layout.axes)
            if own != shape:
                found.append(f"{name} has the shape {_comma(shape)}, expected one such as {_comma(own)} ({layout})")
                off += 60 if len(own) != len(shape) else sum(2 for a, b in zip(own, shape, strict=True) if a != b)
        return found, off


def _as_method(head: Head, framework: Framework) -> Head:
    """A method by the name of the framework's own tensors."""
    return replace(head, function=framework.tensor + head.function) if head.function.startswith(".") else head


def read_words(parsed: Parsed, shapes: Mapping[str, tuple[int, ...]], first: tuple[int, ...] | None = None) -> Meant:
    """What a call means. `first` is the shape of the op's first tensor; CallError says what is missing or differs."""
    errors: list[CallError] = []
    cells: list[list[_Reader]] = []
    for framework, kind, name, spoken in spoken_calls(parsed, errors):
        known = framework.calls.get(name)
        try:
            given = bind(name, (a.node for a in spoken.arguments), ((k, v.node) for k, v in spoken.keywords), known)
        except CallError as error:
            errors.append(error)
            continue
        every = dict(shapes)
        if first is not None:
            every[kind.bind(_defaults(kind)).inputs()[0].name] = first
        words = several(framework.words.get(kind.name))
        cells.append(
            [_Reader(spoken, framework, target, kind, words, name, known, given, every) for target in _asked(framework)]
        )
    tried = [_first_right(cell, _Reader.near) for cell in cells]
    # Where one op's words are the call, the other ops of that framework are not searched to the end.
    done = {reader.framework.name for reader, found in tried if found.right}
    for place, cell in enumerate(cells):
        if cell[0].framework.name not in done:
            tried[place] = _first_right(cell, _Reader.best)
    right = [(reader, found) for reader, found in tried if found.right]
    # The loss that is a mean of squares comes before the mean of something.
    right.sort(key=lambda pair: (-len(pair[1].op.inputs()) if pair[1].op else 0, pair[0].framework.name not in USUAL))
    frameworks = dict.fromkeys(reader.framework.name for reader, _ in right)
    if len({found.op for _, found in right}) > 1 and len(frameworks) > 1:
        labels = dict.fromkeys(f"{reader.function} ({found.op.label()})" for reader, found in right if found.op)
        raise CallError(f"{parsed.dotted} may be {' or '.join(labels)}; write out which one")
    if right:
        others = [found.op.label() for _, found in right[1:] if found.op and found.op.name != right[0][1].op.name]  # type: ignore[union-attr]
        others += [r.function for r, f in right if r.framework != right[0][0].framework and f.op == right[0][1].op]
        return _meant(*right[0], others)
    if not tried and errors:
        raise errors[0]
    if not tried:
        raise CallError(f"{parsed.dotted} is in no framework's words")
    reader, nearest = min(tried, key=lambda pair: pair[1].score)
    head = f" ({ast.unparse(nearest.head.call)})" if nearest.head else ""
    way = [reader.known.way] if reader.known and reader.known.way else []
    but = "; ".join([*nearest.differs, *way])
    raise CallError(f"{parsed.text}\n  {reader.function} is read as {reader.kind.name}{head}, but {but}")


def _first_right(cell: Sequence[_Reader], search: Callable[[_Reader], _Tried]) -> tuple[_Reader, _Tried]:
    """What a search finds for the first form of a cell whose words are the call, or for the one that is nearest."""
    every = []
    for reader in cell:
        every.append((reader, search(reader)))
        if every[-1][1].right:
            break
    return min(every, key=lambda pair: pair[1].score)


def _asked(framework: Framework) -> list[Target]:
    """The framework in each form in which it may be asked: as functions, as layers."""
    options = [f"+api={value}" for value in framework.options.get("api", ())]
    return [parse_target(framework.name + option) for option in ("", *options)]


def _defaults(kind: type[Op]) -> dict[str, Any]:
    """Every parameter as a file that says nothing has it."""
    values = {}
    for name, field in kind.fields().items():
        value = field.default
        if value is NEEDED:
            value = next((v for v in (SIZES[0], SIZES[:2]) if _reads(field, v)), None)
        values[name] = value
    return values


def _longer(kind: type[Op], longer: int) -> Iterator[dict[str, Any]]:
    """The defaults with one length of a tensor by so much longer, each in turn."""
    values = _defaults(kind)
    for name in values if longer else ():
        changed = {**values, name: _plus(values[name], longer)}
        try:
            before, after = kind.bind(values).inputs(), kind.bind(changed).inputs()
        except (ValueError, TypeError):
            continue
        if before != after:
            yield changed


def _reads(field: Field, value: Any) -> bool:
    try:
        field.parse(value)
    except ValueError:
        return False
    return True


def _plus(value: Any, more: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_plus(v, more) for v in value)
    return value + more if type(value) is int else value


def _meant(reader: _Reader, found: _Tried, others: Sequence[str]) -> Meant:
    assert found.op is not None
    assert found.plan is not None
    assert found.head is not None
    notes = list(reader.parsed.notes)
    stand_ins = [n for n in reader.given.values() if isinstance(evaluate(n), Expression)]
    notes += [
        f"`{ast.unparse(n)}` stands for a tensor"
        for n in stand_ins
        if not isinstance(n, ast.Name | ast.Attribute | ast.Starred) and reader.known
    ]
    if "dtype" in reader.given and not (reader.known and reader.known.parameters.get("dtype") is REQUIRED):
        notes.append(f"dtype is {ast.unparse(reader.given['dtype'])}; it is verified in {DTYPE}")
    if not reader.shapes and found.op.inputs():
        spec = found.op.inputs()[0]
        layout = found.plan.layout(spec.name)
        own = tuple(prod(spec.sizes[c] for c in axis) for axis in layout.axes)
        notes.append(f"no --input was given: {spec.name} is taken as {_comma(own)} ({layout})")
    if reader.known:
        person = Side(reader.given, reader.known)
        notes += [
            f"{name} is taken as {value!r}"
            for name, value in reader.known.fixed.items()
            if name in reader.known.parameters and person.value(name) != value
        ]
    notes += [f"the same call is {label}" for label in dict.fromkeys(others)]
    return Meant(
        reader.parsed.text,
        reader.framework.name,
        reader.function,
        found.op,
        _as_written(reader, found.plan, found.head),
        found.plan,
        dict(reader.given),
        reader.target,
        tuple(notes),
    )


def _as_written(reader: _Reader, plan: Plan, head: Head) -> Plan:
    """The plan with the call as it was written in place of the words' own: the same tensors, no argument more.

    A layer is asked as the function in whose words it is read, with every argument: its own defaults are another's.
    """
    if reader.known and reader.known.like:
        return plan
    known = reader.framework.calls.get(head.function)
    words = bound_head(head, known)
    arguments: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    ordered = list(words)
    placed = set(list(reader.given)[: len(reader.parsed.arguments)])
    by_position = {name for name, node in words.items() if node in head.call.args}
    for name, node in words.items():
        tensor = any(isinstance(n, ast.Name) and n.id in head.tensors for n in ast.walk(node))
        if not tensor and name not in FREE and name not in reader.given:
            continue
        value = node if tensor or name in FREE else in_full(reader.given[name])
        placeable = name in placed or (tensor and name in by_position)
        if placeable and len(arguments) == ordered.index(name) and not keywords:
            arguments.append(value)
        else:
            keywords.append(ast.keyword(name, value))
    for name, node in reader.given.items():
        if name not in words and name not in FREE and (not known or name in known.parameters):
            keywords.append(ast.keyword(name, in_full(node)))
    written = ast.Call(ast.parse(head.function, mode="eval").body, arguments, keywords)
    tree = ast.parse(plan.text)
    target = ast.unparse(head.call)

    class Put(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            if ast.unparse(node) == target:
                return written
            self.generic_visit(node)
            return node

    return replace(plan, text=ast.unparse(ast.fix_missing_locations(Put().visit(tree))))


def _comma(shape: Sequence[int]) -> str:
    return ",".join(map(str, shape))

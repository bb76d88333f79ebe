"""Finding a `where`: what some cases share and others do not, in the words of a known entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Protocol

from conformance.dtypes import DTYPES
from conformance.known.entry import CaseLike, Glob, environment, names

FEW = 2  # so many cases are named rather than described
MANY_PARTS = 4  # a condition of more parts describes the sample, not the cause
SHORT_LIST = 12
COMPARED = ("kernel", "stride", "dilation", "size", "output_padding")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


class Described(CaseLike, Protocol):
    """A case of a record: its recipe of values is a name."""

    @property
    def values(self) -> str: ...


@dataclass(frozen=True)
class Condition:
    """What goes under `where` beside the op and the targets. An empty one asks for nothing."""

    cases: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Atom:
    """One thing that holds for every case inside."""

    kind: str  # case, params or dtype
    text: str
    holds: Callable[[Described], bool]
    cost: float


class Separator:
    """Finds conditions over the cases of one record; what it computes of a case it keeps."""

    def __init__(self) -> None:
        self._features: dict[str, dict[str, Any]] = {}

    def separate(self, inside: Sequence[Described], outside: Sequence[Described]) -> Condition:
        """A condition that covers every case inside and none outside. All are of one op, and no case is on both
        sides.
        """
        listed = self._listed(inside, outside)
        bases = len({base(case) for case in inside})
        if not outside or inside[0].op_name == "call" or bases <= FEW or _all_named(inside):
            return listed
        described = self._described(inside, outside)
        if described is None or (len(described.params) > MANY_PARTS and len(listed.cases) <= SHORT_LIST):
            return listed
        return described

    @staticmethod
    def _listed(inside: Sequence[Described], outside: Sequence[Described]) -> Condition:
        """The cases by their ids, with as few patterns as name them and nothing else."""
        patterns: list[str] = []
        rest: dict[str, list[Described]] = {}
        for case in inside:
            rest.setdefault(f"{case.id.partition('::')[0]}::*", []).append(case)
        for whole, cases in rest.items():
            if len({base(case) for case in cases}) > 1 and not any(map(Glob(whole), (o.id for o in outside))):
                patterns.append(whole)
                continue
            for start in dict.fromkeys(base(case) for case in cases):
                pattern = f"{start} *"
                if any(map(Glob(pattern), (o.id for o in outside))):
                    patterns += [case.id for case in cases if base(case) == start]
                else:
                    patterns.append(pattern)
        return Condition(cases=tuple(patterns))

    def _described(self, inside: Sequence[Described], outside: Sequence[Described]) -> Condition | None:
        """A condition on parameters, dtype and file: at each step the part that leaves the fewest outside."""
        atoms = [atom for atom in self._atoms(inside) if all(map(atom.holds, inside))]
        left = list(outside)
        chosen: list[_Atom] = []
        while left:
            usable = [a for a in atoms if a.kind == "params" or a.kind not in {c.kind for c in chosen}]
            scored = [((sum(not a.holds(case) for case in left)) / a.cost, a) for a in usable]
            best, atom = max(scored, key=lambda pair: pair[0], default=(0.0, None))
            if atom is None or not best:
                return None
            chosen.append(atom)
            left = [case for case in left if atom.holds(case)]
        for atom in list(chosen):
            others = [a for a in chosen if a is not atom]
            if not any(all(a.holds(case) for a in others) for case in outside):
                chosen = others
        texts = {kind: tuple(a.text for a in chosen if a.kind == kind) for kind in ("case", "params", "dtype")}
        dtypes = tuple(dict.fromkeys(case.dtype for case in inside)) if texts["dtype"] else ()
        return Condition(texts["case"], texts["params"], dtypes)

    def _atoms(self, inside: Sequence[Described]) -> Iterator[_Atom]:
        features = [self._of(case) for case in inside]
        for name in features[0]:
            yield from self._about(name, [f.get(name) for f in features])
        yield from self._between(features[0])
        dtypes = frozenset(case.dtype for case in inside)
        yield _Atom("dtype", "", lambda case: case.dtype in dtypes, 1.0)
        files = {case.id.partition("::")[0] for case in inside}
        values = {case.values for case in inside}
        patterns = [f"{next(iter(files))}::*"] if len(files) == 1 else []
        if len(values) == 1:
            recipe = next(iter(values))
            patterns += [f"{start} {recipe}*" for start in (*patterns, "*")]
        patterns += [f"{start} +{check}*" for start in (*patterns, "*") for check in ("grad", "adj")]
        for pattern in patterns:
            glob = Glob(pattern)
            yield _Atom("case", pattern, lambda case, glob=glob: glob(case.id), 1.5)  # type: ignore[misc]

    def _about(self, name: str, values: list[Any]) -> Iterator[_Atom]:
        distinct = list(dict.fromkeys(values))
        numeric = all(_is_number(v) for v in values)
        if len(distinct) == 1:
            yield self._compare(name, "==", distinct[0], 1.0)
        elif numeric:
            yield self._compare(name, ">=", min(values), 1.0)
            yield self._compare(name, "<=", max(values), 1.0)
        if 1 < len(distinct) <= 4:
            text = f"{name} in [{', '.join(map(_literal, distinct))}]"
            yield _Atom("params", text, lambda case: self._of(case).get(name, _NOTHING) in distinct, 1.2)

    def _compare(self, name: str, sign: str, value: Any, cost: float) -> _Atom:
        order = _ORDER[sign]

        def holds(case: Described) -> bool:
            found = self._of(case).get(name, _NOTHING)
            if sign == "==":
                return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)
            return _is_number(found) and order(found, value)

        return _Atom("params", f"{name} {sign} {_literal(value)}", holds, cost)

    def _between(self, first: Mapping[str, Any]) -> Iterator[_Atom]:
        axes = [name for name in COMPARED if f"max({name}_axes)" in first]
        for a, b in combinations(axes, 2):
            for f, g, sign in product(("min", "max"), ("min", "max"), _ORDER):
                yield self._pair(f"{f}({a}_axes)", f"{g}({b}_axes)", sign)

    def _pair(self, left: str, right: str, sign: str) -> _Atom:
        order = _ORDER[sign]

        def holds(case: Described) -> bool:
            found = self._of(case)
            return left in found and right in found and order(found[left], found[right])

        return _Atom("params", f"{left} {sign} {right}", holds, 1.3)

    def _of(self, case: Described) -> dict[str, Any]:
        """The case's parameters as what a condition compares: scalars, and the least and the largest of each axis
        list.
        """
        found = self._features.get(case.id)
        if found is None:
            found = {}
            given = environment(case)
            for name in names([case.op_name]):
                value = given.get(name, _NOTHING)
                per_axis = f"{name}_axes" in given
                if name.endswith("_axes"):
                    if isinstance(value, list) and value and all(map(_is_number, value)):
                        found[f"min({name})"], found[f"max({name})"] = min(value), max(value)
                elif value is None or isinstance(value, str | bool) or (_is_number(value) and not per_axis):
                    found[name] = value
            self._features[case.id] = found
        return found


_NOTHING = object()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def base(case: Described) -> str:
    """A case's id without what follows its parameters or name: dtype, values, seed, checks."""
    words = [] if case.dtype == "float32" else [DTYPES[case.dtype].short]
    return case.id.rpartition(" " + " ".join([*words, case.values]))[0] or case.id


def _all_named(cases: Sequence[Described]) -> bool:
    """Whether few enough were given a name by a person, which says more than their parameters."""
    starts = {base(case) for case in cases}
    return len(starts) <= SHORT_LIST and all("[" not in start for start in starts)

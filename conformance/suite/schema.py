"""The structure of a case file: which keys stand where, what each one takes, and the same as JSON Schema for editors.

The tables are written by hand rather than as pydantic models: importing pydantic and building such models took 0.15 to
0.25 s of CPU, half of what `conformance list` may use altogether, and its errors would have been rewritten one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from conformance.ops import OPS
from conformance.ops.base import Op, ParamError
from conformance.suite.document import Node, text_positions
from conformance.suite.findings import unknown
from conformance.suite.readers import Key, Report, Reported, Wrong, few, integer, keys_schema, name, text, word
from conformance.suite.settings import SETTINGS
from conformance.text.expression import Expression, ExpressionError, parse_expression

# What `where` and `exclude` can speak of besides the op's parameters.
DIMENSIONS = ("dtype", "values", "seed")
MAX_SAMPLE = 100_000
MAX_EXCLUDED = 1_000  # entries of one `exclude`: every point is held against each


@dataclass(frozen=True)
class Given:
    """One value of a parameter: where it stands, as the file gives it, and as the op reads it."""

    node: Node
    raw: Any
    parsed: Any


@dataclass(frozen=True)
class Condition:
    """A `where`: the parts that its outermost `and` joins, and where it stands."""

    node: Node
    parts: tuple[Expression, ...]


@dataclass
class GridSpec:
    """A grid as it is written: alternatives a parameter."""

    node: Node
    sound: bool  # whether nothing is wrong with it
    settings: Mapping[str, Any]
    grid: Mapping[str, tuple[Given, ...]]
    where: Condition | None = None
    exclude: tuple[tuple[Node, Mapping[str, Any]], ...] = ()
    coverage: str = "full"
    sample: int = 0


@dataclass
class CaseSpec:
    """An explicit case as it is written."""

    node: Node
    sound: bool
    settings: Mapping[str, Any]
    name: str
    params: Mapping[str, Given]


@dataclass
class FileSpec:
    """A case file as it is written. Only grids and cases with which nothing is wrong are in it."""

    node: Node
    op: type[Op]
    settings: Mapping[str, Any]
    defaults: Mapping[str, Given] = field(default_factory=dict)
    grids: tuple[GridSpec, ...] = ()
    cases: tuple[CaseSpec, ...] = ()
    trusted: bool = False  # the user said that plans of this file may call what they like


def read_file(node: Node, report: Report) -> FileSpec | None:
    """The structure of a file, and in `report` everything that is wrong with it.

    None where so much is wrong at the top (no op, wrong defaults) that nothing more can be said about grids and cases.
    """
    if not node.is_mapping or not {"op", "grids", "cases"} & node.value.keys():
        # Nothing of it is quoted: a path may lead to any file.
        report.add(node, "not a case file: expected a mapping with `op` and `grids` or `cases`")
        return None
    op = _op(node, report)
    # Grids and cases are read on their own, so that a fault in one of them does not hide what is wrong with the others.
    given = report.mapping(node, file_keys(op), "the file")
    if isinstance(node.value, dict) and not {"grids", "cases"} & node.value.keys():
        report.add(node, "the file has neither `grids` nor `cases`, so it has no case")
    sound = not report.findings
    grids = [_grid(item, grid_keys(op), report) for item in _items(given.get("grids"), "grids", report)]
    cases = [_case(item, case_keys(op), report) for item in _items(given.get("cases"), "cases", report)]
    if op is None or not sound:
        return None
    return FileSpec(
        node,
        op,
        {key: given[key] for key in SETTINGS if key in given},
        given.get("defaults", {}),
        tuple(grid for grid in grids if grid.sound),
        tuple(case for case in cases if case.sound),
    )


def _op(node: Node, report: Report) -> type[Op] | None:
    if not isinstance(node.value, dict) or "op" not in node.value:
        return None
    found = node.value["op"]
    if not isinstance(found.value, str) or found.value not in OPS:
        report.add(found, unknown("op", found.value, OPS) if isinstance(found.value, str) else f"op is {found.shown()}")
        return None
    return OPS[found.value]


# --- parameters ---------------------------------------------------------------------------------------------------


def param_findings(node: Node, name: str, error: ValueError, report: Report) -> None:
    """Report what an op says about a parameter's value, at the deepest place that it names."""
    details = getattr(error, "details", ())
    for detail in details:
        place = node.at(detail.path[1:])
        if detail.line:
            lines = list(text_positions(place, report.source))
            line, column = lines[min(detail.line, len(lines)) - 1]
            place = Node(line, column + detail.column - 1 if place.style != ">" else column, None)
        report.add(place, f"{'.'.join(map(str, detail.path))}: {detail.message}")
    if not details and isinstance(error, ParamError):
        report.add(node, str(error))
    elif not details:
        report.add(node, f"{name} is {node.shown()}, expected {error}")


class _Params:
    """Readers of parameter mappings of one op (of no op at all where the op is unknown)."""

    def __init__(self, op: type[Op] | None) -> None:
        self.op = op

    def known(self, key: Node, report: Report, extra: tuple[str, ...] = ()) -> bool:
        if self.op is None:
            return False  # nothing can be said about its parameters
        allowed = [*self.op.fields(), *extra]
        if key.value in allowed:
            return True
        report.add(key, unknown(f"parameter of {self.op.name}", key.value, allowed))
        return False

    def value(self, name: str, node: Node, report: Report) -> Given | None:
        assert self.op is not None
        raw = node.plain()
        try:
            return Given(node, raw, self.op.fields()[name].parse(raw))
        except ValueError as error:
            param_findings(node, name, error, report)
        return None

    def single(self, node: Node, report: Report) -> dict[str, Given]:
        """Parameter -> value."""
        result = {}
        for key, child in _entries(node):
            if self.known(key, report):
                given = self.value(key.value, child, report)
                if given is not None:
                    result[key.value] = given
        return result

    def grid(self, node: Node, report: Report) -> dict[str, tuple[Given, ...]]:
        """Parameter -> alternatives."""
        result = {}
        for key, child in _entries(node):
            if not self.known(key, report):
                continue
            if child.value == []:
                report.add(child, f"{key.value} has no alternative, so the grid has no case")
                continue
            items = [child]  # what is no list is the only alternative
            if isinstance(child.value, list):
                few(child, "alternatives")
                items = child.value
            alternatives: list[Given] = []
            seen: dict[Any, Node] = {}
            for item in items:
                given = self.value(key.value, item, report)
                if given is None:
                    continue
                # True == 1 in Python, but not in a file.
                identity = (type(given.parsed), given.parsed)
                if identity in seen:
                    words = f"{key.value} has the alternative {item.shown()} twice"
                    report.add(item, words + self._point(key.value, child))
                seen[identity] = item
                alternatives.append(given)
            result[key.value] = tuple(alternatives)
        return result

    def _point(self, name: str, node: Node) -> str:
        """What to write where a list of alternatives was meant as one value, if it can be one."""
        assert self.op is not None
        try:
            self.op.fields()[name].parse(node.plain())
        except ValueError:
            return ""
        return f": a grid's list holds alternatives, a {name} each; as one {name} it is written [{node.shown()}]"

    def exclude(self, node: Node, report: Report) -> tuple[tuple[Node, Mapping[str, Any]], ...]:
        """A list of mappings parameter -> value; a point is left out where every value of one mapping is its own."""
        if not isinstance(node.value, list) or not node.value:
            raise Wrong(node, f"found {node.shown()}, expected a list of mappings, such as [{{kernel: 1, stride: 2}}]")
        few(node, "mappings", MAX_EXCLUDED)
        result = []
        for item in node.value:
            entry: dict[str, Any] = {}
            for key, child in _entries(item):
                if self.op is None or not self.known(key, report, DIMENSIONS):
                    continue
                if key.value in self.op.fields():
                    given = self.value(key.value, child, report)
                    if given is not None:
                        entry[key.value] = given.parsed
                else:
                    entry[key.value] = child.plain()
            if isinstance(item.value, dict) and not item.value:
                report.add(item, "an empty mapping would exclude everything")
            result.append((item, entry))
        return tuple(result)


def _entries(node: Node) -> list[tuple[Node, Node]]:
    if not isinstance(node.value, dict):
        raise Wrong(node, f"found {node.shown()}, expected a mapping of parameters")
    return [(node.keys[key], child) for key, child in node.value.items()]


def _coverage(node: Node, report: Report) -> tuple[str, int]:
    if isinstance(node.value, dict):
        before = len(report.findings)
        given = report.mapping(node, SAMPLE, "coverage")
        if len(report.findings) > before:
            raise Reported(node)
        if not 1 <= given["sample"] <= MAX_SAMPLE:
            raise Wrong(node.value["sample"], f"sample is {given['sample']}, expected 1 to {MAX_SAMPLE:,}")
        return "sample", given["sample"]
    return word("coverage", "full", "pairwise")(node, report), 0


def read_condition(node: Node, op: type[Op], report: Report) -> Condition:
    """A `where`; Wrong at the column where it can't be read."""
    if isinstance(node.value, bool) or not isinstance(node.value, str) or not node.value.strip():
        raise Wrong(node, f"where is {node.shown()}, expected an expression such as kernel >= stride")
    try:
        return Condition(node, tuple(parse_expression(node.value, [*op.fields(), *DIMENSIONS])))
    except ExpressionError as error:
        line, column = next(iter(text_positions(node, report.source)))
        place = Node(line, column + max(error.column - 1, 0), None)
        raise Wrong(place, f"where {node.shown()}: {error}") from None


# --- tables -------------------------------------------------------------------------------------------------------

SAMPLE = {"sample": Key(integer, "how many points are drawn", {"type": "integer", "minimum": 1}, True)}


@cache
def grid_keys(op: type[Op] | None) -> dict[str, Key]:
    """The keys of one grid."""
    params = _Params(op)
    fields = op.fields() if op else {}
    lists = {
        key: {"anyOf": [{"type": "array", "items": f.schema, "minItems": 1}, f.schema], "description": f.doc}
        for key, f in fields.items()
    }
    singles = {key: {**f.schema, "description": f.doc} for key, f in fields.items()}
    extra: dict[str, Any] = {key: {} for key in DIMENSIONS}

    def where(node: Node, report: Report) -> Condition | None:
        return read_condition(node, op, report) if op else None

    return {
        **SETTINGS,
        "grid": Key(
            params.grid,
            "parameter -> its only value, or a list of alternatives",
            _object(lists) if op else {"type": "object"},
            required=True,
        ),
        "where": Key(
            where, "a condition over the parameters; points where it does not hold are left out", {"type": "string"}
        ),
        "exclude": Key(
            params.exclude,
            "points to leave out, each by the values of some parameters",
            {"type": "array", "items": _object({**singles, **extra}) if op else {"type": "object"}},
        ),
        "coverage": Key(
            _coverage,
            "which points: all of them, enough for every pair of values, or a sample",
            {"anyOf": [{"enum": ["full", "pairwise"]}, keys_schema(SAMPLE)]},
        ),
    }


@cache
def case_keys(op: type[Op] | None) -> dict[str, Key]:
    """The keys of one explicit case."""
    return {
        **SETTINGS,
        "name": Key(name, "the case's name, which goes into its id", {"type": "string"}, required=True),
        "params": Key(_Params(op).single, "parameter -> value", _params_schema(op)),
    }


@cache
def file_keys(op: type[Op] | None) -> dict[str, Key]:
    """The keys of a file. Its grids and cases are read one by one, see `read_file`."""

    def apart(node: Node, _: Report) -> Node:
        return node

    grids = {"type": "array", "items": keys_schema(grid_keys(op)), "minItems": 1}
    cases = {"type": "array", "items": keys_schema(case_keys(op)), "minItems": 1}
    return {
        "op": Key(text, "the operation", {"enum": list(OPS)}, required=True),
        **SETTINGS,
        "defaults": Key(_Params(op).single, "parameters that all grids and cases share", _params_schema(op)),
        "grids": Key(apart, "products of parameters", grids),
        "cases": Key(apart, "single points", cases),
    }


def _items(node: Node | None, what: str, report: Report) -> list[Node]:
    if node is None:
        return []
    if not isinstance(node.value, list) or not node.value:
        report.add(node, f"{what} is {node.shown()}, expected a list with at least one entry")
        return []
    return node.value


def _grid(node: Node, keys: Mapping[str, Key], report: Report) -> GridSpec:
    before = len(report.findings)
    given = report.mapping(node, keys, "a grid")
    coverage, sample = given.get("coverage", ("full", 0))
    return GridSpec(
        node,
        len(report.findings) == before,
        {key: given[key] for key in SETTINGS if key in given},
        given.get("grid", {}),
        given.get("where"),
        given.get("exclude", ()),
        coverage,
        sample,
    )


def _case(node: Node, keys: Mapping[str, Key], report: Report) -> CaseSpec:
    before = len(report.findings)
    given = report.mapping(node, keys, "a case")
    settings = {key: given[key] for key in SETTINGS if key in given}
    return CaseSpec(node, len(report.findings) == before, settings, given.get("name", ""), given.get("params", {}))


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _params_schema(op: type[Op] | None) -> dict[str, Any]:
    if op is None:
        return {"type": "object"}
    return _object({key: {**f.schema, "description": f.doc} for key, f in op.fields().items()})


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of case files. Which parameters there are depends on `op`, so each op has a branch."""
    branches = []
    for op in OPS.values():
        then = keys_schema(file_keys(op))
        then["properties"]["op"] = {"const": op.name}
        branches.append({"if": {"properties": {"op": {"const": op.name}}, "required": ["op"]}, "then": then})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Conformance case file",
        "type": "object",
        "required": ["op"],
        "properties": {"op": {"enum": list(OPS), "description": "the operation"}},
        "allOf": branches,
        "anyOf": [{"required": ["grids"]}, {"required": ["cases"]}],
    }

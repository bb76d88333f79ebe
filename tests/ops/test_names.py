"""No op's name stands outside of the rooms that are about ops, and nobody asks what family an op is of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from conformance.ops.defined import DEFINED

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "conformance"
# Recipes read and write calls of convolutions that people have written; `exact` has moves that go by an op's name.
ROOMS = ("ops", "frameworks", "recipe", "exact")
# Functions of conditions, Python's own, a field of a request and a check in short, by chance named as ops.
ORDINARY = {"abs", "all", "any", "det", "max", "min", "repeat", "sum"}
_CLASSES = {cls.__name__ for op in DEFINED.values() for cls in op.__mro__} - {"Op", "ABC", "object"}
FAMILIES = {name for name in _CLASSES if not name.startswith("_")}


def named(path: Path) -> Iterator[str]:
    """Where a module names an op: as a text, as a class, or by importing its module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            if node.value in DEFINED.keys() - ORDINARY:
                yield f"{place} says {node.value!r}"
        elif isinstance(node, ast.Name) and node.id in FAMILIES:
            yield f"{place} asks for {node.id}"
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("conformance.ops."):
            names = {alias.name for alias in node.names}
            yield from (f"{place} imports {name}" for name in sorted(names & FAMILIES))
            if node.module.startswith("conformance.ops.conv"):
                yield f"{place} imports {node.module}"


def test_no_op_is_named_outside_of_its_rooms() -> None:
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in ROOMS]
    assert len(files) > 100
    found = [line for path in files for line in named(path)]
    assert found == []


def test_a_name_is_found() -> None:
    found = list(named(PACKAGE / "ops" / "defined.py"))
    assert any("asks for Conv" in line for line in found)
    assert any("imports conformance.ops.conv.conv" in line for line in found)

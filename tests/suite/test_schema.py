"""The JSON Schema for editors says the same as the loader."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.ops import OPS
from conformance.suite.loader import find_files
from conformance.suite.schema import json_schema

ROOT = Path(__file__).parents[2]


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value is valid under the part of JSON Schema that ours uses."""
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "null": type(None),
    }
    kind = schema.get("type")
    if kind is not None:
        names = kind if isinstance(kind, list) else [kind]
        if not any(
            isinstance(value, kinds[n]) and not (isinstance(value, bool) and n in ("integer", "number")) for n in names
        ):
            return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "minimum" in schema and isinstance(value, int | float) and value < schema["minimum"]:
        return False
    if "maximum" in schema and isinstance(value, int | float) and value > schema["maximum"]:
        return False
    least = schema.get("exclusiveMinimum")
    if least is not None and isinstance(value, int | float) and value <= least:
        return False
    if "anyOf" in schema and not any(valid(value, s) for s in schema["anyOf"]):
        return False
    if not all(valid(value, s) for s in schema.get("allOf", ())):
        return False
    if "if" in schema and valid(value, schema["if"]) and not valid(value, schema["then"]):
        return False
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
            return False
        return all(valid(v, schema["items"]) for v in value) if "items" in schema else True
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if not set(schema.get("required", ())) <= value.keys():
            return False
        extra = schema.get("additionalProperties", True)
        for key, child in value.items():
            if key in properties:
                if not valid(child, properties[key]):
                    return False
            elif extra is False or (isinstance(extra, dict) and not valid(child, extra)):
                return False
    return True


def test_it_is_json_and_every_keyword_in_it_is_known_to_this_test() -> None:
    schema = json.loads(json.dumps(json_schema()))
    known = set(
        "$schema title type required properties enum const minimum anyOf allOf if then minItems maxItems items "
        "exclusiveMinimum maximum "
        "additionalProperties description".split()
    )

    def keywords(part: Any) -> set[str]:
        found: set[str] = set()
        if isinstance(part, dict):
            found |= part.keys()
            for key, child in part.items():
                if key == "properties":
                    for inner in child.values():
                        found |= keywords(inner)
                elif key not in ("enum", "const", "required"):
                    found |= keywords(child)
        elif isinstance(part, list):
            for child in part:
                found |= keywords(child)
        return found

    assert keywords(schema) <= known


def test_every_parameter_of_every_op_is_described() -> None:
    branches = {b["then"]["properties"]["op"]["const"]: b["then"]["properties"] for b in json_schema()["allOf"]}
    assert branches.keys() == OPS.keys()
    for name, op in OPS.items():
        grid = branches[name]["grids"]["items"]["properties"]["grid"]["properties"]
        params = branches[name]["cases"]["items"]["properties"]["params"]["properties"]
        assert grid.keys() == params.keys() == op.fields().keys()
        assert all(grid[key]["description"] == field.doc for key, field in op.fields().items())


@pytest.mark.parametrize("file", find_files([ROOT / "cases"])[1], ids=lambda file: file.stem)
def test_the_shipped_files_are_valid_under_it(file: Path) -> None:
    assert valid(yaml.safe_load(file.read_text()), json_schema())


@pytest.mark.parametrize(
    "text",
    [
        "{op: conv}",
        "{op: conv_trnspose, cases: [{name: a}]}",
        "{op: conv, abuot: x, cases: [{name: a}]}",
        "{op: conv, cases: [{nme: a}]}",
        "{op: conv, cases: [{name: a, params: {strides: 2}}]}",
        "{op: conv, cases: [{name: a, params: {stride: x}}]}",
        "{op: conv, grids: [{grid: {stride: x}}]}",
        "{op: conv, grids: [{grid: {stirde: [2]}}]}",
        "{op: conv, grids: [{grid: {kernel: [2]}, coverage: pairwize}]}",
        "{op: conv, dtype: float31, cases: [{name: a}]}",
        "{op: conv, values: {kind: specials, place: [{in: x}]}, cases: [{name: a}]}",
        "{op: conv, defaults: {output_size: 3}, cases: [{name: a}]}",
        "{op: call, cases: [{name: a, params: {plans: {trch: x}}}]}",
    ],
)
def test_what_the_loader_refuses_is_invalid_under_it(text: str) -> None:
    assert not valid(yaml.safe_load(text), json_schema())

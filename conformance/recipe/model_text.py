"""A plan of ONNX as a person would have it: the model's text a node a line, and its session with a name."""

from __future__ import annotations

import ast
import re

# `model = onnx.parser.parse_model('<...> name (inputs) => (outputs) { nodes }')`
_MODEL = re.compile(r"(<.*?>) (\w+ \(.*?\)) => (\(.*?\)) \{ (.*) \}")


def spread_out(plan: str) -> list[str]:
    """The statements of a plan of ONNX, as they are printed and run."""
    lines = []
    for statement in ast.parse(plan).body:
        assert isinstance(statement, ast.Assign)
        value = statement.value
        run = value.value if isinstance(value, ast.Subscript) else value
        assert isinstance(run, ast.Call)
        text = run.args[0]
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            lines.append(_model(ast.unparse(run.func), text.value))
            continue
        # y = Session(...).run(None, {...})[0]
        assert isinstance(run.func, ast.Attribute)
        lines.append(f"session = {ast.unparse(run.func.value)}".replace("'", '"'))
        run.func.value = ast.Name("session", ast.Load())
        lines.append(ast.unparse(ast.fix_missing_locations(statement)).replace("'", '"'))
    return lines


def _model(function: str, text: str) -> str:
    match = _MODEL.fullmatch(text)
    assert match is not None, text
    head, taken, made, nodes = match.groups()
    each = "\n".join(f"    {node}" for node in _nodes(nodes))
    return f'model = {function}("""\n{head}\n{taken} => {made} {{\n{each}\n}}\n""")'


def _nodes(text: str) -> list[str]:
    """The nodes, each of which ends where its inputs are closed."""
    found, depth, start, quoted = [], 0, 0, False
    for place, character in enumerate(text):
        quoted ^= character == '"'  # the arrow of an equation closes nothing
        if quoted:
            continue
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(character, 0)
        if character == ")" and not depth:
            found.append(text[start : place + 1].strip())
            start = place + 1
    return found

"""A plan in a script: whatever its lines look like and its names are, the function computes what the plan says."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from conformance.commands.cli import main
from conformance.plan import Plan
from conformance.repro import find, script
from conformance.repro.inputs import SCRIPT_NAMES, local
from conformance.repro.script import function
from conformance.target import parse_target

PLANS = {
    "one line each": "a = numpy.ones((2, 2))  # made\n# a comment\ny = x + a",
    "over several lines": "a = numpy.ones(\n    (2,\n2))\ny = numpy.sum(\n  x + a,\naxis=0,\n)",
    "over several lines, without a space": "y = (x\n+ numpy.ones(\n(2, 2)))",
    "continued": "y = x + \\\nnumpy.ones((2, 2))",
    "two on a line": "a = numpy.ones((2, 2)); y = x + a; z = y",
    "assigned twice": "y = numpy.ones((2, 2))\ny = y * 2\ny = y + x",
    "chained": "a = b = numpy.ones((2, 2))\na = a + x\ny = a + b",
    "names of the script": "sys = numpy.ones((2, 2))\ntensors = sys + 1\nfloat = tensors\ny = x + sys + float",
    "input again": "a = numpy.ones((2, 2))\nx = x + a\ny = x",
    "a string that goes on": "y = numpy.pad(x, 1, 'cons\\\ntant')",
    "carriage returns": "a = numpy.ones((2, 2))\ry = x + a\r\nz = y",
}


@pytest.mark.parametrize("splits", [False, True])
@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS)
def test_the_function_computes_what_the_plan_says(text: str, splits: bool) -> None:
    x = numpy.arange(4.0).reshape(2, 2)
    direct: dict[str, Any] = {"numpy": numpy, "x": x}
    exec(text, direct)
    made: Any = SimpleNamespace(splits=splits)
    source = "\n".join(function(Plan.of(text, {"x": "NC", "y": "NC"}), made))
    space: dict[str, Any] = {"numpy": numpy}
    exec(source, space)
    for _ in range(2):
        assert numpy.array_equal(space["call"](x), direct["y"])
    # Nothing that the rest of the script uses has another meaning after it.
    assert not {name for name in space if name in SCRIPT_NAMES} - {"call", "numpy", "__builtins__"}
    # Within another function it is the same: `--across` puts it there.
    nested = "def outer(numpy, x):\n" + "\n".join(f"    {line}" for line in source.split("\n")) + "\n    return call(x)"
    exec(nested, space)
    assert numpy.array_equal(space["outer"](numpy, x), direct["y"])


def test_a_plain_plan_is_shown_as_it_is_written() -> None:
    made: Any = SimpleNamespace(splits=True)
    lines = function(Plan.of(PLANS["one line each"], {"x": "NC", "y": "NC"}), made)
    assert "a = numpy.ones((2, 2))  # made" in lines
    assert "    # a comment" in lines


CASE = """\
op: call
values: ones
cases:
  - name: a
    params:
      inputs: {{{name}: {{shape: [2, 3], layout: NC}}}}
      output: NC
      plans: {{numpy: "zero = numpy.zeros((2, 3),\\ndtype='float32')\\nzero = zero + {name}; y = zero"}}
    expect: {{values: [[2, 1, 1], [1, 1, 1]]}}
"""


@pytest.mark.parametrize(
    "name", ["x", "plan", "np", "sys", "list", "call", "tensors", "inputs", "main", "print", "tuple"]
)
def test_whatever_an_input_is_called_it_runs_and_its_script_does(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cases.yaml"
    file.write_text(CASE.format(name=name), encoding="utf-8")
    assert main(["run", str(file), "--on", "numpy", "--record", str(tmp_path / "r.db"), "-q"]) == 1
    assert "value: 1 of 6 elements differ" in capsys.readouterr().out
    text = script(find("cases::a", parse_target("numpy"), None, [file]))
    done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert ast.parse(text)


def test_a_name_that_a_script_uses_is_never_an_inputs() -> None:
    text = Path(script.__code__.co_filename).parent
    used: set[str] = set()
    for file in text.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for line in node.value.split("\n"):
                    head = line.strip().partition(" = ")
                    if head[1] and head[0].isidentifier() and not head[0].startswith("_"):
                        used.add(head[0])
    assert used
    assert not {name for name in used if local(name) == name}

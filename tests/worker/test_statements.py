"""A plan's lines and statements: as Python's tokenizer reads them, and which of them run once."""

from __future__ import annotations

import ast
import io
import tokenize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.frameworks.numpy.runtime import NumPy
from conformance.worker.runtime import Config, build
from conformance.worker.statements import code_lines, split_once


@given(st.text("ab\n\r\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"))
def test_lines_end_where_a_file_ends_them(text: str) -> None:
    ended = [line.rstrip("\n") for line in io.StringIO(text, newline=None)]
    assert code_lines(text) == ended


def test_a_comment_ends_where_the_tokenizer_ends_it() -> None:
    text = "y = x  # a\u2028b\x0bc\x1dd\n"
    assert len([t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.NEWLINE]) == 1
    assert len(code_lines(text)) == 1
    assert len(text.splitlines()) > 1


def test_what_uses_no_input_runs_once() -> None:
    once, rest = split_once(ast.parse("a = f()\nb = g(a)\ny = x + b\nz = f()").body, ["x"])
    assert [ast.unparse(s) for s in once] == ["a = f()", "b = g(a)"]
    assert [ast.unparse(s) for s in rest] == ["y = x + b", "z = f()"]


def test_a_name_that_is_assigned_again_is_given_back_inside() -> None:
    once, rest = split_once(ast.parse("y = f()\ny = g(y)\ny = y + x").body, ["x"])
    assert [ast.unparse(s) for s in once] == ["_once_y = f()", "_once_y = g(_once_y)"]
    assert [ast.unparse(s) for s in rest] == ["y = _once_y", "y = y + x"]


class Compiling(NumPy):
    """NumPy with what makes a plan fall into two halves."""

    compiles = True


PLANS = [
    "y = numpy.zeros((2, 3))\ny = y + x",
    "plan = numpy.zeros((2, 3))\ny = plan + x\nplan = y",
    "a = b = numpy.zeros((2, 3))\na = a + x\ny = a + b",
    "a, b = numpy.split(numpy.zeros((4, 3)), 2)\nb = x + a\ny = b",
    "a = numpy.zeros((2, 3))\nx = x + a\nx = x + a\ny = x",
    "x = numpy.zeros((2, 3)) + x\ny = x",
    "a = numpy.zeros((2, 3)); y = a + x; a = y",
    "a = numpy.zeros(\n  (2,\n3))\ny = (a\n + x)",
    "y = numpy.zeros((2, 3))",
    "y = numpy.zeros((2, 3))\nx = x + y\ny = y",
]


@pytest.mark.parametrize("text", PLANS)
@pytest.mark.parametrize("name", ["x", "plan", "np", "inputs", "main"])
def test_both_halves_compute_what_the_whole_does(text: str, name: str) -> None:
    text = text.replace("plan", "scheme").replace("x", name) if name != "x" else text
    config = Config({"framework": "numpy"})
    x = np.ones((2, 3))
    whole = build(text, [name], ["y"], NumPy(config))
    halves = build(text, [name], ["y"], Compiling(config))
    for _ in range(2):
        assert np.array_equal(halves(x)["y"], whole(x)["y"])

"""-k: which cases a selection takes."""

import pytest

from conformance.suite.case import Case
from conformance.suite.select import Selector, SelectorError
from tests.suite.files import cases

TEXT = """
op: conv_transpose
tags: [shipped]
grids:
  - grid: {kernel: [1, 3, [2, 3]], stride: [1, 2], padding: [valid, same], bias: [false, true]}
    tags: [smoke]
  - grid:
      {size: [[4, 3]], kernel: [5], padding: [1, [[1, 0], [1, 0]]], convention: [torch, tensorflow], bias: [false]}
    dtype: [float16, float64]
    seed: 3
    check: [value, gradient]
cases:
  - {name: inf-weight, nonfinite: ignore, values: {kind: specials, name: Inf, place: [{in: w, at: first, value: inf}]}}
"""


@pytest.fixture(scope="module")
def all_cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return cases(tmp_path_factory.mktemp("select"), TEXT)


def chosen(text: str, found: list[Case]) -> list[Case]:
    selector = Selector.parse(text)
    return [case for case in found if selector.matches(case)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 57 + 8),
        ("stride=2", 24),
        ("stride==2", 24),
        ("stride!=2", 41),
        ("kernel=3", 17),  # 2 x 8, and the case that takes the default
        ("kernel>=3", 33),
        ("kernel>=2", 49),
        ("kernel=2x3", 16),
        ("kernel=[2,3]", 16),
        ("kernel=[2, 3]", 16),
        ("kernel<2", 16),
        ("dims=2", 65),
        ("dims=3", 0),
        ("padding=same", 24),
        ("padding=1", 8),
        ("padding=1x0x1x0", 8),
        ("bias=true", 24),
        ("bias!=true", 41),
        ("bias=1", 0),
        ("output_padding=null", 65),
        ("output_padding=none", 65),
        ("op=conv_transpose", 65),
        ("op=conv", 0),
        ("dtype=float16", 8),
        ("values=normal", 32),
        ("values=Inf", 1),
        ("values=specials", 1),
        ("seed=3", 16),
        ("seed>0", 16),
        ("tag=smoke", 48),
        ("tag=shipped", 65),
        ("tag!=smoke", 17),
        ("check=gradient", 16),
        ("nonfinite=ignore", 1),
        ("name=inf-weight", 1),
        ("file=file", 65),
        ("SAME", 24),
        ("same keras", None),
        ("'same keras'", 12),
        ("not same", 41),
        ("not not same", 24),
        ("stride=2 and same", 12),
        ("stride=2 or same", 36),
        ("stride=2 AND NOT same", 12),
        ("stride=1 and same or kernel=5", 12 + 16),
        ("stride=1 and (same or kernel=5)", 12 + 16),
        ("not (same or tag=smoke)", 17),
        ("(((kernel=5)))", 16),
        ("torch", 8),
        ("k5", 16),
        ("[4x3", 16),
        ("conv_transpose2d[4x3", 16),
        ("c.nv", 0),
    ],
)
def test_a_selection_takes_what_it_says(text: str, number: int | None, all_cases: list[Case]) -> None:
    if number is None:
        with pytest.raises(SelectorError):
            Selector.parse(text)
        return
    found = chosen(text, all_cases)
    assert len(found) == number


def test_a_selection_of_other_ops_parameters_takes_nothing(all_cases: list[Case]) -> None:
    assert chosen("against=torch", all_cases) == []
    assert chosen("against!=torch", all_cases) == []


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("stirde=2", 1, "unknown parameter 'stirde'"),
        ("same and stirde=2", 10, "did you mean 'stride'?"),
        ("stride=", 8, "stride= needs a value"),
        ("stride>x", 8, "> takes a number, found 'x'"),
        ("(same", 6, "expected )"),
        ("same)", 5, "unexpected ')'"),
        ("same valid", 6, "terms are joined with and, or"),
        ("and same", 1, "unexpected 'and', expected a term"),
        ("same and", 9, "unexpected the end, expected a term"),
        ("not", 4, "unexpected the end"),
        ("()", 2, "unexpected ')'"),
        ("'same", 1, "is a quote or bracket open?"),
        ("not " * 200 + "same", 401, "nested too deeply"),
        ("(" * 200 + "same", 101, "nested too deeply"),
    ],
)
def test_a_bad_selection_is_refused_with_its_position(text: str, position: int, says: str) -> None:
    with pytest.raises(SelectorError) as caught:
        Selector.parse(text)
    assert says in str(caught.value)
    assert caught.value.position == position

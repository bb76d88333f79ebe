"""A case, written and read again, is the same case."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.ops.call import Call
from conformance.suite.case import Case, Place, Values
from conformance.suite.findings import CaseFileError
from conformance.suite.loader import find_files, load
from conformance.suite.write import case_text, flow, read_case
from conformance.worker.whitelist import unsafe

ROOT = Path(__file__).resolve().parents[2]
FILES = find_files([ROOT / "cases"])


def everything(case: Case) -> tuple[object, ...]:
    shown = (case.tags, case.targets, case.about, case.claim, sorted(case.checks), case.dtype)
    return (case.fingerprint, case.op, *shown)


@pytest.mark.parametrize("path", FILES[1], ids=lambda path: path.stem)
def test_every_block_of_the_shipped_suite_comes_back(path: Path) -> None:
    seen = 0
    for block in load(path, FILES[0]).blocks:
        for case in islice(block.cases(), 0, 60, 12):
            assert everything(read_case(case_text([case]))) == everything(case), case.id
            seen += 1
    assert seen


BASE = """
op: conv
cases:
  - {name: base, params: {size: [1, 2], kernel: 1}, values: {kind: literal, arrays: {x: [1, 2], w: [1]}}}
"""

numbers = st.floats(allow_nan=True, width=64)


@given(st.lists(numbers, min_size=2, max_size=2), numbers)
def test_every_number_comes_back(x: list[float], w: float) -> None:
    case = replace(read_case(BASE), values=Values("literal", arrays=(("x", tuple(x)), ("w", (w,)))))
    again = read_case(case_text([case]))
    # repr tells -0.0 from 0.0 and calls a NaN a NaN
    assert repr(again.values) == repr(case.values)


@given(st.sampled_from(("nan", "-inf", "-0.0", "subnormal", "largest", "1e-40", "4.0", "3")), st.integers(0, 1))
def test_every_special_comes_back(value: str, column: int) -> None:
    for name in ("named", f"ones+x@0.0.0.{column}={value}"):
        places = (Place("x", (0, 0, 0, column), value),)
        case = replace(read_case(BASE), values=Values("specials", "ones", places, (), name))
        assert read_case(case_text([case])).values == case.values


TEXTS = (
    "a: b",
    "#no",
    "yes",
    "null",
    "True",
    "1e5",
    "0x10",
    "- a",
    '"q" \\ t',
    "é\u3042",
    "a  b",
    "[a",
    "%x",
    "a,b",
    "nan",
)


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_comes_back(text: str) -> None:
    case = replace(read_case(BASE), about=text)
    assert read_case(case_text([case])).about == text
    assert read_case(case_text([case], shared={"about": text}), "other.yaml").about == text


@given(st.text(min_size=1).filter(lambda text: text.strip() and not any(map(unsafe, text))))
def test_any_text_comes_back(text: str) -> None:
    case = replace(read_case(BASE), about=text.strip())
    assert read_case(case_text([case])).about == text.strip()


LINES = ("z = x\ny = z\n", "z = x\ny = z", "  \ny = x", "y = x  \n", "\ny = x\n", "y = x\n\n\n", "y = x # a: b")


@pytest.mark.parametrize("text", LINES)
def test_the_lines_of_a_plan_come_back(text: str) -> None:
    reference = (("op", "conv"), ("params", (("size", (2, 2)), ("kernel", 1))))
    body = (("reference", reference), ("plans", (("torch", text),)))
    call = Call((), "", ())  # only its name is written; `given` holds the rest
    written = case_text([replace(read_case(BASE), op=call, given=body, values=Values("ones"))])
    assert dict(dict(read_case(written).given)["plans"])["torch"] == text


def test_the_comment_stands_above() -> None:
    text = case_text([read_case(BASE)], "one\ntwo: three")
    assert text.startswith("# one\n# two: three\nop: conv\n")
    assert flow({"a": [1, None, True, "x y"]}) == "{a: [1, null, true, x y]}"


def test_what_can_not_be_meant_is_refused() -> None:
    case = read_case(BASE)
    with pytest.raises(CaseFileError, match="3 literal values for 'x', expected 2"):
        read_case(case_text([replace(case, values=Values("literal", arrays=(("x", (1.0, 2.0, 3.0)), ("w", (1.0,)))))]))

"""JUnit XML: it parses, keeps to the common schema, and its counts are those of its content."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.record import Reader
from conformance.report import junit
from conformance.verdict import Problem, Status
from tests.records import FILE, MENDED, make_case, mixed_record, verdict, write

# What readers of JUnit files (Jenkins, GitLab, GitHub, pytest's own xunit1) agree on: element -> attributes, children.
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": (
        {"name", "classname", "time", "file", "line"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"message", "type"}, set()),
    "error": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors", "time"}, "testcase": {"name", "classname", "time"}}


def check(element: ElementTree.Element) -> None:
    attributes, children = SCHEMA[element.tag]
    assert set(element.attrib) <= attributes, element.tag
    assert REQUIRED.get(element.tag, set()) <= set(element.attrib)
    for name in ("tests", "failures", "errors", "skipped", "line"):
        assert element.get(name, "0").isdigit()
    assert float(element.get("time", "0")) >= 0
    for child in element:
        assert child.tag in children
        check(child)


def written(path: Path, tmp_path: Path) -> ElementTree.Element:
    junit.write(Reader(path), tmp_path / "out" / "junit.xml")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["junit.xml"]
    root = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    check(root)
    return root


def test_one_suite_a_target_and_counts_that_add_up(tmp_path: Path) -> None:
    path, cases = mixed_record(tmp_path / "r.db")
    root = written(path, tmp_path)
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["numpy", "torch", "jax", "jax:jit", "conformance"]
    for suite in suites.values():
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("17", "5", "1")
    torch = {case.get("name"): case for case in suites["torch"].findall("testcase")}
    raised, crashed, skipped, passed = (torch[case.label] for case in cases)
    assert raised.get("classname") == "cases.conv_transpose.strides"
    assert (raised.get("file"), raised.get("line")) == (FILE, "14")
    failure = raised.find("failure")
    assert failure is not None
    assert failure.get("type") == "raised"
    assert "\\x1b[31mred\\x1b[0m \\x00 | `code` <b>&amp; ]]>" in failure.get("message", "")
    assert "y = jax.lax.conv_transpose" in (failure.text or "")
    assert crashed.find("error") is not None
    reason = skipped.find("skipped")
    assert reason is not None
    assert reason.get("message") == "torch has no such thing"
    assert len(passed) == 0
    known = suites["jax:jit"].find("testcase")
    assert known is not None
    assert [child.tag for child in known] == ["system-out"], "a known divergence passes, and says that it is known"
    assert "known convention jax-flip: lax.conv_transpose | does <not> flip" in (known[0].text or "")
    problem = suites["conformance"].find("testcase")
    assert problem is not None
    assert problem.get("name") == MENDED.name
    assert MENDED.message in (problem[0].text or "")
    versions = {p.get("name"): p.get("value") for p in suites["torch"].findall("properties/property")}
    assert versions["version"] == "2.13.0"


def test_a_clean_run_has_no_failure(tmp_path: Path) -> None:
    case = make_case()
    root = written(write(tmp_path / "r.db", verdict(case), cases=(case,)), tmp_path)
    assert [suite.get("name") for suite in root] == ["jax"]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "0")


@given(st.text())
def test_any_text_becomes_legal_xml(text: str) -> None:
    legal = junit.legal(text)
    element = ElementTree.Element("a", {"b": legal})
    element.text = legal
    back = ElementTree.fromstring(ElementTree.tostring(element))
    assert (back.text or "").replace("\r", "\n") == legal.replace("\r", "\n")


def test_nothing_is_left_where_it_can_not_be_written(tmp_path: Path) -> None:
    case = make_case()
    reader = Reader(write(tmp_path / "r.db", verdict(case), cases=(case,)))
    (tmp_path / "taken.xml").mkdir()
    with pytest.raises(OSError, match="taken"):
        junit.write(reader, tmp_path / "taken.xml", [Problem("a", "b")])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.db", "taken.xml"]


def test_every_status_has_its_place(tmp_path: Path) -> None:
    cases = [make_case(stride) for stride in range(1, len(Status) + 1)]
    verdicts = [verdict(case, status=status) for case, status in zip(cases, Status, strict=True)]
    root = written(write(tmp_path / "r.db", *verdicts, cases=tuple(cases)), tmp_path)
    children = [[child.tag for child in case] for case in root.findall("testsuite/testcase")]
    expected = {Status.PASS: [], Status.UNSUPPORTED: ["skipped"], Status.CRASHED: ["error"], Status.TIMEOUT: ["error"]}
    assert children == [expected.get(status, ["failure"]) for status in Status]


def test_a_failure_carries_the_picture_of_its_error(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    junit.write(Reader(path), tmp_path / "out.xml")
    texts = [e.text or "" for e in ElementTree.parse(tmp_path / "out.xml").iter("failure")]
    assert any("y: the error" in text for text in texts)

"""Declared divergences: strict reading, matching, and what makes an entry stale."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from conformance.known import KnownTable, render_table
from conformance.known.entry import Glob, environment
from conformance.known.file import parse_entries
from conformance.record import Reader, Summary, Writer
from conformance.suite.case import Case
from conformance.suite.findings import CaseFileError
from conformance.target import parse_target
from conformance.verdict import Figures, Known, Status, Verdict
from tests.records import FILE, make_case, verdict
from tests.strategies import a_case

INFO = {"version": "2.13.0+cpu", "devices": ["cpu"]}

ENTRY = """
- name: flipped
  kind: convention
  where:
    op: conv_transpose
    case: "cases/conv_transpose/*"
    params: stride > 1 and padding == 'same'
    targets: [jax, "tensorflow*", keras/jax]
    dtype: float32
  status: [value, shape]
  reason: >
    lax.conv_transpose does not flip
    the kernel.
  link: https://github.com/jax-ml/jax/issues/11252
"""


def table(text: str = ENTRY, full: bool = False, today: date = date(2026, 1, 1)) -> KnownTable:
    return KnownTable(parse_entries(text, "known.yaml"), full, today)


def ask(
    known: KnownTable,
    case: Case,
    target: str,
    status: Status = Status.VALUE,
    info: dict[str, Any] | None = None,
    **changes: Any,
) -> Known | None:
    spec = parse_target(target)
    return known.match(case, spec, INFO if info is None else info, verdict(case, str(spec), status, **changes))


def findings(text: str) -> list[str]:
    with pytest.raises(CaseFileError) as error:
        parse_entries(text, "known.yaml")
    return [str(finding) for finding in error.value.findings]


# --- matching -----------------------------------------------------------------------------------------------------


def test_an_entry_matches_what_it_describes_and_nothing_else() -> None:
    known = table()
    flip = Known(
        "flipped",
        "convention",
        "lax.conv_transpose does not flip the kernel.",
        "https://github.com/jax-ml/jax/issues/11252",
    )
    case = make_case(2)
    assert ask(known, case, "jax") == flip
    assert ask(known, case, "jax", Status.SHAPE) == flip
    assert ask(known, case, "tensorflow:xla") == flip
    assert ask(known, case, "tensorflow+onednn=0") == flip
    assert ask(known, case, "jax==0.9.2") == flip, "a version in the target's name is no part of the pattern"
    assert ask(known, case, "jax:jit") is None, "without a wildcard it is that target alone"
    assert ask(known, case, "torch") is None
    assert ask(known, case, "keras/torch") is None
    assert ask(known, case, "jax", Status.RAISED) is None
    assert ask(known, case, "jax", Status.PASS) is None
    assert ask(known, make_case(1), "jax") is None, "stride 1"
    assert ask(known, replace(case, dtype="float16", id="cases/conv_transpose/a::f16"), "jax") is None
    assert ask(known, replace(case, id="cases/conv/a::b"), "jax") is None


@pytest.mark.parametrize(
    ("wanted", "info", "expected"),
    [
        ("torch >=2.4,<3", {"version": "2.13.0+cpu"}, True),
        ("torch >=2.4,<3", {"version": "3.0.1"}, False),
        ("torch <2.13", {"version": "2.13.0.dev20260101"}, False),
        ("torch >=2.12", {"version": "2.13.0.dev20260101"}, True),
        ("torch ==2.13.*", {"version": "2.13.0"}, True),
        ("torch >=2", {}, False),
        ("torch >=2", {"version": "unknown"}, False),
        ("keras >=3.6", {"version": "2.13.0"}, False),
    ],
)
def test_versions(wanted: str, info: dict[str, str], expected: bool) -> None:
    text = ENTRY.replace("    targets:", f"    versions: '{wanted}'\n    targets:").replace("[jax,", "[torch,")
    assert (ask(table(text), make_case(), "torch", info=info) is not None) is expected


def test_a_keras_target_has_the_version_of_its_backend_too() -> None:
    text = ENTRY.replace("    targets:", "    versions: ['keras >=3.15', 'jax <0.11']\n    targets:")
    info = {"version": "3.15.1", "backend_version": "0.10.2"}
    assert ask(table(text), make_case(), "keras/jax", info=info) is not None
    assert ask(table(text), make_case(), "keras/jax", info={**info, "backend_version": "0.11"}) is None
    assert ask(table(text), make_case(), "keras/jax", info={**info, "version": "3.14.1"}) is None


def test_device_and_mode() -> None:
    text = ENTRY.replace("    targets:", "    device: gpu\n    mode: [eager, xla]\n    targets:")
    case = make_case()
    assert ask(table(text), case, "jax") is None
    assert ask(table(text), case, "tensorflow@gpu") is not None
    assert ask(table(text), case, "tensorflow:xla@gpu") is not None
    assert ask(table(text), case, "tensorflow:function@gpu") is None


@pytest.mark.parametrize(
    ("signature", "changes", "expected"),
    [
        ("{message: 'padding (1, 1)'}", {"message": "bad padding (1, 1)!"}, True),
        ("{message: 'padding (1, 1)'}", {"message": "bad padding 1, 1!"}, False),
        ("{message: '/got shape *7, 7/'}", {"message": "got shape (1, 7, 7, 1)"}, True),
        ("{message: '/got shape *7, 7/'}", {"message": "7, 7 got shape"}, False),
        ("{message: '/out of range|got shape/'}", {"message": "got shape (1, 7, 7, 1)"}, True),
        ("{message: '/out of range|gets shape/'}", {"message": "got shape (1, 7, 7, 1)"}, False),
        ("{message: 'got * shape|a'}", {"message": "got shape"}, False),
        ("{explanation: flipped}", {"explanation": "equals the reference with the kernel flipped"}, True),
        ("{explanation: flipped}", {"message": "flipped"}, False),
        ("{fraction: [1, 3]}", {"figures": Figures(4, fraction=3.0)}, True),
        ("{fraction: [1, 3]}", {"figures": Figures(4, fraction=3.1)}, False),
        ("{fraction: [1, 3]}", {}, False),
        ("{fraction: [5, .inf]}", {"figures": Figures(4, fraction=float("inf"))}, True),
    ],
)
def test_signatures(signature: str, changes: dict[str, Any], expected: bool) -> None:
    known = table(ENTRY + f"  signature: {signature}\n")
    assert (ask(known, make_case(), "jax", **changes) is not None) is expected


def test_expressions_read_defaults_and_one_value_an_axis() -> None:
    case = make_case(2)
    uneven = replace(case, given=(*case.given[1:], ("stride", (2, 1))), op=replace(case.op, stride=(2, 1)))
    uneven = replace(uneven, id=f"{FILE}::uneven")

    def covered(expression: str, case: Case) -> bool:
        return ask(table(ENTRY.replace("stride > 1 and padding == 'same'", expression)), case, "jax") is not None

    assert covered("dilation == 1 and output_padding == null", case)
    assert covered("stride == 2", case)
    assert not covered("stride == 2", uneven)
    assert covered("stride == [2, 1]", uneven)
    assert not covered("stride > 1", uneven), "a list is no number: the condition does not hold, and nothing breaks"
    assert covered("max(stride_axes) > min(stride_axes)", uneven)
    assert covered("stride_axes == [2, 2]", case)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a::conv[4x4 k3]*", "a::conv[4x4 k3] integers", True),
        ("a::conv[4x4 k3]*", "a::conv4 integers", False),
        ("*k3*", "conv[k3]", True),
        ("conv?d", "conv2d", True),
        ("conv?d", "convd", False),
        ("a.b", "axb", False),
        ("", "", True),
    ],
)
def test_globs_take_brackets_as_they_are(pattern: str, text: str, expected: bool) -> None:
    assert Glob(pattern)(text) is expected


# --- staleness ----------------------------------------------------------------------------------------------------


def said(known: KnownTable) -> list[str]:
    return [problem.message for problem in known.stale()]


def test_an_entry_that_always_happens_says_nothing() -> None:
    known = table(full=True)
    for stride in (2, 3):
        assert ask(known, make_case(stride), "jax")
    ask(known, make_case(1), "jax", Status.PASS)
    ask(known, make_case(2), "torch", Status.PASS)
    ask(known, make_case(2), "tensorflow", Status.UNSUPPORTED)
    assert known.stale() == []


def test_one_that_no_longer_happens_is_named_with_its_cases_and_its_place() -> None:
    known = table()
    for stride in range(2, 8):
        ask(known, make_case(stride), "jax", Status.PASS)
    [problem] = known.stale()
    assert (problem.name, problem.where) == ("flipped", "known.yaml:2:3")
    assert problem.message.startswith(f"known divergence flipped no longer happens on jax with {make_case(2).id}, ")
    assert problem.message.endswith("and 3 more: remove it")


def test_one_case_that_passes_is_enough_unless_the_entry_says_sometimes() -> None:
    known, relaxed = table(), table(ENTRY + "  sometimes: true\n")
    for one in (known, relaxed):
        ask(one, make_case(2), "jax")
        ask(one, make_case(3), "jax", Status.PASS)
    [message] = said(known)
    assert make_case(3).id in message
    assert "narrow its `where`, or say `sometimes: true`" in message
    assert relaxed.stale() == []


def test_sometimes_means_at_least_once() -> None:
    known = table(ENTRY + "  sometimes: true\n", full=True)
    ask(known, make_case(2), "jax", Status.PASS)
    ask(known, make_case(3), "jax", Status.PASS)
    assert said(known) == ["known divergence flipped did not happen in any of the 2 verdicts it covers"]


def test_one_that_happens_differently_says_how() -> None:
    known = table()
    assert ask(known, make_case(2), "jax", Status.RAISED, message="ValueError: no") is None
    [message] = said(known)
    assert "happens differently on jax: declared shape, value; " in message
    assert "(got raised: ValueError: no)" in message


def test_a_pass_without_values_shows_nothing_of_a_value_divergence() -> None:
    text = ENTRY.replace("[value, shape]", "value").replace("[jax,", "['torch*',")
    known, shaped = table(text), table(text.replace("status: value", "status: shape"))
    for one in (known, shaped):
        ask(one, make_case(2), "torch:meta", Status.PASS, figures=Figures(elements=0))
    assert known.stale() == []
    assert "no longer happens on torch:meta" in said(shaped)[0]


def test_two_entries_for_one_case_explain_each_other() -> None:
    second = ENTRY.replace("name: flipped", "name: refuses").replace("[value, shape]", "raised")
    known = table(ENTRY + second)
    found = ask(known, make_case(2), "jax", Status.RAISED)
    assert found is not None
    assert found.name == "refuses"
    assert known.stale() == []


def test_another_version_is_no_evidence() -> None:
    known = table(ENTRY.replace("    targets:", "    versions: jax <0.9\n    targets:"), full=True)
    assert ask(known, make_case(2), "jax", Status.PASS, info={"version": "0.10.2"}) is None
    assert known.stale() == []
    ask(known, make_case(2), "jax", Status.PASS, info={"version": "0.8"})
    assert "no longer happens on jax" in said(known)[0]


@pytest.mark.parametrize("full", [True, False])
def test_one_that_covers_nothing_is_told_when_the_whole_suite_ran(full: bool) -> None:
    known = table(ENTRY.replace("stride > 1", "stride > 100"), full)
    ask(known, make_case(2), "torch", Status.PASS)
    assert known.stale() == [], "the targets that it speaks of did not run"
    ask(known, make_case(2), "jax", Status.PASS)
    expected = ["known divergence flipped covers no case of the suite: correct its `where`, or remove it"]
    assert said(known) == (expected if full else [])


def test_an_expired_one_is_still_known_but_the_run_is_not_clean() -> None:
    text = ENTRY + "  expires: 2026-06-30\n"
    for today, expected in ((date(2026, 6, 30), 0), (date(2026, 7, 1), 1)):
        known = table(text, today=today)
        assert ask(known, make_case(2), "jax") is not None
        assert len(known.stale()) == expected
    assert "expired on 2026-06-30" in said(known)[0]
    untouched = table(text, today=date(2027, 1, 1))
    ask(untouched, make_case(1), "jax", Status.PASS)
    assert untouched.stale() == [], "nothing that it covers was run"


def test_what_an_interrupted_run_saw_counts(tmp_path: Path) -> None:
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.set_target_info("jax", {"version": "0.10.2"})
        for stride, status in ((2, Status.VALUE), (3, Status.PASS)):
            case = make_case(stride)
            writer.add_case(case)
            writer.add_verdict(verdict(case, "jax", status))
        writer.finish(Summary())
    text = ENTRY.replace("    targets:", "    versions: jax >=0.10\n    targets:")
    known = table(text.replace("stride > 1", "max(stride_axes) > 1 and stride > 1"))
    known.replay(Reader(tmp_path / "r.db"))
    [message] = said(known)
    assert f"no longer happens on jax with {make_case(3).id}: narrow" in message


# --- reading ------------------------------------------------------------------------------------------------------


def test_every_finding_of_a_file_at_once_and_in_its_place() -> None:
    text = """\
- name: Bad Name
  kind: bugg
  where:
    op: conv_transpos
    targets: [tensorflwo, jax==0.9, "karas/*", "keras/trch*"]
    versions: [torch, "troch >=2", "torch >>2"]
    params: stride > 1
    dtype: float23
  status: pass
  signature: {fraction: [3, 1], message: "/(a+)+$/"}
  reason: ""
  expires: tomorrow
  sometimes: maybe
  lnik: x
- where: {targets: [jax]}
- 7
"""
    found = findings(text)
    expected = [
        ("1:9", "name is 'Bad Name'"),
        ("2:9", "unknown kind 'bugg', expected one of: bug, convention, limitation; did you mean 'bug'?"),
        ("4:9", "did you mean 'conv_transpose'?"),
        ("5:15", "did you mean 'tensorflow'?"),
        ("5:27", "versions go into `versions`"),
        ("5:37", "no target matches 'karas/*'"),
        ("5:48", "no target matches 'keras/trch*'"),
        ("6:16", "expected a framework and a range"),
        ("6:23", "did you mean 'torch'?"),
        ("6:36", "can't be read"),
        ("7:13", "params is given without `op`"),
        ("8:12", "unknown dtype 'float23'"),
        ("9:11", "unknown status 'pass'"),
        ("10:25", "fraction is [3, 1]"),
        ("10:42", "of a regular expression in it"),
        ("11:11", "reason is"),
        ("12:12", "expected a date such as"),
        ("13:14", "expected true or false"),
        ("14:3", "did you mean 'link'?"),
        ("15:3", "has no `name`"),
        ("15:3", "has no `kind`"),
        ("15:3", "has no `status`"),
        ("15:3", "has no `reason`"),
        ("15:10", "neither `op` nor `case`"),
        ("16:3", "expected a mapping"),
    ]
    for place, words in expected:
        assert [f for f in found if f.startswith(f"known.yaml:{place}: ") and words in f], (place, words, found)
    assert len(found) == len(expected), found


@pytest.mark.parametrize(
    ("expression", "column", "words"),
    [
        ("strid > 1", 13, "unknown parameter 'strid'"),
        ("stride > 1 and open('x')", 28, "unknown function 'open'"),
        ("stride >", 13, "not a valid expression"),
        ("stride.real", 13, "not allowed"),
    ],
)
def test_a_bad_condition_is_told_with_its_column(expression: str, column: int, words: str) -> None:
    [found] = findings(ENTRY.replace("stride > 1 and padding == 'same'", expression))
    assert words in found
    assert expression == "stride >" or found.startswith(f"known.yaml:7:{column}: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty, expected a list of declared divergences"),
        ("op: conv", "expected a list of declared divergences"),
        ("- a\n- [", "not valid YAML"),
        (ENTRY + "  name: twice\n", "given twice"),
        (ENTRY.replace("kind: convention", "kind: [bug, convention]"), "expected one of"),
        (ENTRY.replace("[value, shape]", "[]"), "empty list"),
        (ENTRY.replace("https:", "ftp:"), "https://"),
        (ENTRY + "  signature: {}\n", "says nothing"),
        (ENTRY.replace("name: flipped", "name: 7"), "expected a text"),
    ],
)
def test_what_is_no_table_is_refused(text: str, words: str) -> None:
    assert any(words in found for found in findings(text)), findings(text)


def test_folders_are_read_and_a_name_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(ENTRY)
    (tmp_path / "deep" / "b.yml").write_text(ENTRY.replace("name: flipped", "name: other"))
    (tmp_path / "notes.txt").write_text("not read")
    known = KnownTable.load(tmp_path)
    assert [entry.known.name for entry in known.entries] == ["flipped", "other"]
    (tmp_path / "deep" / "b.yml").write_text(ENTRY)
    with pytest.raises(CaseFileError, match=r"b.yml:2:3: the name 'flipped' is already taken at .*a.yaml:2:3"):
        KnownTable.load([tmp_path])
    (tmp_path / "deep" / "b.yml").write_bytes(b"- name: \xff")
    with pytest.raises(CaseFileError, match="not UTF-8"):
        KnownTable.load(tmp_path)
    with pytest.raises(CaseFileError, match="no such file"):
        KnownTable.load(tmp_path / "none.yaml")
    (tmp_path / "empty").mkdir()
    assert KnownTable.load(tmp_path / "empty").entries == []


def test_the_table_says_what_where_and_why() -> None:
    text = render_table(table(ENTRY + "  expires: 2030-01-01\n  reference: traps, kernel flip\n  sometimes: true\n"))
    for words in (
        "flipped  (convention)",
        "shape, value on jax, tensorflow*, keras/jax",
        "stride > 1 and padding == 'same'",
        "lax.conv_transpose does not flip the kernel.",
        "https://github.com/jax-ml/jax/issues/11252",
        "traps, kernel flip",
        "expires 2030-01-01",
        "not on all of them",
        "1 declared: 1 convention",
    ):
        assert words in text
    assert render_table(KnownTable([])) == "no divergence is declared"


# --- cost ---------------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_verdicts_against_sixty_entries_are_cheap() -> None:
    text = "".join(
        ENTRY.replace("name: flipped", f"name: e{i}").replace("stride > 1", f"stride > {i % 7} and kernel != {i % 5}")
        for i in range(60)
    )
    known = table(text)
    base = make_case()
    cases = [
        replace(
            base, id=f"cases/conv_transpose/f{i % 20}.yaml::case {i}", given=(("stride", i % 5), ("padding", "same"))
        )
        for i in range(12_500)
    ]
    targets = [
        parse_target(t) for t in "torch torch:compile jax jax:jit tensorflow tensorflow:xla numpy keras/jax".split()
    ]
    verdicts = [(case, target, Verdict(case.id, str(target), Status.VALUE)) for case in cases for target in targets]
    started = time.process_time()
    matched = sum(known.match(case, target, INFO, v) is not None for case, target, v in verdicts)
    seconds = time.process_time() - started
    print(f"\n{len(verdicts):,} verdicts against {len(known.entries)} entries: {seconds:.2f} s, {matched:,} matched")
    assert matched > 0
    assert seconds < 30, "an order of magnitude over what it takes"


def test_what_comes_and_goes_may_be_absent() -> None:
    known, strict = table(ENTRY + "  comes_and_goes: true\n"), table()
    for one in (known, strict):
        ask(one, make_case(2), "jax", Status.PASS)
    assert len(strict.stale()) == 1
    assert known.stale() == []


AVX2 = {**INFO, "processor": {"has": ["sse41", "avx", "avx2"], "uses": ["sse41", "avx", "avx2"]}}
AVX512 = {**INFO, "processor": {"has": ["sse41", "avx", "avx2", "avx512"], "uses": ["sse41", "avx", "avx2", "avx512"]}}
CAPPED = {**INFO, "processor": {"has": ["sse41", "avx", "avx2", "avx512"], "uses": ["sse41", "avx", "avx2"]}}


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("avx512", [AVX512]),
        ("not avx512", [AVX2, CAPPED]),
        ("has_avx512 and not avx512", [CAPPED]),
        ("threads == 1", [AVX2, AVX512, CAPPED]),
        ("onednn", []),
    ],
)
def test_an_entry_says_the_processor_as_a_condition(when: str, holds: list[dict[str, Any]]) -> None:
    text = ENTRY.replace("    dtype: float32\n", f"    dtype: float32\n    when: {when}\n")
    for info in (AVX2, AVX512, CAPPED):
        known = table(text)
        assert (ask(known, make_case(2), "jax", info=info) is not None) == (info in holds)
        ask(known, make_case(3), "jax", Status.PASS, info=info)
        assert bool(known.stale()) == (info in holds)


def test_onednn_is_what_the_worker_says() -> None:
    text = ENTRY.replace("    dtype: float32\n", "    dtype: float32\n    when: onednn\n")
    for flag in (True, False):
        known = table(text)
        assert (ask(known, make_case(2), "jax", info={**INFO, "flags": {"onednn": flag}}) is not None) == flag


def test_a_condition_that_no_worker_tells_is_refused() -> None:
    text = ENTRY.replace("    dtype: float32\n", "    dtype: float32\n    when: avx51\n")
    assert "when: unknown parameter 'avx51'" in findings(text)[0]


FAMILY = ENTRY.replace('targets: [jax, "tensorflow*", keras/jax]', "family: tensorflow")


def test_a_family_is_everything_that_computes_with_a_framework() -> None:
    inside = (
        "tensorflow",
        "tensorflow:xla",
        "tensorflow+isa=avx2+onednn=1",
        "keras/tensorflow+api=ops",
        "tensorflow@gpu",
    )
    for target in inside:
        assert ask(table(FAMILY), make_case(2), target) is not None, target
    for target in ("jax", "keras/torch", "numpy"):
        assert ask(table(FAMILY), make_case(2), target) is None, target
    assert "unknown family 'tensorflw'" in findings(FAMILY.replace("family: tensorflow", "family: tensorflw"))[0]
    assert "neither `targets` nor `family`" in findings(FAMILY.replace("    family: tensorflow\n", ""))[0]


def test_a_target_covers_itself_with_options_and_no_other_mode() -> None:
    text = ENTRY.replace('targets: [jax, "tensorflow*", keras/jax]', "targets: [torch]")
    for target in ("torch", "torch+threads=2", "torch+isa=avx2"):
        assert ask(table(text), make_case(2), target) is not None, target
    assert ask(table(text), make_case(2), "torch:compile") is None
    named = ENTRY.replace('targets: [jax, "tensorflow*", keras/jax]', "targets: [torch+threads=2]")
    assert ask(table(named), make_case(2), "torch+isa=avx2+threads=2") is not None
    assert ask(table(named), make_case(2), "torch") is None


@pytest.mark.parametrize(
    ("params", "empty"),
    [
        ({"size": [4, 4], "kernel": 5, "padding": "valid"}, True),
        ({"size": [4, 4], "kernel": 5, "padding": "same"}, False),
        ({"size": [4, 4], "kernel": 3, "padding": 0, "convention": "torch"}, False),
        ({"size": [4, 4], "kernel": 3, "dilation": 2, "padding": "valid"}, True),
        ({"batch": 0, "size": [4, 4], "kernel": 1, "padding": "valid"}, True),
    ],
)
def test_conditions_read_what_follows_from_the_parameters(params: dict[str, Any], empty: bool) -> None:
    case = a_case("conv", **params)
    found = environment(case)
    assert found["empty"] is empty
    assert found["refused"] is (case.op.refusal() is not None)

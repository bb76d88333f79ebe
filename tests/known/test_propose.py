"""Entries proposed from a record: they describe exactly what is unexpected in it, and count for nothing until asked."""

from __future__ import annotations

import math
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.commands.cli import main
from conformance.known import KnownTable
from conformance.known.file import load_entries, parse_entries
from conformance.known.propose import Evidence, Proposal, check, propose
from conformance.known.stale import edits
from conformance.record import Reader, Summary, Writer
from conformance.suite.case import Case
from conformance.suite.findings import CaseFileError
from conformance.verdict import Figures, Known, Status, Verdict
from tests.records import FILE, make_case, verdict

GRID = [make_case(stride, kernel) for stride, kernel in product((1, 2, 3, 4), (1, 2, 3, 4, 5))]
FLIPPED = "equals the reference with the kernel flipped along H and W\nfix: w = flip(w)\ncause: kernel flipped; scaled"
CAUSE = (("cause", '"kernel flipped"'),)


def record(path: Path, verdicts: list[Verdict], cases: list[Case] = GRID, **versions: str) -> Path:
    with Writer.create(path, {}) as writer:
        for target in dict.fromkeys(v.target for v in verdicts):
            writer.set_target_info(target, {"version": versions.get(target.partition("=")[0], "1.0")})
        for case in cases:
            writer.add_case(case)
        for item in verdicts:
            writer.add_verdict(item)
        writer.finish(Summary())
    return path


def wrong(case: Case, target: str = "jax", status: Status = Status.VALUE, **changes: Any) -> Verdict:
    return verdict(case, target, status, **{"explanation": FLIPPED, "message": "4 of 8 elements differ", **changes})


def proposals_of(path: Path, known: str = "") -> list[Proposal]:
    entries = parse_entries(known, "known.yaml") if known else []
    with Reader(path) as reader:
        evidence = Evidence(reader)
        found = propose(evidence, KnownTable(entries))
        assert check(evidence, entries, found) == (0, [])
    return found


def stride(case: Case) -> int:
    return int(dict(case.given)["stride"])


def kernel(case: Case) -> int:
    return int(dict(case.given)["kernel"])


def test_a_condition_is_what_the_cases_share_and_no_other_case_has(tmp_path: Path) -> None:
    rows = [wrong(c) if stride(c) > kernel(c) else verdict(c, "jax") for c in GRID]
    (found,) = proposals_of(record(tmp_path / "r.db", rows))
    assert found.condition.cases == ()
    assert found.condition.params == ("max(kernel_axes) < max(stride_axes)",) or any(
        "kernel_axes" in part and "stride_axes" in part for part in found.condition.params
    )
    assert found.signature == CAUSE
    assert len(found.verdicts) == 6


def test_a_threshold_and_a_dtype(tmp_path: Path) -> None:
    cases = [
        replace(c, dtype=d, id=c.id.replace(" integers", f" {d} integers"))
        for c in GRID
        for d in ("float32", "float16")
    ]
    rows = [wrong(c) if stride(c) >= 3 and c.dtype == "float16" else verdict(c, "jax") for c in cases]
    (found,) = proposals_of(record(tmp_path / "r.db", rows, cases))
    assert found.condition.params == ("min(stride_axes) >= 3",)
    assert found.condition.dtypes == ("float16",)


def test_a_case_that_could_not_be_asked_is_no_evidence(tmp_path: Path) -> None:
    rows = [wrong(c) if stride(c) >= 3 else verdict(c, "jax", Status.UNSUPPORTED) for c in GRID]
    (found,) = proposals_of(record(tmp_path / "r.db", rows))
    assert (found.condition.cases, found.condition.params) == ((f"{FILE}::*",), ())


def test_few_cases_are_named_and_targets_share_an_entry(tmp_path: Path) -> None:
    rows = [wrong(c, t) if c is GRID[7] else verdict(c, t) for c in GRID for t in ("jax", "jax:jit", "torch")]
    (found,) = proposals_of(record(tmp_path / "r.db", rows))
    assert found.targets == ("torch", "jax", "jax:jit")
    assert found.condition.cases == (GRID[7].id.removesuffix(" integers") + " *",)


def test_other_words_another_status_and_another_version_are_other_entries(tmp_path: Path) -> None:
    rows = [
        wrong(GRID[0]),
        wrong(GRID[1], explanation="equals the reference shifted by 1\ncause: shifted by one"),
        wrong(GRID[2], status=Status.RAISED, explanation="", message="ValueError: no kernel of 3 in layer 17 here"),
        wrong(GRID[3], status=Status.CRASHED, explanation="", message="the worker died (SIGSEGV): last words of 0x7f"),
        wrong(GRID[4], status=Status.TIMEOUT, explanation="", message="no answer within 120 s"),
        wrong(GRID[5], explanation="", figures=Figures(8, 4, 23.4)),
        wrong(GRID[6], explanation="", figures=Figures(8, 4, math.inf)),
        wrong(GRID[0], "torch==2.4"),
        verdict(GRID[0], "torch==2.5"),
    ]
    with Writer.create(tmp_path / "r.db", {}) as writer:
        for target in ("jax", "torch==2.4", "torch==2.5"):
            writer.set_target_info(target, {"version": target.partition("==")[2] or "1.0"})
        for case in GRID:
            writer.add_case(case)
        for row in rows:
            writer.add_verdict(row)
        writer.finish(Summary())
    found = proposals_of(tmp_path / "r.db")
    signatures = {(p.status.value, p.versions): dict(p.signature) for p in found}
    assert len(found) == 7
    assert signatures["raised", ""] == {"message": '"ValueError: no kernel of"'}
    assert signatures["crashed", ""] == {"message": '"SIGSEGV"'}
    assert signatures["timeout", ""] == {}  # the words are ours
    assert signatures["value", "torch ==2.4"] == dict(CAUSE)
    measured = [dict(p.signature) for p in found if "fraction" in dict(p.signature)]
    assert measured == [{"fraction": "[20, .inf]"}]
    assert [p.targets for p in found if p.versions] == [("torch",)]


def test_an_entry_names_its_first_verdict_and_what_was_said_there(tmp_path: Path) -> None:
    words = ["4 of 8 elements differ", "5 of 8 elements differ", "6 of 8 elements differ"]
    (found,) = proposals_of(record(tmp_path / "r.db", [wrong(c, message=m) for c, m in zip(GRID, words, strict=False)]))
    assert found.render().splitlines()[:3] == [
        "- name: jax-conv-transpose-value",
        f"  # 3 verdicts, such as {FILE}::conv_transpose2d[4x4 k1 same keras] integers on jax:",
        "  #   4 of 8 elements differ",
    ]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("ValueError: no kernel of 3 in layer 17", '"ValueError: no kernel of"'),
        ("RuntimeError: 3 of 7", '"RuntimeError"'),
        # Seven characters say little: the numbers stay.
        ("E: axis 3 of 7", '"E: axis 3 of 7"'),
    ],
)
def test_words_without_numbers_are_kept_where_they_say_enough(tmp_path: Path, said: str, text: str) -> None:
    row = wrong(GRID[0], status=Status.RAISED, explanation="", message=said)
    (found,) = proposals_of(record(tmp_path / "r.db", [row]))
    assert found.signature == (("message", text),)


STATES = (
    ("pass", {}),
    ("unsupported", {}),
    ("value", {"explanation": FLIPPED}),
    ("value", {"explanation": "equals the reference with 2 rows missing\ncause: edge dropped"}),
    ("value", {"figures": Figures(8, 4, 17.3)}),
    ("raised", {"message": "ValueError: padding 3 of x is /not/ supported"}),
    ("raised", {"message": "ValueError: padding 12 of y"}),
    ("raised", {"message": "E: \u202e \"quoted\" 'words' \\ {a: b} # c"}),
    ("shape", {"message": "got shape (1, 2), reference (3, 4)"}),
    ("nonfinite", {"message": "2 NaN, reference 0"}),
    ("crashed", {"message": "the worker died (SIGABRT): /path/"}),
)


@settings(
    max_examples=12,
    database=None,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_record_holds_its_proposals_describe_it_exactly(tmp_path_factory: Any, data: st.DataObject) -> None:
    """No divergence is left, and no proposed entry claims a verdict that came out otherwise."""
    folder = tmp_path_factory.mktemp("any")
    index = st.integers(0, len(STATES) - 1)
    rows = []
    for target in ("jax", "jax:jit", "torch+threads=2"):
        for case, state in zip(GRID, data.draw(st.lists(index, min_size=20, max_size=20)), strict=True):
            status, changes = STATES[state]
            rows.append(verdict(case, target, Status(status), **changes))
    proposals_of(record(folder / "r.db", rows))


def test_what_is_known_and_what_is_in_a_baseline_is_not_proposed(tmp_path: Path) -> None:
    where = f"{{op: conv_transpose, case: '{GRID[0].id}', targets: [jax]}}"
    known = f"- {{name: a, kind: bug, where: {where}, status: value, reason: x}}"
    excused = wrong(GRID[1], known=Known("baseline", "baseline", "already there", ""))
    rows = [wrong(GRID[0]), excused, wrong(GRID[2])]
    with Reader(record(tmp_path / "r.db", rows)) as reader:
        found = propose(Evidence(reader), KnownTable(parse_entries(known, "known.yaml")))
    assert [[v.case for v in p.verdicts] for p in found] == [[GRID[2].id]]


def test_who_has_declared_nothing_gets_proposals_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A folder cases/ of one's own, and no known/ in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").mkdir()
    path = record(tmp_path / "r.db", [wrong(c) for c in GRID])
    assert main(["known"]) == 0
    assert capsys.readouterr().out == "no divergence is declared\n"
    assert main(["known", "--update", str(path), "-o", "cases/known/known.yaml"]) == 0
    assert "nothing counts before a person has written its reason" in capsys.readouterr().err
    assert "- name: jax-conv-transpose-value" in (tmp_path / "cases" / "known" / "known.yaml").read_text()


def test_a_proposal_is_refused_until_it_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    path = record(tmp_path / "r.db", [wrong(c) if stride(c) == 4 else verdict(c, "jax") for c in GRID])
    file = tmp_path / "known" / "known.yaml"
    file.parent.mkdir()
    file.write_text("# Nothing yet.\n")
    assert load_entries(file) == []
    assert main(["known", "known", "--update", str(path), "-o", "known/known.yaml"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "1 proposal for 5 unexpected divergences in known/known.yaml; nothing counts before" in err
    assert file.read_text().startswith("# Nothing yet.\n\n- name: jax-conv-transpose-value\n")
    with pytest.raises(
        CaseFileError, match="reason is 'TODO: why', so nobody has looked at jax-conv-transpose-value yet"
    ):
        load_entries(file)
    assert main(["known", "known", "--update", str(path)]) == 2
    file.write_text(file.read_text().replace("TODO: why", "It flips nothing."))
    (entry,) = load_entries(file)
    assert entry.known == Known("jax-conv-transpose-value", "bug", "It flips nothing.", "")
    table = KnownTable([entry])
    with Reader(path) as reader:
        evidence = Evidence(reader)
        assert evidence.unexpected(table) == []
        assert len(evidence.happened(entry)) == 5
    assert table.stale() == []


STALE = f"""# What is known.
- name: narrow-me
  kind: bug
  where: {{op: conv_transpose, case: "{FILE}::*", targets: [jax]}}
  status: value
  reason: Some of them.
# A heading that stays.

- name: remove-me
  kind: bug
  where:
    op: conv_transpose
    params: kernel == 1
    targets: [jax]
  status: shape
  reason: None of them.
- name: keep-me
  kind: bug
  where: {{op: conv_transpose, params: stride == 1 and kernel == 1, targets: [torch]}}
  status: value
  signature: {{explanation: flipped}}
  reason: As declared.
"""


def test_stale_entries_are_narrowed_or_removed_by_a_diff_that_nobody_applied(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("known.yaml").write_text(STALE)
    rows = [wrong(c) if stride(c) >= 3 else verdict(c, "jax") for c in GRID]
    rows += [wrong(c, "torch") if stride(c) == kernel(c) == 1 else verdict(c, "torch") for c in GRID]
    entries = load_entries("known.yaml")
    table = KnownTable(entries)
    with Reader(record(tmp_path / "r.db", [*rows])) as reader:
        evidence = Evidence(reader)
        assert evidence.unexpected(table) == []
        found = edits(evidence, table)
    assert found.removed == {"remove-me"}
    assert Path("known.yaml").read_text() == STALE
    assert [line.partition(": ")[0] for line in found.said] == ["known.yaml:2:3", "known.yaml:9:3"]
    subprocess.run(["patch", "-p0", "-s"], input=found.diff(), text=True, check=True, cwd=tmp_path)
    patched = Path("known.yaml").read_text()
    assert "remove-me" not in patched
    assert "# A heading that stays.\n" in patched
    assert patched.endswith(STALE[STALE.index("- name: keep-me") :])
    again = {entry.known.name: entry for entry in load_entries("known.yaml")}
    assert again["narrow-me"].known == entries[0].known
    with Reader(tmp_path / "r.db") as reader:
        evidence = Evidence(reader)
        table = KnownTable(again.values())
        assert evidence.unexpected(table) == []
        assert table.stale() == []


@pytest.mark.parametrize("more", ["device: cpu", "mode: eager", "when: threads == 1"])
def test_what_a_condition_on_cases_can_not_say_is_left_to_a_person(tmp_path: Path, more: str) -> None:
    text = STALE[: STALE.index("# A heading")].replace(", targets:", f", {more}, targets:")
    (tmp_path / "known.yaml").write_text(text)
    rows = [wrong(c) if stride(c) >= 3 else verdict(c, "jax") for c in GRID]
    table = KnownTable(load_entries(tmp_path / "known.yaml"))
    path = record(tmp_path / "r.db", rows)
    with Reader(path) as reader:
        evidence = Evidence(reader)
        assert evidence.unexpected(table) == []
        found = edits(evidence, table)
    assert len(found.said) == 1
    assert (found.removed, found.diff()) == (set(), "")


def reworded(text: str) -> str:
    """What another release may say of the same cause, in the words that are ours."""
    headline, *rest = text.split("\n")
    return "\n".join(
        [f"found: {headline.upper()}", *(line if line.startswith("cause: ") else "do so" for line in rest)]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"explanation": FLIPPED},
        {"status": Status.SHAPE, "explanation": "", "message": "got shape (1, 2), reference (3, 4)"},
        {"status": Status.ACCEPTED, "explanation": "clamps the padding", "message": "it should have refused: no"},
        {"status": Status.TIMEOUT, "explanation": "", "message": "no answer within 120 s"},
        {"status": Status.CRASHED, "explanation": "", "message": "the worker died (SIGABRT): words"},
        {"explanation": "none of 12 confusions gives these values", "figures": Figures(8, 4, 17.3)},
    ],
)
def test_a_proposal_survives_other_words_of_ours(tmp_path: Path, changes: dict[str, Any]) -> None:
    row = wrong(GRID[0], **changes)
    (found,) = proposals_of(record(tmp_path / "r.db", [row]))
    (entry,) = parse_entries(found.render("because"), "known.yaml")
    signal = " with SIGABRT" if "SIGABRT" in row.message else ""
    later = replace(row, message=f"said otherwise{signal}", explanation=reworded(row.explanation))
    assert entry.declares(row)
    assert entry.declares(later)

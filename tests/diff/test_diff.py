"""Diffs of records that are written here, each with changes that are known."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.commands import diff as command
from conformance.diff import Diff, Kind, compare, diff_records
from conformance.diff.changes import Change, Side
from conformance.diff.groups import grouped
from conformance.diff.text import render
from conformance.record import Reader, Summary, Writer, describe_environment
from conformance.suite.case import Case
from conformance.usage import UsageError
from conformance.verdict import Answered, Figures, Status, Verdict
from tests.records import FLIP, make_case, told, verdict, write

FLIPPED = "equals the reference with the kernel flipped along H and W"
SEGV = "the worker died (SIGSEGV): {}"


def answer(
    case: Case,
    target: str = "jax",
    status: Status = Status.PASS,
    dtype: str = "float32",
    shape: tuple[int, ...] = (1, 2),
    digest: str = "aa",
    **changes: object,
) -> Verdict:
    given = {
        "digest": digest,
        "tensors": (told(dtype, shape, digest),),
        "figures": Figures(2, fraction=0.25),
        **changes,
    }
    return verdict(case, target, status, **given)


def diff_of(before: Path, after: Path, mapping: dict[str, str] | None = None) -> Diff:
    with Reader(before, complete=False) as one, Reader(after, complete=False) as other:
        return diff_records(one, other, mapping)


def single(tmp_path: Path, before: Verdict | None, after: Verdict | None) -> Diff:
    """The diff of two records that have one verdict on case 1 each, and one on case 4 that stays."""
    case, other = make_case(1), make_case(4)
    paths = []
    for name, item in (("a", before), ("b", after)):
        items = [answer(other), *([item] if item else [])]
        paths.append(write(tmp_path / f"{name}.db", *items, cases=(case, other)))
    return diff_of(*paths)


CASE = make_case(1)
RAISED = verdict(CASE, status=Status.RAISED, message="ValueError: at /home/a/lib/x.py:12 in <f at 0x7f12>")
WRONG = answer(CASE, status=Status.VALUE, message="3 of 4 elements differ", explanation=FLIPPED)
REFUSED = verdict(CASE, subject="refusal", message="refused, as it should: ValueError: too large")
CRASHED = verdict(CASE, status=Status.CRASHED, subject="", message=SEGV.format("at 0x12"))
UNABLE = verdict(CASE, status=Status.UNSUPPORTED, subject="", message="no float16")
UNSTABLE = answer(CASE, status=Status.NONDETERMINISTIC)


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (answer(CASE), WRONG, [Kind.PASS_TO_FAIL]),
        (WRONG, answer(CASE), [Kind.FAIL_TO_PASS]),
        (UNABLE, answer(CASE), [Kind.NEWLY_SUPPORTED]),
        (UNABLE, RAISED, [Kind.NEWLY_SUPPORTED]),
        (RAISED, UNABLE, [Kind.NO_LONGER_SUPPORTED]),
        (RAISED, replace(RAISED, message="ValueError: no"), [Kind.ERROR_TEXT]),
        (REFUSED, replace(REFUSED, message="refused, as it should: ValueError: huge"), [Kind.ERROR_TEXT]),
        (UNABLE, replace(UNABLE, message="no half"), [Kind.ERROR_TEXT]),
        (CRASHED, replace(CRASHED, message=SEGV.format("x").replace("SEGV", "ABRT")), [Kind.ERROR_TEXT]),
        (
            WRONG,
            replace(WRONG, status=Status.SHAPE, tensors=(told(shape=(2, 2)),)),
            [Kind.FAILS_DIFFERENTLY, Kind.SHAPE],
        ),
        (answer(CASE), answer(CASE, shape=(1, 3), digest="bb"), [Kind.SHAPE]),
        (answer(CASE), answer(CASE, dtype="float64", digest="bb"), [Kind.DTYPE]),
        (answer(CASE), answer(CASE, digest="bb", message="largest error 0.3"), [Kind.VALUE_INSIDE]),
        (WRONG, replace(WRONG, digest="bb"), [Kind.VALUE]),
        (WRONG, replace(WRONG, explanation="none"), [Kind.EXPLANATION]),
        (answer(CASE), UNSTABLE, [Kind.PASS_TO_FAIL, Kind.DETERMINISM]),
        (UNSTABLE, answer(CASE), [Kind.FAIL_TO_PASS, Kind.DETERMINISM]),
        (answer(CASE, plan="y = f(x)"), answer(CASE, plan="y = g(x)"), [Kind.PLAN]),
        (None, answer(CASE), [Kind.ADDED]),
        (answer(CASE), None, [Kind.REMOVED]),
    ],
)
def test_each_kind(tmp_path: Path, before: Verdict | None, after: Verdict | None, kinds: list[Kind]) -> None:
    diff = single(tmp_path, before, after)
    assert [change.kinds for group in diff.groups for change in group.changes] == [tuple(kinds)]
    assert {kind: n for kind, n in diff.counts.items() if n} == {kinds[0]: 1}
    assert diff.found(Kind) == dict.fromkeys(kinds, 1)
    (pair,) = diff.pairs
    other = kinds[0] is Kind.VALUE_INSIDE
    assert (pair.unchanged, pair.other_bits) == (1, int(other))
    assert pair.unchanged + pair.other_bits + pair.changed == pair.compared
    assert diff.compared == (2 if before and after else 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RAISED, replace(RAISED, message="ValueError: at /opt/b/lib/x.py:99 in <f at 0x8c3>")),
        (CRASHED, replace(CRASHED, message=SEGV.format("2026-01-01 something else"))),
        (
            answer(CASE, message="largest error 0.1", seconds=1.0),
            answer(CASE, message="largest error 0.2", seconds=9.0),
        ),
        (UNSTABLE, replace(UNSTABLE, digest="bb")),
        (WRONG, replace(WRONG, known=FLIP)),
        (WRONG, replace(WRONG, explanation="not looked for: the run's time for explanations was used up")),
    ],
)
def test_what_is_no_change(tmp_path: Path, before: Verdict, after: Verdict) -> None:
    diff = single(tmp_path, before, after)
    assert (diff.groups, diff.changed, diff.compared) == ([], 0, 2)


def test_a_changed_case_is_not_compared(tmp_path: Path) -> None:
    changed = replace(CASE, seed=7)
    before = write(tmp_path / "a.db", answer(CASE), cases=(CASE,))
    after = write(tmp_path / "b.db", replace(WRONG, case=changed.id), cases=(changed,))
    diff = diff_of(before, after)
    assert [change.kinds for group in diff.groups for change in group.changes] == [(Kind.NOT_COMPARABLE,)]
    assert diff.compared == 0
    assert any("nothing was compared" in note for note in diff.notes)


def test_a_case_that_moved_to_another_file_is_compared(tmp_path: Path) -> None:
    moved = replace(CASE, id="cases/elsewhere.yaml::another name")
    before = write(tmp_path / "a.db", answer(CASE), cases=(CASE,))
    after = write(tmp_path / "b.db", replace(WRONG, case=moved.id), cases=(moved,))
    assert diff_of(before, after).found([Kind.PASS_TO_FAIL, Kind.ADDED, Kind.REMOVED]) == {Kind.PASS_TO_FAIL: 1}


def test_outputs_that_were_kept_are_held_against_each_other(tmp_path: Path) -> None:
    cases = [make_case(stride) for stride in (1, 2, 3)]
    y = np.linspace(1, 2, 32, dtype=np.float32).reshape(1, 2, 4, 4)
    paths = []
    for name, steps in (("a", 0), ("b", 3)):
        path = tmp_path / f"{name}.db"
        with Writer.create(path, describe_environment([])) as writer:
            for number, case in enumerate(cases):
                writer.add_case(case)
                moved = y.copy()
                for _ in range(steps * number):
                    moved[0, 0, 0, 0] = np.nextafter(moved[0, 0, 0, 0], np.float32(9))
                digest = f"{name}{number}" if steps * number else "same"
                if case is not cases[2]:
                    writer.add_output(digest, "y", moved, "float32")
                figures = Figures(32, fraction=0.25 + 0.25 * (name == "b"))
                writer.add_verdict(answer(case, digest=digest, shape=y.shape, figures=figures))
            writer.finish(Summary())
        paths.append(path)
    with sqlite3.connect(paths[0]) as db:
        assert db.execute("SELECT count(*) FROM outputs").fetchone() == (1,)  # the same bits are kept once
    diff = diff_of(*paths)
    (group,) = diff.groups
    assert (group.kind, group.count) == (Kind.VALUE_INSIDE, 2)
    first, second = group.changes
    assert first.ulps is not None
    assert (first.case, first.ulps.changed, first.ulps.largest, first.ulps.histogram) == (cases[1].id, 1, 3.0, (0, 1))
    assert (second.case, second.ulps) == (cases[2].id, None)
    assert "--keep-outputs" in second.note
    assert any("--keep-outputs" in note for note in diff.notes)
    assert group.errors is not None
    assert (group.errors[0].largest, group.errors[1].median) == (0.25, 0.5)
    assert "3 ULP at most" in render(diff)


def test_two_targets_of_one_record(tmp_path: Path) -> None:
    items = [answer(CASE, "jax==0.9.2"), replace(WRONG, target="jax==0.10.2"), answer(CASE, "torch")]
    path = write(tmp_path / "a.db", *items, cases=(CASE,))
    diff = diff_of(path, path, {"jax==0.9.2": "jax==0.10.2"})
    assert [pair.label for pair in diff.pairs] == ["jax==0.9.2 -> jax==0.10.2"]
    assert diff.found(Kind) == {Kind.PASS_TO_FAIL: 1}
    assert (diff.only_before, diff.only_after) == ((), ())
    with pytest.raises(UsageError, match="given twice; say which of its targets"):
        diff_of(path, path)


def test_the_same_cause_is_one_group_and_the_worst_comes_first(tmp_path: Path) -> None:
    cases = tuple(make_case(stride) for stride in (1, 2, 3, 4))
    after = [
        replace(WRONG, case=cases[0].id, explanation="", message="got shape (1, 3), reference (2, 3)"),
        replace(WRONG, case=cases[1].id, explanation="", message="got shape (4, 3, 2), reference (5, 3, 2)"),
        answer(cases[2], digest="bb"),
        verdict(cases[3], status=Status.RAISED, message="no"),
    ]
    diff = diff_of(
        write(tmp_path / "a.db", *(answer(case) for case in cases), cases=cases),
        write(tmp_path / "b.db", *after, cases=cases),
    )
    assert [(group.kind, group.count) for group in diff.groups] == [
        (Kind.PASS_TO_FAIL, 2),
        (Kind.PASS_TO_FAIL, 1),
        (Kind.VALUE_INSIDE, 1),
    ]


def test_speed_is_told_only_beyond_the_noise(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    cases = tuple(replace(make_case(1), id=f"cases/a.yaml::{n}", seed=n) for n in range(160))

    def record(name: str, factor: float, noise: float) -> Path:
        items = []
        for case in cases:
            for target, by in (("jax", factor), ("torch", 1.0)):
                items.append(answer(case, target, seconds=float(1e-3 * by * np.exp(noise * draw.normal()))))
        return write(tmp_path / name, *items, cases=cases)

    calm = record("calm.db", 1.0, 0.1)
    assert diff_of(calm, record("again.db", 1.0, 0.1)).speeds == []
    (slower,) = diff_of(calm, record("slow.db", 2.0, 0.1)).speeds
    assert (slower.targets, slower.cases) == (("jax", "jax"), 160)
    assert slower.ratio == pytest.approx(2.0, rel=0.1)
    assert 1.0 < slower.noise < slower.ratio
    # The same factor says nothing where the measurements scatter more than that.
    assert diff_of(calm, record("wild.db", 1.5, 3.0)).speeds == []


def two(values: Answered, indices: Answered, digest: str) -> Side:
    return Side(Status.PASS, digest=digest, tensors=(values, indices))


def test_which_output_changed_is_said() -> None:
    values, indices = told(name="values"), told("int64", digest="bb", name="indices")
    before = two(values, indices, "1")

    def said(after: Side) -> tuple[tuple[Kind, ...], str]:
        kinds = compare(before, after)
        change = Change(kinds, "case", "topk", "f.yaml", 1, ("jax", "jax"), before, after)
        return kinds, grouped([change])[0].cause

    assert said(two(values, replace(indices, digest="cc"), "2")) == ((Kind.VALUE_INSIDE,), "int64 bits of indices")
    moved = two(replace(values, digest="dd"), replace(indices, digest="cc"), "2")
    assert said(moved) == ((Kind.VALUE_INSIDE,), "float32, int64 bits of values, indices")
    narrow = two(values, replace(indices, dtype="int32", digest="cc"), "2")
    assert said(narrow) == ((Kind.DTYPE,), "indices int64 -> int32")
    longer = two(values, replace(indices, shape=(1, 3), digest="cc"), "2")
    assert said(longer) == ((Kind.SHAPE,), "indices (1, 2) -> (1, 3)")
    assert before.answer == "values float32[1, 2], indices int64[1, 2]"


def test_of_the_usual_output_nothing_more_is_said() -> None:
    y, pulled = told(), told(name="gradient of x")
    before = Side(Status.PASS, digest="1", tensors=(y, pulled))
    for after, cause in (
        ((replace(y, digest="b"), pulled), "float32 bits"),
        ((replace(y, digest="b"), replace(pulled, digest="b")), "float32 bits"),
        ((y, replace(pulled, digest="b")), "float32 bits of gradients"),
    ):
        side = Side(Status.PASS, digest="2", tensors=after)
        change = Change(compare(before, side), "case", "conv", "f.yaml", 1, ("jax", "jax"), before, side)
        assert grouped([change])[0].cause == cause
    assert before.answer == "float32[1, 2]"


def test_two_sides_are_compared_without_a_record() -> None:
    side = Side(Status.PASS, digest="a", tensors=(told(digest="a"),))
    assert compare(side, side) == ()
    assert compare(side, replace(side, digest="b")) == (Kind.VALUE_INSIDE,)


def options(before: Path, after: Path, **changes: Any) -> command.Options:
    return command.Options(before=before, after=after, **changes)


def test_the_exit_code_is_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write(tmp_path / "a.db", answer(CASE), cases=(CASE,))
    after = write(tmp_path / "b.db", WRONG, cases=(CASE,))
    assert command.main(options(before, after)) == 0
    assert command.main(options(before, after, fail_on="fail-to-pass,speed")) == 0
    assert command.main(options(before, after, fail_on="regressions")) == 1
    assert capsys.readouterr().out.endswith("exit 1: 1 pass-to-fail (--fail-on)\n")
    data, page = tmp_path / "out" / "d.json", tmp_path / "out" / "d.md"
    assert command.main(options(before, after, json=data, markdown=page)) == 0
    (group,) = json.loads(data.read_text())["groups"]
    assert (group["kind"], group["statuses"], group["cause"]) == ("pass-to-fail", ["pass", "value"], FLIPPED)
    assert group["changes"][0]["after"]["tensors"][0]["shape"] == [1, 2]
    assert "**1** conv\\_transpose on `jax`, pass -&gt; value" in page.read_text()


def test_bad_input_is_one_message(tmp_path: Path) -> None:
    good = write(tmp_path / "a.db", answer(CASE), cases=(CASE,))
    other = write(tmp_path / "b.db", answer(CASE, "torch"), cases=(CASE,))
    text = tmp_path / "text.db"
    text.write_text("not a database, however long it may be " * 40)
    partial = tmp_path / "partial.db"
    with Writer.create(partial, describe_environment([])) as writer:
        writer.add_case(CASE)
        writer.add_verdict(answer(CASE))
    old = tmp_path / "old.db"
    old.write_bytes(good.read_bytes())
    with sqlite3.connect(old) as db:
        db.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    for path, words in (
        (tmp_path / "none.db", "there is no such record"),
        (text, "is not a Conformance record"),
        (partial, "is not a complete run"),
        (old, "schema version 1"),
        (other, "no target in common"),
    ):
        with pytest.raises(UsageError, match=words):
            command.main(options(good, path))
    assert command.main(options(good, partial, incomplete=True)) == 0

"""The record, on real SQLite files: round trips, interruption, resumption, refusal, merging."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.record import Reader, RecordError, Summary, Writer, describe_environment, merge
from conformance.record.same import content
from conformance.suite.case import Claim, Expect, Place, Values
from conformance.verdict import Answered, Figures, Known, Problem, Status, Verdict
from tests.records import FILE, make_case, verdict, write

ROOT = Path(__file__).resolve().parents[1]

texts = st.text(max_size=40)
floats = st.floats(allow_nan=True, allow_infinity=True)
figures = st.none() | st.builds(
    Figures,
    elements=st.integers(0, 2**62),
    differing=st.integers(0, 2**40),
    fraction=floats,
    worst=st.none() | st.lists(st.integers(0, 2**40), max_size=5).map(tuple),
    got=st.none() | floats,
    reference=st.none() | floats,
    needed=floats,
    bits=st.none() | st.floats(allow_nan=False),
)
knowns = st.none() | st.builds(Known, name=texts, kind=st.sampled_from(["bug", "convention"]), reason=texts, link=texts)


def same(a: Verdict, b: Verdict) -> bool:
    """Equal to the sign of a zero and with NaN equal to NaN: repr tells both apart."""
    return repr(a) == repr(b)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.dictionaries(
        st.tuples(st.integers(1, 5), st.sampled_from(["jax", "torch:compile", "keras/jax"])),
        st.tuples(st.sampled_from(Status), texts, texts, texts, figures, texts, st.floats(0, 1e6), knowns, texts),
        max_size=8,
    )
)
def test_every_verdict_comes_back_as_it_was(items: dict[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("record") / "run.db"
    cases = {stride: make_case(stride) for stride, _ in items}
    expected = {}
    for (stride, target), (
        status,
        subject,
        message,
        explanation,
        figure,
        plan,
        seconds,
        known,
        digest,
    ) in items.items():
        expected[cases[stride].id, target] = Verdict(
            cases[stride].id, target, status, subject, message, explanation, figure, plan, seconds, known, digest
        )
    write(path, *expected.values(), cases=tuple(cases.values()))
    with Reader(path) as reader:
        rows = list(reader.verdicts())
    found = {(row.verdict.case, row.verdict.target): row.verdict for row in rows}
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert same(found[key], value)
    assert [row.case.id for row in rows] == sorted(
        (row.case.id for row in rows), key=[c.id for c in cases.values()].index
    )


def test_text_that_is_no_unicode_is_kept_readable(tmp_path: Path) -> None:
    case = make_case()
    path = write(tmp_path / "r.db", verdict(case, message="broken \udce9 and \x00 nul"), cases=(case,))
    [row] = Reader(path).verdicts()
    assert row.verdict.message == "broken \\udce9 and \x00 nul"


def test_a_case_comes_back_with_everything_a_report_shows(tmp_path: Path) -> None:
    case = make_case(
        tags=frozenset({"smoke", "strided"}),
        about="what it is for",
        claim=Claim("003", "says so", False),
        values=Values("specials", places=(Place("w", (0, 0), "inf"),), name="inf in w"),
        expect=Expect(shape=(1, 8, 8, 1), values=((1.0, math.inf),)),
        permits=frozenset({"zeros"}),
    )
    path = write(tmp_path / "r.db", verdict(case), cases=(case,))
    found = Reader(path).case(case.id)
    assert (found.id, found.fingerprint, found.op, found.source) == (
        case.id,
        case.fingerprint,
        case.op.name,
        case.source,
    )
    assert (found.dtype, found.values, found.given) == ("float32", "inf in w", case.given)
    assert (found.tags, found.about, found.claim) == (case.tags, case.about, case.claim)
    assert found.params["stride"] == [2, 2]
    assert found.definition["values"]["places"] == [{"tensor": "w", "index": [0, 0], "value": "inf"}]
    assert found.definition["expect"]["values"] == [[1.0, math.inf]]
    assert found.label == case.label


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[np.nan, -0.0], [np.inf, 5e-324]]), ""),
        (np.arange(6, dtype=np.float16).reshape(1, 2, 3)[:, ::-1], ""),
        (np.zeros((0, 3), np.int64), ""),
        (np.float32(3.5) * np.ones(()), "bfloat16"),
    ],
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray, dtype: str, tmp_path: Path) -> None:
    case = make_case()
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.add_case(case)
        writer.add_array(case.id, "jax", "y", array, dtype)
        writer.add_array(case.id, "", "reference", array)
        writer.finish(Summary())
    reader = Reader(tmp_path / "r.db")
    found = reader.arrays(case.id, "jax")["y"]
    assert found.values is not None
    assert (found.shape, found.dtype) == (array.shape, dtype or str(array.dtype))
    assert found.values.dtype == array.dtype
    assert found.values.tobytes() == np.ascontiguousarray(array).tobytes()
    assert list(reader.arrays(case.id)) == ["reference"]
    assert reader.arrays(case.id, "torch") == {}


def test_a_large_array_leaves_its_shape_only(tmp_path: Path) -> None:
    case = make_case()
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.add_case(case)
        writer.add_array(case.id, "jax", "y", np.ones((1 << 18, 2)))
        writer.finish(Summary())
    found = Reader(tmp_path / "r.db").arrays(case.id, "jax")["y"]
    assert (found.shape, found.values) == ((1 << 18, 2), None)
    assert (tmp_path / "r.db").stat().st_size < 200_000


def test_counts_filters_and_matrix(tmp_path: Path) -> None:
    known = Known("flip", "convention", "why", "")
    a, b = make_case(1), make_case(2)
    path = write(
        tmp_path / "r.db",
        verdict(a, "jax"),
        verdict(b, "jax", Status.VALUE),
        verdict(a, "torch", Status.VALUE, known=known),
        verdict(b, "torch", Status.UNSUPPORTED, message="no"),
        cases=(a, b),
    )
    reader = Reader(path)
    assert reader.counts() == {
        ("jax", Status.PASS, False): 1,
        ("jax", Status.VALUE, False): 1,
        ("torch", Status.VALUE, True): 1,
        ("torch", Status.UNSUPPORTED, False): 1,
    }
    assert reader.matrix()[FILE, "torch", Status.VALUE, True] == 1

    def pairs(**filters: Any) -> list[tuple[str, str]]:
        return [(row.case.id, row.verdict.target) for row in reader.verdicts(**filters)]

    assert pairs(unexpected=True) == [(b.id, "jax")]
    assert pairs(divergent=True) == [(a.id, "torch"), (b.id, "jax")]
    assert pairs(known=True) == [(a.id, "torch")]
    assert pairs(case=a.id, target="jax") == [(a.id, "jax")]
    assert pairs(statuses=[Status.PASS, Status.UNSUPPORTED]) == [(a.id, "jax"), (b.id, "torch")]
    assert pairs(statuses=[]) == []


def test_a_second_verdict_takes_the_place_of_the_first(tmp_path: Path) -> None:
    case = make_case()
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.add_case(case)
        writer.add_verdict(verdict(case, status=Status.CRASHED))
        writer.add_verdict(verdict(case), attempts=2)
        writer.finish(Summary())
    [row] = Reader(tmp_path / "r.db").verdicts()
    assert (row.verdict.status, row.attempts) == (Status.PASS, 2)


def test_a_verdict_needs_its_case(tmp_path: Path) -> None:
    with Writer.create(tmp_path / "r.db", {}) as writer, pytest.raises(RecordError, match="not added as a case"):
        writer.add_verdict(verdict(make_case()))


def test_targets_environment_and_summary(tmp_path: Path) -> None:
    summary = Summary((Problem("flip", "no longer happens", "cases/known/a.yaml:3:1"),), 1, "because", {"seconds": 2.5})
    with Writer.create(tmp_path / "r.db", describe_environment(["run", "-k", "stride=2"])) as writer:
        writer.set_target_info("torch", {"version": "2.13.0", "flags": ["x"]})
        writer.finish(summary)
    reader = Reader(tmp_path / "r.db")
    assert reader.targets == {"torch": {"version": "2.13.0", "flags": ["x"]}}
    assert reader.environment["command"] == ["run", "-k", "stride=2"]
    assert reader.environment["numpy"] == np.__version__
    assert reader.environment["started"] <= reader.environment["finished"]
    assert reader.summary == summary


# --- interruption -------------------------------------------------------------------------------------------------

WRITER = """
    import sys
    from conformance.record import Writer
    from tests.records import make_case, verdict

    writer = Writer.create(sys.argv[1], {"command": ["run"]})
    for stride in range(1, 5000):
        case = make_case(stride)
        writer.add_case(case)
        for target in ("jax", "torch"):
            writer.add_verdict(verdict(case, target, message=f"stride {stride}"))
        if stride == 2000:
            print("half way", flush=True)
            sys.stdin.readline()
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The record of a process that was killed (SIGKILL) after 4,000 verdicts."""
    path = tmp_path / "killed.db"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    # It still holds the record: nobody else may write it, anybody may read it.
    with pytest.raises(RecordError, match="another process is still writing"):
        Writer.resume(path)
    with Reader(path, complete=False) as reader:
        assert sum(reader.counts().values()) >= 3500
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.close()
    return path


def test_a_killed_run_is_refused_as_complete_but_can_be_read(killed: Path) -> None:
    with pytest.raises(RecordError, match="not a complete run"):
        Reader(killed)
    reader = Reader(killed, complete=False)
    rows = list(reader.verdicts())
    assert 3500 <= len(rows) <= 4000
    assert all(row.verdict.message == f"stride {row.case.params['stride'][0]}" for row in rows)
    assert reader.summary is None


def test_a_killed_run_is_resumed_and_nothing_is_lost(killed: Path) -> None:
    with Writer.resume(killed) as writer:
        done = writer.done()
        assert len(done) >= 3500
        for stride in range(1, 2501):
            case = make_case(stride)
            writer.add_case(case)
            for target in ("jax", "torch"):
                if (case.id, case.fingerprint, target) not in done:
                    writer.add_verdict(verdict(case, target, message=f"stride {stride}"))
        writer.finish(Summary())
    assert [p.name for p in killed.parent.iterdir()] == [killed.name], "one plain file is left"
    reader = Reader(killed)
    assert reader.counts() == {("jax", Status.PASS, False): 2500, ("torch", Status.PASS, False): 2500}
    assert all(row.verdict.message == f"stride {row.case.params['stride'][0]}" for row in reader.verdicts())
    assert len(reader.environment["resumed"]) == 1


def test_a_case_that_changed_meanwhile_is_not_done(tmp_path: Path) -> None:
    case, other = make_case(1), make_case(2)
    with Writer.create(tmp_path / "r.db", {}) as writer:
        for item in (case, other):
            writer.add_case(item)
            writer.add_verdict(verdict(item))
            writer.add_array(item.id, "jax", "y", np.ones(2))
    changed = replace(case, seed=7)
    with Writer.resume(tmp_path / "r.db") as writer:
        assert (changed.id, changed.fingerprint, "jax") not in writer.done()
        writer.add_case(changed)
        assert writer.done() == {(other.id, other.fingerprint, "jax")}
        writer.finish(Summary())
    reader = Reader(tmp_path / "r.db")
    assert reader.case(case.id).fingerprint == changed.fingerprint
    assert [id for id, _, _ in reader.raw_arrays()] == [other.id]


def test_a_complete_run_is_not_resumed_and_an_existing_file_not_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "r.db")
    with pytest.raises(RecordError, match="nothing to resume"):
        Writer.resume(path)
    with pytest.raises(RecordError, match="exists already"):
        Writer.create(path, {})


# --- refusal ------------------------------------------------------------------------------------------------------


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such record"):
        Reader(tmp_path / "none.db")
    with pytest.raises(RecordError, match="no such record"):
        Reader(tmp_path)
    (tmp_path / "text.db").write_text("not a database at all, whatever its name says\n" * 40)
    with pytest.raises(RecordError, match="is not a Conformance record"):
        Reader(tmp_path / "text.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(RecordError, match="is empty"):
        Reader(tmp_path / "empty.db")
    db = sqlite3.connect(tmp_path / "other.db")
    db.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    db.commit()
    with pytest.raises(RecordError, match="not a Conformance record"):
        Reader(tmp_path / "other.db")


def test_another_schema_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "r.db")
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = '9' WHERE key = 'schema_version'")
    db.commit()
    with pytest.raises(RecordError, match=r"schema version 9, but .* reads version 3"):
        Reader(path)


def test_a_damaged_record_says_so(tmp_path: Path) -> None:
    cases = tuple(make_case(stride) for stride in range(1, 200))
    path = write(tmp_path / "r.db", *(verdict(c) for c in cases), cases=cases)
    data = bytearray(path.read_bytes())
    data[8192:-4096] = os.urandom(len(data) - 8192 - 4096)
    path.write_bytes(data)
    with pytest.raises(RecordError, match="damaged"):
        list(Reader(path).verdicts())


def test_nothing_can_be_written_into_a_missing_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="can't be written"):
        Writer.create(tmp_path / "file" / "r.db", {})


def test_an_unknown_case_is_answered_with_the_nearest(tmp_path: Path) -> None:
    cases = tuple(make_case(stride) for stride in (1, 2, 3))
    reader = Reader(write(tmp_path / "r.db", cases=cases))
    assert reader.case(cases[1].id).id == cases[1].id
    assert reader.case("s2 same").id == cases[1].id, "a part that only one case has"
    with pytest.raises(RecordError, match="more than one case") as error:
        reader.case("k3")
    assert all(case.id in str(error.value) for case in cases)
    with pytest.raises(RecordError) as error:
        reader.case(cases[2].id.replace("same", "smae"))
    assert str(error.value).splitlines()[1].strip() == cases[2].id
    with pytest.raises(RecordError, match="no case ''"):
        reader.case("")


# --- merging ------------------------------------------------------------------------------------------------------


def test_merge_is_the_union(tmp_path: Path) -> None:
    a, b = make_case(1), make_case(2)
    known = Known("flip", "bug", "why", "link")
    first, second, whole = (verdict(a, "jax"), verdict(b, "jax", Status.VALUE, known=known), verdict(a, "torch"))
    problem = Problem("flip", "mended")
    one = write(tmp_path / "1.db", first, second, cases=(a, b), summary=Summary((problem,), 1, "one"))
    two = write(tmp_path / "2.db", whole, first, cases=(a,), summary=Summary((problem,), 3, "two"))
    with Writer.create(tmp_path / "3.db", {}) as writer:
        writer.add_case(b)
        writer.add_verdict(verdict(b, "torch"), attempts=2)
        writer.add_array(b.id, "torch", "y", np.ones(1 << 18))
        writer.add_array(b.id, "", "x", np.arange(3.0))
        writer.set_target_info("torch", {"version": "2"})
        writer.finish(Summary())
    merge([one, two, tmp_path / "3.db"], tmp_path / "out.db")
    reader = Reader(tmp_path / "out.db")
    rows = {(row.case.id, row.verdict.target): row for row in reader.verdicts()}
    assert {key: row.verdict for key, row in rows.items()} == {
        (a.id, "jax"): first,
        (b.id, "jax"): second,
        (a.id, "torch"): whole,
        (b.id, "torch"): verdict(b, "torch"),
    }
    assert rows[b.id, "torch"].attempts == 2
    assert reader.targets["torch"] == {"version": "2"}
    assert reader.summary == Summary((problem,), 3, "one; two")
    assert [origin["record"] for origin in reader.environment["merged"]] == ["1.db", "2.db", "3.db"]
    assert reader.arrays(b.id, "torch")["y"].values is None
    x = reader.arrays(b.id)["x"].values
    assert x is not None
    assert x.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda case: (verdict(case, status=Status.VALUE), case, {}), "differently"),
        (lambda case: (verdict(case, digest="00"), case, {}), "differently"),
        (lambda case: (verdict(case), replace(case, seed=1), {}), "the case .* differs"),
        (lambda case: (verdict(case), case, {"version": "2"}), "different versions"),
    ],
)
def test_records_that_contradict_each_other_are_not_merged(other: Any, message: str, tmp_path: Path) -> None:
    case = make_case()
    second, changed, info = other(case)
    for name, item, its_case, its_info in (("1", verdict(case), case, {"version": "1"}), ("2", second, changed, info)):
        with Writer.create(tmp_path / f"{name}.db", {}) as writer:
            writer.add_case(its_case)
            writer.set_target_info("jax", its_info)
            writer.add_verdict(item)
            writer.finish(Summary())
    with pytest.raises(RecordError, match=message):
        merge([tmp_path / "1.db", tmp_path / "2.db"], tmp_path / "out.db")
    assert not (tmp_path / "out.db").exists()


def test_an_incomplete_record_is_not_merged(tmp_path: Path) -> None:
    Writer.create(tmp_path / "1.db", {}).close()
    with pytest.raises(RecordError, match="not a complete run"):
        merge([tmp_path / "1.db"], tmp_path / "out.db")
    with pytest.raises(RecordError, match="nothing to merge"):
        merge([], tmp_path / "out.db")


# --- cost ---------------------------------------------------------------------------------------------------------


def test_fifty_thousand_verdicts_are_cheap(tmp_path: Path) -> None:
    base = make_case()
    cases = [replace(base, id=f"{FILE}::case {i}", seed=i) for i in range(5_000)]
    figures = Figures(64, 49, 12.5, (0, 3, 4, 0), 1.0, 9.0, 0.5, 21.3)
    plan = "y = jax.lax.conv_transpose(x, w, (2, 2), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))\n# x: NHWC"
    for case in cases:
        assert case.fingerprint
    with Writer.create(tmp_path / "r.db", {}) as writer:
        started = time.process_time()
        for case in cases:
            writer.add_case(case)
            for target in range(10):
                writer.add_verdict(verdict(case, f"t{target}", figures=figures, plan=plan, message="largest error 0.1"))
        written = time.process_time() - started
        writer.finish(Summary())
    started = time.process_time()
    assert sum(1 for _ in Reader(tmp_path / "r.db").verdicts()) == 50_000
    read = time.process_time() - started
    size = (tmp_path / "r.db").stat().st_size
    print(f"\nwrite {written / 5e4 * 1e6:.1f} us, read {read / 5e4 * 1e6:.1f} us, {size / 5e4:.0f} bytes a verdict")
    assert written < 50_000 * 1e-3, "a write must stay far below the millisecond that a verdict may cost altogether"


def test_every_tensor_of_an_answer_comes_back(tmp_path: Path) -> None:
    case = make_case()
    tensors = (
        Answered("values", "bfloat16", (2, 3), "01"),
        Answered("indices", "int64", (2, 3), "02"),
        Answered("count", "uint8", (), "03"),
        Answered("gradient of x", "bfloat16", (2, 0), "04"),
    )
    several = verdict(case, digest="ab", tensors=tensors, subject="indices")
    none = verdict(case, "torch", Status.RAISED)
    path = write(tmp_path / "r.db", several, none, cases=(case,))
    with Reader(path) as reader:
        found = [row.verdict for row in reader.verdicts()]
        told = list(content(reader))
    assert found == [none, several]
    assert [v.about for v in found] == ["", "indices"]
    moved = replace(several, tensors=(replace(tensors[0], digest="05"), *tensors[1:]))
    with Reader(write(tmp_path / "other.db", moved, none, cases=(case,))) as reader:
        assert list(content(reader)) != told


def test_the_usual_output_goes_without_saying_where_it_is_the_only_one() -> None:
    case = make_case()
    only = verdict(case, status=Status.VALUE, tensors=(Answered("y", "float32", (1,), ""),))
    assert only.about == ""
    pulled = replace(only, tensors=(*only.tensors, Answered("gradient of x", "float32", (1,), "")))
    assert pulled.about == ""
    assert replace(pulled, subject="gradient of x").about == "gradient of x"
    assert replace(only, tensors=(*only.tensors, Answered("h", "float32", (1,), ""))).about == "y"


def test_kept_outputs_come_back_with_their_dtypes(tmp_path: Path) -> None:
    arrays = {
        "values": np.array([1.5, np.nan], np.float32),
        "indices": np.array([3, -1]),
        "mask": np.array([True, False]),
        "spectrum": np.array([1 - 2j], np.complex64),
        "gradient of x": np.array([2.0]),
    }
    path = tmp_path / "r.db"
    with Writer.create(path, {}) as writer:
        for name, array in arrays.items():
            writer.add_output("ab", name, array, array.dtype.name)
        writer.finish(Summary())
    with Reader(path) as reader:
        found = reader.outputs("ab")
    assert list(found)[-1] == "gradient of x"
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype.name
        assert found[name].values is not None
        assert found[name].values.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "{}", '"y"', "[1]", '[["y"]]', '[["y", "float32", [1]]]', '[["y", "float32", [-1], "a"]]',
        '[["y", "float32", "1", "a"]]', '[["y", 3, [1], "a"]]', '[[null, "float32", [1], "a"]]',
        '[["y", "float32", [1.5], "a"]]',
        '[["y", "float32", [1], "a"], ["y", "float32", [1], "b"]]', '[["\\u001b[2J", "float32", [1], "a"]]',
        '[["y", "float32\\n", [1], "a"]]', '[["\\ud800", "float32", [1], "a"]]', "[" * 5000,
        '[["y", "float32", [' + "1, " * 40 + '1], "a"]]',
    ],
)  # fmt: skip
def test_tensors_that_no_run_writes(tmp_path: Path, text: str) -> None:
    case = make_case()
    path = write(tmp_path / "r.db", verdict(case), cases=(case,))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE verdicts SET tensors = ?", (text,))
    with pytest.raises(RecordError), Reader(path) as reader:
        list(reader.verdicts())

"""The run loop with an executor in memory: the same answers in any order, cut off anywhere, give the same record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.ask.run import Run
from conformance.ask.where import anchor_of, with_anchor
from conformance.executor import Failed, Unavailable
from conformance.known import KnownTable
from conformance.record import Reader, Summary, Writer
from conformance.record.same import content
from conformance.suite.case import Case
from conformance.target import Target, parse_target
from conformance.verdict import Status, Verdict
from tests.shuffled import Interrupted, Shuffled
from tests.suite.files import suite

TARGETS = tuple(map(parse_target, ("numpy", "jax", "torch:compile", "torch", "tensorflow:xla", "tensorflow")))

GRID = """
op: conv_transpose
values: [integers]
grids:
  - grid: {convention: [torch], dims: [1, 2], kernel: [1, 2, 3], stride: [1, 2], size: [3, 4]}
"""

HELD = """
op: call
values: [integers, normal]
cases:
ENTRIES
"""

ENTRY = """
  - name: held-against-NAME
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: ANCHOR
      plans: {torch: y = x + 0, tensorflow: y = x + 0, numpy: y = x + 0, jax: y = x + 0}
"""

# Which one is found, what it says of the others and which cases it names first must not hang on the order.
KNOWN = """
- {name: shapes, kind: bug, where: {op: conv_transpose, targets: ["*"]}, status: shape, reason: r, link: https://example.org/1}
- {name: words, kind: bug, where: {op: [conv_transpose, call], targets: [torch, "tensorflow*"]},
   status: [raised, crashed, timeout], reason: r, link: https://example.org/2}
- {name: mended-calls, kind: bug, where: {op: call, targets: ["*"]}, status: dtype, reason: r, link: https://example.org/4}
- {name: mended, kind: bug, where: {op: conv_transpose, targets: ["*"]}, status: dtype, reason: r, link: https://example.org/3}
"""

ANCHORS = ("torch", "torch:compile", "tensorflow", "tensorflow:xla", "numpy", "jax", "torch==2.4.0")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder = tmp_path_factory.mktemp("cases")
    entries = "".join(
        ENTRY.replace("NAME", f"{number}-{anchor.partition(':')[0].partition('=')[0]}").replace("ANCHOR", anchor)
        for number, anchor in enumerate(ANCHORS)
    )
    found = list(suite(folder, GRID, "grid.yaml").cases())
    return found + list(suite(folder, HELD.replace("ENTRIES", entries.strip("\n")), "held.yaml").cases())


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "known.yaml"
    path.write_text(KNOWN)
    return path


def asked(index: int, case: Case) -> list[Target]:
    """Each case has targets of its own, so that no target meets all cases in their order."""
    return [t for number, t in enumerate(TARGETS) if case.op.name == "call" or (index + number) % 4]


def told(
    path: Path,
    cases: Sequence[Case],
    known: Path,
    seed: int,
    silent: dict[Target, type] | None = None,
    stops: Sequence[int] = (),
) -> list[tuple[str, ...]]:
    """What the record of a run tells; `stops`: after how many rounds it is cut off, to be resumed."""
    for number, stop in enumerate([*stops, -1]):
        executor = Shuffled(TARGETS, seed + number, silent, stop)
        table = KnownTable.load([known])
        if number:
            with Reader(path, complete=False) as reader:
                table.replay(reader)
        with Writer.resume(path) if number else Writer.create(path, {}) as writer:
            skip = writer.done()
            run = Run(TARGETS, executor, writer, table.match, keep_outputs=True)
            executor.run = run
            writer.plan([case.id for case in cases], [str(target) for target in TARGETS])
            for index, case in enumerate(cases):
                done = {t for t in TARGETS if (case.id, case.fingerprint, str(t)) in skip}
                run.add(case, asked(index, case), done)
            try:
                findings = run.go()
            except Interrupted:
                continue
            writer.finish(Summary(tuple(table.stale()), details={"failed": list(findings.failed)}))
            break
    with Reader(path) as reader:
        return list(content(reader))


def verdicts(path: Path) -> dict[tuple[str, str], Verdict]:
    with Reader(path) as reader:
        return {(row.case.label, row.verdict.target): row.verdict for row in reader.verdicts()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, cases: list[Case], known: Path) -> list[tuple[str, ...]]:
    return told(tmp_path_factory.mktemp("first") / "r.db", cases, known, 0)


def test_the_sample_has_everything_that_could_depend_on_an_order(undisturbed: list[tuple[str, ...]]) -> None:
    rows = [line for line in undisturbed if line[0] == "verdict"]
    assert {row[3] for row in rows} >= {
        "pass",
        "shape",
        "value",
        "raised",
        "accepted",
        "crashed",
        "timeout",
        "unsupported",
    }
    assert {row[9] for row in rows} >= {"", "shapes", "words"}
    assert any("equals the reference with" in row[6] for row in rows)
    assert any(line[0] == "problem" and "more" in line[2] for line in undisturbed)
    assert len([line for line in undisturbed if line[0] == "array"]) > 10
    assert not [row for row in rows if "0x0" in row[5] or "core" in row[5]]


@pytest.mark.parametrize("seed", range(1, 13))
def test_any_order_of_answers_gives_the_same_record(
    tmp_path: Path, cases: list[Case], known: Path, undisturbed: list[tuple[str, ...]], seed: int
) -> None:
    assert told(tmp_path / "r.db", cases, known, seed) == undisturbed


@pytest.mark.parametrize("seed", range(100, 110))
def test_a_run_that_was_cut_off_and_resumed_ends_in_the_same_record(
    tmp_path: Path, cases: list[Case], known: Path, undisturbed: list[tuple[str, ...]], seed: int
) -> None:
    assert told(tmp_path / "r.db", cases, known, seed, stops=(1 + seed % 7 * 12, 25)) == undisturbed


@pytest.mark.parametrize("kind", [Unavailable, Failed])
def test_it_does_not_matter_when_the_anchor_is_found_missing(
    tmp_path: Path, cases: list[Case], known: Path, kind: type
) -> None:
    silent = {parse_target("torch"): kind, parse_target("tensorflow:xla"): kind}
    first = told(tmp_path / "0.db", cases, known, 0, silent)
    for seed in range(1, 6):
        assert told(tmp_path / f"{seed}.db", cases, known, seed, silent) == first
    found = verdicts(tmp_path / "0.db")
    held = {target: v for (label, target), v in found.items() if label == "held-against-0-torch integers"}
    if kind is Failed:
        # Nobody has a verdict before the anchor works: then a resumed run has them all.
        assert not held
    else:
        assert held["numpy"].status is Status.UNSUPPORTED
        assert held["numpy"].message == "held against torch, which can't answer here: no such device"


def test_of_two_targets_of_one_framework_the_one_that_is_named_is_the_measure(
    tmp_path: Path, cases: list[Case], known: Path
) -> None:
    told(tmp_path / "r.db", cases, known, 0)
    for (label, _), verdict in verdicts(tmp_path / "r.db").items():
        if label.startswith("held-against"):
            number = int(label.split("-")[2])
            said = verdict.message + verdict.explanation
            others = [a for a in ANCHORS if a != ANCHORS[number]]
            assert not any(f"held against {other}," in said or f"{other} refuses" in said for other in others)
        if label.startswith("held-against-6"):
            assert verdict.message.startswith(
                "held against torch==2.4.0, which can't answer here: a case file does not"
            )


def test_the_anchor_is_asked_whoever_else_is(cases: list[Case]) -> None:
    held = {case.op.against: case for case in cases if case.op.name == "call"}
    jax, numpy = parse_target("jax"), parse_target("numpy")
    assert with_anchor(held["numpy"], [jax]) == [jax, numpy]
    assert with_anchor(held["numpy"], [numpy, jax]) == [numpy, jax]
    assert with_anchor(held["numpy"], []) == []
    # A case file has nothing installed.
    assert with_anchor(held["torch==2.4.0"], [jax]) == [jax]
    assert anchor_of(next(case for case in cases if case.op.name != "call")) is None

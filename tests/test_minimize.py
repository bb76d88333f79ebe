"""The smallest case that fails in the same way: what is kept, what is tried, and when there is nothing to keep."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.environments.installed import missing
from conformance.executor.local import Command
from conformance.known.entry import environment
from conformance.known.file import load_entries
from conformance.minimize import Minimal, NotMinimizable, minimize
from conformance.minimize.failure import Failure, Scale, failure_of, scale_of, still, without_numbers
from conformance.minimize.search import Asker
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.record import Reader, RecordedCase
from conformance.suite.case import Case
from conformance.suite.loader import find_files, load, validate
from conformance.suite.lookup import find_case
from conformance.suite.write import case_text, read_case
from conformance.target import parse_target
from conformance.verdict import Answered, Figures, Status, Verdict
from tests import fakes
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[1]

# --- what is the same failure -------------------------------------------------------------------------------------


def verdict(status: Status, message: str = "", explanation: str = "", subject: str = "y") -> Verdict:
    return Verdict("case", "torch", status, subject, message, explanation)


@pytest.mark.parametrize(
    ("status", "one", "other", "same"),
    [
        (Status.RAISED, "ValueError: 3 channels, not 16", "ValueError: 1 channels, not 2", True),
        (Status.RAISED, "ValueError: shape [1, 2, 3]", "ValueError: shape [1, 1]", True),
        (Status.RAISED, "ValueError: no such size", "ValueError: no such stride", False),
        (Status.RAISED, "ValueError: 3", "TypeError: 3", False),
        (Status.CRASHED, "the worker died (SIGSEGV): a", "the worker died (SIGSEGV): b", True),
        (Status.CRASHED, "the worker died (SIGSEGV): a", "the worker died (SIGABRT): a", False),
        (
            Status.SHAPE,
            "got shape (1, 1, 4), reference (1, 1, 5)",
            "got shape (1, 1, 2, 2), reference (1, 1, 3, 3)",
            True,
        ),
        (Status.SHAPE, "got shape (1, 1, 4), reference (1, 1, 5)", "got shape (1, 1, 6), reference (1, 1, 5)", False),
        (Status.SHAPE, "got shape (1, 1, 4), reference (1, 1, 5)", "got shape (1, 0, 5), reference (1, 1, 5)", False),
        (Status.SHAPE, "got shape (4,), reference (5,)", "got shape (9,), reference (10,)", True),
        (Status.SHAPE, "got shape (4,), reference (5,)", "got shape (6,), reference (5,)", False),
        (Status.SHAPE, "got shape (), reference (5,)", "got shape (3,), reference (5,)", False),
        (Status.DTYPE, "got dtype float32, expected float16", "got dtype float64, expected float16", False),
        (Status.NONFINITE, "first at (0,): got nan, reference 0", "first at (3,): got nan, reference 7", True),
        (Status.NONFINITE, "first at (0,): got nan, reference 0", "first at (0,): got 0, reference nan", False),
        (Status.VALUE, "3 of 4 elements differ", "1 of 2 elements differ", True),
    ],
)
def test_what_is_the_same_failure(status: Status, one: str, other: str, same: bool) -> None:
    assert (failure_of(verdict(status, one)) == failure_of(verdict(status, other))) is same


def test_the_axes_of_a_shape_are_told_by_their_letters() -> None:
    """One spatial axis is as good as another; those of a call that nobody defines are taken for a convolution's."""
    plane = Conv(size=(3, 3), kernel=(1, 1))
    high, wide = (verdict(Status.SHAPE, f"got shape (1, 1, {s}), reference (1, 1, 3, 3)") for s in ("4, 3", "3, 4"))
    assert failure_of(high, plane) == failure_of(wide, plane)
    assert failure_of(high, plane).detail == "spatial longer"
    assert failure_of(verdict(Status.SHAPE, "got shape (2, 1, 3), reference (1, 1, 3)")).detail == "batch longer"


def test_an_index_is_wrong_however_large_it_is() -> None:
    """Beside 2**30 one less is no more than a rounding of a real number."""
    figures = Figures(4, 1, 2.0, (0,), 2.0**30 - 1, 2.0**30)
    told = {}
    for dtype in ("float32", "int64", "complex64"):
        tensors = (Answered("values", "float16", (4,), ""), Answered("places", dtype, (4,), ""))
        found = replace(verdict(Status.VALUE, subject="places"), figures=figures, tensors=tensors)
        told[dtype] = scale_of(found, 1.0)
    assert told == {"float32": Scale.ROUNDING, "int64": Scale.VALUES, "complex64": Scale.ROUNDING}


@pytest.mark.parametrize(
    ("got", "right", "size", "scale"),
    [
        (11.0, 6.0, 16.0, Scale.VALUES),
        (1.5e-8, 0.0, 1.0, Scale.ROUNDING),
        (1.0 + 2.0**-20, 1.0, 1.0, Scale.ROUNDING),
        (1.001, 1.0, 1.0, Scale.SMALL),
        (1.5e-8, 0.0, 1.5e-8, Scale.VALUES),
        (float("inf"), 0.0, 1.0, Scale.NONE),
    ],
)
def test_how_large_an_error_is(got: float, right: float, size: float, scale: Scale) -> None:
    figures = Figures(4, 1, 2.0, (0,), got, right)
    answered = (Answered("y", "float32", (4,), ""),)
    assert scale_of(replace(verdict(Status.VALUE), figures=figures, tensors=answered), size) is scale


def test_an_error_does_not_shrink_to_rounding_nor_rounding_grow() -> None:
    sizes = [Scale.ROUNDING, Scale.SMALL, Scale.VALUES]
    kept = {(a, b) for a in sizes for b in sizes if still(a, b)}
    assert kept == {(s, s) for s in sizes} | {(Scale.SMALL, Scale.VALUES)}


def test_another_subject_or_cause_is_another_failure() -> None:
    flipped = verdict(
        Status.VALUE,
        "x",
        "equals the reference with the kernel flipped along H\nfix: w = numpy.flip(w, axes)\ncause: kernel flipped",
    )
    op = ConvTranspose()
    assert failure_of(flipped, op).causes == {"kernel flipped"}
    assert failure_of(flipped, op) != failure_of(replace(flipped, explanation="none of 12 confusions fits"), op)
    assert failure_of(flipped, op) != failure_of(replace(flipped, subject="gradient of w"), op)


def test_every_cause_that_fits_is_read() -> None:
    text = "equals the reference with no bias\nfix: y = y + bias\ncause: bias missing; stride ignored + scaled"
    found = Verdict("c", "jax", Status.VALUE, "x", "2 of 4 elements differ", text)
    assert failure_of(found, Conv()).causes == {"bias missing", "stride ignored", "scaled"}
    none = replace(found, explanation="none of 12 confusions and pairs of them gives these values")
    assert failure_of(none, Conv()).causes == frozenset()


def test_numbers_do_not_count() -> None:
    assert without_numbers("at 0x7f3a [1, 2, 3] and (1 x 4): 1.5e-3") == without_numbers("at 0x11 [7] and (2): 4")


# --- real frameworks ----------------------------------------------------------------------------------------------

PORTED = """
op: call
cases:
  - name: ported
    params:
      reference:
        op: conv
        params: {convention: keras, size: [4, 4], kernel: 3, stride: 2, padding: same, in_channels: 2, out_channels: 3}
      plans:
        torch: {text: "y = torch.nn.functional.conv2d(x, w, stride=2, padding=1)", layouts: {w: OIHW}}
        jax: {text: "y = x"}
    values: integers
"""

REFUSED = """
op: conv_transpose
cases:
  - name: empty
    params:
      {convention: keras, dims: 3, size: [0, 3, 5], kernel: 3, stride: 2, padding: same, batch: 2, out_channels: 4}
    values: normal
    dtype: float64
    seed: 3
    permits: [empty, zeros]
"""


def weight(case: Case) -> int:
    return sum(prod(spec.shape) for spec in case.op.inputs())


WRONG = """
op: call
cases:
  - name: mirrored
    params:
      reference: {op: conv, params: {size: [5, 6], kernel: 1}}
      plans: {numpy: "y = numpy.flip(x, 3) * w[0]"}
    values: integers
  - name: right
    params:
      reference: {op: conv, params: {size: [5, 6], kernel: 1}}
      plans: {numpy: "y = x * w[0]"}
    values: integers
"""


@pytest.fixture(scope="module")
def on_torch() -> Iterator[Asker]:
    if missing(parse_target("torch")):
        pytest.skip("torch is not installed")
    with Asker(parse_target("torch")) as asker:
        yield asker


def test_a_wrong_port_shrinks_and_keeps_its_cause(on_torch: Asker) -> None:
    original = read_case(PORTED)
    first = minimize(original, on_torch)
    assert first.failure.status is Status.VALUE
    assert "symmetric same" in first.failure.causes
    assert weight(first.case) * 4 < weight(original)
    assert first.case.values.kind == "literal"
    numbers = [v for _, array in first.case.values.arrays for v in flat(array)]
    assert sum(v not in (0.0, 1.0) for v in numbers) <= 2
    assert [name for name, _ in first.case.op.plans] == ["torch"]


def test_the_same_case_gives_the_same_result_whatever_ran_before() -> None:
    original = read_case(WRONG)
    with Asker(parse_target("numpy")) as asker:
        first = minimize(original, asker)
        second = minimize(original, asker)
    with Asker(parse_target("numpy")) as asker:
        third = minimize(original, asker, anew=True)
        again = read_case(case_text([third.case]))
        verdict = asker.judge([again])[0].verdicts[asker.target]
        assert failure_of(verdict, again.op.definition()) == first.failure
    assert case_text([first.case]) == case_text([second.case]) == case_text([third.case])
    assert first.tried == second.tried == third.tried


def flat(value: object) -> list[float]:
    return [v for part in value for v in flat(part)] if isinstance(value, tuple) else [float(value)]  # type: ignore[arg-type]


def test_a_refusal_shrinks_to_its_bones_and_a_budget_ends_the_search(on_torch: Asker) -> None:
    original = read_case(REFUSED)
    full = minimize(original, on_torch)
    params = full.case.op
    assert (params.dims, params.batch, params.in_channels, params.out_channels) == (1, 1, 1, 1)
    assert (params.size, params.kernel, params.stride, params.bias) == ((0,), (1,), (1,), False)
    assert (full.case.dtype, full.case.seed, full.case.values.kind) == ("float32", 0, "ones")
    assert full.case.permits == {"empty"}
    assert not full.exhausted
    some = minimize(original, on_torch, budget=5)
    assert some.tried == 5
    assert "budget of 5" in some.exhausted
    assert minimize(full.case, on_torch).case.fingerprint == full.case.fingerprint  # what is minimal stays


def test_what_passes_or_compares_nothing_is_refused_with_the_reason(on_torch: Asker) -> None:
    passing = read_case("op: conv\ncases:\n  - {name: fine, params: {size: 3, kernel: 2}, values: integers}\n")
    with pytest.raises(NotMinimizable, match=r"passes on torch .*nothing to minimize"):
        minimize(passing, on_torch)
    void = read_case("op: conv\ncases:\n  - {name: void, params: {size: 3, kernel: 2, batch: 0}, values: integers}\n")
    with pytest.raises(NotMinimizable, match=r"can't be judged as it is written: its output is empty"):
        minimize(void, on_torch)


STATED = """
op: call
cases:
  - name: padded
    values: {kind: literal, arrays: {x: [1, 2, 3, 4, 5]}}
    expect: {values: [2, 1, 1, 2, 3, 4, 5, 5, 4, 3]}
    params:
      inputs: {x: {shape: [5], layout: W}}
      output: W
      plans: {numpy: "y = numpy.pad(x, ((2, 3),), mode='reflect')"}
"""


def test_stated_values_are_right_for_their_own_inputs_alone() -> None:
    original = read_case(STATED)
    with Asker(parse_target("numpy")) as asker:
        found = minimize(original, asker)
    assert found.case.values.arrays == original.values.arrays
    assert found.case.expect.values == original.expect.values
    assert found.case.op.specs == original.op.specs


SLIDES = """
op: call
cases:
  - name: grows
    values: index
    params:
      inputs: {x: {shape: [4], layout: W}}
      output: W
      against: numpy
      allowance: {ulp: 4}
      plans:
        numpy: y = x * 3
        torch: y = x * 3 + torch.nn.functional.relu(x - 2) + x * 0.0000019
"""


def test_a_wrong_value_does_not_shrink_to_a_rounding(on_torch: Asker) -> None:
    found = minimize(read_case(SLIDES), on_torch)
    assert found.verdict.figures is not None
    assert abs((found.verdict.figures.got or 0.0) - (found.verdict.figures.reference or 0.0)) > 0.05


# --- workers that are always wrong --------------------------------------------------------------------------------

CRASHING = """
op: call
cases:
  - name: dies
    params:
      inputs: {x: {shape: [2, 3, 4, 5], layout: NCHW}, z: {shape: [7, 3], layout: OC}}
      output: NCHW
      against: numpy
      plans: {numpy: "FAULT = x\\ny = FAULT + z[0, 0]"}
    values: normal
    dtype: float64
"""


def test_a_crash_is_minimized_though_every_look_costs_a_worker() -> None:
    with Asker(parse_target("numpy"), command=fakes.command("segfault")) as asker:
        found: Minimal = minimize(read_case(CRASHING), asker)
    assert found.failure == Failure(Status.CRASHED, "", "SIGSEGV")
    assert [spec.shape for spec in found.case.op.specs] == [(1, 1, 1, 1), (1, 1)]
    assert (found.case.dtype, found.case.values.kind) == ("float32", "ones")
    assert found.tried < 30


FLAKY = """
import sys
sys.path.insert(0, {root!r})
from tests import fakes
from conformance.worker import serve

class Wavering(serve.Server):
    answers = 0
    def answer(self, request, inputs, cotangents):
        header, arrays = super().answer(request, inputs, cotangents)
        Wavering.answers += 1
        return fakes.lie("shift", header, arrays) if Wavering.answers % 3 else (header, arrays)

serve.Server = Wavering
fakes.main("slow", sys.argv[-1])
"""


def test_a_flaky_failure_is_said_to_be_one(tmp_path: Path) -> None:
    worker = tmp_path / "wavering.py"
    worker.write_text(FLAKY.format(root=str(ROOT)))
    command: Command = lambda _: [sys.executable, str(worker)]  # noqa: E731
    case = read_case("op: conv\ncases:\n  - {name: wavers, params: {size: 4, kernel: 2}, values: integers}\n")
    with Asker(parse_target("numpy"), command=command) as asker, pytest.raises(NotMinimizable) as error:
        minimize(case, asker)
    assert "the failure is flaky: 3 runs of minimal::wavers" in str(error.value)
    assert str(error.value).count("\n  value: ") == 2
    assert "\n  pass: equal" in str(error.value)


# --- the command --------------------------------------------------------------------------------------------------


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def test_the_command_writes_a_case_file_that_shows_the_failure(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    done = command("minimize", "mirrored", "wrong.yaml", "--on", "numpy", "-o", "small.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("value on numpy: ")
    text = (tmp_path / "small.yaml").read_text()
    assert text.startswith(
        "# The smallest case found that fails on numpy as this one does:\n#   wrong::mirrored integers\n"
    )
    assert validate(tmp_path / "small.yaml", tmp_path) == ([], 1)
    case = read_case(text)
    assert weight(case) <= 4
    run = command("run", "small.yaml", "--record", "r.db", cwd=tmp_path)
    assert run.returncode == 1
    assert "the output reversed along W" in run.stdout


def test_the_command_says_why_it_can_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    for words, message in (
        (("right", "--on", "numpy"), "passes on numpy"),
        (("rihgt", "--on", "numpy"), "no case 'rihgt' in wrong.yaml"),
        (("right", "--on", "nunpy"), "did you mean 'numpy'"),
        (("right", "--on", "numpy", "--budget", "0"), "--budget is 0, expected at least 1"),
        (("mirrored", "--on", "numpy", "-o", "no/such/folder.yaml"), "there is no folder no/such"),
    ):
        assert main(["minimize", *words, "wrong.yaml"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert message in said.err
        assert "Traceback" not in said.err


# --- the declared divergences -------------------------------------------------------------------------------------

ENTRIES = {entry.known.name: entry for entry in load_entries(ROOT / "cases" / "known")}


def minimal_cases() -> list[Case]:
    root, files = find_files([ROOT / "cases" / "minimal"])
    return [case for file in files for case in load(file, root).cases()]


def entry_of(case: Case | RecordedCase) -> str:
    (name,) = case.tags - {"minimal"}
    return name


def test_every_declared_divergence_has_a_minimal_case_that_falls_under_it() -> None:
    cases = {entry_of(case): case for case in minimal_cases()}
    assert sorted(cases) == sorted(ENTRIES)
    for name, case in cases.items():
        entry = ENTRIES[name]
        assert entry.covers(case, environment(case)), name
        target, *references = [parse_target(text) for text in case.targets]
        assert entry.on_target(target), name
        assert not any(entry.on_target(reference) for reference in references), name


def test_a_minimal_case_is_no_larger_than_the_case_that_it_is_from() -> None:
    for case in minimal_cases():
        found = re.search(r"From (.+), on ([^ ]+) \(", case.about)
        assert found, case.about
        assert found[2] == case.targets[0]
        original = find_case(found[1], [ROOT / "cases" / f"{found[1].partition('::')[0]}.yaml"])
        assert weight(case) <= weight(original), case.id


def test_every_minimal_case_shows_its_divergence_on_what_is_installed(tmp_path: Path) -> None:
    """Where an entry's condition holds on this processor; elsewhere its smallest case is answered right."""
    done = command("run", "cases/minimal", "--record", str(tmp_path / "r.db"), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr  # nothing unexpected, no entry that does not happen
    due, shown = set(), set()
    with Reader(tmp_path / "r.db") as reader:
        for row in reader.verdicts():
            verdict, target = row.verdict, parse_target(row.verdict.target)
            entry = ENTRIES[entry_of(row.case)]
            if verdict.known is not None:
                # An entry of some processors, this one among them, may hide what others show.
                assert verdict.known.name == entry.known.name or ENTRIES[verdict.known.name].when
                shown.add(verdict.known.name)
            elif entry.on_target(target) and entry.applies(reader.targets[verdict.target], target):
                due.add(entry.known.name)
            else:
                assert verdict.status is Status.PASS, f"{row.case.id} on {verdict.target}: {verdict.message}"
    chance = {name for name, entry in ENTRIES.items() if entry.sometimes or entry.comes_and_goes}
    assert due - shown <= chance
    assert len(shown) > len(ENTRIES) // 2

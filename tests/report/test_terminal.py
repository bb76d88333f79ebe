"""The terminal report and the live progress, on real records, pipes and a real pseudo-terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.record import Reader, Summary, Writer
from conformance.record.facts import Cell
from conformance.report import terminal
from conformance.target import parse_target
from conformance.verdict import Figures, Problem, Status
from tests.patience import LONG
from tests.records import FILE, MENDED, make_case, mixed_record, verdict, write

ROOT = Path(__file__).resolve().parents[2]
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


def printed(path: Path, width: int = 100, **options: object) -> tuple[int, str]:
    file = io.StringIO()
    code = terminal.print_report(Reader(path, complete=False), file, width=width, **options)  # type: ignore[arg-type]
    return code, file.getvalue()


def test_the_report_of_a_run_with_everything_in_it(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    code, text = printed(path)
    lines = text.splitlines()
    assert code == 1
    assert lines[-1] == (
        f"exit 1: 5 unexpected divergences and 1 other unexpected result in 16 verdicts; record: {path}"
    )
    rows = {
        line.split()[0]: line.split()[1:] for line in lines if line.startswith(("cases/", "total ")) and ":" not in line
    }
    assert rows[FILE] == ["3", "!2", "-1", "3", "!2", "~1"]
    assert rows["cases/conv_transpose/other.yaml"] == ["1", "1", "1", "!1"]
    assert rows["total"] == ["4", "1", "!2", "-1", "4", "!3", "~1"]
    # The mock-up of the design, to the letter.
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{FILE}:14") and "jax:jit" in line)
    assert lines[start : start + 5] == [
        f"{FILE}:14  conv_transpose2d[4x4 k3 s2 same keras] integers on jax:jit",
        "  value: 49 of 64 elements differ; worst at (0, 3, 2, 0): got 1, reference 9",
        "  explained: equals the reference with the kernel flipped along H and W",
        "  ran: a = x",
        "       y = jax.lax.conv_transpose(x, w, (2, 2), 'SAME')",
    ]
    assert "  raised (gradient): \\x1b[31mred" in text
    assert "torch has no such thing  [torch]" in text
    assert f"known.yaml:9:1  torch-pad: {MENDED.message}" in text
    assert "1  jax-flip  convention  jax:jit" in text
    assert re.search(r"003 +0 hold, 0 refuted, 2 open", text), "a claim whose case diverges is open"
    assert not CONTROL.search(text), "nothing that a framework says may steer a terminal"


def test_counts_a_target_and_status_with_versions(tmp_path: Path) -> None:
    _, text = printed(mixed_record(tmp_path / "r.db")[0])
    table = [line.split() for line in text.splitlines()]
    head = next(row for row in table if row[:2] == ["target", "version"])
    assert head == ["target", "version", "pass", "value", "raised", "unsupported", "crashed"]
    assert ["torch", "2.13.0", "1", ".", "!1", "1", "!1"] in table
    assert ["jax:jit", "0.10.2", ".", "!3", "~1", ".", ".", "."] in table


def test_quiet_prints_what_is_unexpected_and_the_last_line(tmp_path: Path) -> None:
    code, text = printed(mixed_record(tmp_path / "r.db")[0], quiet=True)
    assert code == 1
    assert "other unexpected results" in text
    assert f"{FILE}:14" in text
    for absent in ("total", "claims", "jax-flip", "unsupported (never"):
        assert absent not in text


def test_a_clean_run_ends_with_zero(tmp_path: Path) -> None:
    case = make_case()
    path = write(tmp_path / "r.db", verdict(case, "jax"), cases=(case,))
    code, text = printed(path)
    assert (code, text.splitlines()[-1]) == (0, f"exit 0: nothing unexpected in 1 verdict; record: {path}")
    code, text = printed(path, stale=[Problem("a", "no longer happens", "k.yaml:1:1")])
    assert code == 1
    assert "exit 1: 1 other unexpected result in 1 verdict" in text
    assert printed(path, quiet=True)[1].count("\n") == 1


def test_a_run_that_compared_nothing_does_not_end_with_zero(tmp_path: Path) -> None:
    case = make_case()
    assert printed(write(tmp_path / "1.db"))[0] == 3
    path = write(tmp_path / "2.db", verdict(case, "jax", Status.UNSUPPORTED), cases=(case,))
    code, text = printed(path)
    assert code == 3
    assert "exit 3: nothing was compared in 1 verdict" in text


def test_what_the_run_says_of_itself_outweighs_the_verdicts(tmp_path: Path) -> None:
    case = make_case()
    summary = Summary(exit_code=3, reason="the worker of torch could not start")
    code, text = printed(write(tmp_path / "r.db", verdict(case), cases=(case,), summary=summary))
    assert code == 3
    assert "exit 3: the worker of torch could not start; nothing unexpected in 1 verdict" in text


def test_an_incomplete_run_says_so(tmp_path: Path) -> None:
    case = make_case()
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.add_case(case)
        writer.add_verdict(verdict(case))
    code, text = printed(tmp_path / "r.db")
    assert code == 130
    assert "the run is not complete; so far nothing unexpected in 1 verdict" in text


def test_what_differs_in_its_numbers_only_is_listed_three_times(tmp_path: Path) -> None:
    cases = [replace(make_case(), id=f"{FILE}::case {i}", seed=i) for i in range(217)]
    verdicts = [
        verdict(c, "jax", Status.VALUE, message=f"{i} of 64 differ: got -1.5e-{i}") for i, c in enumerate(cases)
    ]
    verdicts[100] = replace(verdicts[100], message="something else")
    path = write(tmp_path / "r.db", *verdicts, cases=tuple(cases))
    _, text = printed(path)
    assert text.count(f"{FILE}:14") == 4
    more = f"... and 213 more like it (conformance show --record {path} 'cases/conv_transpose/strides.yaml::case 0')"
    assert more in " ".join(text.split())
    assert "something else" in text


def test_the_number_of_groups_is_limited_and_the_rest_counted(tmp_path: Path) -> None:
    cases = [replace(make_case(), id=f"{FILE}::case {i}", seed=i) for i in range(70)]
    words = [chr(ord("a") + i % 26) * (1 + i // 26) for i in range(70)]
    path = write(
        tmp_path / "r.db",
        *(verdict(c, "jax", Status.VALUE, message=w) for c, w in zip(cases, words, strict=True)),
        cases=tuple(cases),
    )
    _, text = printed(path)
    assert text.count(f"{FILE}:14") == terminal.GROUPS_SHOWN
    assert "... and 10 divergences in 10 other groups" in text


TEN = (
    "torch torch:compile torch:meta jax jax:jit tensorflow tensorflow:xla tensorflow+onednn=0 keras/jax keras/torch "
    "keras/tensorflow"
).split()


@pytest.mark.parametrize("width", [80, 100, 120, 250])
def test_the_matrix_fits_the_width_and_loses_nothing(width: int, tmp_path: Path) -> None:
    cases = [replace(make_case(), id=f"{FILE}::case {i}", seed=i) for i in range(12)]
    verdicts = [
        verdict(case, target, Status.VALUE if (i + k) % 4 == 0 else Status.PASS)
        for i, case in enumerate(cases)
        for k, target in enumerate(TEN)
    ]
    _, text = printed(write(tmp_path / "r.db", *verdicts, cases=tuple(cases)), width=width)
    matrix = text.partition("cells:")[0].splitlines()
    assert max(map(len, matrix)) <= width
    totals = " ".join(line for line in matrix if line.startswith("total")).replace("total", "").split()
    assert totals == ["9", "!3"] * len(TEN)
    legend = text.partition("columns: ")[2].splitlines()[0] if "columns: " in text else ""
    head = " ".join(line for line in matrix if line.startswith("   "))
    for target in TEN:
        assert target in head.split() or f"= {target}" in legend


def test_a_file_that_takes_ascii_only_gets_ascii_only(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    assert terminal.print_report(Reader(path), file) == 1
    file.flush()
    assert "caf\\xe9" in raw.getvalue().decode("ascii")


def test_cells() -> None:
    assert Cell().text == "0"
    assert Cell(312, 2, 3, 40).text == "312 !2 ~3 -40"
    assert Cell(0, 0, 0, 40).text == "-40"
    assert Cell(0, 2).text == "!2"
    cell = Cell().plus(Status.VALUE, True, 2).plus(Status.VALUE, False, 1).plus(Status.PASS, False, 5)
    assert cell.plus(Status.UNSUPPORTED, False, 7) == Cell(5, 1, 2, 7)


# --- progress -----------------------------------------------------------------------------------------------------

LIVE = """
    import sys, time
    from conformance.report.terminal import Progress
    from conformance.target import parse_target
    from conformance.verdict import Known, Status, Verdict

    jax, torch = parse_target("jax"), parse_target("torch:compile")
    progress = Progress()
    progress.start([jax, torch], 100)
    time.sleep(1.5)
    progress.worker_ready(jax, "0.10.2")
    for i in range(40):
        status = Status.VALUE if i % 10 == 0 else Status.PASS
        known = Known("a", "bug", "b", "") if i == 0 else None
        progress.advance(jax, Verdict("case", "jax", status, known=known))
    time.sleep(1.5)
    progress.stop()
    print("after")
"""


def run_live(tty: bool) -> str:
    """What a process with a live progress writes to its stderr and stdout."""
    command = [sys.executable, "-c", textwrap.dedent(LIVE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    if not tty:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
            timeout=LONG,
        )
        return done.stdout.decode()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    data = b""
    try:
        while chunk := os.read(ours, 65536):
            data += chunk
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    assert process.wait(timeout=LONG) == 0
    return data.decode()


def test_live_on_a_terminal() -> None:
    text = run_live(tty=True)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert "torch:compile  starting" in plain
    assert re.search(r"jax +0\.10\.2 +36 !3 ~1", plain)
    assert re.search(r"40 of 100 verdicts, [\d,]+/s, about \d+ s left", plain)
    assert plain.rstrip().endswith("after")
    assert "\x1b[?25h" in text, "the cursor is shown again"


def test_silent_and_plain_in_a_pipe() -> None:
    assert run_live(tty=False) == "after\n"


def test_a_plain_line_now_and_then_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    progress = terminal.Progress(file=file)
    jax = parse_target("jax")
    progress.start([jax], 1000)
    now = time.monotonic()
    for seconds in range(1, 101):
        monkeypatch.setattr(time, "monotonic", lambda s=seconds: now + s)
        progress.advance(jax, verdict(make_case(), figures=Figures(1)))
    progress.stop()
    lines = file.getvalue().splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"\d+ of 1,000 verdicts, 1/s, about 16 min left", lines[0])
    assert not CONTROL.search(file.getvalue().replace("\n", ""))


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    progress = terminal.Progress(quiet=True, file=file)
    progress.start([], 10)
    monkeypatch.setattr(terminal, "PLAIN_EVERY_SECONDS", 0.0)
    progress.advance(parse_target("jax"), verdict(make_case()))
    assert file.getvalue() == ""


@pytest.mark.parametrize("columns", ["0", "-5", "1", "words"])
def test_a_width_that_is_none_loses_no_line(
    columns: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    path, _ = mixed_record(tmp_path / "r.db")
    with Reader(path) as reader:
        terminal.print_report(reader)
    assert "exit 1: " in capsys.readouterr().out

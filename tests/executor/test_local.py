"""The executor against fakes and the real NumPy worker: each way in which a worker goes wrong is caught or survived."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conformance.executor import Request
from conformance.executor.local import LocalExecutor, configuration, log_name
from conformance.outcome import Crashed, Raised, TimedOut, Unsupported, Value
from conformance.target import parse_target
from tests.executor.drive import SUM, Driven, X, double, drive
from tests.fakes import AT_FAULT, LIES, MARK, command
from tests.patience import LONG

NUMPY = parse_target("numpy")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Driven]:
    def run(requests: list[Request], kind: str = "", **options: object) -> Driven:
        hook = command(kind) if kind else None
        with LocalExecutor([NUMPY], log_dir=tmp_path, command=hook, **options) as executor:  # type: ignore[arg-type]
            executor.start()
            return drive(executor, NUMPY, requests)

    return run


def is_right(outcome: object) -> bool:
    return isinstance(outcome, Value) and outcome.first.dtype == "float32" and np.array_equal(outcome.first.values, SUM)


def test_answers_come_back_under_their_keys(run: Callable[..., Driven]) -> None:
    arrays = [np.full((2, 3), k, dtype=np.float32) for k in range(200)]
    driven = run([double(array=a) for a in arrays])
    assert len(driven.ready) == 1
    assert driven.ready[0].info["framework"] == "numpy"
    for key, array in enumerate(arrays):
        outcome = driven.outcomes[key]
        assert isinstance(outcome, Value)
        assert np.array_equal(outcome.first.values, array + array)


def test_arrays_larger_than_any_pipe(run: Callable[..., Driven]) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 9, (700, 1001)).astype(np.float64) for _ in range(12)]
    driven = run([double(array=a) for a in arrays], window_bytes=16 * 2**20)
    for key, array in enumerate(arrays):
        outcome = driven.outcomes[key]
        assert isinstance(outcome, Value)
        assert outcome.first.dtype == "float64"
        assert np.array_equal(outcome.first.values, array + array)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,)])
def test_shapes_at_the_edge(run: Callable[..., Driven], shape: tuple[int, ...]) -> None:
    outcome = run([double(array=np.ones(shape, np.float32))]).outcomes[0]
    assert isinstance(outcome, Value)
    assert outcome.first.shape == shape
    assert np.array_equal(outcome.first.values, np.full(shape, 2, np.float32))


def test_mixed_dtypes_in_one_payload_keep_their_bytes(run: Callable[..., Driven]) -> None:
    half = np.arange(3, dtype=np.float16)  # 6 bytes: what follows is not aligned
    double_ = np.array([1.5, -2.25, 1e300])
    plan = Request("y = x * 0 + w", (("x", half, "float16"), ("w", double_, "float64")))
    outcome = run([plan]).outcomes[0]
    assert isinstance(outcome, Value)
    assert np.array_equal(outcome.first.values, double_)


@pytest.mark.parametrize(
    ("kind", "signal_name"),
    [
        ("segfault", "SIGSEGV"),
        ("sigkill", "SIGKILL"),
        ("exit1", "exit 1"),
        ("garbage", "protocol"),
        ("wrong_id", "protocol"),
        ("old_id", "protocol"),
        ("two_kinds", "protocol"),
        ("no_kind", "protocol"),
        ("short_payload", "protocol"),
        ("bad_entry", "protocol"),
        ("bad_dtype", "protocol"),
        ("other_name", "protocol"),
        ("huge_header", "protocol"),
        ("huge_payload", "protocol"),
        ("closes_output", "closed its output and went on"),
        ("forks_and_dies", "exit 1"),
    ],
)
def test_a_fault_costs_one_case(run: Callable[..., Driven], kind: str, signal_name: str) -> None:
    at = (3, 40)
    driven = run([double(MARK if k in at else "") for k in range(60)], kind)
    assert not driven.failed
    assert len(driven.ready) == 1  # said once, however often the worker is started
    for key, outcome in driven.outcomes.items():
        if key in at:
            assert isinstance(outcome, Crashed), (key, outcome)
            assert outcome.signal == signal_name
        else:
            assert is_right(outcome), (key, outcome)


def test_the_log_has_the_last_words(run: Callable[..., Driven]) -> None:
    outcome = run([double(MARK)], "segfault").outcomes[0]
    assert isinstance(outcome, Crashed)
    assert "about to dereference" in outcome.log
    assert "Segmentation fault" in outcome.log  # and where it was, from faulthandler
    assert "in of_process" in outcome.log


def test_a_second_answer_is_a_violation(run: Callable[..., Driven]) -> None:
    driven = run([double(), double(MARK), double(), double()], "twice")
    assert is_right(driven.outcomes[1])
    assert isinstance(driven.outcomes[2], Crashed)  # the case that the worker held when it broke the protocol
    assert driven.outcomes[2].signal == "protocol"
    assert is_right(driven.outcomes[3])


def test_a_hang_costs_one_case_and_says_where(run: Callable[..., Driven]) -> None:
    # What a busy machine takes from the others does not count, so that they are in time.
    driven = run([double(MARK if k == 2 else "") for k in range(8)], "hang", timeout=5.0)
    outcome = driven.outcomes[2]
    assert isinstance(outcome, TimedOut)
    assert outcome.seconds == 5.0
    assert "in of_process" in outcome.log
    assert all(is_right(driven.outcomes[k]) for k in range(8) if k != 2)


def test_a_timeout_is_counted_from_when_a_request_is_due(run: Callable[..., Driven]) -> None:
    # Each takes 0.1 s, all are in flight at once, and together they take longer than the timeout.
    started = time.monotonic()
    driven = run([double(MARK) for _ in range(30)], "slow", timeout=2.0)
    assert time.monotonic() - started > 3.0
    assert all(is_right(outcome) for outcome in driven.outcomes.values())


def test_a_worker_may_ask_to_be_replaced(run: Callable[..., Driven]) -> None:
    driven = run([double(MARK if k % 2 else "") for k in range(30)], "last")
    assert all(is_right(outcome) for outcome in driven.outcomes.values())
    assert len(driven.outcomes) == 30
    assert not driven.failed


def test_one_process_answers_all(run: Callable[..., Driven]) -> None:
    outcomes = run([double(MARK) for _ in range(100)], "says_pid").outcomes.values()
    assert len({outcome.seconds for outcome in outcomes if isinstance(outcome, Value)}) == 1


def test_printing_disturbs_nothing(run: Callable[..., Driven], tmp_path: Path) -> None:
    driven = run([double(MARK) for _ in range(20)], "print")
    assert all(is_right(outcome) for outcome in driven.outcomes.values())
    assert "a framework that prints" in (tmp_path / "numpy.log").read_text()


def test_death_with_nothing_in_flight_is_charged_to_nobody(tmp_path: Path) -> None:
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=command("dies_after_answer")) as executor:
        executor.start()
        for mark in (MARK, "", MARK, ""):
            driven = drive(executor, NUMPY, [double(mark)])
            assert is_right(driven.outcomes[0])
            assert executor.poll(0.5) == []  # time to die


def test_death_after_an_answer_is_charged_to_the_next(run: Callable[..., Driven]) -> None:
    driven = run([double(MARK if k == 1 else "") for k in range(5)], "dies_after_answer")
    wrong = [key for key, outcome in driven.outcomes.items() if not is_right(outcome)]
    assert wrong == [2]
    assert driven.outcomes[2] == Crashed("exit 7", "")


def test_crashes_in_a_row_never_end_the_target(run: Callable[..., Driven]) -> None:
    driven = run([double(MARK if k < 25 else "") for k in range(30)], "exit1", pauses=(0.01,))
    assert not driven.failed
    assert all(isinstance(driven.outcomes[key], Crashed) for key in range(25))
    assert all(is_right(driven.outcomes[key]) for key in range(25, 30))


def test_deaths_with_answers_between_them_do_not_end_it(run: Callable[..., Driven]) -> None:
    driven = run([double(MARK if k % 2 else "") for k in range(24)], "exit1")
    assert not driven.failed
    assert sum(isinstance(outcome, Crashed) for outcome in driven.outcomes.values()) == 12


def test_talking_garbage_costs_the_cases_at_which_it_did(run: Callable[..., Driven]) -> None:
    driven = run([double(MARK if k % 2 else "") for k in range(40)], "garbage")
    assert not driven.failed
    for key, outcome in driven.outcomes.items():
        assert isinstance(outcome, Crashed) if key % 2 else is_right(outcome)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dies_at_start", "died before it said hello (SIGABRT)"),
        ("exits_at_once", "died before it said hello (exit 3)"),
        ("garbage_at_start", "broke the protocol before it said hello"),
        ("silent", "did not say hello within 2 s"),
    ],
)
def test_a_worker_that_does_not_start(run: Callable[..., Driven], kind: str, words: str) -> None:
    start_timeout = 2.0 if kind == "silent" else LONG
    driven = run([double()], kind, start_timeout=start_timeout, pauses=(0.01, 0.02))
    assert not driven.outcomes
    assert words in driven.failed[0].message
    tries = 2 if kind == "silent" else 3
    assert f"it was started {tries} times in a row" in driven.failed[0].message
    if kind == "dies_at_start":
        assert "libfake.so can't be loaded" in driven.failed[0].message


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("when", ["before hello", "after hello"])
def test_one_that_dies_at_first_is_started_again(tmp_path: Path, times: int, when: str) -> None:
    """Dead while it imports, or right after hello with nothing to do: neither may cost the target, or a case."""
    # The first processes are ones that die; each leaves a file that says so.
    program = f"""
import os, sys
here = {str(tmp_path)!r}
done = len([name for name in os.listdir(here) if name.startswith("died")])
if done < {times}:
    open(os.path.join(here, "died%d" % done), "w").close()
    if {when == "after hello"}:
        head = b'{{"hello":{{}},"payload":0}}\\n'
        os.write(1, head)
    os._exit(9)
os.execv(sys.executable, [sys.executable, *{command("slow")(NUMPY)[1:]!r}, sys.argv[-1]])
"""
    argv = [sys.executable, "-c", program]
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=lambda _: argv, pauses=(0.01, 0.02)) as executor:
        executor.start()
        if when == "after hello":
            while len(list(tmp_path.glob("died*"))) < times:
                executor.poll(0.05)  # nothing is asked meanwhile
        driven = drive(executor, NUMPY, [double() for _ in range(3)])
    assert len(list(tmp_path.glob("died*"))) == times
    assert not driven.failed
    # What the dead one had been sent completely may be charged with its death; here that is nothing, or one.
    crashed = [key for key, outcome in driven.outcomes.items() if isinstance(outcome, Crashed)]
    assert crashed == [] if when == "before hello" else len(crashed) <= times
    assert all(is_right(outcome) for key, outcome in driven.outcomes.items() if key not in crashed)


def test_a_request_that_has_not_left_us_is_charged_with_no_death(tmp_path: Path) -> None:
    """More than a pipe holds, to a process that reads none of it and dies: the next one is asked, and answers."""
    program = f"""
import os, sys, time
died = {str(tmp_path / "died")!r}
if not os.path.exists(died):
    os.write(1, b'{{"hello":{{}},"payload":0}}\\n')
    while not os.read(0, 1):  # something has come: the request is on its way
        time.sleep(0.01)
    open(died, "w").close()
    os._exit(9)
os.execv(sys.executable, [sys.executable, *{command("slow")(NUMPY)[1:]!r}, sys.argv[-1]])
"""
    large = np.ones(2**22, np.float32)
    argv = [sys.executable, "-c", program]
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=lambda _: argv, pauses=(0.01, 0.02)) as executor:
        executor.start()
        driven = drive(executor, NUMPY, [double(array=large)])
    assert (tmp_path / "died").exists()
    assert not driven.failed
    outcome = driven.outcomes[0]
    assert isinstance(outcome, Value), outcome
    assert outcome.first.shape == large.shape


def test_logs_that_are_taken_away_cost_nothing(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with LocalExecutor([NUMPY], log_dir=logs, command=command("exit1")) as executor:
        executor.start()
        drive(executor, NUMPY, [double()])
        shutil.rmtree(logs)
        logs.write_text("no folder any more")
        driven = drive(executor, NUMPY, [double(MARK), double()])
    assert driven.outcomes[0] == Crashed("exit 1", "")
    assert is_right(driven.outcomes[1])


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=lambda _: ["/nowhere/python"]) as executor:
        executor.start()
        driven = drive(executor, NUMPY, [double()])
    assert "can't start '/nowhere/python': No such file or directory" in driven.failed[0].message


def test_unavailable_is_not_a_failure(run: Callable[..., Driven]) -> None:
    driven = run([double()], "unavailable")
    assert driven.unavailable[0].reason == "no such device"
    assert not driven.failed


def test_requests_to_a_target_that_is_over_are_ignored(tmp_path: Path) -> None:
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=command("exits_at_once")) as executor:
        executor.start()
        drive(executor, NUMPY, [double()])
        assert not executor.room(NUMPY)
        executor.submit(NUMPY, 5, double())
        assert executor.poll(0.2) == []


@pytest.mark.parametrize("kind", LIES)
def test_lies_arrive_as_they_are_told(run: Callable[..., Driven], kind: str) -> None:
    """The executor judges nothing; that each lie differs from the truth is what the comparison's tests build on."""
    outcome = run([double()], kind).outcomes[0]
    assert isinstance(outcome, Value)
    assert not is_right(outcome)


def test_one_bad_worker_does_not_hold_up_another(tmp_path: Path) -> None:
    bad = parse_target("torch")

    def argv(target: object) -> list[str]:
        return command("silent" if target == bad else "ulp")(bad)  # type: ignore[no-any-return]

    with LocalExecutor([bad, NUMPY], log_dir=tmp_path, command=argv, start_timeout=LONG) as executor:
        executor.start()
        driven = drive(executor, NUMPY, [double()] * 10, seconds=20)
    assert len(driven.outcomes) == 10


def test_room_counts_requests_and_bytes(tmp_path: Path) -> None:
    big = double(array=np.zeros(1000, np.float64))
    with LocalExecutor([NUMPY], log_dir=tmp_path, window=3, window_bytes=15_000) as executor:
        assert not executor.room(NUMPY)  # not before it is ready
        executor.start()
        drive(executor, NUMPY, [double()])
        for key in range(3):
            assert executor.room(NUMPY)
            executor.submit(NUMPY, key, double())
        assert not executor.room(NUMPY)
        answered = 0
        while answered < 3:
            answered += len(executor.poll(5))
        for key in range(2):
            assert executor.room(NUMPY)
            executor.submit(NUMPY, key, big)
        assert not executor.room(NUMPY)


def test_errors_of_the_framework_and_refusals(run: Callable[..., Driven]) -> None:
    refused = Request("y = numpy.load(x)", (("x", X, "float32"),))
    raising = Request("y = numpy.matmul(x, x)", (("x", X, "float32"),))
    tuple_ = Request("y = numpy.meshgrid(x, x)", (("x", X, "float32"),))
    wide = Request("y = x", (("x", np.zeros(2, np.uint16), "bfloat16"),))
    driven = run([refused, raising, tuple_, wide])
    assert isinstance(driven.outcomes[0], Unsupported)
    assert "1:5" in driven.outcomes[0].reason
    assert "is not in the list" in driven.outcomes[0].reason
    assert isinstance(driven.outcomes[1], Raised)
    assert driven.outcomes[1].type == "ValueError"
    assert "mismatch" in driven.outcomes[1].message
    assert driven.outcomes[1].phase == "forward"
    assert driven.outcomes[2] == Unsupported("the plan's output is a tuple, expected an array")
    assert driven.outcomes[3] == Unsupported("NumPy has no bfloat16")


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=command("forks_and_dies")) as executor:
        executor.start()
        pids = [event.info["pid"] for event in drive(executor, NUMPY, [double(), double(MARK)]).ready]
    assert len(pids) == 1
    ends(pids[0])


COORDINATOR = """
import sys
from pathlib import Path
from conformance.executor.local import LocalExecutor
from conformance.target import parse_target
from tests.executor.drive import double, drive
from tests.fakes import MARK, command
target = parse_target("numpy")
executor = LocalExecutor([target], log_dir=Path(sys.argv[1]), command=command("hang"))
executor.start()
print(drive(executor, target, [double()]).ready[0].info["pid"], flush=True)
if sys.argv[2] == "hanging":
    executor.submit(target, 1, double(MARK))
executor.poll(1.0)
print("now", flush=True)
executor.poll(600.0)
"""


@pytest.mark.parametrize("state", ["idle", "hanging"])
def test_a_coordinator_killed_outright_leaves_no_orphan(tmp_path: Path, state: str) -> None:
    coordinator = subprocess.Popen(
        [sys.executable, "-c", COORDINATOR, str(tmp_path), state],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert coordinator.stdout is not None
    pid = int(coordinator.stdout.readline())
    assert coordinator.stdout.readline() == "now\n"
    assert group_is_alive(pid)
    coordinator.send_signal(signal.SIGKILL)
    coordinator.wait()
    coordinator.stdout.close()
    ends(pid)


def ends(pid: int) -> None:
    """Wait for a killed group: on a busy machine a process is still there for a while."""
    end = time.monotonic() + LONG
    while group_is_alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not group_is_alive(pid)


def group_is_alive(pid: int) -> bool:
    """Whether any process of the group runs (zombies, which wait for a parent to read their status, do not)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == pid and fields[0] not in "ZX":
                return True
    return False


def test_every_fake_is_used() -> None:
    """A fake that no test starts proves nothing."""
    text = Path(__file__).read_text()
    assert all(f'"{kind}"' in text for kind in AT_FAULT)


def test_what_a_worker_is_told(tmp_path: Path) -> None:
    import json

    target = parse_target("keras/jax:jit@gpu+threads=2==3.15.1")
    told = json.loads(configuration(target))
    assert told == {
        "framework": "keras",
        "backend": "jax",
        "mode": "jit",
        "device": "gpu",
        "options": dict(target.capped().options),  # a whole run may be capped
        "version": "3.15.1",
        "rooms": {name: told["rooms"][name] for name in ("jax", "keras")},
        "variables": {"KERAS_BACKEND": "jax", "TF_ENABLE_ONEDNN_OPTS": None},
        "programs": False,
    }
    assert os.sep not in log_name(parse_target("keras/jax:jit"))

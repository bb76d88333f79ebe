"""Whatever a worker says, the coordinator has an outcome or a violation of the protocol, and nothing else."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.executor import LEAST_LIMIT, Request
from conformance.executor.answers import MAX_MESSAGE, checked_info, outcome_of
from conformance.executor.local import LocalExecutor
from conformance.outcome import Raised, Unsupported, Value
from conformance.target import parse_target
from conformance.worker.wire import Decoder, ProtocolError, check_entry, entry, frame, parse_header
from tests.executor.drive import X, double, drive

NUMPY = parse_target("numpy")
REQUEST = Request("y = x", (("x", X, "float32"),), ("x",), (("y", X, "float32"),))

# Values that no field should have, though JSON can hold them.
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**30,
    10**4000,
    "",
    "y",
    "\ud800",
    "\x1b[2J",
    "x" * 100_000,
    [],
    [-1],
    [10**400, 10**400],
    [0, 1 << 60, 1 << 60],
    [1] * 100,
    [1 << 62],
    {},
    {"a": {"b": {}}},
)


def right() -> tuple[dict[str, Any], bytes]:
    header: dict[str, Any] = {
        "id": 0,
        "result": {
            "outputs": [entry("y", "float32", X)],
            "gradients": [entry("x", "float32", X)],
            "unstable": {"outputs": {"y": 0}, "gradients": {"x": 0}},
            "seconds": 0.5,
        },
    }
    return header, X.tobytes() * 2


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def spoil(header: dict[str, Any], rng: random.Random) -> None:
    """Put something odd at one place, or take it away."""
    *path, last = rng.choice([place for place in places(header) if place] or [("id",)])
    there: Any = header
    for key in path:
        there = there[key]
    if rng.random() < 0.15:
        there.pop(last, None) if isinstance(there, dict) else there.pop(last)
    else:
        there[last] = copy.deepcopy(rng.choice(ODD))


def test_the_right_answer_is_taken() -> None:
    outcome = outcome_of(*right(), REQUEST)
    assert isinstance(outcome, Value)
    assert np.array_equal(outcome.first.values, X)


@pytest.mark.parametrize("seed", range(20))
def test_a_spoilt_answer_is_an_outcome_or_a_violation(seed: int) -> None:
    rng = random.Random(seed)
    violations: list[str] = []
    for _ in range(200):
        header, payload = right()
        for _ in range(rng.randint(1, 3)):
            spoil(header, rng)
        payload = payload[: rng.choice([len(payload), len(payload), 0, 7])]
        line = json.dumps({**header, "payload": len(payload)}).encode() + b"\n"
        try:
            for found, data in Decoder().feed(line + payload):
                outcome_of(found, data, REQUEST)
        except ProtocolError as error:
            violations.append(str(error))
    assert len(violations) > 50
    assert max(map(len, violations)) < 2000


@pytest.mark.parametrize("seed", range(10))
def test_spoilt_bytes_are_frames_or_a_violation(seed: int) -> None:
    rng = random.Random(seed)
    whole = b"".join(bytes(piece) for piece in frame(right()[0], (X, X)))
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b'\x00\n"{}[]:,-9eN\xff\xc0')
        decoder = Decoder(limit=1 << 16)
        try:
            for start in range(0, len(data), 50):
                for header, payload in decoder.feed(bytes(data[start : start + 50])):
                    outcome_of(header, payload, REQUEST)
        except ProtocolError:
            pass


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"payload": 1e999}',
        b'{"payload": NaN}',
        b'{"payload": -1}',
        b'{"payload": true}',
        b'{"payload": ' + b"9" * 5000 + b"}",
        b'{"payload": 0, "x": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        b"",
        b"null",
        b'"payload"',
    ],
)
def test_a_header_that_is_none(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_header(line)


@pytest.mark.parametrize("shape", [[10**400], [0, 1 << 58, 1 << 58], [1] * 65, [-1], [True], [1.0], "4", None])
@pytest.mark.parametrize("values", [True, False])
def test_a_shape_that_is_none(shape: Any, values: bool) -> None:
    with pytest.raises(ProtocolError):
        check_entry({"name": "y", "dtype": "float32", "shape": shape, "bytes": 0, "values": values})


def test_an_announcement_beyond_the_limit_is_refused_before_it_arrives() -> None:
    decoder = Decoder(limit=1000)
    with pytest.raises(ProtocolError, match="arrays of 1001 bytes were announced, where at most 1000 are taken"):
        list(decoder.feed(b'{"payload": 1001}\n'))
    assert list(Decoder(limit=1000).feed(b'{"payload": 1000}\n')) == []


def test_any_byte_of_a_boolean_is_a_truth() -> None:
    header = {"result": {"outputs": [{"name": "y", "dtype": "bool", "shape": [3], "bytes": 3}], "gradients": []}}
    outcome = outcome_of(header, bytes([0, 1, 255]), Request("y = x", ()))
    assert isinstance(outcome, Value)
    assert outcome.first.values is not None
    assert outcome.first.values.tolist() == [False, True, True]


def test_words_are_cut_and_hold_characters_alone() -> None:
    long = "\ud800" + "x" * 100_000
    raised = outcome_of({"raised": {"type": long, "message": long, "phase": "forward"}}, b"", REQUEST)
    assert isinstance(raised, Raised)
    assert len(raised.message.encode()) <= 2 * MAX_MESSAGE
    unsupported = outcome_of({"unsupported": long}, b"", REQUEST)
    assert isinstance(unsupported, Unsupported)
    assert len(unsupported.reason.encode()) <= 2 * MAX_MESSAGE


def nested(levels: int) -> Any:
    return {"a": nested(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    "info",
    [
        None,
        [],
        {"version": 2},
        {"version": "\ud800"},
        {"devices": "cpu"},
        {"devices": [1]},
        {"flags": []},
        {"confined": {"files": None}},
        {"threads": float("nan")},
        {"threads": 10**400},
        {"text": "x" * 5000},
        {"x\ud800": 1},
        nested(20),
        nested(500),
    ],
)
def test_a_hello_that_reports_can_not_take(info: Any) -> None:
    with pytest.raises(ProtocolError):
        checked_info(info)


def test_a_hello_that_they_can() -> None:
    info = {"version": "1", "devices": ["cpu"], "flags": {"threads": 1, "tf32": None}, "own": [1.5, True, {"a": "b"}]}
    assert checked_info(info) == info


@pytest.fixture
def numpy_answers(tmp_path: Path) -> Callable[..., dict[int, Any]]:
    def run(*requests: Request) -> dict[int, Any]:
        with LocalExecutor([NUMPY], log_dir=tmp_path) as executor:
            executor.start()
            return drive(executor, NUMPY, requests).outcomes

    return run


def outer(rows: int, columns: int) -> Request:
    one, other = np.ones((rows, 1)), np.ones((1, columns))
    return Request("y = x + w", (("x", one, "float64"), ("w", other, "float64")))


def test_an_answer_beyond_the_limit_is_its_shape_alone(numpy_answers: Callable[..., dict[int, Any]]) -> None:
    at_limit, beyond = outer(1 << 10, LEAST_LIMIT >> 13), outer(1 << 10, (LEAST_LIMIT >> 13) + 1)
    assert at_limit.limit == beyond.limit == LEAST_LIMIT
    found = numpy_answers(double(), at_limit, beyond, double())
    assert found[1].first.values is not None
    assert found[2].first.values is None
    assert found[2].first.shape == (1 << 10, (LEAST_LIMIT >> 13) + 1)
    assert found[0].first.values is not None
    assert found[3].first.values is not None


def test_more_memory_than_there_is_costs_one_case(numpy_answers: Callable[..., dict[int, Any]]) -> None:
    found = numpy_answers(double(), outer(10**7, 10**7), double())
    assert isinstance(found[1], Raised)
    assert "Unable to allocate" in found[1].message
    assert isinstance(found[2], Value)

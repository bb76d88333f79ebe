"""Frames, whole and in pieces, and everything that is no frame."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.worker.wire import (
    ITEMSIZE,
    MAX_HEADER,
    Decoder,
    ProtocolError,
    check_entry,
    entry,
    frame,
    parse_header,
    read_array,
    read_header,
)

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
DTYPES = st.sampled_from(sorted(ITEMSIZE))


def words(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape)) * ITEMSIZE[dtype]
    raw = (np.arange(count, dtype=np.uint8) % 2).tobytes()
    return np.frombuffer(raw, "uint16" if dtype == "bfloat16" else dtype).reshape(shape)


@settings(deadline=None)
@given(st.lists(st.tuples(DTYPES, SHAPES), max_size=4), st.integers(1, 50))
def test_frames_survive_any_cutting(described: list[tuple[str, tuple[int, ...]]], piece: int) -> None:
    arrays = [words(dtype, shape) for dtype, shape in described]
    entries = [
        entry(f"a{i}", dtype, array) for i, ((dtype, _), array) in enumerate(zip(described, arrays, strict=True))
    ]
    stream = b"".join(b"".join(frame({"id": n, "arrays": entries}, tuple(arrays))) for n in range(3))
    decoder = Decoder()
    found = [f for at in range(0, len(stream), piece) for f in decoder.feed(stream[at : at + piece])]
    assert [header["id"] for header, _ in found] == [0, 1, 2]
    for header, payload in found:
        source = io.BytesIO(payload)
        for item, array in zip(header["arrays"], arrays, strict=True):
            again = read_array(source, item)
            assert again.dtype == array.dtype
            assert again.shape == array.shape
            assert again.tobytes() == array.tobytes()
            assert again.flags.writeable
        assert source.read() == b""


def test_a_large_frame_is_not_joined_and_is_the_same() -> None:
    array = np.arange(100_000, dtype=np.float64)[::-1]  # not contiguous
    pieces = frame({"id": 1, "array": entry("x", "float64", array)}, (array,))
    assert len(pieces) == 2
    source = io.BytesIO(b"".join(pieces))
    header = read_header(source)
    assert header is not None
    assert np.array_equal(read_array(source, header["array"]), array)
    assert read_header(source) is None


@pytest.mark.parametrize(
    "line",
    [b"", b"hello", b"[]", b"null", b'{"id":1}', b'{"payload":-1}', b'{"payload":1.0}', b'{"payload":true}'],
)
def test_lines_that_are_no_header(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_header(line)
    with pytest.raises(ProtocolError):
        list(Decoder().feed(line + b"\n"))


def test_a_payload_of_petabytes_is_refused_before_memory_is() -> None:
    with pytest.raises(ProtocolError, match="number of bytes"):
        list(Decoder().feed(b'{"payload":%d}\n' % 10**15))


def test_a_line_without_end_is_refused() -> None:
    decoder = Decoder()
    for _ in range(2):
        assert list(decoder.feed(b" " * (MAX_HEADER // 2))) == []
    with pytest.raises(ProtocolError, match="no end of line"):
        list(decoder.feed(b" "))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {},
        {"dtype": "object"},
        {"shape": [2, -2]},
        {"shape": [2.0, 2]},
        {"shape": [True, 4]},
        {"shape": 4},
        {"bytes": 15},
        {"bytes": 17},
        {"bytes": "16"},
        {"values": False},  # then there are no bytes
    ],
)
def test_entries_that_contradict_themselves(wrong: dict[str, object] | None) -> None:
    good = {"name": "x", "dtype": "float32", "shape": [2, 2], "bytes": 16}
    assert check_entry(good) == 16
    with pytest.raises(ProtocolError):
        check_entry({**good, **wrong} if wrong else wrong)


def test_an_entry_without_values() -> None:
    assert check_entry({"name": "x", "dtype": "float32", "shape": [10**9], "bytes": 0, "values": False}) == 0


@pytest.mark.parametrize("end", [3, 30, -1])
def test_a_stream_that_is_cut_off(end: int) -> None:
    array = np.ones(4, np.float32)
    whole = b"".join(frame({"array": entry("x", "float32", array)}, (array,)))

    def read() -> None:
        source = io.BytesIO(whole[:end])
        header = read_header(source)
        assert header is not None
        read_array(source, header["array"])

    with pytest.raises(ProtocolError, match="cut off"):
        read()

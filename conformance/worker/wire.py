"""Frames between the coordinator and a worker: one JSON header line, then the raw bytes of the arrays it lists.

A header is a JSON object in UTF-8 that ends with a newline. Its `payload` is the number of bytes that follow. Whatever
arrays the header describes lie in those bytes one after the other, in the order that `docs/wire.md` gives, each
contiguous, row-major and little-endian. An array's entry is `{"name", "dtype", "shape", "bytes"}`; a dtype is called
what NumPy calls it, or `bfloat16`, whose words are the upper halves of float32. An entry with `"values": false` has a
shape and a dtype alone, and no bytes.

Both sides use this module; it needs the standard library and NumPy.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

import numpy as np

PROTOCOL = 2

# What a frame may hold at most. A header has a plan of at most 8,000 characters or a message of at most 4,000.
MAX_HEADER = 1 << 20
MAX_PAYLOAD = 1 << 33

# What a shape may have at most: NumPy's axes, and elements such that no number of bytes is beyond 64 bits.
MAX_AXES = 64
MAX_ELEMENTS = 1 << 58

# The dtypes that travel, and the length of an element.
ITEMSIZE: Dict[str, int] = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}

_JSON = json.JSONEncoder(separators=(",", ":"))

# Below this, a frame is joined into one piece: one write costs less than the copy.
_JOIN = 1 << 16

Header = Dict[str, Any]


class ProtocolError(Exception):
    """The other side sent something that is no frame, or not the frame that was due."""


def shown(found: Any) -> str:
    """What was found, for a message: it may be long, or a number with more digits than Python writes."""
    if isinstance(found, (list, tuple)):
        return "[%s]" % ", ".join([shown(item) for item in found[:8]] + ["..."] * (len(found) > 8))
    if isinstance(found, int) and abs(found) >= 1 << 64:
        return "an integer of %d bits" % found.bit_length()
    text = ascii(type(found) if isinstance(found, dict) else found)
    return text if len(text) <= 80 else text[:77] + "..."


def entry(name: str, dtype: str, array: np.ndarray[Any, Any]) -> Header:
    """How a header describes `array`, whose elements are words of `dtype` (bfloat16: any 2-byte words)."""
    return {"name": name, "dtype": dtype, "shape": list(array.shape), "bytes": int(array.nbytes)}


def frame(header: Header, arrays: Tuple[np.ndarray[Any, Any], ...] = ()) -> List[memoryview]:
    """A frame as pieces to be written one after the other. `header` gets its `payload`."""
    header["payload"] = sum(array.nbytes for array in arrays)
    line = _JSON.encode(header).encode() + b"\n"
    if header["payload"] <= _JOIN:
        return [memoryview(b"".join([line, *(array.tobytes() for array in arrays)]))]
    pieces = [memoryview(line)]
    for array in arrays:
        if array.nbytes:
            flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            pieces.append(flat.data)
    return pieces


def parse_header(line: bytes) -> Header:
    """The header in one line; ProtocolError where it is not a JSON object with a sensible `payload`."""
    try:
        header = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise ProtocolError("expected a JSON header, found %r" % line[:80]) from None
    if not isinstance(header, dict):
        raise ProtocolError("expected a JSON object as header, found %r" % line[:80])
    payload = header.get("payload")
    if isinstance(payload, bool) or not isinstance(payload, int) or not 0 <= payload <= MAX_PAYLOAD:
        raise ProtocolError(
            "a header's payload is a number of bytes up to %d, found %s" % (MAX_PAYLOAD, shown(payload))
        )
    return header


def check_entry(described: Any) -> int:
    """The number of payload bytes that an array's entry stands for; ProtocolError where it contradicts itself."""
    if not isinstance(described, dict):
        raise ProtocolError("expected an array's entry, found %s" % shown(described))
    dtype, shape, length = described.get("dtype"), described.get("shape"), described.get("bytes")
    if not isinstance(dtype, str) or dtype not in ITEMSIZE:
        raise ProtocolError("unknown dtype %s, expected one of: %s" % (shown(dtype), ", ".join(ITEMSIZE)))
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size <= MAX_ELEMENTS for size in shape):
        raise ProtocolError("expected a shape, found %s" % shown(shape))
    if len(shape) > MAX_AXES:
        raise ProtocolError("expected a shape of at most %d axes, found %d" % (MAX_AXES, len(shape)))
    count = within = 1
    for size in shape:
        count *= size
        # NumPy takes no shape whose other axes are too large, though one of them has length 0.
        within *= size or 1
    if within > MAX_ELEMENTS:
        raise ProtocolError("expected a shape of at most %d elements, found %s" % (MAX_ELEMENTS, shown(shape)))
    expected = 0 if described.get("values") is False else count * ITEMSIZE[dtype]
    if type(length) is not int or length != expected:
        raise ProtocolError(
            "an array of shape %s and dtype %s has %d bytes, found %s" % (shown(shape), dtype, expected, shown(length))
        )
    return expected


class Decoder:
    """Frames out of bytes that arrive in pieces of any size.

    `limit` is what the payload of the next frame may have; it may be changed between two frames.
    """

    def __init__(self, limit: int = MAX_PAYLOAD) -> None:
        self.limit = limit
        self._buffer = bytearray()
        self._header: Optional[Header] = None
        self._scanned = 0

    def feed(self, data: bytes) -> Iterator[Tuple[Header, bytes]]:
        """Every frame that `data` completes, as header and payload; ProtocolError at what is no frame."""
        self._buffer += data
        while True:
            if self._header is None:
                end = self._buffer.find(b"\n", self._scanned)
                if end < 0:
                    self._scanned = len(self._buffer)
                    if self._scanned > MAX_HEADER:
                        raise ProtocolError("expected a JSON header, found %r and no end of line" % self._buffer[:80])
                    return
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._scanned = 0
                self._header = parse_header(line)
                if self._header["payload"] > self.limit:
                    raise ProtocolError(
                        "arrays of %d bytes were announced, where at most %d are taken"
                        % (self._header["payload"], self.limit)
                    )
            length = self._header["payload"]
            if len(self._buffer) < length:
                return
            payload = bytes(self._buffer[:length])
            del self._buffer[:length]
            header, self._header = self._header, None
            yield header, payload


def read_header(stream: BinaryIO) -> Optional[Header]:
    """The next header of a blocking stream; None at its end. The payload is still to be read."""
    line = stream.readline(MAX_HEADER)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise ProtocolError("a header was cut off: %r" % line[:80])
    return parse_header(line)


def read_array(stream: BinaryIO, described: Header) -> np.ndarray[Any, Any]:
    """The array behind an entry, out of a blocking stream; bfloat16 as uint16. The array owns its memory."""
    length = check_entry(described)
    dtype = "uint16" if described["dtype"] == "bfloat16" else described["dtype"]
    array = np.empty(described["shape"], dtype=dtype)
    if length:
        view = array.reshape(-1).view(np.uint8).data
        position = 0
        while position < length:
            count = stream.readinto(view[position:])  # type: ignore[attr-defined]
            if not count:
                raise ProtocolError("the payload was cut off after %d of %d bytes" % (position, length))
            position += count
    return array


def write(stream: BinaryIO, pieces: List[memoryview]) -> None:
    """A frame onto a blocking, unbuffered stream, which may take it in parts."""
    for piece in pieces:
        left = piece
        while len(left):
            left = left[stream.write(left) :]

"""From a row of a record to a typed object; RecordError where the row does not say what a run writes there."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from conformance.record.schema import ARRAY_BYTES, RecordedArray, RecordedCase, RecordError, Summary, tuples, unreal
from conformance.suite.case import Claim, Source
from conformance.verdict import Answered, Figures, Known, Problem, Status, Verdict

DEEPEST = 60  # of JSON; what a run writes has a depth of ten
DIMENSIONS = 32
LARGEST = 2**62
_STORAGE = re.compile(r"[<>|=]?[biufc](1|2|4|8|16)")
# What raises when a row is not what a run writes.
ERRORS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    zlib.error,
)


def parsed(text: str) -> Any:
    """JSON; RecordError where it is none, or is nested beyond reason."""
    try:
        value = json.loads(text)
        if text.count("[") + text.count("{") > DEEPEST:
            _measure(value)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a character can't be written anywhere
    except (ValueError, RecursionError, MemoryError) as error:
        raise RecordError(f"{text[:40]!r} is no JSON that a run writes: {error}") from None
    return value


def _measure(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for items in inner for item in items]
        if not level:
            return
    raise ValueError(f"it is nested more than {DEEPEST} deep")


def mapping(text: str) -> dict[str, Any]:
    """JSON that is an object."""
    value = parsed(text)
    if not isinstance(value, dict):
        raise RecordError(f"expected a JSON object, found {text[:40]!r}")
    return value


def words(text: str) -> list[str]:
    """JSON that is a list of strings."""
    value = parsed(text)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RecordError(f"expected a JSON list of strings, found {text[:40]!r}")
    return value


def time(text: str | None) -> str | None:
    """A time as a run writes it; None where there is none."""
    if text is not None and (len(text) > 40 or not re.fullmatch(r"[0-9T:.+-]+", text)):
        raise RecordError(f"expected a time, found {text[:40]!r}")
    return text


def lengths(text: str) -> tuple[int, ...]:
    """JSON that is a shape or an index: a few integers, none below zero."""
    return _lengths(parsed(text), text)


def _lengths(value: Any, text: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > DIMENSIONS:
        raise RecordError(f"expected a shape or an index, found {text[:40]!r}")
    if not all(type(item) is int and 0 <= item <= LARGEST for item in value):
        raise RecordError(f"expected a shape or an index, found {text[:40]!r}")
    return tuple(value)


def verdict(case: str, target: str, row: Sequence[Any], knowns: Mapping[int, Known]) -> Verdict:
    """A row of `verdicts`."""
    (status, subject, message, explanation, elements, differing, fraction, worst, got, reference, needed, bits) = row[
        :12
    ]
    plan, seconds, known_key, _, digest, tensors = row[12:]
    figures = None
    if elements is not None:
        figures = Figures(
            elements=elements,
            differing=differing,
            fraction=float(fraction),
            worst=None if worst is None else lengths(worst),
            got=unreal(got),
            reference=unreal(reference),
            needed=float(needed),
            bits=unreal(bits),
        )
    known = None if known_key is None else knowns[known_key]
    state = Status(status)
    told = answered(tensors)
    return Verdict(case, target, state, subject, message, explanation, figures, plan, seconds, known, digest, told)


@lru_cache(maxsize=4096)
def answered(text: str) -> tuple[Answered, ...]:
    """JSON that is the tensors of an answer: each its name, dtype, shape and digest. A run's cases share most of it."""
    found = []
    value = parsed(text)
    for item in value if isinstance(value, list) else [value]:
        match item:
            case [str(name), str(dtype), list(shape), str(digest)] if _is_line(name) and _is_line(dtype):
                found.append(Answered(name, dtype, _lengths(shape, text), digest))
            case _:
                raise RecordError(f"expected a tensor's name, dtype, shape and digest, found {str(item)[:40]!r}")
    if len({tensor.name for tensor in found}) != len(found):
        raise RecordError(f"expected tensors with a name each, found {text[:40]!r}")
    return tuple(found)


def _is_line(text: str) -> bool:
    """Whether it can stand in a line of a report: a run writes no control character there."""
    return not any(ord(character) < 32 for character in text)


def recorded_case(row: Sequence[Any]) -> RecordedCase:
    """A row of `cases`."""
    id, fingerprint, op, file, line, column, dtype, values, params, given, tags, about, claim, definition = row
    pairs = tuples(parsed(given))
    if not isinstance(pairs, tuple) or not all(_is_pair(pair) for pair in pairs):
        raise RecordError(f"expected pairs of a name and a value, found {given[:40]!r}")
    return RecordedCase(
        id=id,
        fingerprint=fingerprint,
        op=op,
        source=Source(file, line, column),
        dtype=dtype,
        values=values,
        params=mapping(params),
        given=pairs,
        tags=frozenset(words(tags)),
        about=about,
        claim=None if claim is None else _claim(mapping(claim)),
        definition=mapping(definition),
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)


def _claim(found: dict[str, Any]) -> Claim:
    match found:
        case {"document": str(document), "says": str(says), "holds": bool(holds), **rest} if not rest:
            return Claim(document, says, holds)
    raise RecordError(f"expected a claim's document, what it says and whether it holds, found {', '.join(found)}")


def summary(found: dict[str, Any]) -> Summary:
    """The footer."""
    match found:
        case {
            "problems": list(items),
            "exit_code": int() | None as code,
            "reason": str(reason),
            "details": dict(details),
        }:
            if type(code) is not bool and code in (None, 0, 1, 2, 3) and _is_details(details):
                return Summary(problems(items), code, reason, details)
    raise RecordError(f"expected the footer of a run, found {str(found)[:60]!r}")


def _is_details(details: dict[str, Any]) -> bool:
    notes = details.get("notes", [])
    return isinstance(notes, list) and all(isinstance(note, str) for note in notes)


def problems(items: Any) -> tuple[Problem, ...]:
    """Problems, of the footer or of a run that was left open."""
    found = []
    for item in items if isinstance(items, list) else [items]:
        match item:
            case {"name": str(name), "message": str(message), "where": str(where)}:
                found.append(Problem(name, message, where))
            case _:
                raise RecordError(f"expected a problem's name, message and place, found {str(item)[:60]!r}")
    return tuple(found)


def info(text: str) -> dict[str, Any]:
    """What a target's worker said of itself: what reports read of it has its type, the rest is anything."""
    found = mapping(text)
    for name in ("version", "backend", "backend_version", "framework", "mode", "device"):
        if not isinstance(found.get(name, ""), str):
            raise RecordError(f"expected a text for {name!r} of a target, found {str(found[name])[:40]!r}")
    if found.get("backend_version") and "backend" not in found:
        raise RecordError("expected the name of a backend beside its version")
    return found


def array(name: str, kinds: str, shape: str, data: bytes | None) -> RecordedArray:
    """A row of `arrays` or `outputs`. It is unpacked only as far as its shape says, and a run keeps no large ones."""
    size = lengths(shape)
    dtype, storage = _names(kinds)
    if data is None:
        return RecordedArray(name, dtype, size, None)
    try:
        kind = _kind(storage)
        count = math.prod(size) * kind.itemsize
        if count > ARRAY_BYTES:
            raise RecordError(f"an array of {count:,} bytes is larger than any that a run keeps")
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(data, count + 1)
        if len(content) != count or not unpacking.eof:
            raise RecordError(f"an array's bytes do not fit its shape {list(size)} and dtype {storage}")
        values = np.frombuffer(content, dtype=kind).reshape(size)
    except ERRORS as error:
        raise RecordError(f"an array can't be unpacked: {error}") from None
    return RecordedArray(name, dtype, size, values)


def size_in_bytes(kinds: str, shape: str) -> int:
    """How large the array of a row is; 0 where nothing is said of its storage."""
    storage = _names(kinds)[1]
    return _kind(storage).itemsize * math.prod(lengths(shape)) if storage else 0


def _names(kinds: str) -> tuple[str, str]:
    """The framework's word for a dtype, and NumPy's for what is stored."""
    described = words(kinds)
    if len(described) != 2:
        raise RecordError(f"expected two names of a dtype, found {kinds[:40]!r}")
    return described[0], described[1]


def _kind(storage: str) -> np.dtype[Any]:
    if not _STORAGE.fullmatch(storage):
        raise RecordError(f"an array of dtype {storage[:20]!r} is none that a run keeps")
    try:
        return np.dtype(storage)
    except ERRORS as error:
        raise RecordError(f"an array of dtype {storage[:20]!r} is none that a run keeps: {error}") from None

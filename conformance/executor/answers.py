"""From what a worker sent to an outcome; a worker is not trusted to keep to the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import decode
from conformance.executor import Request
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value, gradient_of
from conformance.worker.wire import MAX_ELEMENTS, Header, ProtocolError, check_entry, shown

_KINDS = ("result", "raised", "unsupported")

# What a worker's words may have at most; ours keeps to it.
MAX_MESSAGE = 4_000
MAX_NAME = 200
MAX_DEPTH = 8
# A run is killed long before, and a sum of them is a number still.
MAX_SECONDS = 1e9


def outcome_of(header: Header, payload: bytes, request: Request) -> Outcome:
    """The outcome in an answer to `request`; ProtocolError where it is none."""
    kinds = [kind for kind in _KINDS if kind in header]
    if len(kinds) != 1:
        raise ProtocolError(f"expected exactly one of {', '.join(_KINDS)}, found {', '.join(kinds) or 'none'}")
    body = header[kinds[0]]
    if kinds[0] == "result":
        return _value(body, payload, request)
    if payload:
        raise ProtocolError(f"{len(payload)} bytes after an answer that has no arrays")
    if kinds[0] == "unsupported":
        if not isinstance(body, str):
            raise ProtocolError(f"expected a reason, found {shown(body)}")
        return Unsupported(checked_text(body))
    match body:
        case {"type": str(kind), "message": str(message), "phase": "forward" | "gradient" as phase}:
            return Raised(checked_text(kind)[:MAX_NAME], checked_text(message), phase)
    raise ProtocolError(f"expected an error's type, message and phase, found {shown(body)}")


def checked_text(text: str) -> str:
    """A worker's words, which may be too long, or hold what is no character."""
    return text[:MAX_MESSAGE].encode("utf-8", "backslashreplace").decode()


def checked_info(info: Any) -> dict[str, Any]:
    """What a worker says of itself, if reports can take it as it is; ProtocolError."""
    if not isinstance(info, dict):
        raise ProtocolError(f"expected an object in hello, found {shown(info)}")
    _check_plain(info, MAX_DEPTH)
    for name, kind in (("version", str), ("devices", list), ("flags", dict), ("confined", dict)):
        if name in info and not isinstance(info[name], kind):
            raise ProtocolError(f"hello: expected {name} to be a {kind.__name__}, found {shown(info[name])}")
    for name in ("devices", "confined"):
        found = info.get(name, ())
        for item in found.values() if isinstance(found, dict) else found:
            if not isinstance(item, str):
                raise ProtocolError(f"hello: expected texts in {name}, found {shown(item)}")
    return info


def _check_plain(value: Any, depth: int) -> None:
    if depth == 0:
        raise ProtocolError(f"hello: expected at most {MAX_DEPTH} levels")
    if isinstance(value, dict | list):
        for item in value:
            _check_plain(item, depth - 1)
        for item in value.values() if isinstance(value, dict) else ():
            _check_plain(item, depth - 1)
    elif isinstance(value, str):
        if checked_text(value) != value:
            raise ProtocolError(f"hello: expected texts of at most {MAX_MESSAGE} characters, found {shown(value)}")
    elif isinstance(value, int | float) and not abs(value) < 1 << 63:
        raise ProtocolError(f"hello: expected numbers within 64 bits, found {shown(value)}")


def _value(body: Any, payload: bytes, request: Request) -> Value:
    groups: list[Any] = [body.get("outputs"), body.get("gradients")] if isinstance(body, dict) else []
    if not groups or not all(isinstance(group, list) for group in groups):
        raise ProtocolError("expected a result with outputs and gradients")
    view = memoryview(payload)
    position = 0
    found: list[dict[str, Tensor]] = []
    for group, names in zip(groups, (request.outputs, request.gradient), strict=True):
        tensors: dict[str, Tensor] = {}
        for item in group:
            length = check_entry(item)
            data = view[position : position + length]
            if len(data) != length:
                raise ProtocolError(f"the answer's arrays need more than its {len(payload)} bytes")
            position += length
            name = item.get("name")
            if not isinstance(name, str) or name in tensors:
                raise ProtocolError(f"expected arrays with a name each, found {shown(name)}")
            shape = tuple(item["shape"])
            values = None if item.get("values") is False else _decoded(data, item["dtype"], shape)
            tensors[name] = Tensor(item["dtype"], shape, values)
        # A worker leaves the gradients out where an output's shape is not its cotangent's.
        if list(tensors) != list(names) and (tensors or names is request.outputs):
            raise ProtocolError(
                f"expected outputs {list(request.outputs)} and gradients of {list(request.gradient)}, "
                f"found {shown(list(tensors))}"
            )
        found.append(tensors)
    if position != len(payload):
        raise ProtocolError(f"the answer's arrays have {position} bytes, its payload {len(payload)}")
    outputs, gradients = found
    seconds = _seconds(body.get("seconds", 0.0))
    return Value(outputs, gradients, _unstable(body.get("unstable", {}), outputs, gradients), seconds)


def _decoded(data: memoryview, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    if dtype == "bool":
        # Any byte may have come, and NumPy takes it for granted that there are two.
        truth: NDArray[np.bool_] = decode(data, "uint8", shape) != 0
        return truth
    try:
        return decode(data, dtype, shape)
    except ValueError as error:
        raise ProtocolError(f"the answer holds no array of shape {shown(list(shape))}: {error}") from None


def _unstable(said: Any, outputs: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> dict[str, int]:
    """How many elements differed between repeats, by the words of verdicts."""
    if not isinstance(said, dict) or not set(said) <= {"outputs", "gradients"}:
        raise ProtocolError(f"expected unstable elements of outputs and gradients, found {shown(said)}")
    counts = _counts(said.get("outputs", {}), outputs)
    return {**counts, **{gradient_of(name): n for name, n in _counts(said.get("gradients", {}), gradients).items()}}


def _counts(unstable: Any, names: Mapping[str, Tensor]) -> dict[str, int]:
    if not isinstance(unstable, dict) or not all(
        type(count) is int and 0 <= count <= MAX_ELEMENTS for count in unstable.values()
    ):
        raise ProtocolError(f"expected counts of unstable elements, found {shown(unstable)}")
    if not set(unstable) <= set(names):
        raise ProtocolError(f"expected unstable elements of {shown(list(names))}, found {shown(list(unstable))}")
    return unstable


def _seconds(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SECONDS:
        raise ProtocolError(f"expected seconds, found {shown(seconds)}")
    return float(seconds)

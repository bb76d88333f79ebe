"""From what a worker sent to an outcome; a worker is not trusted to keep to the protocol."""

from __future__ import annotations

import math
from typing import Any

from conformance.dtypes import decode
from conformance.executor import Request
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.worker.wire import Header, ProtocolError, check_entry

_KINDS = ("result", "raised", "unsupported")


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
            raise ProtocolError(f"expected a reason, found {body!r}")
        return Unsupported(body)
    match body:
        case {"type": str(kind), "message": str(message), "phase": "forward" | "gradient" as phase}:
            return Raised(kind, message, phase)
    raise ProtocolError(f"expected an error's type, message and phase, found {body!r}")


def _value(body: Any, payload: bytes, request: Request) -> Value:
    if not isinstance(body, dict) or not isinstance(body.get("gradients"), list):
        raise ProtocolError("expected a result with output and gradients")
    described = [body.get("output"), *body["gradients"]]
    tensors: dict[str, Tensor] = {}
    position = 0
    view = memoryview(payload)
    for item in described:
        length = check_entry(item)
        name = item.get("name")
        if not isinstance(name, str) or name in tensors:
            raise ProtocolError(f"expected arrays with a name each, found {name!r}")
        data = view[position : position + length]
        if len(data) != length:
            raise ProtocolError(f"the answer's arrays need more than its {len(payload)} bytes")
        position += length
        shape = tuple(item["shape"])
        values = None if item.get("values") is False else decode(data, item["dtype"], shape)
        tensors[name] = Tensor(item["dtype"], shape, values)
    if position != len(payload):
        raise ProtocolError(f"the answer's arrays have {position} bytes, its payload {len(payload)}")
    names = list(tensors)
    # A worker leaves the gradients out where the output's shape is not the cotangent's.
    if names[0] != request.output or (names[1:] and names[1:] != list(request.gradient)):
        raise ProtocolError(f"expected {request.output} and gradients of {list(request.gradient)}, found {names}")
    output = tensors.pop(request.output)
    return Value(output, tensors, _counts(body.get("unstable", {})), _seconds(body.get("seconds", 0.0)))


def _counts(unstable: Any) -> dict[str, int]:
    if not isinstance(unstable, dict) or not all(type(count) is int and count >= 0 for count in unstable.values()):
        raise ProtocolError(f"expected counts of unstable elements, found {unstable!r}")
    return unstable


def _seconds(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
        raise ProtocolError(f"expected seconds, found {seconds!r}")
    return float(seconds)

"""How ONNX is asked: linear algebra."""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.outcome import Unsupported
from conformance.plan import Plan


def det(ask: Ask[Any]) -> Plan | Unsupported:
    """Det."""
    return answered(ask, [node("y", "Det", ("x",))])


TABLE: dict[str, Cell] = {
    "solve": "ONNX has no solution of equations",
    "inv": "ONNX has no inverse",
    "det": det,
    "cholesky": "ONNX has no Cholesky factors",
    "qr": "ONNX has no QR factors",
    "svd": "ONNX has no singular values",
    "eigh": "ONNX has no eigenvalues",
    "lstsq": "ONNX has no least squares",
    "pinv": "ONNX has no pseudo-inverse",
}

"""How PyTorch is asked: linear algebra."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "solve": Words("x = torch.linalg.solve(a, b)", refuses=True),
    "inv": Words("y = torch.linalg.inv(x)", refuses=True),
    "det": Words("y = torch.linalg.det(x)", refuses=True),
    "cholesky": Words("y = torch.linalg.cholesky(x, upper={upper})", refuses=True),
    "qr": Words("q, r = torch.linalg.qr(x, {mode})"),
    "svd": Words("u, s, vh = torch.linalg.svd(x, full_matrices={full_matrices})"),
    "eigh": (
        Words("w, v = torch.linalg.eigh(x)", unless={"upper": "the upper one"}, refuses=True),
        Words("w, v = torch.linalg.eigh(x, {triangle})", trusted=True, refuses=True),
    ),
    "lstsq": Words("x = torch.linalg.lstsq(a, b)[0]"),
    "pinv": Words("y = torch.linalg.pinv(x)"),
}

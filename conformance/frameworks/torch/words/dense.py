"""How PyTorch is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_ONE, _TWO = {"operands != 1": "of two"}, {"operands != 2": "of one"}

TABLE: dict[str, Cell] = {
    "matmul": (
        Words("y = torch.matmul(a, b)", unless={"transpose_left": "turned", "transpose_right": "turned"}),
        Words("y = torch.matmul(a.mT, b)", unless={"not transpose_left": "as it is", "transpose_right": "turned"}),
        Words("y = torch.matmul(a, b.mT)", unless={"transpose_left": "turned"}),
        Words("y = torch.matmul(a.mT, b.mT)"),
    ),
    "dot": (
        Words("y = torch.dot(a, b)", unless={"ranks != [1, 1]": "torch.dot is of vectors alone"}),
        Words("y = torch.tensordot(a, b, {axes})"),
    ),
    "dense": (
        Words("y = torch.nn.functional.linear(x, w)", {"w": "UI"}, {"bias": "with a bias"}),
        Words("y = torch.nn.functional.linear(x, w, b)", {"w": "UI"}),
    ),
    "einsum": (
        Words("y = torch.einsum({equation}, a)", unless=_ONE),
        Words("y = torch.einsum({equation}, a, b)", unless=_TWO),
    ),
}

"""How PyTorch is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "negative": Words("y = torch.neg(x)"),
    "abs": Words("y = torch.abs(x)"),
    "add": (
        Words("y = torch.add(a, {number})", unless={"number == null": "of two tensors"}),
        Words("y = torch.add(a, b)"),
    ),
    "subtract": Words("y = torch.sub(a, b)"),
    "multiply": Words("y = torch.mul(a, b)"),
    "divide": (
        Words("y = torch.div(a, b)", unless={"rounding != 'none'": "to an integer"}),
        Words("y = torch.floor_divide(a, b)", unless={"rounding != 'floor'": "towards zero"}),
        Words("y = torch.div(a, b, rounding_mode={rounding})"),
    ),
    "remainder": (
        Words("y = torch.remainder(a, b)", unless={"sign != 'divisor'": "of the dividend"}),
        Words("y = torch.fmod(a, b)"),
    ),
    "round": (
        Words("y = torch.round(x)", unless={"decimals != 0": "decimals"}),
        Words("y = torch.round(x, decimals={decimals})"),
    ),
    "cast": Words("y = x.to(torch.{to|text})"),
    "left_shift": Words("y = torch.bitwise_left_shift(a, b)"),
    "right_shift": Words("y = torch.bitwise_right_shift(a, b)"),
}

"""How ONNX is asked: integers, division, rounding, casts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.frameworks.onnx.words.reduction import cast as cast_to
from conformance.ops.integers import Add, Cast, Divide, LeftShift, Remainder, Round
from conformance.outcome import Unsupported
from conformance.plan import Plan


def _of(operator: str, *inputs: str, never: str = "") -> Callable[[Ask[Any]], Plan | Unsupported]:
    """One node, which is `never` of a dtype."""

    def asked(ask: Ask[Any]) -> Plan | Unsupported:
        if ask.op.of == never:
            return Unsupported(f"{operator} is not specified for {never}: 'This is an invalid model. Type Error'")
        return answered(ask, [node("y", operator, inputs)])

    return asked


def _number(name: str, value: float, like: str) -> list[str]:
    """A constant of the type of another tensor."""
    return [node(f"{name}_32", "Constant", (), value_float=value), node(name, "CastLike", (f"{name}_32", like))]


def add(ask: Ask[Add]) -> Plan | Unsupported:
    """Add, whose inputs are of one type."""
    if ask.op.meaning()["number"] is not None:
        return Unsupported("ONNX has no Python numbers")
    if len({spec.dtype for spec in ask.op.inputs()}) > 1:
        return Unsupported('Add is of one type: "Optype (Add) bound to different types" (onnxruntime 1.31.1)')
    return _of("Add", "a", "b", never="bool")(ask)


def divide(ask: Ask[Divide]) -> Plan | Unsupported:
    """Div, of integers towards zero; rounded down by hand."""
    p, quotient = ask.op, node("q", "Div", ("a", "b"))
    if p.rounding == "none" or (p.of != "real" and p.rounding == "trunc"):
        return answered(ask, [node("y", "Div", ("a", "b"))])
    if p.of != "real":
        nodes = [
            quotient,
            node("whole", "Mul", ("q", "b")),
            node("rest", "Sub", ("a", "whole")),
            node("left", "Mod", ("a", "b")),
            node("same", "Equal", ("rest", "left")),  # it is not where the signs differ
            node("above", "Not", ("same",)),
            node("one", "CastLike", ("above", "a")),
        ]
        return answered(ask, [*nodes, node("y", "Sub", ("q", "one"))])
    if p.rounding == "floor":
        return answered(ask, [quotient, node("y", "Floor", ("q",))])
    nodes = [quotient, node("size", "Abs", ("q",)), node("whole", "Floor", ("size",)), node("side", "Sign", ("q",))]
    return answered(ask, [*nodes, node("y", "Mul", ("side", "whole"))])


def remainder(ask: Ask[Remainder]) -> Plan | Unsupported:
    """Mod, whose `fmod` says which."""
    p = ask.op
    if p.sign == "dividend":
        return answered(ask, [node("y", "Mod", ("a", "b"), fmod=1)])
    if p.of == "real":
        return Unsupported("Mod of real numbers has the sign of the dividend: 'fmod attribute must be true'")
    return answered(ask, [node("y", "Mod", ("a", "b"))])


def rounded(ask: Ask[Round]) -> Plan | Unsupported:
    """Round; decimals by hand."""
    p = ask.op
    if not p.decimals:
        return answered(ask, [node("y", "Round", ("x",))])
    there, back = ("Mul", "Div") if p.decimals > 0 else ("Div", "Mul")
    nodes = [*_number("scale", p.meaning()["scale"], "x"), node("large", there, ("x", "scale"))]
    return answered(ask, [*nodes, node("whole", "Round", ("large",)), node("y", back, ("whole", "scale"))])


def cast(ask: Ask[Cast]) -> Plan | Unsupported:
    """Cast."""
    return answered(ask, [cast_to("x", "y", ask.op.to)])


def shift(direction: str) -> Callable[[Ask[LeftShift]], Plan | Unsupported]:
    """BitShift, of integers without a sign."""

    def asked(ask: Ask[LeftShift]) -> Plan | Unsupported:
        if ask.op.of != "uint8":
            return Unsupported("BitShift is of integers without a sign: 'This is an invalid model. Type Error'")
        return answered(ask, [node("y", "BitShift", ("a", "b"), direction=direction)])

    return asked


TABLE: dict[str, Cell] = {
    "negative": _of("Neg", "x", never="uint8"),
    "abs": _of("Abs", "x"),
    "add": add,
    "subtract": _of("Sub", "a", "b"),
    "multiply": _of("Mul", "a", "b", never="bool"),
    "divide": divide,
    "remainder": remainder,
    "round": rounded,
    "cast": cast,
    "left_shift": shift("LEFT"),
    "right_shift": shift("RIGHT"),
}

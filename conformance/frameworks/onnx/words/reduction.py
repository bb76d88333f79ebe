"""How ONNX is asked: reductions, and what runs along an axis.

https://onnx.ai/onnx/operators/onnx__ReduceSum.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import TYPES, answered, constant, node
from conformance.ops.along import ArgMax, CumSum
from conformance.ops.reduction import Norm, Reduction, Var
from conformance.outcome import Unsupported
from conformance.plan import Plan

# What sums and products are not of, and what the largest is not of; integers of 32 and 64 bits are everywhere.
_NARROW = {
    **dict.fromkeys(("ReduceSum", "ReduceProd", "CumSum"), ("int8", "int16", "uint8")),
    **dict.fromkeys(("ReduceMax", "ReduceMin"), ("int16",)),
}


def _reduce(operator: str, x: str, y: str, p: Reduction, keep: bool | None = None) -> list[str]:
    """An operator over the axes of the op; over none of them where that is asked for."""
    kept = {"keepdims": int(p.keepdims if keep is None else keep)}
    if p.axes is None:
        return [node(y, operator, (x,), **kept)]
    if not p.axes:
        return [node(y, operator, (x,), **kept, noop_with_empty_axes=1)]
    return [constant("axes", *p.axes), node(y, operator, (x, "axes"), **kept)]


def reduced(operator: str) -> Callable[[Ask[Any]], Plan | Unsupported]:
    """A reduction of its own; of integers in int64, in their own dtype, or their mean as a real number."""

    def asked(ask: Ask[Any]) -> Plan | Unsupported:
        p = ask.op
        of, wide = getattr(p, "of", "real"), getattr(p, "wide", None)
        to = "int64" if wide else "" if wide is not None or p.name != "mean" else ask.dtype
        if not to and of in _NARROW.get(operator, ()):
            return Unsupported(f"{operator} is not specified for {of}")
        if of == "real" or not to:
            return answered(ask, _reduce(operator, "x", "y", p))
        if ask.dtype not in TYPES:
            return Unsupported(f"ONNX has no {ask.dtype}")
        return answered(ask, [cast("x", "wide", to), *_reduce(operator, "wide", "y", p)])

    return asked


# onnx.TensorProto's numbers of types.
_NUMBERS = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "bfloat16": 16,
}


def cast(x: str, y: str, to: str) -> str:
    """To another dtype."""
    return node(y, "Cast", (x,), to=_NUMBERS[to])


def spread(ask: Ask[Var]) -> Plan | Unsupported:
    """The mean of the squared distances from the mean, and its root for `std`."""
    p, factor = ask.op, ask.meaning["unbiased"] if ask.meaning else None
    if factor is None:
        return Unsupported("n - ddof is not above 0")
    if p.ddof:
        return Unsupported("ONNX has no variance; by hand it is that by n")
    root = [node("y", "Sqrt", ("of_squares",))] if p.name == "std" else [node("y", "Identity", ("of_squares",))]
    nodes = [
        *_reduce("ReduceMean", "x", "mean", p, keep=True),
        node("off", "Sub", ("x", "mean")),
        node("squares", "Mul", ("off", "off")),
        *_reduce("ReduceMean", "squares", "of_squares", p)[-1:],
        *root,
    ]
    return answered(ask, nodes)


def norm(ask: Ask[Norm]) -> Plan | Unsupported:
    """ReduceL1 and ReduceL2, and the largest or the least absolute value; of vectors."""
    p = ask.op
    if p.matrix:
        return Unsupported("ONNX has no norm of matrices")
    if p.order in ("1", "2"):
        return answered(ask, _reduce(f"ReduceL{p.order}", "x", "y", p))
    if p.order not in ("inf", "-inf"):
        return Unsupported(f"ONNX has no norm of the order {p.order}")
    extreme = "ReduceMax" if p.order == "inf" else "ReduceMin"
    return answered(ask, [node("off", "Abs", ("x",)), *_reduce(extreme, "off", "y", p)])


def cumsum(ask: Ask[CumSum]) -> Plan | Unsupported:
    """CumSum, which is given the axis as a tensor of no axes."""
    p = ask.op
    axis = node("axis", "Constant", (), value_int=p.axis)
    words = {"exclusive": int(p.exclusive), "reverse": int(p.reverse)}
    if not p.wide and p.of in _NARROW["CumSum"]:
        return Unsupported(f"CumSum is not specified for {p.of}")
    if p.of == "real" or not p.wide:
        return answered(ask, [axis, node("y", "CumSum", ("x", "axis"), **words)])
    return answered(ask, [axis, cast("x", "wide", "int64"), node("y", "CumSum", ("wide", "axis"), **words)])


def place(operator: str) -> Callable[[Ask[Any]], Plan | Unsupported]:
    """ArgMax or ArgMin, along one axis; of all as of a row."""

    def asked(ask: Ask[ArgMax]) -> Plan | Unsupported:
        p = ask.op
        words = {"axis": 0 if p.axis is None else p.axis, "keepdims": int(p.keepdims if p.axis is not None else 0)}
        words["select_last_index"] = int(p.ties == "last")
        if p.axis is not None:
            return answered(ask, [node("indices", operator, ("x",), **words)])
        flat = [constant("row", -1), node("flat", "Reshape", ("x", "row"))]
        if not p.keepdims:
            return answered(ask, [*flat, node("indices", operator, ("flat",), **words)])
        shape = [constant("shape", *p.outputs()[0].shape), node("indices", "Reshape", ("at", "shape"))]
        return answered(ask, [*flat, node("at", operator, ("flat",), **words), *shape])

    return asked


def truth(operator: str) -> Callable[[Ask[Any]], Plan | Unsupported]:
    """The largest or the smallest of truths."""

    def asked(ask: Ask[Any]) -> Plan | Unsupported:
        p = ask.op
        if p.of == "bool":
            return answered(ask, _reduce(operator, "x", "y", p))
        return answered(ask, [cast("x", "truths", "bool"), *_reduce(operator, "truths", "y", p)])

    return asked


TABLE: dict[str, Cell] = {
    "sum": reduced("ReduceSum"),
    "mean": reduced("ReduceMean"),
    "prod": reduced("ReduceProd"),
    "max": reduced("ReduceMax"),
    "min": reduced("ReduceMin"),
    "var": spread,
    "std": spread,
    "logsumexp": reduced("ReduceLogSumExp"),
    "norm": norm,
    "cumsum": cumsum,
    "cumprod": "ONNX has CumProd from opset 26 on; the models here are of opset 22",
    "argmax": place("ArgMax"),
    "argmin": place("ArgMin"),
    "median": "ONNX has no median",
    "quantile": "ONNX has no quantile",
    "any": truth("ReduceMax"),
    "all": truth("ReduceMin"),
}

"""How ONNX is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.dense import Dense, Dot, Einsum, Matmul
from conformance.outcome import Unsupported
from conformance.plan import Plan


def matmul(ask: Ask[Matmul]) -> Plan | Unsupported:
    """MatMul, after a Transpose of what is turned."""
    nodes, given = [], []
    for name, shape, turn in (("a", ask.op.left, ask.op.transpose_left), ("b", ask.op.right, ask.op.transpose_right)):
        n = len(shape)
        if turn and n > 1:
            nodes.append(node(f"{name}_turned", "Transpose", (name,), perm=(*range(n - 2), n - 1, n - 2)))
        given.append(f"{name}_turned" if turn and n > 1 else name)
    return answered(ask, [*nodes, node("y", "MatMul", given)])


def dot(ask: Ask[Dot]) -> Plan | Unsupported:
    """MatMul, or an equation where b has more axes than a matrix."""
    left, right = len(ask.op.left), len(ask.op.right)
    if right < 3:
        return answered(ask, [node("y", "MatMul", ("a", "b"))])
    rows = "ij"[: left - 1]
    return answered(ask, [node("y", "Einsum", ("a", "b"), equation=f"{rows}n,knm->{rows}km")])


def dense(ask: Ask[Dense]) -> Plan | Unsupported:
    """Gemm of a matrix, MatMul and Add of anything else."""
    b = ("b",) if ask.op.bias else ()
    if len(ask.op.shape) == 2:
        return answered(ask, [node("y", "Gemm", ("x", "w", *b))])
    if not b:
        return answered(ask, [node("y", "MatMul", ("x", "w"))])
    return answered(ask, [node("xw", "MatMul", ("x", "w")), node("y", "Add", ("xw", "b"))])


def einsum(ask: Ask[Einsum]) -> Plan | Unsupported:
    """Einsum."""
    names = [spec.name for spec in ask.op.inputs()]
    return answered(ask, [node("y", "Einsum", names, equation=ask.op.equation)])


TABLE: dict[str, Cell] = {"matmul": matmul, "dot": dot, "dense": dense, "einsum": einsum}

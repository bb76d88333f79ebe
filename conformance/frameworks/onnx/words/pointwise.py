"""How ONNX is asked: activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.pointwise import Gelu
from conformance.outcome import Unsupported
from conformance.plan import Plan


def gelu(ask: Ask[Gelu]) -> Plan | Unsupported:
    """Gelu."""
    return answered(ask, [node("y", "Gelu", ("x",), approximate=ask.op.approximate)])


def _of(operator: str, **words: str) -> Callable[[Ask[Any]], Plan | Unsupported]:
    """One node, and its attributes by the names of the op's parameters."""

    def ask_for(ask: Ask[Any]) -> Plan | Unsupported:
        said = {name: getattr(ask.op, of) for name, of in words.items()}
        return answered(ask, [node("y", operator, ("x",), **said)])

    return ask_for


def _between(low: float, high: float) -> list[str]:
    """x within two numbers of its own type."""
    nodes = []
    for name, value in (("low", low), ("high", high)):
        nodes += [node(f"{name}_32", "Constant", (), value_float=value), node(name, "CastLike", (f"{name}_32", "x"))]
    return [*nodes, node("y", "Clip", ("x", "low", "high"))]


def _celu(ask: Ask[Any]) -> Plan | Unsupported:
    """Celu, which has one type."""
    if ask.dtype != "float32":
        return Unsupported("ONNX's Celu is of float32 alone: 'INVALID_GRAPH : This is an invalid model'")
    return answered(ask, [node("y", "Celu", ("x",), alpha=ask.op.alpha)])


def _clip(ask: Ask[Any]) -> Plan | Unsupported:
    """Clip, with both bounds."""
    return answered(ask, _between(ask.op.low, ask.op.high))


def _relu6(ask: Ask[Any]) -> Plan | Unsupported:
    """Clip between 0 and 6."""
    return answered(ask, _between(0.0, 6.0))


def _silu(ask: Ask[Any]) -> Plan | Unsupported:
    """By hand: Swish came with opset 24."""
    return answered(ask, [node("gate", "Sigmoid", ("x",)), node("y", "Mul", ("x", "gate"))])


def _log_sigmoid(ask: Ask[Any]) -> Plan | Unsupported:
    """By hand, with Softplus."""
    return answered(
        ask, [node("minus", "Neg", ("x",)), node("soft", "Softplus", ("minus",)), node("y", "Neg", ("soft",))]
    )


def _softplus(ask: Ask[Any]) -> Plan | Unsupported:
    """Softplus, which has no beta: by hand."""
    beta = ask.op.beta
    if beta == 1.0:
        return answered(ask, [node("y", "Softplus", ("x",))])
    nodes = [
        node("beta_32", "Constant", (), value_float=beta),
        node("beta", "CastLike", ("beta_32", "x")),
        node("steep", "Mul", ("x", "beta")),
        node("soft", "Softplus", ("steep",)),
        node("y", "Div", ("soft", "beta")),
    ]
    return answered(ask, nodes)


def _glu(ask: Ask[Any]) -> Plan | Unsupported:
    """By hand: the halves by Split."""
    nodes = [
        node("half, other", "Split", ("x",), axis=ask.op.axis, num_outputs=2),
        node("gate", "Sigmoid", ("other",)),
        node("y", "Mul", ("half", "gate")),
    ]
    return answered(ask, nodes)


_ALONE = {
    **{name: name.title() for name in ("relu", "selu", "sigmoid", "softsign", "mish", "tanh")},
    "hard_swish": "HardSwish",
}

TABLE: dict[str, Cell] = {
    "gelu": gelu,
    **{op: _of(operator) for op, operator in _ALONE.items()},
    "leaky_relu": _of("LeakyRelu", alpha="slope"),
    "elu": _of("Elu", alpha="alpha"),
    "celu": _celu,
    "hard_sigmoid": _of("HardSigmoid", alpha="slope"),
    "softmax": _of("Softmax", axis="axis"),
    "log_softmax": _of("LogSoftmax", axis="axis"),
    "relu6": _relu6,
    "hard_tanh": _clip,
    "clip": _clip,
    "silu": _silu,
    "softplus": _softplus,
    "log_sigmoid": _log_sigmoid,
    "glu": _glu,
}

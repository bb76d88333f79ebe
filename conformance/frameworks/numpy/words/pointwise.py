"""How NumPy is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_BELOW = "numpy.expm1(numpy.minimum(x, 0.0)"
_BY_HAND = {
    "relu": "numpy.maximum(x, 0.0)",
    "relu6": "numpy.clip(x, 0.0, 6.0)",
    "leaky_relu": "numpy.where(numpy.greater(x, 0.0), x, {slope} * x)",
    "elu": f"numpy.where(numpy.greater(x, 0.0), x, {{alpha}} * {_BELOW}))",
    "selu": f"1.0507009873554805 * numpy.where(numpy.greater(x, 0.0), x, 1.6732632423543772 * {_BELOW}))",
    "celu": f"numpy.where(numpy.greater(x, 0.0), x, {{alpha}} * {_BELOW} / {{alpha}}))",
    "silu": "x / (1.0 + numpy.exp(-x))",
    "sigmoid": "1.0 / (1.0 + numpy.exp(-x))",
    "hard_sigmoid": "numpy.clip({slope} * x + 0.5, 0.0, 1.0)",
    "hard_swish": "x * numpy.clip(x + 3.0, 0.0, 6.0) / 6.0",
    "hard_tanh": "numpy.clip(x, {low}, {high})",
    "softplus": "numpy.logaddexp(0.0, {beta} * x) / {beta}",
    "softsign": "x / (1.0 + numpy.abs(x))",
    "mish": "x * numpy.tanh(numpy.logaddexp(0.0, x))",
    "tanh": "numpy.tanh(x)",
    "log_sigmoid": "-numpy.logaddexp(0.0, -x)",
    "clip": "numpy.clip(x, {low}, {high})",
}
_SHIFTED = "x = x - numpy.max(x, {axis}, keepdims=True, initial=-numpy.inf)\n"
_SUM = "numpy.sum(numpy.exp(x), {axis}, keepdims=True)"

TABLE: dict[str, Cell] = {
    **{op: Words(f"y = {text}") for op, text in _BY_HAND.items()},
    "softmax": Words(f"{_SHIFTED}y = numpy.exp(x) / {_SUM}"),
    "log_softmax": Words(f"{_SHIFTED}y = x - numpy.log({_SUM})"),
    "glu": Words("y, gate = numpy.split(x, 2, {axis})\ny = y / (1.0 + numpy.exp(-gate))"),
    "gelu": Words(
        "y = 0.5 * x * (1 + numpy.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))",
        unless={"approximate == 'none'": "NumPy has no erf"},
    ),
}

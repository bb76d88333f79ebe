"""How NumPy is asked, an op a line; its convolutions are in convolution.py."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.numpy.convolution import conv, conv_transpose
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": Words(
        "y = 0.5 * x * (1 + numpy.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))",
        unless={"approximate == 'none'": "NumPy has no erf"},
    ),
    "topk": (
        Words(
            "indices = numpy.argsort(x, 1, kind='stable')[:, ::-1][:, :{k}]\n"
            "values = numpy.take_along_axis(x, indices, 1)",
            unless={"not largest": "the smallest"},
        ),
        Words("indices = numpy.argsort(x, 1, kind='stable')[:, :{k}]\nvalues = numpy.take_along_axis(x, indices, 1)"),
    ),
    "max_pool": "NumPy has no pooling",
    "batch_norm": "NumPy has no normalisation",
    "layer_norm": Words(
        "off = x - numpy.mean(x, {axes|last}, keepdims=True)\n"
        "y = off / numpy.sqrt(numpy.var(x, {axes|last}, keepdims=True) + {epsilon}) * scale + offset",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "lstm": "NumPy has no recurrent layers",
}

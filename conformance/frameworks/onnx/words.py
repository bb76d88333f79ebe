"""How ONNX is asked, an op a line: its convolutions are in convolution.py, the rest in layers.py."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.onnx.convolution import conv, conv_transpose
from conformance.frameworks.onnx.layers import batch_norm, gelu, layer_norm, lstm, max_pool, topk

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": gelu,
    "topk": topk,
    "max_pool": max_pool,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "lstm": lstm,
}

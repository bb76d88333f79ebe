"""Questions of every op, for the tests that walk all of them: one for each of its words, and what their holes turn on.

op -> parameters that differ from the defaults, several times.
"""

from __future__ import annotations

from typing import Any

from conformance.ops.dense import EQUATIONS

ASKED: dict[str, list[dict[str, Any]]] = {
    "conv": [{"stride": 2, "padding": "same", "bias": True, "in_channels": 2, "out_channels": 3}],
    "conv_transpose": [
        {"stride": 2, "dilation": 2, "bias": True, "in_channels": 2, "out_channels": 3},
        {"stride": 2, "padding": 1},
    ],
    "gelu": [{}, {"approximate": "tanh"}, {"approximate": "tanh", "shape": [2, 3, 4]}],
    "topk": [{}, {"largest": False, "k": 7}],
    "max_pool": [
        {},
        {"size": [7, 6], "window": [3, 2], "stride": 2, "padding": 1, "ceil": True, "indices": True},
        {"size": [5, 4, 6], "window": 2, "stride": 1, "padding": "same", "dilation": [1, 2, 1]},
        {"size": [9], "window": 3, "padding": [[2, 0]], "stride": None, "indices": True},
        {"padding": "same", "size": [5]},
        {"padding": [[0, 1], [1, 0]]},
        {"padding": 0, "size": [4, 5, 6]},
        {"padding": 0, "size": [5], "ceil": True},
        {"padding": 1, "size": [5], "ceil": True},
        {"padding": "valid", "dilation": 2, "size": [4, 5, 6]},
        {"padding": "valid", "dilation": 2, "stride": 1},
        {"padding": 1, "dilation": 2},
        {"padding": 1, "dilation": [2, 1], "stride": 1},
        {"padding": 1, "dilation": [2, 1], "ceil": True},
        {"padding": "valid", "size": [5], "indices": True},
        {"padding": "same", "channels": 3, "batch": 2, "window": 3, "indices": True},
    ],
    "batch_norm": [
        {},
        {"unbiased": True, "momentum": 0.1, "epsilon": 0.5, "space": [5]},
        {"space": [3]},
        {"space": [2, 3, 2]},
        {"space": [3, 4], "unbiased": True},
        {"space": [2, 3, 2], "unbiased": True},
    ],
    "layer_norm": [{}, {"shape": [2, 3, 4], "axes": 2, "epsilon": 0.5}],
    "lstm": [{}, {"steps": 1, "units": 1}],
    "embedding": [{}, {"shape": [5], "rows": 1}],
    "attention": [
        {"keys": 17},
        {"heads": 4, "causal": "top_left", "scale": 0.3, "mask": "additive"},
        {"causal": "bottom_right", "queries": 2},
        {"causal": "top_left", "kv_heads": 1},
        {"mask": "boolean", "keys": 12},
        {"mask": "boolean", "keys": 16, "causal": "bottom_right"},
        {"mask": "additive", "causal": "bottom_right"},
        {"mask": "additive", "value_features": 3},
    ],
    "matmul": [
        {},
        {"left": [4], "right": [4]},
        {"left": [3, 4], "right": [4]},
        {"left": [4], "right": [2, 4, 5]},
        {"left": [3, 1, 2, 4], "right": [2, 4, 5]},
        {"left": [4, 3], "right": [5, 4], "transpose_left": True, "transpose_right": True},
        {"left": [4, 3], "right": [4, 5], "transpose_left": True},
        {"left": [2, 3, 4], "right": [5, 4], "transpose_right": True},
    ],
    "dot": [{}, {"left": [4], "right": [4]}, {"left": [3, 4], "right": [4]}, {"right": [2, 4, 5]}],
    "dense": [{}, {"bias": False}, {"shape": [4]}, {"shape": [2, 3, 4]}, {"shape": [2, 3, 4], "bias": False}],
    "einsum": [{"equation": equation} for equation in EQUATIONS],
    "sgd": [
        {},
        {"momentum": 0.9, "change": 0.5},
        {"momentum": 0.9, "nesterov": True, "scaled": True, "shape": [2, 3]},
        {"decay": 0.1},
        {"momentum": 0.9, "decay": 0.1, "decoupled": True, "scaled": True, "steps": 1},
    ],
    "adam": [
        {},
        {"epsilon_at": "uncorrected", "amsgrad": True, "change": 0.5},
        {"epsilon_at": "root", "epsilon": 0.1},
        {"decay": 0.1, "amsgrad": True, "steps": 4},
    ],
    "adamw": [{}, {"epsilon_at": "uncorrected", "decay": 0.3}, {"epsilon_at": "uncorrected", "decay": 0.0}],
    "rmsprop": [
        {},
        {"inside": True},
        {"inside": True, "centered": True, "momentum": 0.9, "scaled": True},
        {"centered": True, "momentum": 0.9, "change": 0.5},
    ],
    "adagrad": [{}, {"inside": True, "start": 0.1}, {"start": 0.1, "change": 0.5}],
    "gru": [{}, {"reset_after": False}, {"steps": 1, "units": 1, "reset_after": False}],
    "simple_rnn": [{}, {"activation": "relu", "steps": 1}],
    "gather": [{}, {"axis": 1, "at": [2, 3], "shape": [2, 5, 3]}, {"negative": True}],
    "take_along_axis": [{}, {"axis": 0, "shape": [3, 2, 4], "length": 2, "negative": True}],
    "one_hot": [{}, {"beyond": True, "classes": 3, "shape": [7]}],
    "scatter_add": [{}, {"rows": 1, "count": 3}],
    "dynamic_slice": [{}, {"shape": [7], "size": [3]}, {"shape": [2, 3, 4], "size": [1, 2, 3]}, {"beyond": True}],
}

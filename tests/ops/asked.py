"""Questions of every op, for the tests that walk all of them: one for each of its words, and what their holes turn on.

op -> parameters that differ from the defaults, several times.
"""

from __future__ import annotations

from typing import Any

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
    "sum": [
        {},
        {"axes": None},
        {"axes": [0, -1], "shape": [2, 3, 4]},
        {"of": "int8"},
        {"of": "int8", "wide": False},
    ],
    "mean": [{}, {"axes": None}, {"axes": [1], "shape": [2, 3, 4], "keepdims": True}, {"of": "int32"}],
    "prod": [{}, {"axes": [0, 2], "shape": [2, 3, 4]}, {"of": "int8", "wide": False}, {"of": "int16", "shape": [2, 3]}],
    "max": [{}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}, {"of": "uint8", "axes": None}],
    "min": [{}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}, {"of": "int16", "axes": None}],
    "var": [{}, {"axes": None, "ddof": 1}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}],
    "std": [{}, {"axes": None, "ddof": 1}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}],
    "logsumexp": [{}, {"axes": None}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}],
    "norm": [
        {},
        {"axes": None},
        {"axes": [0], "order": "3", "keepdims": True},
        {"order": "inf"},
        {"order": "-inf"},
        {"order": "1", "axes": [0, 2], "shape": [2, 3, 4]},
        {"axes": [0, 1], "matrix": True},
        {"axes": [0, 1], "matrix": True, "order": "nuc"},
        {"axes": [2, 0], "matrix": True, "order": "1", "shape": [2, 3, 4]},
        {"axes": [0, 1]},
    ],
    "cumsum": [
        {},
        {"axis": 0, "reverse": True},
        {"exclusive": True, "reverse": True},
        {"of": "int8", "wide": False},
        {"of": "int8"},
    ],
    "cumprod": [
        {},
        {"axis": 0, "reverse": True},
        {"exclusive": True},
        {"of": "int8", "wide": False},
        {"of": "int16", "shape": [2, 3]},
    ],
    "argmax": [{}, {"axis": None}, {"axis": 0, "keepdims": True}, {"ties": "first"}, {"ties": "last"}],
    "argmin": [
        {},
        {"axis": None, "keepdims": True},
        {"axis": 0, "keepdims": True},
        {"ties": "first"},
        {"ties": "last"},
    ],
    "median": [{}, {"shape": [3, 6]}, {"shape": [3, 6], "even": "lower"}, {"axes": None, "even": "higher"}],
    "quantile": [
        {},
        {"axes": None, "q": 0.5, "shape": [2, 3]},
        *(
            {"interpolation": way, "shape": [2, 3, 4], "axes": [0, 2]}
            for way in ("lower", "higher", "midpoint", "nearest")
        ),
    ],
    "any": [{}, {"of": "real", "axes": None}, {"axes": [0, 2], "shape": [2, 3, 4], "keepdims": True}],
    "all": [{"shape": [6, 2]}, {"of": "int8", "axes": None}, {"axes": [0, 2], "shape": [1, 6, 2], "keepdims": True}],
    "sort": [{}, {"axis": 0, "descending": True}, {"of": "int8"}],
    "argsort": [
        {},
        {"axis": 0, "descending": True},
        {"stable": True},
        {"stable": True, "descending": True, "of": "int8"},
    ],
    "searchsorted": [{}, {"right": True}, {"rows": 2}],
    "bucketize": [{}, {"right": True}],
    "unique": [{}, {"of": "int8"}, {"equal_nan": False}, {"sorted": False, "equal_nan": False}],
}

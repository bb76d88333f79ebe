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
    "batch_norm_inference": [{}, {"space": [5], "epsilon": 0.5}],
    "group_norm": [{}, {"groups": 4, "space": [5], "epsilon": 0.5}, {"groups": 1, "space": [2, 3, 2]}],
    "instance_norm": [{}, {"space": [5], "epsilon": 0.5}],
    "rms_norm": [{}, {"shape": [2, 3, 4], "axes": 2, "epsilon": 0.5}],
    "l2_normalize": [{}, {"least": "square", "shape": [2, 3, 4]}, {"epsilon": 2.0}],
    "lrn": [
        {},
        {"size": 2, "alpha": 1.0, "space": [4], "k": 2.0},
        {"size": 4, "alpha": 0.5, "extra": "after"},
        {"size": 5, "beta": 0.5, "divided": False, "space": [2, 1, 2]},
    ],
    "mse": [{"reduction": "none"}, {"reduction": "sum", "shape": [2, 3, 4]}, {}],
    "huber": [{"reduction": "none", "delta": 0.5}, {"reduction": "sum", "delta": 2.0}, {"shape": [4]}],
    "smooth_l1": [{"reduction": "none", "beta": 0.5}, {"reduction": "sum", "beta": 2.0}, {}],
    "hinge": [{"reduction": "none"}, {"reduction": "sum"}, {}],
    "binary_cross_entropy": [
        {"reduction": "none"},
        {"positive": 2.0},
        {"positive": 2.0, "reduction": "none"},
        {},
        {"logits": False, "reduction": "none"},
        {"logits": False},
        {"logits": False, "positive": 2.0},
    ],
    "kl_div": [
        {},
        {"logs": False},
        {"log_target": True, "reduction": "none"},
        {"logs": False, "reduction": "batchmean"},
        {"logs": False, "log_target": True, "reduction": "sum"},
        {"logs": False, "reduction": "none"},
    ],
    "cosine": [{"reduction": "none"}, {"epsilon": 1e-7}, {"reduction": "sum", "shape": [2, 3, 4]}],
    "cross_entropy": [
        {},
        {"places": 3, "reduction": "none"},
        {"weighted": True},
        {"weighted": True, "ignore": 1, "reduction": "sum"},
        {"ignore": 1},
        {"smoothing": 0.1, "reduction": "count"},
        {"smoothing": 0.1, "weighted": True, "ignore": 1, "places": 2},
        {"target": "probability"},
        {"target": "probability", "smoothing": 0.1, "places": 3, "reduction": "none"},
        {"target": "probability", "weighted": True},
    ],
}

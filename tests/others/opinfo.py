"""PyTorch's OpInfo: the sample inputs of its own tests, with what PyTorch answers, and the inputs that it must refuse.

https://github.com/pytorch/pytorch/blob/main/torch/testing/_internal/opinfo/core.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

from tests.others.points import AnyArray, NotExpressible, Point

# The arguments by name, tensors as arrays -> (params, inputs, names of the outputs)
Read = tuple[dict[str, Any], dict[str, AnyArray], tuple[str, ...]]
Reader = Callable[[Mapping[str, Any]], Read]
DTYPES = (torch.float32, torch.float64)
SAMPLES = 60  # of one function and dtype


def points() -> Iterator[Point | tuple[str, str, str]]:
    """Every sample of a function that is read here, and (op, name, reason) for what can't be said."""
    for info in op_db:
        if info.name not in READERS or info.variant_test_name:
            continue
        op, names, read = READERS[info.name]
        for dtype in DTYPES:
            torch.manual_seed(0)
            for number, sample in enumerate(info.sample_inputs("cpu", dtype)):
                if number == SAMPLES:
                    break
                name = f"{info.name} {str(dtype).rpartition('.')[2]} {number}"
                try:
                    yield _point(name, op, names, read, info.op, sample)
                except NotExpressible as reason:
                    yield op, name, str(reason)


def _point(name: str, op: str, names: Sequence[str], read: Reader, function: Any, sample: Any) -> Point:
    arguments = dict(zip(names, (sample.input, *sample.args), strict=False)) | sample.kwargs
    params, inputs, outputs = read({key: _array(value) for key, value in arguments.items()})
    found = function(sample.input, *sample.args, **sample.kwargs)
    answers = found if isinstance(found, tuple) else (found,)
    arrays = {key: _array(value) for key, value in zip(outputs, answers, strict=False)}
    if "batch" in params:
        arrays = {key: a[None] if a.ndim < inputs["x"].ndim else a for key, a in arrays.items()}
    return Point(
        name,
        op,
        params,
        inputs,
        arrays,
        "torch",
        dtype=str(sample.input.dtype).rpartition(".")[2] if sample.input.is_floating_point() else "float32",
    )


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _list(value: Any, dims: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * dims if len(values) == 1 else values


def _batched(x: AnyArray, ndim: int) -> AnyArray:
    """x with an axis of batch, which PyTorch may do without."""
    return x if x.ndim == ndim else x[None]


def _conv(given: Mapping[str, Any]) -> Read:
    x, w, bias = given["input"], given["weight"], given.get("bias")
    dims = w.ndim - 2
    x = _batched(x, dims + 2)
    padding = given.get("padding", 0)
    params = {
        "convention": "torch",
        "dims": dims,
        "batch": x.shape[0],
        "in_channels": x.shape[1],
        "out_channels": w.shape[0],
        "groups": given.get("groups", 1),
        "size": list(x.shape[2:]),
        "kernel": list(w.shape[2:]),
        "stride": _list(given.get("stride", 1), dims),
        "dilation": _list(given.get("dilation", 1), dims),
        "padding": padding if isinstance(padding, str) else _list(padding, dims),
        "bias": bias is not None,
    }
    return params, {"x": x, "w": w, **({"b": bias} if bias is not None else {})}, ("y",)


def _conv_transpose(given: Mapping[str, Any]) -> Read:
    params, inputs, outputs = _conv(given)
    params["out_channels"] = given["weight"].shape[1] * given.get("groups", 1)
    params["output_padding"] = _list(given.get("output_padding", 0), params["dims"])
    return params, inputs, outputs


def _max_pool(given: Mapping[str, Any]) -> Read:
    x, window = given["input"], given["kernel_size"]
    dims = given["dims"]
    x = _batched(x, dims + 2)
    params = {
        "batch": x.shape[0],
        "channels": x.shape[1],
        "size": list(x.shape[2:]),
        "window": _list(window, dims),
        "stride": _list(window if given.get("stride") in (None, ()) else given["stride"], dims),
        "dilation": _list(given.get("dilation", 1), dims),
        "padding": [[p, p] for p in _list(given.get("padding", 0), dims)],
        "ceil": bool(given.get("ceil_mode", False)),
        "indices": bool(given.get("return_indices", False)),
    }
    return params, {"x": x}, ("y", "indices")


def _pool_of(dims: int) -> Reader:
    return lambda given: _max_pool({**given, "dims": dims})


def _gelu(given: Mapping[str, Any]) -> Read:
    x = given["input"]
    return {"shape": list(x.shape), "approximate": given.get("approximate", "none")}, {"x": x}, ("y",)


def _topk(given: Mapping[str, Any]) -> Read:
    x, k = given["input"], given["k"]
    if x.ndim != 2 or given.get("dim", -1) not in (-1, 1) or not given.get("sorted", True):
        raise NotExpressible("along another axis than the last of two, or unsorted")
    params = {"rows": x.shape[0], "length": x.shape[1], "k": k, "largest": given.get("largest", True)}
    return params, {"x": x}, ("values", "indices")


def _layer_norm(given: Mapping[str, Any]) -> Read:
    x, shape = given["input"], given["normalized_shape"]
    scale = given.get("weight")
    offset = given.get("bias")
    one = np.ones(shape, x.dtype)
    inputs = {"x": x, "scale": one if scale is None else scale, "offset": 0 * one if offset is None else offset}
    return {"shape": list(x.shape), "axes": len(shape), "epsilon": given.get("eps", 1e-5)}, inputs, ("y",)


def _embedding(given: Mapping[str, Any]) -> Read:
    indices, w = given["input"], given["weight"]
    if given.get("max_norm") is not None:
        raise NotExpressible("max_norm changes the table")
    # padding_idx and the like change gradients alone.
    params = {"shape": list(indices.shape), "rows": w.shape[0], "features": w.shape[1]}
    return params, {"indices": indices, "w": w}, ("y",)


_CONV = "input weight bias stride padding dilation groups".split()
_TRANSPOSED = "input weight bias stride padding output_padding groups dilation".split()
_POOL = "input kernel_size stride padding dilation ceil_mode return_indices".split()

# OpInfo's name -> the op that it is read as, the names of the arguments in their order, and how
READERS: dict[str, tuple[str, list[str], Reader]] = {
    **{f"nn.functional.conv{d}d": ("conv", _CONV, _conv) for d in (1, 2, 3)},
    **{f"nn.functional.conv_transpose{d}d": ("conv_transpose", _TRANSPOSED, _conv_transpose) for d in (1, 2, 3)},
    **{f"nn.functional.max_pool{d}d": ("max_pool", _POOL, _pool_of(d)) for d in (1, 2, 3)},
    "nn.functional.gelu": ("gelu", ["input"], _gelu),
    "topk": ("topk", "input k dim largest sorted".split(), _topk),
    "nn.functional.layer_norm": ("layer_norm", "input normalized_shape weight bias eps".split(), _layer_norm),
    "nn.functional.embedding": ("embedding", "weight input padding_idx max_norm norm_type".split(), _embedding),
}

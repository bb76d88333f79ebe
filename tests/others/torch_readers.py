"""PyTorch's functions as ops: a reader has the signature of the function, and gives what the call means.

A call that does not fit the signature can't be said, and neither can what `unless` names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from conformance.dtypes import DTYPES
from tests.others.points import Answers, AnyArray, Read, named, unless
from tests.others.reads import (
    attended,
    both,
    channelled,
    convolved,
    each,
    layered,
    parts,
    placed,
    pooled,
    products,
    reduced,
    shaped,
    summed,
    taken,
    taken_along,
    topped,
    transformed,
)

Reader = Callable[..., Read]
A = AnyArray
_DTYPE = "with a dtype of its own"


def _list(value: Any, dims: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * dims if len(values) == 1 else values


def _over(dim: Any) -> Any:
    return None if dim in (None, (), []) else dim


def _alone(op: str) -> Reader:
    return lambda input, inplace=False: each(op, input)


def _along(op: str) -> Reader:
    def read(input: A, dim: int = -1, dtype: Any = None) -> Read:
        unless(dtype is not None, _DTYPE)
        unless(input.ndim == 0, "of a scalar")
        return shaped(op, input, axis=dim)

    return read


def _clamp(input: A, min: Any = None, max: Any = None) -> Read:
    unless(not isinstance(min, int | float) or not isinstance(max, int | float), "without a number at either end")
    unless(input.dtype.kind in "iub", "of integers")
    return each("clip", input, low=float(min), high=float(max))


def _softplus(input: A, beta: float = 1, threshold: float = 20) -> Read:
    unless(threshold != 20, "with another threshold")
    return each("softplus", input, beta=beta)


def _reduction(op: str, whole: bool = False) -> Reader:
    """Of a function that gives the places, too, they are left out. `whole`: integers stay in their dtype."""

    def read(input: A, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Read:
        unless(dtype is not None, _DTYPE)
        return reduced(op, input, _over(dim), keepdim)

    return read


def _spread(op: str) -> Reader:
    def read(input: A, dim: Any = None, unbiased: Any = None, keepdim: bool = False, correction: Any = None) -> Read:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = correction if correction is not None else 0 if unbiased is False else 1
        unless(not float(ddof).is_integer(), "by n less a fraction")
        return reduced(op, input, _over(dim), keepdim, ddof=int(ddof))

    return read


def _median(input: A, dim: Any = None, keepdim: bool = False) -> Read:
    unless(input.dtype.kind in "iub", "of integers")
    return reduced("median", input, dim, keepdim, even="lower")


def _quantile(input: A, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear") -> Read:
    unless(np.ndim(q) > 0, "of several shares")
    return reduced("quantile", input, dim, keepdim, q=float(q), interpolation=interpolation)


def _vector_norm(x: A, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Read:
    unless(dtype is not None, _DTYPE)
    return reduced("norm", x, _over(dim), keepdim, order=_order(ord))


def _matrix_norm(x: A, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, dtype: Any = None) -> Read:
    unless(dtype is not None, _DTYPE)
    unless(ord in (-1, -2), f"of order {ord} of matrices")
    if ord == "fro":
        return reduced("norm", x, dim, keepdim)
    return reduced("norm", x, dim, keepdim, order=_order(ord), matrix=True)


def _order(ord: Any) -> str:
    return ord if isinstance(ord, str) else f"{float(ord):g}"


def _running(op: str) -> Reader:
    def read(input: A, dim: int, dtype: Any = None) -> Read:
        unless(dtype is not None, _DTYPE)
        unless(input.ndim == 0, "of a scalar")
        unless(input.dtype == bool, "of booleans")
        return shaped(op, input, axis=dim)

    return read


def _place(op: str) -> Reader:
    def read(input: A, dim: Any = None, keepdim: bool = False) -> Read:
        unless(dim is None and keepdim, "of all elements, with every axis kept")
        return placed(op, input, dim, keepdim)

    return read


def _sort(input: A, dim: int = -1, descending: bool = False, stable: Any = None) -> Read:
    unless(input.dtype == bool, "of booleans")
    return shaped("sort", input, axis=dim, descending=descending)


def _argsort(input: A, dim: int = -1, descending: bool = False, stable: bool = False) -> Read:
    unless(input.dtype == bool, "of booleans")
    read = shaped("argsort", input, axis=dim, descending=descending, stable=stable)
    return Read(read.op, read.params, read.inputs, named("indices"))


def _topk(input: A, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Read:
    unless(not sorted, "unsorted")
    return topped(input, k, dim, largest)


def _searchsorted(
    sorted_sequence: A,
    input: Any,
    out_int32: bool = False,
    right: bool = False,
    side: Any = None,
    sorter: Any = None,
) -> Read:
    unless(sorter is not None, "with a sorter")
    unless(sorted_sequence.dtype.kind in "iub", "of integers")
    x = np.asarray(input, sorted_sequence.dtype)
    length = sorted_sequence.shape[-1]
    right = right or side == "right"
    if sorted_sequence.ndim == 1:
        params = {"length": length, "values": x.size, "right": right}
        inputs = {"row": sorted_sequence, "x": x.reshape(-1)}
        return Read("searchsorted", params, inputs, named("places", turn=lambda a: a.reshape(-1)))
    unless(not sorted_sequence.size, "of nothing")
    rows = sorted_sequence.reshape(-1, length)
    flat = x.reshape(len(rows), -1)
    params = {"rows": len(rows), "length": length, "values": flat.shape[1], "right": right}
    inputs = {"row": rows, "x": flat}
    return Read("searchsorted", params, inputs, named("places", turn=lambda a: a.reshape(flat.shape)))


def _bucketize(input: A, boundaries: A, out_int32: bool = False, right: bool = False) -> Read:
    unless(input.dtype.kind in "iub", "of integers")
    params = {"length": boundaries.size, "values": input.size, "right": right}
    inputs = {"row": boundaries, "x": input.reshape(-1)}
    return Read("bucketize", params, inputs, named("places", turn=lambda a: a.reshape(-1)))


def _unique(
    input: A, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Read:
    unless(dim is not None and input.ndim != 1, "of slices")
    unless(input.dtype == bool, "of booleans")
    x = input.reshape(-1)

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        names = ["values", *(["inverse"] if return_inverse else []), *(["counts"] if return_counts else [])]
        found = dict(zip(names, answers, strict=True))
        return {n: a.reshape(-1) if n == "inverse" else np.pad(a, (0, x.size - a.size)) for n, a in found.items()}

    read = shaped("unique", x, length=x.size, equal_nan=False)
    return Read("unique", {k: v for k, v in read.params.items() if k != "shape"}, read.inputs, outputs)


def _pad(input: A, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Read:
    pairs = [[pad[i], pad[i + 1]] for i in range(len(pad) - 2, -1, -2)]
    mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    unless(any(min(pair) < 0 for pair in pairs), "by less than nothing")
    unless(not pairs, "of no axis")
    return shaped("pad", input, pads=pairs, mode=mode, value=float(value or 0.0))


def _roll(input: A, shifts: Any, dims: Any = None) -> Read:
    one = [v[0] if isinstance(v, list | tuple) and len(v) == 1 else v for v in (shifts, dims)]
    unless(not isinstance(one[0], int) or isinstance(one[1], list | tuple), "along several axes")
    if one[1] in (None, ()):
        read = shaped("roll", input.reshape(-1), shift=one[0], axis=0)
        return Read("roll", read.params, read.inputs, named("y", turn=lambda a: a.reshape(-1)))
    return shaped("roll", input, shift=one[0], axis=one[1])


def _tile(input: A, *dims: Any) -> Read:
    times = list(dims[0]) if len(dims) == 1 and isinstance(dims[0], tuple | list) else list(dims)
    unless(input.ndim == 0, "of a scalar")
    unless(len(times) < 1, "no times")
    x = input.reshape((1,) * (len(times) - input.ndim) + input.shape)
    return shaped("tile", x, times=times)


def _repeat(input: A, repeats: Any, dim: Any = None, output_size: Any = None) -> Read:
    if isinstance(repeats, np.ndarray):
        unless(repeats.size != 1, "as often as a tensor says")
        repeats = int(repeats.reshape(-1)[0])
    unless(input.ndim == 0, "of a scalar")
    x = input.reshape(-1) if dim is None else input
    return shaped("repeat", x, times=repeats, axis=0 if dim is None else dim)


def _shuffle(input: A, upscale_factor: int) -> Read:
    unless(input.ndim < 3, "without channels")
    batch = int(np.prod(input.shape[:-3]))
    x = input.reshape(batch, *input.shape[-3:])
    params = {"size": list(x.shape[2:]), "batch": batch, "channels": x.shape[1] // upscale_factor**2}
    outputs = named("y", turn=lambda a: a.reshape(batch, *a.shape[-3:]))
    return Read("pixel_shuffle", {**params, "block": upscale_factor}, {"x": x}, outputs)


def _linspace(start: Any, end: Any, steps: Any, dtype: Any = None, device: Any = None) -> Read:
    unless(any(isinstance(v, complex | np.ndarray) for v in (start, end, steps)), "of tensors or complex numbers")
    unless(not _floating(dtype), "of integers")
    return Read("linspace", {"start": float(start), "stop": float(end), "count": steps}, {})


def _arange(start: Any, end: Any = None, step: Any = 1, dtype: Any = None, device: Any = None) -> Read:
    start, end = (0, start) if end is None else (start, end)
    unless(not _floating(dtype) and not (dtype is None and isinstance(start + end + step, float)), "of integers")
    return Read("arange", {"start": float(start), "stop": float(end), "step": float(step)}, {})


def _floating(dtype: Any) -> bool:
    return dtype is not None and dtype.is_floating_point


def _conv(
    op: str,
    input: A,
    weight: A,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    **more: Any,
) -> Read:
    dims = weight.ndim - 2
    params = {"stride": _list(stride, dims), "dilation": _list(dilation, dims), "groups": groups, **more}
    params["padding"] = padding if isinstance(padding, str) else _list(padding, dims)
    return convolved(op, input, weight, bias, convention="torch", **params)


def _conv_transpose(
    input: A,
    weight: A,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Read:
    extra = _list(output_padding, weight.ndim - 2)
    return _conv("conv_transpose", input, weight, bias, stride, padding, dilation, groups, output_padding=extra)


def _window(dims: int, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool) -> dict[str, Any]:
    return {
        "window": _list(kernel_size, dims),
        "stride": _list(kernel_size if stride in (None, (), []) else stride, dims),
        "padding": [[p, p] for p in _list(padding, dims)],
        "ceil": bool(ceil_mode),
    }


def _max_pool(dims: int) -> Reader:
    def read(
        input: A,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Read:
        window = _window(dims, kernel_size, stride, padding, ceil_mode)
        return pooled("max_pool", input, dims, dilation=_list(dilation, dims), indices=bool(return_indices), **window)

    return read


def _avg_pool(dims: int) -> Reader:
    def read(
        input: A,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> Read:
        unless(divisor_override is not None, "by another divisor")
        window = _window(dims, kernel_size, stride, padding, ceil_mode)
        return pooled("avg_pool", input, dims, count_pad=bool(count_include_pad), **window)

    return read


def _lp_pool(dims: int) -> Reader:
    def read(input: A, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Read:
        return pooled("lp_pool", input, dims, p=float(norm_type), **_window(dims, kernel_size, stride, 0, ceil_mode))

    return read


def _adaptive(op: str, dims: int) -> Reader:
    def read(input: A, output_size: Any, return_indices: bool = False) -> Read:
        sizes = _list(output_size, dims)
        output = [n if size is None else size for size, n in zip(sizes, input.shape[-dims:], strict=True)]
        return pooled(op, input, dims, output=output)

    return read


def _weights(x: A, weight: Any, bias: Any, count: int) -> tuple[A, A]:
    """Scale and offset, which may be left out."""
    one = np.ones(count, x.dtype)
    return one if weight is None else weight, 0 * one if bias is None else bias


def _batch_norm(
    input: A,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Read:
    unless(input.ndim < 2, "without channels")
    tensors = _weights(input, weight, bias, input.shape[1])
    if training:
        # The running statistics are changed in place.
        stand_ins = [np.ones(input.shape[1], input.dtype)] * 2
        params = {"epsilon": eps, "momentum": 1.0 - momentum, "unbiased": True}
        return channelled("batch_norm", input, "scale offset mean variance", (*tensors, *stand_ins), **params)
    every = (*tensors, running_mean, running_var)
    return channelled("batch_norm_inference", input, "scale offset mean variance", every, epsilon=eps)


def _group_norm(input: A, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Read:
    unless(input.ndim < 2, "without channels")
    tensors = _weights(input, weight, bias, input.shape[1])
    return channelled("group_norm", input, "scale offset", tensors, epsilon=eps, groups=num_groups)


def _instance_norm(
    input: A,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Read:
    unless(not use_input_stats, "by running statistics")
    tensors = _weights(input, weight, bias, input.shape[1])
    return channelled("instance_norm", input, "scale offset", tensors, epsilon=eps)


def _layer_norm(input: A, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Read:
    one = np.ones(normalized_shape, input.dtype)
    scale, offset = one if weight is None else weight, 0 * one if bias is None else bias
    return layered("layer_norm", input, len(normalized_shape), scale, offset, eps)


def _rms_norm(input: A, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Read:
    scale = np.ones(normalized_shape, input.dtype) if weight is None else weight
    least = 2 * DTYPES[input.dtype.name].unit_roundoff if eps is None else eps
    return layered("rms_norm", input, len(normalized_shape), scale, None, least)


def _normalize(input: A, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Read:
    unless(p != 2, "by another norm")
    x = np.moveaxis(input, dim, -1)
    read = shaped("l2_normalize", x, epsilon=eps)
    return Read(read.op, read.params, read.inputs, named("y", turn=lambda a: np.moveaxis(a, dim, -1)))


def _lrn(input: A, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Read:
    unless(input.dtype.kind in "iub", "of integers")
    return channelled("lrn", input, "", (), size=size, alpha=alpha, beta=beta, k=k)


def _loss(op: str, *words: str) -> Reader:
    """Of x and a target, with the arguments that the op has by the same names."""

    def read(input: A, target: A, reduction: str = "mean", weight: Any = None, **more: Any) -> Read:
        unless(weight is not None, "with weights")
        positive = more.pop("pos_weight", None)
        unless(positive is not None and np.size(positive) != 1, "with positive weights of their own")
        given = {} if positive is None else {"positive": float(np.reshape(positive, -1)[0])}
        unless(set(more) - set(words), f"with {', '.join(sorted(set(more) - set(words)))}")
        unless(input.shape != target.shape, "of two shapes")
        unless(input.ndim == 0, "of a scalar")
        fixed = {"binary_cross_entropy": {"logits": False}, "bce_logits": {"logits": True}}.get(op, {})
        name = "binary_cross_entropy" if op == "bce_logits" else op
        params = {"shape": list(input.shape), "reduction": reduction, **more, **given, **fixed}
        return Read(name, params, {"x": input, "target": target})

    return read


def _cosine(x1: A, x2: A, dim: int = 1, eps: float = 1e-8) -> Read:
    x, target = (np.moveaxis(a, dim, -1) for a in np.broadcast_arrays(x1, x2))
    params = {"shape": list(x.shape), "reduction": "none", "epsilon": eps}
    return Read("cosine", params, {"x": x, "target": target}, named("y", turn=lambda a: 1 - a))


def _cross_entropy(
    input: A,
    target: A,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Read:
    probability = target.dtype.kind not in "iub"
    unless(input.ndim == 1, "without a batch")
    places = int(np.prod(input.shape[2:])) if input.ndim > 2 else 0
    x = input.reshape(*input.shape[:2], places) if input.ndim > 2 else input
    turned = target.reshape(x.shape if probability else (x.shape[0], *x.shape[2:]))
    params: dict[str, Any] = {"batch": x.shape[0], "classes": x.shape[1], "places": places}
    params |= {"target": "probability" if probability else "label", "weighted": weight is not None}
    params |= {"smoothing": label_smoothing, "reduction": reduction}
    params["ignore"] = None if probability or not (target == ignore_index).any() else ignore_index
    inputs = {"x": x, "target": turned} | ({} if weight is None else {"weight": weight})
    flat = (lambda a: a.reshape(x.shape[0], *x.shape[2:])) if reduction == "none" else (lambda a: a)
    return Read("cross_entropy", params, inputs, named("y", turn=flat))


def _ctc(
    log_probs: A,
    targets: A,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Read:
    unless(log_probs.ndim == 2, "without a batch")
    unless(targets.ndim == 1, "of labels one after another")
    steps, batch, classes = log_probs.shape
    params = {"batch": batch, "steps": steps, "classes": classes, "labels": targets.shape[1], "blank": blank}
    params |= {"logits": False, "zero_infinity": zero_infinity, "reduction": reduction}
    lengths = {"input_lengths": np.asarray(input_lengths), "target_lengths": np.asarray(target_lengths)}
    return Read("ctc", params, {"x": log_probs, "target": targets, **lengths})


def _attention(
    query: A,
    key: A,
    value: A,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Read:
    unless(dropout_p, "with dropout")
    if query.ndim == 3:
        mask = attn_mask[:, None] if attn_mask is not None and attn_mask.ndim == 3 else attn_mask
        read = attended(query[:, None], key[:, None], value[:, None], mask, is_causal, scale)
        return Read(read.op, read.params, read.inputs, named("y", turn=lambda a: a[:, None]))
    return attended(query, key, value, attn_mask, is_causal, scale)


def _linear(input: A, weight: A, bias: Any = None) -> Read:
    unless(weight.ndim != 2, "of a single unit without an axis")
    params = {"shape": list(input.shape), "units": weight.shape[0], "bias": bias is not None}
    return Read("dense", params, {"x": input, "w": weight} | ({} if bias is None else {"b": bias}))


def _dot(input: A, tensor: A) -> Read:
    unless(input.dtype.kind in "iub", "of integers")
    return Read("dot", {"left": list(input.shape), "right": list(tensor.shape)}, {"a": input, "b": tensor})


def _scaled(op: str) -> Reader:
    def read(input: A, other: Any, alpha: Any = 1) -> Read:
        unless(alpha != 1, "with a factor")
        unless(op == "subtract" and np.asarray(input).dtype == bool, "of booleans")
        return both(op, input, other)

    return read


def _divide(input: A, other: Any, rounding_mode: Any = None) -> Read:
    read = both("divide", input, other, rounding=rounding_mode or "none")
    unless(read.params["of"] == "bool", "of booleans")
    unless(read.params["of"] != "real" and rounding_mode is None, "of integers, as real numbers")
    return read


def _cast(to: str) -> Reader:
    def read(input: A, memory_format: Any = None) -> Read:
        return each("cast", input, to=to)

    return read


def _index_add(input: A, dim: int, index: A, source: A, alpha: Any = 1) -> Read:
    unless(float(alpha) not in (-2, -1, 0, 1, 2), "with a factor that rounds")
    unless(input.ndim == 0 or source.ndim == 0, "of a scalar")
    unless(input.dtype.kind in "iub", "of integers")

    def rows(a: A) -> A:
        return np.moveaxis(a, dim, 0).reshape(a.shape[dim], a.size // max(a.shape[dim], 1))

    x, updates = rows(input), rows(source) * np.asarray(alpha, source.dtype)
    params = {"rows": x.shape[0], "features": x.shape[1], "count": index.size}
    inputs = {"x": x, "indices": index.reshape(-1), "updates": updates}
    return Read("scatter_add", params, inputs, named("y", turn=rows))


def _along_dim(input: A, indices: A, dim: Any = None) -> Read:
    unless(dim is None, "of all elements in a row")
    shapes = [list(a.shape) for a in (input, indices)]
    unless(len(shapes[0]) != len(shapes[1]), "of other rank than x")
    for i in range(input.ndim):
        if i != dim % input.ndim:
            shapes[0][i] = shapes[1][i] = max(shapes[0][i], shapes[1][i])
    return taken_along(np.broadcast_to(input, shapes[0]), np.broadcast_to(indices, shapes[1]), dim)


def _gather(input: A, dim: int, index: A, sparse_grad: bool = False) -> Read:
    return taken_along(input, index, dim)


def _index_select(input: A, dim: int, index: A) -> Read:
    unless(input.ndim == 0, "of a scalar")
    return taken(input, np.atleast_1d(index), dim)


def _embedding(
    input: A, weight: A, padding_idx: Any = None, max_norm: Any = None, norm_type: Any = 2.0, **gradients: bool
) -> Read:
    unless(max_norm is not None, "max_norm changes the table")
    params = {"shape": list(input.shape), "rows": weight.shape[0], "features": weight.shape[1]}
    return Read("embedding", params, {"indices": input, "w": weight})


def _one_hot(tensor: A, num_classes: int = -1) -> Read:
    unless(num_classes < 0, "as many classes as the largest index says")
    outputs = named("y", turn=lambda a: a.astype(np.float32))  # it gives integers
    return Read("one_hot", {"shape": list(tensor.shape), "classes": num_classes}, {"indices": tensor}, outputs)


def _narrow(input: A, dim: int, start: Any, length: int) -> Read:
    places = np.zeros(input.ndim, np.int64)
    places[dim] = int(start) + (input.shape[dim] if start < 0 else 0)
    size = list(input.shape)
    size[dim] = length
    return Read("dynamic_slice", {"shape": list(input.shape), "size": size}, {"x": input, "start": places})


def _grid_sample(
    input: A, grid: A, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: Any = False
) -> Read:
    unless(input.ndim != 4, "of spaces")
    unless(mode == "bicubic", "bicubic")
    params = {"size": list(input.shape[2:]), "batch": input.shape[0], "channels": input.shape[1]}
    params |= {"output": list(grid.shape[1:3]), "method": "linear" if mode == "bilinear" else mode}
    params |= {"padding": padding_mode, "align_corners": bool(align_corners)}
    return Read("grid_sample", params, {"x": input, "grid": grid})


def _interpolate(
    input: A,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Read:
    dims = input.ndim - 2
    way: dict[str, Any] = {"method": "linear" if "linear" in mode else "cubic" if mode == "bicubic" else mode}
    way["coordinates"] = "align_corners" if align_corners else "half_pixel"
    if "nearest" in mode:
        exact = mode == "nearest-exact"
        way = {"method": "nearest", "coordinates": "half_pixel" if exact else "asymmetric"}
        way["rounding"] = "prefer_ceil" if exact else "floor"
    if antialias:
        way |= {"antialias": True, "a": -0.5}
    lengths = None if size is None else _list(size, dims)
    if recompute_scale_factor and size is None:
        lengths = [int(n * s) for n, s in zip(input.shape[2:], _scale(scale_factor, dims), strict=True)]
    if mode == "area":  # whole elements, as in the adaptive pool
        by = [1.0] * dims if scale_factor is None else _scale(scale_factor, dims)
        output = lengths or [int(n * s) for n, s in zip(input.shape[2:], by, strict=True)]
        return pooled("adaptive_avg_pool", input, dims, output=output)
    params = {"size": list(input.shape[2:]), "batch": input.shape[0], "channels": input.shape[1], "output": lengths}
    if lengths is None:
        params["scale"] = _scale(scale_factor, dims)
    return Read("resize", {**params, **way}, {"x": input})


def _scale(scale: Any, dims: int) -> list[float]:
    return [float(scale)] * dims if isinstance(scale, int | float) else [float(s) for s in scale]


def _upsample(input: A, size: Any = None, scale_factor: Any = None) -> Read:
    return _interpolate(input, size, scale_factor, "bilinear", True)


def _matrix(op: str, *outputs: str) -> Reader:
    def read(x: A, **more: Any) -> Read:
        names = {"upper": "upper", "full_matrices": "full_matrices", "mode": "mode"}
        unless(set(more) - set(names), f"with {', '.join(sorted(set(more) - set(names)))}")
        unless(more.get("mode") == "r", "r alone")
        return Read(op, {"shape": list(x.shape), **more}, {"x": x}, named(*outputs))

    return read


def _eigh(x: A, UPLO: str = "L") -> Read:
    return Read("eigh", {"shape": list(x.shape), "upper": UPLO == "U"}, {"x": x}, named("w", "v"))


def _solve(a: A, b: A, left: bool = True) -> Read:
    unless(not left, "from the right")
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    unless(b.shape[: -1 if vector else -2] != a.shape[:-2], "of several matrices, broadcast")
    params = {"shape": list(a.shape), "columns": None if vector else b.shape[-1]}
    return Read("solve", params, {"a": a, "b": b}, named("x"))


def _lstsq(a: A, b: A, driver: Any = None, rcond: Any = None) -> Read:
    unless(b.ndim != a.ndim, "of a vector")
    return Read("lstsq", {"shape": list(a.shape), "columns": b.shape[-1]}, {"a": a, "b": b}, named("x"))


def _fourier(op: str) -> Reader:
    return lambda input, n=None, dim=-1, norm=None: transformed(op, input, dim, norm, n)


def _frames(
    n_fft: int,
    hop_length: Any = None,
    win_length: Any = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: Any = None,
) -> dict[str, Any]:
    unless(window is not None, "by a window that is a tensor")
    unless(onesided is False, "with every bin")
    frame = n_fft if win_length is None else win_length
    step = n_fft // 4 if hop_length is None else hop_length
    scale = "sqrt" if normalized else "none"
    return {"frame": frame, "step": step, "n": n_fft, "window": "ones", "center": center, "scale": scale}


def _stft(input: A, n_fft: int, pad_mode: str = "reflect", return_complex: bool = False, **more: Any) -> Read:
    x = input if input.ndim > 1 else input[None]

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        (z,) = answers if return_complex else (answers[0][..., 0] + 1j * answers[0][..., 1],)
        return parts([z if input.ndim > 1 else z[None]])

    params = {"rows": x.shape[0], "size": x.shape[1], "pad": pad_mode, **_frames(n_fft, **more)}
    return Read("stft", params, {"x": x}, outputs)


def _istft(input: A, n_fft: int, length: Any = None, return_complex: bool = False, **more: Any) -> Read:
    unless(return_complex, "of a complex signal")
    unless(length is not None, "of another length")
    z = input if input.ndim > 2 else input[None]
    params = {"rows": z.shape[0], "frames": z.shape[2], **_frames(n_fft, **more)}
    outputs = named("y", turn=lambda a: a if input.ndim > 2 else a[None])
    return Read("istft", params, parts([z]), outputs)


def _windows(kind: str) -> Reader:
    def read(M: int, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None, **more: Any) -> Read:
        unless("sparse" in str(layout), "sparse")
        unless(dtype is not None and not dtype.is_floating_point, "of integers")
        unless(set(more) - {"requires_grad"}, f"with {', '.join(sorted(more))}")
        return Read("windows", {"kind": kind, "length": M, "periodic": not sym}, {})

    return read


_F = "nn.functional."
READERS: dict[str, Reader] = {
    **{_F + n: _alone(n) for n in ("relu", "relu6", "selu", "silu", "mish", "softsign")},
    **{"sigmoid": _alone("sigmoid"), "tanh": _alone("tanh"), _F + "logsigmoid": _alone("log_sigmoid")},
    **{_F + "hardsigmoid": _alone("hard_sigmoid"), _F + "hardswish": _alone("hard_swish")},
    _F + "leaky_relu": lambda input, negative_slope=0.01, inplace=False: each(
        "leaky_relu", input, slope=negative_slope
    ),
    _F + "elu": lambda input, alpha=1.0, inplace=False: each("elu", input, alpha=alpha),
    _F + "celu": lambda input, alpha=1.0, inplace=False: each("celu", input, alpha=alpha),
    _F + "hardtanh": lambda input, min_val=-1.0, max_val=1.0, inplace=False: each(
        "hard_tanh", input, low=min_val, high=max_val
    ),
    _F + "softplus": _softplus,
    _F + "gelu": lambda input, approximate="none": each("gelu", input, approximate=approximate),
    _F + "glu": _along("glu"),
    "softmax": _along("softmax"),
    "softmax.with_dtype": _along("softmax"),
    "log_softmax": _along("log_softmax"),
    "log_softmax.with_dtype": _along("log_softmax"),
    "clamp": _clamp,
    **{name: _reduction(name) for name in ("sum", "mean", "prod", "any", "all", "logsumexp")},
    **{"amax": _reduction("max"), "amin": _reduction("min")},
    **{f"{m}.reduction_{how}_dim": _reduction(m) for m in ("max", "min") for how in ("with", "no")},
    **{name: _spread(name.partition(".")[0]) for name in ("std", "var", "std.unbiased", "var.unbiased")},
    "median": _median,
    "quantile": _quantile,
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_norm": _matrix_norm,
    **{name: _running(name) for name in ("cumsum", "cumprod")},
    **{name: _place(name) for name in ("argmax", "argmin")},
    "sort": _sort,
    "msort": lambda input: _sort(input, 0),
    "argsort": _argsort,
    "topk": _topk,
    "searchsorted": _searchsorted,
    "bucketize": _bucketize,
    "unique": _unique,
    **{f"{_F}pad.{mode}": _pad for mode in ("constant", "reflect", "replicate", "replicate_negative", "circular")},
    "constant_pad_nd": lambda input, pad, value=0: _pad(input, pad, "constant", value),
    "roll": _roll,
    "tile": _tile,
    "repeat": _tile,
    "repeat_interleave": _repeat,
    _F + "pixel_shuffle": _shuffle,
    "linspace": _linspace,
    "arange": _arange,
    **{f"{_F}conv{d}d": partial(_conv, "conv") for d in (1, 2, 3)},
    **{f"{_F}conv_transpose{d}d": _conv_transpose for d in (1, 2, 3)},
    **{f"{_F}max_pool{d}d": _max_pool(d) for d in (1, 2, 3)},
    **{f"{_F}avg_pool{d}d": _avg_pool(d) for d in (1, 2, 3)},
    **{f"{_F}adaptive_{k}_pool{d}d": _adaptive(f"adaptive_{k}_pool", d) for k in ("avg", "max") for d in (1, 2, 3)},
    **{f"{_F}batch_norm{variant}": _batch_norm for variant in ("", ".without_cudnn")},
    _F + "group_norm": _group_norm,
    _F + "instance_norm": _instance_norm,
    _F + "layer_norm": _layer_norm,
    _F + "rms_norm": _rms_norm,
    _F + "normalize": _normalize,
    _F + "local_response_norm": _lrn,
    _F + "mse_loss": _loss("mse"),
    _F + "huber_loss": _loss("huber", "delta"),
    _F + "smooth_l1_loss": _loss("smooth_l1", "beta"),
    _F + "binary_cross_entropy": _loss("binary_cross_entropy"),
    _F + "binary_cross_entropy_with_logits": _loss("bce_logits"),
    _F + "kl_div": _loss("kl_div", "log_target"),
    _F + "cosine_similarity": _cosine,
    _F + "cross_entropy": _cross_entropy,
    _F + "ctc_loss": _ctc,
    _F + "scaled_dot_product_attention": _attention,
    _F + "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv"), products),
    "__rmatmul__": lambda input, other: products(other, input),
    "dot": _dot,
    "einsum": lambda operands, equation: summed(equation, operands),
    "add": _scaled("add"),
    "sub": _scaled("subtract"),
    "mul": lambda input, other: both("multiply", input, other),
    **{f"div.{how}_rounding{mode}": _divide for how, mode in (("no", "_mode"), ("trunc", ""), ("floor", ""))},
    "true_divide": _divide,
    "floor_divide": lambda input, other: _divide(input, other, "floor"),
    "remainder": lambda input, other: both("remainder", input, other),
    "fmod": lambda input, other: both("remainder", input, other, sign="dividend"),
    **{
        f"round{variant}": lambda input, decimals=0: each("round", input, decimals=decimals)
        for variant in ("", ".decimals_0", ".decimals_3", ".decimals_neg_3")
    },
    "bitwise_left_shift": lambda input, other: both("left_shift", input, other),
    "bitwise_right_shift": lambda input, other: both("right_shift", input, other),
    "neg": _alone("negative"),
    "abs": _alone("abs"),
    **{name: _cast(to) for name, to in (("bool", "bool"), ("byte", "uint8"), ("char", "int8"), ("short", "int16"))},
    **{name: _cast(to) for name, to in (("int", "int32"), ("long", "int64"), ("half", "float16"))},
    **{name: _cast(to) for name, to in (("float", "float32"), ("double", "float64"), ("bfloat16", "bfloat16"))},
    _F + "embedding": lambda weight, indices, *args, **more: _embedding(indices, weight, *args, **more),
    "index_select": _index_select,
    "index_add": _index_add,
    "take_along_dim": _along_dim,
    "gather": _gather,
    _F + "one_hot": _one_hot,
    "narrow": _narrow,
    _F + "grid_sample": _grid_sample,
    **{
        f"{_F}interpolate.{mode}": _interpolate
        for mode in ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area")
    },
    _F + "upsample_bilinear": _upsample,
    _F + "upsample_nearest": lambda input, size=None, scale_factor=None: _interpolate(input, size, scale_factor),
    "linalg.solve": _solve,
    "linalg.inv": _matrix("inv", "y"),
    "linalg.det": _matrix("det", "y"),
    "linalg.cholesky": _matrix("cholesky", "y"),
    "linalg.qr": _matrix("qr", "q", "r"),
    "linalg.svd": _matrix("svd", "u", "s", "vh"),
    "linalg.eigh": _eigh,
    "linalg.lstsq": _lstsq,
    "linalg.pinv": _matrix("pinv", "y"),
    **{f"fft.{name}": _fourier(name) for name in ("fft", "ifft", "rfft", "irfft")},
    "stft": _stft,
    "istft": _istft,
    **{f"signal.windows.{kind}": _windows(kind) for kind in ("hann", "hamming", "blackman")},
}

# Whose samples are complex, too.
COMPLEX = ("fft.fft", "fft.ifft", "fft.irfft", "istft")

# Layers by PyTorch's ModuleInfo; the arguments of the function that a layer is are those that make it.
LAYERS: dict[str, Reader] = {**{f"nn.LPPool{d}d": _lp_pool(d) for d in (1, 2, 3)}, "nn.CTCLoss": _ctc}

"""Calls as ops, as far as several sources say them alike: tensors and numbers in, a `Read` out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance.ops import OPS
from tests.others.points import AnyArray, Read, named, unless

Numbers = Sequence[int] | int | None


def of(x: AnyArray) -> str:
    """What the parameter of that name says of a tensor."""
    return "real" if x.dtype.kind not in "iub" else x.dtype.name


def shaped(op: str, x: AnyArray, **params: Any) -> Read:
    """An op of one tensor x."""
    known = {"of": of(x)} if "of" in OPS[op].fields() else {}
    return Read(op, {"shape": list(x.shape), **known, **params}, {"x": x})


def each(op: str, x: AnyArray, **params: Any) -> Read:
    """An op of each element of x; a single one may be without an axis."""
    read = shaped(op, np.atleast_1d(x), **params)
    return Read(op, read.params, read.inputs, named("y", turn=np.atleast_1d))


def both(op: str, a: Any, b: Any, **params: Any) -> Read:
    """An op of the elements of two tensors of one dtype, which are broadcast; a number takes the dtype of the other."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        unless(not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray), "of two numbers")
        dtype = a.dtype if isinstance(a, np.ndarray) else b.dtype
        unless(dtype.kind == "b", "of booleans and a number")
        unless(not all(isinstance(v, np.ndarray | int | float) for v in (a, b)), "of a complex number")
        unless(
            dtype.kind != "f" and any(isinstance(v, float) for v in (a, b)), "of an integer and a number that is none"
        )
        a, b = np.asarray(a, dtype), np.asarray(b, dtype)
    unless(a.dtype != b.dtype, "of two dtypes")
    a, b = np.broadcast_arrays(np.atleast_1d(a), b)
    return Read(op, {"shape": list(a.shape), "of": of(a), **params}, {"a": a, "b": b}, named("y", turn=np.atleast_1d))


def reduced(op: str, x: AnyArray, axes: Numbers, keepdims: bool, **params: Any) -> Read:
    """A reduction over axes, over all where there is None."""
    unless(x.ndim == 0, "of a scalar")
    over = [axes] if isinstance(axes, int) else None if axes is None else [int(a) for a in axes]
    return shaped(op, x, axes=over, keepdims=bool(keepdims), **params)


def placed(op: str, x: AnyArray, axis: int | None, keepdims: bool, **params: Any) -> Read:
    """argmax and argmin."""
    unless(x.ndim == 0, "of a scalar")
    unless(x.dtype.kind in "iub", "of integers")
    read = shaped(op, x, axis=axis, keepdims=bool(keepdims), **params)
    return Read(op, read.params, read.inputs, named("indices"))


def topped(x: AnyArray, k: int, axis: int, largest: bool) -> Read:
    """topk along an axis: rows of what lies along it."""
    unless(x.ndim == 0, "of a scalar")
    unless(x.dtype.kind in "iub", "of integers")

    def rows(a: AnyArray) -> AnyArray:
        last = np.moveaxis(a, axis, -1)
        return last.reshape(int(np.prod(last.shape[:-1])), last.shape[-1])

    inner = rows(x)
    params = {"rows": inner.shape[0], "length": inner.shape[1], "k": int(k), "largest": bool(largest)}
    return Read("topk", params, {"x": inner}, named("values", "indices", turn=rows))


def pooled(op: str, x: AnyArray, dims: int, **params: Any) -> Read:
    """A pool over the last `dims` axes, with or without an axis of batch."""
    batched = x.ndim == dims + 2
    unless(not batched and x.ndim != dims + 1, "neither with a batch nor without")
    x = x if batched else x[None]
    sizes = {"size": list(x.shape[2:]), "batch": x.shape[0], "channels": x.shape[1]}
    turn = (lambda a: a) if batched else (lambda a: a[None])
    return Read(op, {**sizes, **params}, {"x": x}, named("y", "indices", turn=turn))


def channelled(op: str, x: AnyArray, names: str, tensors: Sequence[AnyArray], **params: Any) -> Read:
    """A norm of channels: `names` of what lies along them."""
    unless(x.ndim < 2, "without channels")
    sizes = {"batch": x.shape[0], "channels": x.shape[1], "space": list(x.shape[2:])}
    inputs = {"x": x, **dict(zip(names.split(), tensors, strict=True))}
    outputs = named("y", "new_mean", "new_variance") if op == "batch_norm" else named("y")
    return Read(op, {**sizes, **params}, inputs, outputs)


def layered(op: str, x: AnyArray, axes: int, scale: AnyArray, offset: AnyArray | None, epsilon: float) -> Read:
    """A norm over the last axes."""
    inputs = {"x": x, "scale": scale} | ({} if offset is None else {"offset": offset})
    return Read(op, {"shape": list(x.shape), "axes": axes, "epsilon": epsilon}, inputs)


def taken(x: AnyArray, indices: AnyArray, axis: int) -> Read:
    """gather."""
    params = {"shape": list(x.shape), "axis": axis, "at": list(indices.shape), "negative": bool((indices < 0).any())}
    return Read("gather", params, {"x": x, "indices": indices})


def taken_along(x: AnyArray, indices: AnyArray, axis: int) -> Read:
    """take_along_axis."""
    unless(x.ndim == 0 or x.ndim != indices.ndim, "of other rank than x")
    rest = [tuple(np.delete(a.shape, axis)) for a in (x, indices)]
    unless(rest[0] != rest[1], "indices of other lengths than x beside the axis")
    params = {"shape": list(x.shape), "axis": axis, "length": indices.shape[axis]}
    negative = bool((indices < 0).any())
    return Read("take_along_axis", {**params, "negative": negative}, {"x": x, "indices": indices})


def attended(
    q: AnyArray,
    k: AnyArray,
    v: AnyArray,
    mask: AnyArray | None,
    causal: bool,
    scale: float | None,
) -> Read:
    """attention of (batch, heads, steps, features)."""
    unless(q.ndim != 4, "without an axis of heads")
    batch, heads, queries, features = q.shape
    params: dict[str, Any] = {"batch": batch, "heads": heads, "kv_heads": k.shape[1], "queries": queries}
    params |= {"keys": k.shape[2], "features": features, "value_features": v.shape[3], "scale": scale}
    params["causal"] = "top_left" if causal else "no"
    inputs = {"q": q, "k": k, "v": v}
    if mask is not None:
        while mask.ndim < 4:
            mask = mask[None]
        unless(mask.shape[1] != 1, "a mask of its own for each head")
        unless(mask.shape[3] != k.shape[2], "a mask of other keys")
        params["mask"] = "boolean" if mask.dtype == bool else "additive"
        inputs["mask"] = np.broadcast_to(mask, (batch, 1, queries, mask.shape[3]))
    return Read("attention", params, inputs)


def products(a: AnyArray, b: AnyArray) -> Read:
    """matmul."""
    unless(a.dtype.kind in "iub", "of integers")
    return Read("matmul", {"left": list(a.shape), "right": list(b.shape)}, {"a": a, "b": b})


def summed(equation: str, operands: Sequence[AnyArray]) -> Read:
    """einsum of one or two."""
    unless(len(operands) > 2, "of three operands")
    # An equation is as it is listed by whatever letters.
    known = {_lettered(one): one for one in OPS["einsum"].fields()["equation"].words}
    said = known.get(_lettered(equation))
    unless(said is None, "an equation that is not listed")
    return Read("einsum", {"equation": said}, dict(zip("ab", operands, strict=False)))


def _lettered(equation: str) -> str:
    """With letters in the order in which they come; where no arrow says it, theirs is the meaning."""
    text = equation.replace(" ", "")
    if "->" not in text:
        return text
    names = dict(zip(dict.fromkeys(filter(str.isalpha, text)), "abcdefghijklmnop", strict=False))
    return "".join(names.get(c, c) for c in text)


def convolved(op: str, x: AnyArray, w: AnyArray, b: AnyArray | None, **params: Any) -> Read:
    """conv and conv_transpose, with or without an axis of batch; w as PyTorch and ONNX have it."""
    dims = w.ndim - 2
    batched = x.ndim == dims + 2
    x = x if batched else x[None]
    groups = params["groups"]
    sizes = {"dims": dims, "batch": x.shape[0], "in_channels": x.shape[1], "size": list(x.shape[2:])}
    sizes |= {"kernel": list(w.shape[2:]), "bias": b is not None}
    sizes["out_channels"] = w.shape[1] * groups if op == "conv_transpose" else w.shape[0]
    inputs = {"x": x, "w": w} | ({} if b is None else {"b": b})
    return Read(op, {**sizes, **params}, inputs, named("y", turn=lambda a: a if batched else a[None]))


def transformed(op: str, x: AnyArray, axis: int, norm: str | None, n: int | None) -> Read:
    """A Fourier transform of real or complex numbers."""
    unless(x.ndim == 0, "of a scalar")
    unless(x.dtype.kind in "iub", "of integers")
    is_complex = x.dtype.kind == "c"
    params: dict[str, Any] = {"shape": list(x.shape), "axis": axis, "norm": norm or "backward", "n": n}
    inputs = {"x": np.ascontiguousarray(x.real)}
    if op == "irfft" or is_complex:
        inputs["x_imag"] = np.ascontiguousarray(x.imag)
    if op in ("fft", "ifft"):
        params["complex"] = is_complex
    return Read(op, params, inputs, named("y") if op == "irfft" else parts)


def parts(answers: Sequence[AnyArray]) -> dict[str, AnyArray]:
    """A complex answer as two real ones."""
    return {"real": np.ascontiguousarray(answers[0].real), "imag": np.ascontiguousarray(answers[0].imag)}

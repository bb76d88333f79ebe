"""ONNX's operators as ops: a reader takes a node, and gives what it means.

What a reader does not look at, of attributes and of tensors, can't be said, and neither can what `unless` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from onnx import helper

from tests.others.points import Answers, AnyArray, NotExpressible, Read, named, unless
from tests.others.reads import (
    attended,
    both,
    channelled,
    convolved,
    each,
    layered,
    placed,
    pooled,
    products,
    reduced,
    shaped,
    summed,
    taken,
    taken_along,
    topped,
)

_SAME = {"SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower", "VALID": "valid"}


class Node:
    """A node: its attributes, the tensors that it is given, and how many it gives. It knows what was looked at."""

    def __init__(self, attributes: Mapping[str, Any], given: Sequence[AnyArray | None], answers: int) -> None:
        self.attributes, self.given, self.answers = attributes, given, answers
        self._read: set[str | int] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        self._read.add(name)
        return self.attributes.get(name, default)

    def maybe(self, place: int) -> AnyArray | None:
        """A tensor that may be left out."""
        self._read.add(place)
        return self.given[place] if place < len(self.given) else None

    def tensor(self, place: int = 0) -> AnyArray:
        """A tensor."""
        found = self.maybe(place)
        if found is None:
            raise NotExpressible("a tensor that is left out or constant")
        return found

    def number(self, place: int) -> Any:
        """A tensor of one element, as a number."""
        return self.tensor(place).reshape(-1)[0].item()

    def unread(self) -> str:
        """What was not looked at, or ""."""
        names = sorted(set(self.attributes) - self._read)  # type: ignore[operator]
        places = [i for i, tensor in enumerate(self.given) if tensor is not None and i not in self._read]
        return f"the attribute {names[0]}" if names else f"the input number {places[0]}" if places else ""


Reader = Callable[[Node], Read]


def _alone(op: str, **words: tuple[str, Any]) -> Reader:
    """Of each element, with attributes by the op's own names: parameter=(attribute, default)."""
    return lambda n: each(op, n.tensor(), **{param: n.get(*said) for param, said in words.items()})


def _both(op: str, **params: Any) -> Reader:
    return lambda n: both(op, n.tensor(0), n.tensor(1), **params)


def _along(op: str) -> Reader:
    return lambda n: shaped(op, n.tensor(), axis=n.get("axis", -1))


def _selu(n: Node) -> Read:
    given = (n.get("alpha", 1.67326319217681884765625), n.get("gamma", 1.05070102214813232421875))
    unless(given != (1.67326319217681884765625, 1.05070102214813232421875), "of other constants")
    return each("selu", n.tensor())


def _hard_sigmoid(n: Node) -> Read:
    unless(n.get("beta", 0.5) != 0.5, "of another offset")
    return each("hard_sigmoid", n.tensor(), slope=n.get("alpha", 0.2))


def _swish(n: Node) -> Read:
    unless(n.get("alpha", 1.0) != 1.0, "with a factor")
    return each("silu", n.tensor())


def _clip(n: Node) -> Read:
    unless(n.maybe(1) is None or n.maybe(2) is None, "without a number at either end")
    unless(n.tensor().dtype.kind in "iub", "of integers")
    return each("clip", n.tensor(), low=float(n.number(1)), high=float(n.number(2)))


def _reduction(op: str, **params: Any) -> Reader:
    def read(n: Node) -> Read:
        x, axes = n.tensor(), n.maybe(1)
        keeps, none = bool(n.get("keepdims", 1)), bool(n.get("noop_with_empty_axes", 0))
        unless("order" in params and x.dtype.kind in "iub", "of integers")
        if axes is None or not axes.size:
            return reduced(op, x, [] if none else None, keeps, **params)
        return reduced(op, x, axes.tolist(), keeps, **params)

    return read


def _place(op: str) -> Reader:
    def read(n: Node) -> Read:
        ties = "last" if n.get("select_last_index", 0) else "first"
        return placed(op, n.tensor(), n.get("axis", 0), bool(n.get("keepdims", 1)), ties=ties)

    return read


def _running(op: str) -> Reader:
    def read(n: Node) -> Read:
        words = {word: bool(n.get(word, 0)) for word in ("exclusive", "reverse")}
        return shaped(op, n.tensor(), axis=int(n.number(1)), **words)

    return read


def _window(n: Node, x: AnyArray, kernel: Sequence[int]) -> dict[str, Any]:
    dims = len(kernel)
    pads = n.get("pads", [0] * 2 * dims)
    word = _SAME.get(n.get("auto_pad", "NOTSET"))
    return {
        "stride": list(n.get("strides", [1] * dims)),
        "dilation": list(n.get("dilations", [1] * dims)),
        "padding": word or [list(pair) for pair in zip(pads[:dims], pads[dims:], strict=True)],
    }


def _conv(n: Node) -> Read:
    x, w = n.tensor(0), n.tensor(1)
    n.get("kernel_shape")
    window = _window(n, x, w.shape[2:])
    return convolved("conv", x, w, n.maybe(2), convention="onnx", groups=n.get("group", 1), **window)


def _conv_transpose(n: Node) -> Read:
    x, w = n.tensor(0), n.tensor(1)
    n.get("kernel_shape")
    params = _window(n, x, w.shape[2:])
    if (extra := n.get("output_padding")) is not None:
        params["output_padding"] = list(extra)
    if (size := n.get("output_shape")) is not None:
        params["output_size"] = list(size)[-len(w.shape[2:]) :]
    return convolved("conv_transpose", x, w, n.maybe(2), convention="onnx", groups=n.get("group", 1), **params)


def _pool(op: str, **words: tuple[str, Any, Callable[[Any], Any]]) -> Reader:
    def read(n: Node) -> Read:
        x, kernel = n.tensor(), list(n.get("kernel_shape"))
        params = _window(n, x, kernel)
        unless(params["padding"] == "same_lower", "auto_pad SAME_LOWER")
        params["padding"] = {"same_upper": "same"}.get(str(params["padding"]), params["padding"])
        params |= {name: make(n.get(word, default)) for name, (word, default, make) in words.items()}
        if op == "max_pool" and n.answers > 1:
            unless(n.get("storage_order", 0), "places counted column by column")
            params["indices"] = True
        plane = int(np.prod(x.shape[2:]))
        read = pooled(op, x, len(kernel), window=kernel, ceil=bool(n.get("ceil_mode", 0)), **params)
        # Theirs count the whole of x, ours the plane.
        made = (lambda answers: {"y": answers[0], "indices": answers[1] % plane}) if n.answers > 1 else named("y")
        return Read(read.op, read.params, read.inputs, made)

    return read


def _whole(op: str) -> Reader:
    return lambda n: pooled(op, n.tensor(), n.tensor().ndim - 2, output=[1] * (n.tensor().ndim - 2))


def _batch_norm(n: Node) -> Read:
    epsilon, momentum = n.get("epsilon", 1e-5), n.get("momentum", 0.9)
    tensors = [n.tensor(i) for i in range(1, 5)]
    if n.get("training_mode", 0):
        words = {"epsilon": epsilon, "momentum": momentum}
        return channelled("batch_norm", n.tensor(), "scale offset mean variance", tensors, **words)
    return channelled("batch_norm_inference", n.tensor(), "scale offset mean variance", tensors, epsilon=epsilon)


def _groups(n: Node) -> Read:
    n.get("stash_type")
    words = {"epsilon": n.get("epsilon", 1e-5), "groups": n.get("num_groups")}
    return channelled("group_norm", n.tensor(), "scale offset", (n.tensor(1), n.tensor(2)), **words)


def _layers(op: str) -> Reader:
    def read(n: Node) -> Read:
        x, scale, axis = n.tensor(0), n.tensor(1), n.get("axis", -1)
        offset = None if op == "rms_norm" else n.maybe(2)
        if offset is None and op == "layer_norm":
            offset = np.zeros_like(scale)
        n.get("stash_type")
        return layered(op, x, -axis if axis < 0 else x.ndim - axis, scale, offset, n.get("epsilon", 1e-5))

    return read


def _lrn(n: Node) -> Read:
    words = {"alpha": n.get("alpha", 1e-4), "beta": n.get("beta", 0.75), "k": n.get("bias", 1.0)}
    return channelled("lrn", n.tensor(), "", (), size=n.get("size"), extra="after", **words)


def _lengths(n: Node) -> Read:
    x, axis = n.tensor(), n.get("axis", -1)
    unless(n.get("p", 2) != 2, "by another norm")
    read = shaped("l2_normalize", np.moveaxis(x, axis, -1))
    return Read(read.op, read.params, read.inputs, named("y", turn=lambda a: np.moveaxis(a, axis, -1)))


def _recurrent(op: str, gates: int) -> Reader:
    def read(n: Node) -> Read:
        x, w, r, units = n.tensor(0), n.tensor(1), n.tensor(2), n.get("hidden_size")
        unless(w.shape[0] != 1, "of two directions")
        steps, batch, features = x.shape
        both = n.maybe(3)
        half = gates * units
        biases = np.zeros(2 * half, w.dtype) if both is None else both[0]
        b, rb = biases[:half], biases[half:]
        state = np.zeros((1, batch, units), w.dtype)
        first = [state if (h := n.maybe(5 + i)) is None else h for i in range(1 + (op == "lstm"))]
        inputs = {"x": x, "w": w[0], "r": r[0], **{f"{name}0": h[0] for name, h in zip("hc", first, strict=False)}}
        params: dict[str, Any] = {"batch": batch, "steps": steps, "features": features, "units": units}
        if op == "gru":
            params["reset_after"] = bool(n.get("linear_before_reset", 0))
            inputs |= {"b": b, "rb": rb} if params["reset_after"] else {"b": b + rb}
        else:
            inputs["b"] = b + rb  # the two are one here

        def outputs(answers: Answers) -> dict[str, AnyArray]:
            found = dict(zip(("y", "h", "c"), answers, strict=False))
            return {name: a[:, 0] if name == "y" else a[0] for name, a in found.items() if a.ndim > 2}

        return Read(op, params, inputs, outputs)

    return read


def _one_hot(n: Node) -> Read:
    indices, classes, values = n.tensor(0).astype(np.int64), int(n.number(1)), n.tensor(2)
    unless(n.get("axis", -1) not in (-1, indices.ndim), "along another axis than the last")
    unless(values.tolist() != [0, 1], "of other values than 0 and 1")
    unless((indices < 0).any(), "an index below 0 counts from the end")
    params = {"shape": list(indices.shape), "classes": classes, "beyond": bool((indices >= classes).any())}
    return Read("one_hot", params, {"indices": indices}, named("y", turn=lambda a: a.astype(np.float32)))


def _scatter(n: Node) -> Read:
    x, indices, updates = n.tensor(0), n.tensor(1), n.tensor(2)
    unless(n.get("reduction", "none") != "add", "what is no sum")
    unless(indices.ndim != 2 or indices.shape[1] != 1, "by places along several axes")
    params = {"rows": x.shape[0], "features": x[0].size, "count": len(indices)}
    rows = {"x": x.reshape(len(x), -1), "indices": indices[:, 0], "updates": updates.reshape(len(updates), -1)}
    return Read("scatter_add", params, rows, named("y", turn=lambda a: a.reshape(len(a), -1)))


def _slice(n: Node) -> Read:
    x, starts, ends = n.tensor(0), n.tensor(1).tolist(), n.tensor(2).tolist()
    axes, steps = n.maybe(3), n.maybe(4)
    over = range(len(starts)) if axes is None else axes.tolist()
    unless(steps is not None and (steps != 1).any(), "with steps")
    begin, size = [0] * x.ndim, list(x.shape)
    for axis, start, end in zip(over, starts, ends, strict=True):
        low, high, _ = slice(start, end).indices(x.shape[axis])
        begin[axis], size[axis] = low, max(high - low, 0)
    return Read("dynamic_slice", {"shape": list(x.shape), "size": size}, {"x": x, "start": np.asarray(begin)})


def _pad(n: Node) -> Read:
    x, pads, value, axes = n.tensor(0), n.tensor(1).tolist(), n.maybe(2), n.maybe(3)
    over = range(x.ndim) if axes is None else axes.tolist()
    pairs = [[0, 0] for _ in range(x.ndim)]
    for i, axis in enumerate(over):
        pairs[axis] = [pads[i], pads[i + len(over)]]
    unless(min(map(min, pairs)) < 0, "by less than nothing")
    unless(x.dtype.kind in "iub", "of integers")
    while len(pairs) > 1 and pairs[0] == [0, 0]:
        del pairs[0]  # ours are of the last axes
    return shaped("pad", x, pads=pairs, mode=n.get("mode", "constant"), value=0.0 if value is None else value.item())


def _depth_to_space(n: Node) -> Read:
    x, block, mode = n.tensor(), n.get("blocksize"), n.get("mode", "DCR")
    params = {"size": list(x.shape[2:]), "batch": x.shape[0], "channels": x.shape[1] // block**2}
    return Read("depth_to_space", {**params, "block": block, "mode": mode}, {"x": x})


def _range(n: Node) -> Read:
    unless(n.tensor(0).dtype.name != "float32", f"of {n.tensor(0).dtype}")
    return Read("arange", {"start": n.number(0), "stop": n.number(1), "step": n.number(2)}, {})


def _unique(n: Node) -> Read:
    unless(n.get("axis") is not None, "of slices")
    x = n.tensor().reshape(-1)
    read = shaped("unique", x, length=x.size, sorted=bool(n.get("sorted", 1)))

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        found = dict(zip(("values", "first", "inverse", "counts"), answers, strict=False))
        return {k: a if k == "inverse" else np.pad(a, (0, x.size - a.size)) for k, a in found.items() if a.size}

    return Read("unique", {k: v for k, v in read.params.items() if k != "shape"}, read.inputs, outputs)


def _cross_entropy(n: Node) -> Read:
    scores, labels, weight = n.tensor(0), n.tensor(1), n.maybe(2)
    places = int(np.prod(scores.shape[2:])) if scores.ndim > 2 else 0
    batch, classes = scores.shape[:2]
    rest = (places,) if places else ()
    ignore, reduction = n.get("ignore_index"), n.get("reduction", "mean")
    params = {"batch": batch, "classes": classes, "places": places, "weighted": weight is not None}
    params |= {"ignore": ignore, "reduction": reduction}
    inputs = {"x": scores.reshape(batch, classes, *rest), "target": labels.reshape(batch, *rest)}
    inputs |= {} if weight is None else {"weight": weight}
    turn = (lambda a: a.reshape(batch, *rest)) if reduction == "none" else (lambda a: a)
    return Read("cross_entropy", params, inputs, lambda answers: {"y": turn(answers[0])})


def _attention(n: Node) -> Read:
    q, k, v = (n.tensor(i) for i in range(3))
    heads, shared = n.get("q_num_heads"), n.get("kv_num_heads")
    scale, causal = n.get("scale"), bool(n.get("is_causal", 0))
    split = q.ndim == 3
    if split:
        q, k, v = (_split(a, h) for a, h in ((q, heads), (k, shared), (v, shared)))
    read = attended(q, k, v, n.maybe(3), causal, scale)

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        return {"y": _split(answers[0], heads) if split else answers[0]}

    return Read(read.op, read.params, read.inputs, outputs)


def _split(a: AnyArray, heads: int) -> AnyArray:
    return np.swapaxes(a.reshape(*a.shape[:2], heads, a.shape[2] // heads), 1, 2)


def _gemm(n: Node) -> Read:
    x, w, b = n.tensor(0), n.tensor(1), n.maybe(2)
    unless(n.get("alpha", 1.0) != 1 or (b is not None and n.get("beta", 1.0) != 1), "with factors")
    n.get("beta")
    x, w = x.T if n.get("transA", 0) else x, w.T if n.get("transB", 0) else w
    unless(b is not None and b.size != w.shape[1], "a bias of another shape")
    inputs = {"x": x, "w": w} | ({} if b is None else {"b": b.reshape(-1)})
    return Read("dense", {"shape": list(x.shape), "units": w.shape[1], "bias": b is not None}, inputs)


def _einsum(n: Node) -> Read:
    return summed(n.get("equation"), [n.tensor(i) for i in range(len(n.given))])


def _divide(n: Node) -> Read:
    return both("divide", n.tensor(0), n.tensor(1), rounding="trunc" if n.tensor(0).dtype.kind in "iub" else "none")


def _mod(n: Node) -> Read:
    return both("remainder", n.tensor(0), n.tensor(1), sign="dividend" if n.get("fmod", 0) else "divisor")


def _shift(n: Node) -> Read:
    return both("left_shift" if n.get("direction") == "LEFT" else "right_shift", n.tensor(0), n.tensor(1))


def _cast(n: Node) -> Read:
    n.get("saturate"), n.get("round_mode")
    unless(n.tensor().dtype.kind in "OSU", "of texts")
    return each("cast", n.tensor(), to=helper.tensor_dtype_to_np_dtype(n.get("to")).name)


def _crop(n: Node) -> Read:
    x, roi, scales, sizes = n.tensor(0), n.tensor(1), n.maybe(2), n.maybe(3)
    n.get("coordinate_transformation_mode")
    axes = n.get("axes", list(range(x.ndim)))
    unless(scales is not None, "by a scale")
    unless(list(axes) not in ([2, 3], [0, 1, 2, 3]), "of axes in another order")
    box = roi.reshape(2, -1)[:, -2:].reshape(1, 4)
    params: dict[str, Any] = {"size": list(x.shape[2:]), "batch": x.shape[0], "channels": x.shape[1], "boxes": 1}
    params |= {"output": sizes.tolist()[-2:], "method": n.get("mode", "nearest")}  # type: ignore[union-attr]
    params |= {"extrapolation": n.get("extrapolation_value", 0.0), "beyond": True}
    unless(params["method"] == "nearest" and n.get("nearest_mode", "") != "round_prefer_ceil", "rounded otherwise")
    return Read("crop_and_resize", params, {"x": x, "boxes": box, "box_indices": np.zeros(1, np.int32)})


def _nms(n: Node) -> Read:
    boxes, scores, keep, iou, least = n.tensor(0), n.tensor(1), n.maybe(2), n.maybe(3), n.maybe(4)
    unless(scores.shape[:2] != (1, 1), "of several images or classes")
    params: dict[str, Any] = {"boxes": boxes.shape[1], "keep": int(keep.item()) if keep is not None else 0}
    params |= {"iou": iou.item() if iou is not None else 0.0, "least": least.item() if least is not None else None}
    params |= {"form": "centre" if n.get("center_point_box", 0) else "corners"}

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        found = answers[0][:, 2]
        return {"indices": np.pad(found, (0, params["keep"] - len(found))), "count": np.array(len(found))}

    return Read("nms", params, {"boxes": boxes[0], "scores": scores[0, 0]}, outputs)


def _resize(n: Node) -> Read:
    if n.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        return _crop(n)
    x, scales, sizes = n.tensor(0), n.maybe(2), n.maybe(3)
    unless(n.maybe(1) is not None and n.tensor(1).size, "of a region")
    unless(x.ndim < 3, "without channels")
    policy, axes = n.get("keep_aspect_ratio_policy", "stretch"), n.get("axes")
    unless(policy != "stretch", "with the ratio kept")
    whole = [1.0] * x.ndim if sizes is None else list(x.shape)
    said = (scales if sizes is None else sizes).tolist()  # type: ignore[union-attr]
    for axis, value in zip(range(x.ndim) if axes is None else axes, said, strict=True):
        whole[axis] = value
    unless(whole[:2] != ([1.0, 1.0] if sizes is None else list(x.shape[:2])), "of batch or channels")
    method, antialias = n.get("mode", "nearest"), bool(n.get("antialias", 0))
    exclude = bool(n.get("exclude_outside", 0))
    unless(antialias and not exclude, "with antialias and what is outside of x")
    params: dict[str, Any] = {"size": list(x.shape[2:]), "batch": x.shape[0], "channels": x.shape[1]}
    params |= {"method": method, "coordinates": n.get("coordinate_transformation_mode", "half_pixel")}
    params |= {"scale": whole[2:]} if sizes is None else {"output": whole[2:]}
    params |= {"antialias": antialias, "exclude": exclude and method == "cubic" and not antialias}
    rounding, a = n.get("nearest_mode", "round_prefer_floor"), n.get("cubic_coeff_a", -0.75)
    params |= {"rounding": rounding.removeprefix("round_")} if method == "nearest" else {}
    params |= {"a": a} if method == "cubic" else {}
    return Read("resize", params, {"x": x})


def _grid_sample(n: Node) -> Read:
    x, grid = n.tensor(0), n.tensor(1)
    unless(x.ndim != 4, "of spaces")
    params = {"size": list(x.shape[2:]), "batch": x.shape[0], "channels": x.shape[1], "output": list(grid.shape[1:3])}
    mode = {"bilinear": "linear"}.get(n.get("mode", "linear"), n.get("mode", "linear"))
    words = {
        "method": mode,
        "padding": n.get("padding_mode", "zeros"),
        "align_corners": bool(n.get("align_corners", 0)),
    }
    return Read("grid_sample", {**params, **words}, {"x": x, "grid": grid})


def _affine_grid(n: Node) -> Read:
    theta, size = n.tensor(0), n.tensor(1).tolist()
    unless(len(size) != 4, "of spaces")
    params = {"batch": size[0], "size": size[2:], "align_corners": bool(n.get("align_corners", 0))}
    return Read("affine_grid", params, {"theta": theta}, named("grid"))


def _dft(n: Node) -> Read:
    x, length, axis = n.tensor(0), n.maybe(1), n.maybe(2)
    along = n.get("axis", 1) if axis is None else int(axis)
    along = along % x.ndim
    one, inverse = bool(n.get("onesided", 0)), bool(n.get("inverse", 0))
    unless(one and inverse, "of half a spectrum, backwards")
    pair = x.shape[-1] == 2
    unless(one and pair, "half of the spectrum of complex numbers")
    params: dict[str, Any] = {"shape": list(x.shape[:-1]), "axis": along, "n": None if length is None else int(length)}
    params |= {} if one else {"complex": pair}
    inputs = {"x": x[..., 0]} | ({"x_imag": x[..., 1]} if pair else {})
    op = "rfft" if one else "ifft" if inverse else "fft"
    return Read(op, params, inputs, _pairs)


def _pairs(answers: Answers) -> dict[str, AnyArray]:
    return {"real": answers[0][..., 0], "imag": answers[0][..., 1]}


def _windows(kind: str) -> Reader:
    def read(n: Node) -> Read:
        unless(n.get("output_datatype", 1) != 1, "of another dtype")
        return Read("windows", {"kind": kind, "length": int(n.number(0)), "periodic": bool(n.get("periodic", 1))}, {})

    return read


def _stft(n: Node) -> Read:
    x, window, length = n.tensor(0), n.maybe(2), n.maybe(3)
    unless(x.shape[-1] != 1, "of a complex signal")
    unless(window is not None and (window != 1).any(), "by a window that is a tensor")
    frame = int(length) if length is not None else len(window) if window is not None else 0
    unless(not n.get("onesided", 1), "with every bin")
    params = {"rows": x.shape[0], "size": x.shape[1], "frame": frame, "step": int(n.number(1))}
    params |= {"window": "ones", "center": False}

    def outputs(answers: Answers) -> dict[str, AnyArray]:
        return {name: np.swapaxes(a, 1, 2) for name, a in _pairs(answers).items()}

    return Read("stft", params, {"x": x[..., 0]}, outputs)


def _outside(why: str) -> Reader:
    def read(n: Node) -> NoReturn:
        raise NotExpressible(why)

    return read


_STATE = "a step from a state that is not that before the first one"

READERS: dict[str, Reader] = {
    **{name: _alone(name.lower()) for name in ("Relu", "Sigmoid", "Softsign", "Mish", "Tanh", "Softplus", "Abs")},
    "HardSwish": _alone("hard_swish"),
    "Neg": _alone("negative"),
    "Round": _alone("round"),
    "LeakyRelu": _alone("leaky_relu", slope=("alpha", 0.01)),
    "Elu": _alone("elu", alpha=("alpha", 1.0)),
    "Celu": _alone("celu", alpha=("alpha", 1.0)),
    "Gelu": _alone("gelu", approximate=("approximate", "none")),
    "Selu": _selu,
    "HardSigmoid": _hard_sigmoid,
    "Swish": _swish,
    "Clip": _clip,
    "Softmax": _along("softmax"),
    "LogSoftmax": _along("log_softmax"),
    **{f"Reduce{name.title()}": _reduction(name) for name in ("sum", "mean", "prod", "max", "min")},
    "ReduceLogSumExp": _reduction("logsumexp"),
    "ReduceL1": _reduction("norm", order="1"),
    "ReduceL2": _reduction("norm", order="2"),
    "ArgMax": _place("argmax"),
    "ArgMin": _place("argmin"),
    "CumSum": _running("cumsum"),
    "CumProd": _running("cumprod"),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _pool("max_pool"),
    "AveragePool": _pool("avg_pool", count_pad=("count_include_pad", 0, bool)),
    "LpPool": _pool("lp_pool", p=("p", 2, float)),
    "GlobalAveragePool": _whole("adaptive_avg_pool"),
    "GlobalMaxPool": _whole("adaptive_max_pool"),
    "BatchNormalization": _batch_norm,
    "GroupNormalization": _groups,
    "InstanceNormalization": lambda n: channelled(
        "instance_norm", n.tensor(), "scale offset", (n.tensor(1), n.tensor(2)), epsilon=n.get("epsilon", 1e-5)
    ),
    "LayerNormalization": _layers("layer_norm"),
    "RMSNormalization": _layers("rms_norm"),
    "LRN": _lrn,
    "LpNormalization": _lengths,
    "LSTM": _recurrent("lstm", 4),
    "GRU": _recurrent("gru", 3),
    "RNN": _recurrent("simple_rnn", 1),
    "TopK": lambda n: (
        topped(n.tensor(), n.number(1), n.get("axis", -1), n.get("largest", 1))
        if n.get("sorted", 1)
        else _outside("unsorted")(n)
    ),
    "Unique": _unique,
    "Gather": lambda n: taken(n.tensor(0), n.tensor(1), n.get("axis", 0)),
    "GatherElements": lambda n: taken_along(n.tensor(0), n.tensor(1), n.get("axis", 0)),
    "OneHot": _one_hot,
    "ScatterND": _scatter,
    "Slice": _slice,
    "Pad": _pad,
    "Tile": lambda n: shaped("tile", n.tensor(0), times=n.tensor(1).tolist()),
    "DepthToSpace": _depth_to_space,
    "Range": _range,
    "SoftmaxCrossEntropyLoss": _cross_entropy,
    "Attention": _attention,
    "MatMul": lambda n: products(n.tensor(0), n.tensor(1)),
    "Gemm": _gemm,
    "Einsum": _einsum,
    "Add": _both("add"),
    "Sub": _both("subtract"),
    "Mul": _both("multiply"),
    "Div": _divide,
    "Mod": _mod,
    "BitShift": _shift,
    "Cast": _cast,
    "Resize": _resize,
    "GridSample": _grid_sample,
    "NonMaxSuppression": _nms,
    "AffineGrid": _affine_grid,
    "Det": lambda n: Read("det", {"shape": list(n.tensor().shape)}, {"x": n.tensor()}),
    "DFT": _dft,
    "HannWindow": _windows("hann"),
    "HammingWindow": _windows("hamming"),
    "BlackmanWindow": _windows("blackman"),
    "STFT": _stft,
    **dict.fromkeys(("Adam", "Adagrad", "Momentum"), _outside(_STATE)),
}

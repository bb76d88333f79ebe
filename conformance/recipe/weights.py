"""Weights from one framework's arrays to another's: the line of NumPy that does it, and which of a file they are.

The line is derived from the two layouts; `verify.py` runs it as it is printed and holds it against `layout.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.layout import Layout
from conformance.recipe.call import Call
from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError

Words = NDArray[Any]

# What w and b are called in the code and in the files of each framework.
NAMES: Mapping[str, Mapping[str, str]] = {
    "torch": {"w": "weight", "b": "bias"},
    "keras": {"w": "kernel", "b": "bias"},
    "tensorflow": {"w": "filters", "b": "bias"},
    "jax": {"w": "kernel", "b": "bias"},
    "onnx": {"w": "weight", "b": "bias"},
}
# What an array of a file may be called, whichever framework wrote it; arr_0 and arr_1 are Keras's get_weights() order.
FILE_NAMES = {
    "w": ("kernel", "weight", "filters", "filter", "rhs", "w", "depthwise_kernel", "arr_0", "vars.0"),
    "b": ("bias", "b", "arr_1", "vars.1"),
}
# How many of a file's arrays a message names.
MOST = 8


def formula(source: Layout, target: Layout, sizes: Mapping[str, int], name: str) -> str:
    """An expression of NumPy that takes the array `name` from one layout to the other; `name` where they are the same.

    `sizes` has the length of every letter. A group of letters that both layouts merge stays together; letters of length
    1 that one of them leaves out come and go in a reshape.
    """
    same = set(source.axes) & set(target.axes)
    have, want = (
        [a for axis in layout.axes for a in ([axis] if axis in same else axis)] for layout in (source, target)
    )
    atoms = [a for a in have if a in want] + [a for a in want if a not in have]
    text = name
    flips = {c for c in source.flips ^ target.flips if sizes[c] > 1}
    if flips:
        last = max(i for i, axis in enumerate(source.axes) if axis in flips)
        text += f"[{', '.join('::-1' if axis in flips else ':' for axis in source.axes[: last + 1])}]"
    if (split := _lengths(atoms, sizes)) != _lengths(source.axes, sizes):
        text += f".reshape({', '.join(map(str, split))})"
    order = tuple(atoms.index(a) for a in want)
    if order != tuple(range(len(order))):
        text = f"np.transpose({text}, {order!r})"
    if (merged := _lengths(target.axes, sizes)) != _lengths(want, sizes):
        text += f".reshape({', '.join(map(str, merged))})"
    # PyTorch takes no array with a negative stride.
    return f"np.ascontiguousarray({text})" if flips else text


def _lengths(axes: Sequence[str], sizes: Mapping[str, int]) -> list[int]:
    return [prod(sizes[c] for c in axis) for axis in axes]


def conversion(call: Call, target: str, layouts: Mapping[str, Layout]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the inputs are called in the code of framework `target`, and the lines that make its weights.

    `layouts` holds the layout that the target's code takes each input in. An array that stays as it is keeps its name.
    """
    names = {"x": "x"}
    lines = []
    for spec in call.op.inputs()[1:]:
        theirs = call.weight_name(spec.name)
        text = formula(call.layout(spec.name), layouts[spec.name], spec.sizes, theirs)
        names[spec.name] = theirs if text == theirs else NAMES[target][spec.name]
        if text != theirs:
            lines.append(f"{names[spec.name]} = {text}")
    return names, tuple(lines)


def convert(lines: Sequence[str], arrays: Mapping[str, Words]) -> dict[str, Words]:
    """Run the printed lines on the call's own arrays, by name; returns every array that there is then."""
    names: dict[str, Any] = {"np": np, **arrays}
    exec("\n".join(lines), names)  # written by `conversion` above: integers, slices and our own names
    return {name: value for name, value in names.items() if isinstance(value, np.ndarray)}


def own_shape(call: Call, name: str) -> tuple[int, ...]:
    """The shape of x, w or b as the call's own array."""
    spec = next(s for s in call.question.inputs() if s.name == name)
    return tuple(prod(spec.sizes[c] for c in axis) for axis in call.layout(name).axes)


def find_kernel(path: Path, arrays: Mapping[str, Words], layer: str = "") -> str:
    """The name of the kernel's array in a file: the only array, or the only one of a known name."""
    if len(arrays) == 1 and not layer:
        return next(iter(arrays))
    return _only(path, arrays, _kernels(path, arrays, layer), "")


def choose(path: Path, arrays: Mapping[str, Words], call: Call, layer: str = "") -> dict[str, Words]:
    """The call's w (and b) from the arrays of a file, checked for kind and shape; UsageError says what is wrong.

    Of several layers in a file it is the one called `layer`, or as the call's own line calls it, or the one that fits.
    """
    whole = not any(_split(name)[0] for name in arrays)
    if whole and not layer:
        chosen = {"w": find_kernel(path, arrays)}
        if call.op.bias:
            chosen["b"] = _only(path, arrays, [n for n in arrays if _split(n)[1] in FILE_NAMES["b"]], "", "bias")
        rest = sorted(set(arrays) - set(chosen.values()))
        if rest:
            extra = " (the call has no bias)" if set(rest) & set(FILE_NAMES["b"]) and not call.op.bias else ""
            raise UsageError(f"{path} has an array {rest[0]!r} that the call has no use for{extra}")
    else:
        kernel = _fitting(path, arrays, call, layer)
        chosen = {"w": kernel}
        bias = _bias_of(arrays, kernel)
        if call.op.bias and not bias:
            raise UsageError(f"{path} has {kernel!r} and no bias beside it, but the call has one; add bias=False to it")
        if bias and not call.op.bias:
            raise UsageError(
                f"{path} has {bias!r}, but the call has no bias; it is another layer, or its bias was lost"
            )
        if bias:
            chosen["b"] = bias
    for which, name in chosen.items():
        array, shape = arrays[name], own_shape(call, which)
        if array.dtype.kind != "f":
            raise UsageError(f"{path}: the array {name!r} has dtype {array.dtype}, expected floating-point numbers")
        if _shape(array, which) != shape:
            raise UsageError(
                f"{path}: the array {name!r} has shape {array.shape}, but in {call.text} the "
                f"{call.weight_name(which)} has shape {shape} ({call.layout(which)})"
            )
    return {which: np.asarray(arrays[name]).reshape(own_shape(call, which)) for which, name in chosen.items()}


def _shape(array: Words, which: str) -> tuple[int, ...]:
    """An array's shape; equinox's and haiku's biases have axes of length 1 for the sizes."""
    return (array.size,) if which == "b" and array.ndim and max(array.shape) == array.size else array.shape


def _split(name: str) -> tuple[str, str]:
    """`decoder.up.weight`, `decoder/up/kernel:0` as the layer and the array in it, which Keras numbers below `vars`."""
    *layers, last = re.sub(r":0$", "", name).replace("/", ".").split(".")
    if layers and layers[-1] == "vars":
        last = f"{layers.pop()}.{last}"
    return ".".join(layers), last


def _kernels(path: Path, arrays: Mapping[str, Words], layer: str) -> list[str]:
    """The arrays that may be kernels, of a layer by the end of its name."""
    found = [name for name in arrays if _split(name)[1] in FILE_NAMES["w"]]
    # Beside convolutions there are dense layers and norms, whose weights are called the same.
    found = [name for name in found if arrays[name].ndim in (3, 4, 5) or not _split(name)[0]]
    if not found:
        normed = [name for name in arrays if name.endswith(("weight_v", "weight.original1"))]
        hint = f"; {normed[0]!r} is of weight_norm: remove_weight_norm(layer) makes the weight" if normed else ""
        raise UsageError(f"{path} has {_listed(arrays)}; expected an array for the kernel, {_called('w')}{hint}")
    own = [name for name in found if f".{_split(name)[0]}".endswith(f".{layer}")]
    if layer and not own:
        names = [_split(name)[0] for name in found]
        hint = did_you_mean(layer, names) or f"; it has: {', '.join(names[:MOST])}"
        raise UsageError(f"{path} has no kernel of a layer {layer!r}{hint}")
    return own if layer else found


def _fitting(path: Path, arrays: Mapping[str, Words], call: Call, layer: str) -> str:
    """The one kernel that the call can mean."""
    found = _kernels(path, arrays, layer)
    fits = [
        name
        for name in found
        if arrays[name].shape == own_shape(call, "w") and bool(_bias_of(arrays, name)) == call.op.bias
    ]
    if not fits and len(found) > 1:
        shapes = (
            f"the shape {own_shape(call, 'w')} ({call.layout('w')}){' and a bias' if call.op.bias else ', no bias'}"
        )
        listed = _listed({name: arrays[name] for name in found})
        raise UsageError(f"{path} has no kernel that fits the call, expected {shapes}; it has: {listed}")
    return _only(path, arrays, fits or found, _own_name(call))


def _own_name(call: Call) -> str:
    """`up` of `self.up = nn.ConvTranspose2d(...)`, or of `layers.Conv2DTranspose(..., name="up")`."""
    match = re.match(r"(?:[\w.]+\.)?(\w+)(?::[^=]*)? = ", call.text)
    named = re.search(r"\bname=[\"'](\w+)[\"']", call.text)
    return named[1] if named else match[1] if match else ""


def _only(path: Path, arrays: Mapping[str, Words], found: Sequence[str], own: str, kind: str = "kernel") -> str:
    if len(found) > 1 and own:
        found = [name for name in found if f".{_split(name)[0]}".endswith(f".{own}")] or found
    if len(found) == 1:
        return found[0]
    if len(found) > 1 and all(_split(name)[0] for name in found):
        layers = [_split(name)[0] for name in found]
        shown = ", ".join(layers[:MOST]) + (f" and {len(layers) - MOST} more" if len(layers) > MOST else "")
        raise UsageError(f"{path} has {len(found)} layers that fit: {shown}; choose one with --layer {layers[0]}")
    which = "w" if kind == "kernel" else "b"
    raise UsageError(f"{path} has {_listed(arrays)}; expected one array for the {kind}, {_called(which)}")


def _bias_of(arrays: Mapping[str, Words], kernel: str) -> str:
    layer = _split(kernel)[0]
    return next((name for name in arrays if _split(name)[0] == layer and _split(name)[1] in FILE_NAMES["b"]), "")


def _listed(arrays: Mapping[str, Words]) -> str:
    names = [f"{name} {array.shape}" for name, array in list(arrays.items())[:MOST]]
    more = f" and {len(arrays) - MOST} more" if len(arrays) > MOST else ""
    return ", ".join(names) + more or "no array"


def _called(which: str) -> str:
    return f"called one of: {', '.join(FILE_NAMES[which])}"

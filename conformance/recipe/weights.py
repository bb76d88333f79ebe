"""Weights from one framework's arrays to another's: the line of NumPy that does it, and `.npz` files.

The line is derived from the two layouts; `verify.py` runs it as it is printed and holds it against `layout.py`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.layout import Layout
from conformance.recipe.call import Call
from conformance.usage import UsageError

Words = NDArray[Any]

# What w and b are called in the code and in the files of each framework.
NAMES: Mapping[str, Mapping[str, str]] = {
    "torch": {"w": "weight", "b": "bias"},
    "keras": {"w": "kernel", "b": "bias"},
    "tensorflow": {"w": "filters", "b": "bias"},
    "jax": {"w": "kernel", "b": "bias"},
}
# What an array of a file may be called, whichever framework wrote it; arr_0 and arr_1 are Keras's get_weights() order.
FILE_NAMES = {
    "w": ("kernel", "weight", "filters", "filter", "rhs", "w", "arr_0"),
    "b": ("bias", "b", "arr_1"),
}


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
    spec = next(s for s in call.op.inputs() if s.name == name)
    return tuple(prod(spec.sizes[c] for c in axis) for axis in call.layout(name).axes)


def read_arrays(path: Path) -> dict[str, Words]:
    """The arrays of an .npz file (or the one of an .npy file, as `arr_0`), by name; UsageError where it is none."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file; expected an .npz file of weights")
    try:
        found = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; expected an .npz file of weights") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} can't be read as .npz ({error}); numpy.savez writes one") from None
    if isinstance(found, np.ndarray):
        return {"arr_0": found}
    arrays = {}
    with found:
        for name in found.files:
            try:
                arrays[name] = found[name]
            except (ValueError, OSError, zipfile.BadZipFile) as error:
                raise UsageError(f"{path}: the array {name!r} can't be read ({error})") from None
    return arrays


def find_kernel(path: Path, arrays: Mapping[str, Words]) -> str:
    """The name of the kernel's array in a file: a known name, or the only array there is."""
    if len(arrays) == 1:
        return next(iter(arrays))
    return _named(path, arrays, "w")


def _named(path: Path, arrays: Mapping[str, Words], which: str) -> str:
    found = [name for name in FILE_NAMES[which] if name in arrays]
    if len(found) != 1:
        kind = {"w": "kernel", "b": "bias"}[which]
        has = ", ".join(f"{n} {a.shape}" for n, a in arrays.items()) or "no array"
        raise UsageError(
            f"{path} has {has}; expected one array for the {kind}, called one of: {', '.join(FILE_NAMES[which])}"
        )
    return found[0]


def choose(path: Path, arrays: Mapping[str, Words], call: Call) -> dict[str, Words]:
    """The call's w (and b) from the arrays of a file, checked for kind and shape; UsageError says what is wrong."""
    chosen = {"w": find_kernel(path, arrays)}
    if call.op.bias:
        chosen["b"] = _named(path, arrays, "b")
    rest = sorted(set(arrays) - set(chosen.values()))
    if rest:
        extra = " (the call has no bias)" if set(rest) & set(FILE_NAMES["b"]) and not call.op.bias else ""
        raise UsageError(f"{path} has an array {rest[0]!r} that the call has no use for{extra}")
    for which, name in chosen.items():
        array, shape = arrays[name], own_shape(call, which)
        if array.dtype.kind != "f":
            raise UsageError(f"{path}: the array {name!r} has dtype {array.dtype}, expected floating-point numbers")
        if array.shape != shape:
            raise UsageError(
                f"{path}: the array {name!r} has shape {array.shape}, but in {call.text} the "
                f"{call.weight_name(which)} has shape {shape} ({call.layout(which)})"
            )
    return {which: arrays[name] for which, name in chosen.items()}

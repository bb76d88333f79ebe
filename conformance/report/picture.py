"""A small text picture of an error: where it lies, how large it is, and the numbers themselves where there are few.
Where an op says how many kernel taps reach each output element, also these counts: the chessboard of a strided
transposed convolution.

Arrays are in canonical layout, so the last two axes are the plane that is drawn (the last one alone for one spatial
axis) and the axes before it name the plane: batch, channel, depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.ops.base import Op
from conformance.ops.defined import DEFINED
from conformance.record import ALLOWANCE, REFERENCE, RecordedArray, RecordedCase, of

Array = NDArray[np.float64]

PLANES_SHOWN = 4
SMALL = 10  # a plane up to SMALL x SMALL is shown as numbers
WIDE, HIGH = 72, 24  # a larger picture is coarsened, each mark the worst of its block
SHADES = " .░▒▓█"


def inputs(shared: Mapping[str, RecordedArray]) -> list[str]:
    """The inputs that the record kept, where they are small enough to read."""
    lines = []
    for name, array in shared.items():
        if name.startswith((REFERENCE, ALLOWANCE)):
            continue
        if array.values is None or array.values.size > SMALL * SMALL:
            lines.append(f"  {name}: {array.dtype}{list(array.shape)}")
        else:
            lines.append(f"  {name}: {array.dtype}{list(array.shape)} = {_literal(array.values)}")
    return lines


def _literal(values: NDArray[np.generic]) -> str:
    return " ".join(np.array2string(values, separator=", ", threshold=10**6).split())


def picture(arrays: Mapping[str, RecordedArray], shared: Mapping[str, RecordedArray]) -> list[str]:
    """A picture for each output or gradient that the record kept of one target."""
    lines: list[str] = []
    for name, array in arrays.items():
        reference = shared.get(REFERENCE + of(name))
        if array.values is None or reference is None or reference.values is None:
            lines.append(f"  {name}: {array.dtype}{list(array.shape)}; too large or not kept, so there is no picture")
            continue
        if array.values.dtype.kind == "c":
            lines.append(f"  {name}: {array.dtype}{list(array.shape)}; there are no pictures of complex numbers")
            continue
        if array.shape != reference.shape:
            lines.append(f"  {name}: got shape {list(array.shape)}, reference {list(reference.shape)}")
            lines += _numbers("got", _planes(_real(array.values))[:1])
            lines += _numbers("reference", _planes(_real(reference.values))[:1])
            continue
        allowance = shared.get(ALLOWANCE + of(name))
        allowed = None if allowance is None or allowance.values is None else _real(allowance.values)
        lines += _compare(name, _real(array.values), _real(reference.values), allowed)
    return lines


def overlap(case: RecordedCase) -> tuple[tuple[int, ...], ...] | None:
    """How many kernel taps reach each output index, one tuple an axis; their outer product is the chessboard.

    As the op says, also where it is the reference of a `call`; None where it says nothing.
    """
    asked: Mapping[str, Any] = case.params.get("reference") or {"op": case.op, "params": case.params}
    op = DEFINED.get(str(asked["op"]))
    if op is None or op.overlaps is Op.overlaps:
        return None
    return op(**{key: _tuples(value) for key, value in asked["params"].items()}).overlaps()


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def chessboard(case: RecordedCase) -> list[str]:
    """The overlap counts as text: the plane of the last two axes, and before it a line for the depth axis."""
    axes = overlap(case)
    if axes is None or not all(axes):
        return []
    counts = sorted(set(map(int, reduce(np.multiply.outer, [np.unique(axis) for axis in axes]).flat)))
    words = ", ".join(map(str, counts))
    lines = [f"  overlap: {words} kernel taps reach each output element" + (": uneven" if len(counts) > 1 else "")]
    if len(axes) > 2:
        lines.append(f"    along D, times the plane below: {_run(axes[0][:WIDE])}")
    plane = np.multiply.outer(axes[-2], axes[-1]) if len(axes) > 1 else np.array(axes)
    shown = plane[:HIGH, : WIDE // 3]
    lines += [f"    {row}" for row in _columns(shown)]
    if shown.shape != plane.shape:
        lines.append(f"    and so on, to {plane.shape[0]}x{plane.shape[1]}")
    return lines


def _run(counts: tuple[int, ...]) -> str:
    return " ".join(map(str, counts))


def _real(values: NDArray[np.generic]) -> Array:
    return np.asarray(values, dtype=np.float64)


def _planes(values: Array) -> list[tuple[str, Array]]:
    """(index of the plane, plane) pairs; a plane has two axes."""
    if values.ndim < 2:
        return [("", values.reshape(1, -1))]
    # With one spatial axis (N, C, W) the channels are the rows; a row a channel reads best.
    lead = values.shape[:-2]
    names = [", ".join(map(str, index)) for index in np.ndindex(*lead)]
    flat = values.reshape(-1, *values.shape[-2:]) if values.size else values.reshape(0, 1, 1)
    return list(zip(names, flat, strict=False))


def fractions(got: Array, reference: Array, allowed: Array | None) -> tuple[Array, float]:
    """The error an element and what it is a fraction of: 0 for the allowance, else the largest finite error.

    NaN or infinity in the wrong place is an infinite error.
    """
    equal = (got == reference) | (np.isnan(got) & np.isnan(reference))
    largest = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(equal, 0.0, np.abs(got - reference))
        if allowed is not None and (allowed > 0).any():
            fraction = np.where(equal, 0.0, error / allowed)
        else:
            largest = float(np.max(error, where=np.isfinite(error), initial=0.0)) or 1.0
            fraction = np.where(equal, 0.0, error / largest)
    return np.where(np.isnan(fraction), np.inf, fraction), largest


def grade(got: Array, reference: Array, allowed: Array | None) -> tuple[NDArray[np.int8], str]:
    """A shade (0 to 5) an element, and what the shades mean. 5 also stands for NaN or infinity in the wrong place."""
    fraction, largest = fractions(got, reference, allowed)
    if largest:
        limits = (0.0, 0.01, 0.25, 0.5, 0.75)
        meaning = f"in {largest:.6g}: . <= 1/100 < ░ <= 1/4 < ▒ <= 1/2 < ▓ <= 3/4 < █"
    else:
        limits = (0.0, 1.0, 10.0, 100.0, 1e4)
        meaning = "in allowances: . <= 1 < ░ <= 10 < ▒ <= 100 < ▓ <= 1e4 < █"
    return np.searchsorted(np.array(limits), fraction, side="left").astype(np.int8), meaning


def _compare(name: str, got: Array, reference: Array, allowed: Array | None) -> list[str]:
    shades, meaning = grade(got, reference, allowed)
    if not got.size or not shades.any():
        return [f"  {name}: equal in every element" if got.size else f"  {name}: empty"]
    planes = list(zip(_planes(got), _planes(reference), _planes(shades.astype(np.float64)), strict=True))
    wrong = [item for item in planes if item[2][1].any()]
    lines = [f"  {name}: the error ({meaning})"]
    for (index, mine), (_, right), (_, shade) in wrong[:PLANES_SHOWN]:
        coarse, step = _coarsened(shade)
        marks = ["".join(SHADES[int(level)] for level in row) for row in coarse]
        title = f"[{index}]" if index else "[]"
        size = f", one mark is {step[0]}x{step[1]} elements" if step != (1, 1) else ""
        lines.append(f"    {title} {mine.shape[0]}x{mine.shape[1]}{size}")
        if max(mine.shape) <= SMALL:
            lines += _side_by_side(marks, right, mine, shade)
        else:
            lines += [f"      |{row}|" for row in marks]
    if len(wrong) > PLANES_SHOWN:
        lines.append(f"    and {len(wrong) - PLANES_SHOWN:,} more planes with errors, of {len(planes):,}")
    return lines


def _coarsened(shade: Array) -> tuple[Array, tuple[int, int]]:
    rows, columns = shade.shape
    high, wide = -(-rows // HIGH), -(-columns // WIDE)
    padded = np.zeros((-(-rows // high) * high, -(-columns // wide) * wide))
    padded[:rows, :columns] = shade
    blocks = padded.reshape(padded.shape[0] // high, high, padded.shape[1] // wide, wide)
    return blocks.max(axis=(1, 3)), (high, wide)


def _side_by_side(marks: list[str], reference: Array, got: Array, shade: Array) -> list[str]:
    left, right = _columns(reference), _columns(got, shade > 0)
    width = max(len(marks[0]) + 2, 5)
    lines = [f"      {'error':{width}}  {'reference':{max(len(left[0]), 9)}}  got (* differs)"]
    for mark, a, b in zip(marks, left, right, strict=True):
        lines.append(f"      {f'|{mark}|':{width}}  {a:{max(len(left[0]), 9)}}  {b}".rstrip())
    return lines


def _columns(plane: NDArray[np.generic], marked: NDArray[np.bool_] | None = None) -> list[str]:
    texts = [[f"{value:.6g}" for value in row] for row in plane]
    if marked is not None:
        texts = [
            [t + ("*" if m else " ") for t, m in zip(*pair, strict=True)] for pair in zip(texts, marked, strict=True)
        ]
    widths = [max(len(row[i]) for row in texts) for i in range(plane.shape[1])]
    return [" ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True)) for row in texts]


def _numbers(title: str, planes: list[tuple[str, Array]]) -> list[str]:
    lines = []
    for index, plane in planes:
        if plane.size and max(plane.shape) <= SMALL:
            lines.append(f"    {title} [{index}]")
            lines += [f"      {row}" for row in _columns(plane)]
    return lines

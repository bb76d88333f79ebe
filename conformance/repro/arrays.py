"""Arrays as Python that NumPy alone can read: a formula, a literal, or packed bytes; and layouts as NumPy's own words.

Every expression is evaluated before it is used, and must give the array back bit for bit.
"""

from __future__ import annotations

import base64
import textwrap
import zlib
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.layout import Layout, Marks, slice_orders

AnyArray = NDArray[Any]

LITERAL_CHARACTERS = 1200
WIDTH = 110

# What a script needs beside its packed arrays.
UNPACK = '''
def unpacked(text, dtype, shape):
    """The array whose bytes are in `text`."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape).copy()
'''.strip()


def unpacked(text: str, dtype: str, shape: tuple[int, ...]) -> AnyArray:
    """What the function in a script does."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).reshape(shape).copy()


def same_bits(left: AnyArray, right: AnyArray) -> bool:
    """Equal in dtype, shape and every bit, whatever the NaN."""
    if left.dtype != right.dtype or left.shape != right.shape or not np.array_equal(left, right, equal_nan=True):
        return False
    number = ~np.isnan(left)
    return np.array_equal(np.signbit(left[number]), np.signbit(right[number]))


def evaluated(text: str, names: Mapping[str, Any] | None = None) -> AnyArray | None:
    """What an expression of ours gives, None where it gives no array."""
    try:
        with np.errstate(all="ignore"):
            # The text is made here, of numbers.
            found = eval(text, {"np": np, "unpacked": unpacked, **(names or {})})
    except (ArithmeticError, TypeError, ValueError, IndexError):
        return None
    return found if isinstance(found, np.ndarray) else None


def written(array: AnyArray) -> str:
    """An expression for an array: a formula where there is one, a literal where it is short, packed bytes elsewhere."""
    for text in (_formula(array), _literal(array)):
        if text and (found := evaluated(text)) is not None and same_bits(found, array):
            return text
    return _packed(array)


def _kind(array: AnyArray) -> str:
    return f"np.{array.dtype.name}"


def _shaped(array: AnyArray) -> str:
    return "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})" if array.ndim else ".reshape(())"


def _formula(array: AnyArray) -> str:
    """Constant, counting up, or counting up and beginning again."""
    kind, flat = _kind(array), array.reshape(-1)
    shape = repr(array.shape)
    if not array.size:
        return f"np.zeros({shape}, {kind})"
    first = flat[0]
    if array.size > 4 and (flat == first).all():
        return f"np.full({shape}, {number(first)}, {kind})" if first != 0 else f"np.zeros({shape}, {kind})"
    if array.size < 5 or not np.isfinite(flat).all():
        return ""
    step = float(flat[1]) - float(first)
    start = float(first)
    if step == 0 or step != int(step) or start != int(start):
        return ""
    steps = np.arange(array.size)
    if np.array_equal(start + step * steps, flat.astype(np.float64)):
        stop = int(start + step * array.size)
        by = "" if step == 1 else f", {int(step)}"
        return f"np.arange({int(start)}, {stop}{by}, dtype={kind}){_shaped(array)}"
    if start == 1 and step == 1:
        falls = np.flatnonzero(np.diff(flat.astype(np.float64)) < 0)
        if falls.size:
            return f"(np.arange({array.size}) % {int(falls[0]) + 1} + 1).astype({kind}){_shaped(array)}"
    return ""


def number(value: Any) -> str:
    """The shortest literal of a number in its own dtype."""
    value = np.asarray(value)[()]
    if np.isnan(value):
        return "np.nan"
    if np.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    if value == 0:
        return "-0.0" if np.signbit(value) else "0"
    # As a Python float, since 1e6 is beyond float16.
    return str(int(value)) if abs(float(value)) < 1e6 and value == int(value) else str(value)


def _literal(array: AnyArray) -> str:
    if array.size > LITERAL_CHARACTERS // 2:
        return ""
    numbers = ", ".join(number(value) for value in array.reshape(-1))
    if len(numbers) > LITERAL_CHARACTERS:
        return ""
    if len(numbers) > WIDTH - 40:
        lines = textwrap.wrap(numbers, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
        numbers = "\n    " + "\n    ".join(lines) + "\n"
    return f"np.array([{numbers}], {_kind(array)}){_shaped(array)}"


def _packed(array: AnyArray) -> str:
    text = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    lines = "\n".join(f'    "{text[i : i + WIDTH - 6]}"' for i in range(0, len(text), WIDTH - 6))
    return f'unpacked(\n{lines},\n    "{array.dtype.name}", {array.shape!r})'


def into_layout(text: str, axes: str, layout: Layout, sizes: Mapping[str, int], marks: Marks = ()) -> str:
    """`text`, an expression in the canonical letters `axes`, brought into a layout: flips, slice orders, a transpose,
    a reshape.

    A copy at the end, so that the memory is in the layout's order as well.
    """
    moved = text
    if layout.flips:
        moved += "[" + ", ".join("::-1" if c in layout.flips else ":" for c in axes) + "]"
    for axis, places in slice_orders(layout, marks).items():
        moved += f".take({places}, {axes.index(axis)})"
    order = [axes.index(c) for c in layout.letters]
    order += [i for i, c in enumerate(axes) if c not in layout.letters]
    if order != sorted(order):
        moved += f".transpose({', '.join(map(str, order))})"
    if len(layout.axes) != len(axes) or any(len(axis) > 1 for axis in layout.axes):
        moved += f".reshape({_numbers(prod(sizes[c] for c in axis) for axis in layout.axes)})"
    return moved if moved == text else moved + ".copy()"


def out_of_layout(text: str, axes: str, layout: Layout, sizes: Mapping[str, int], marks: Marks = ()) -> str:
    """The inverse of `into_layout`. `sizes` holds the letters of merged axes at least."""
    letters = layout.letters
    missing = [c for c in axes if c not in letters]
    if any(len(axis) > 1 for axis in layout.axes):
        # -1 where the length is the answer's own.
        lengths = [sizes.get(c, -1) for c in letters] + [1 for _ in missing]
        text += f".reshape({_numbers(lengths)})"
    elif missing:
        text += f"[..., {', '.join('None' for _ in missing)}]"
    everything = letters + "".join(missing)
    order = [everything.index(c) for c in axes]
    if order != sorted(order):
        text += f".transpose({', '.join(map(str, order))})"
    if layout.flips:
        text += "[" + ", ".join("::-1" if c in layout.flips else ":" for c in axes) + "]"
    for axis, places in slice_orders(layout, marks).items():
        text += f".take({[places.index(n) for n in range(len(places))]}, {axes.index(axis)})"
    return text


def _numbers(values: Any) -> str:
    return ", ".join(str(value) for value in values) or "()"

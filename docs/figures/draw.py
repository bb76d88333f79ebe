"""Draws the figures of the documents: `python docs/figures/draw.py`. `arithmetic.py` measures what two of them show."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from svg import COLOURS, GRID, PALE, Drawing

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from conformance.exact.trilinear import Axis, contract_to_large  # noqa: E402
from conformance.judge.allowance import FLOAT32_BITS  # noqa: E402
from conformance.ops.conv.conv_transpose import RULES  # noqa: E402
from conformance.ops.conv.convolution import AxisParams  # noqa: E402


def main() -> None:
    """Draw them all."""
    measured = json.loads((HERE / "arithmetic.json").read_text(encoding="utf-8"))
    bits(measured)
    fractions(measured)
    geometry()
    overlap()


def bits(measured: dict[str, Any]) -> None:
    """Effective bits against the number of products, for what was measured and what was simulated."""
    drawing = Drawing(680, 380)
    left, top, width, height = 60, 30, 440, 300
    products = measured["products"]

    def at(n: float, value: float) -> tuple[float, float]:
        return left + width * math.log(n) / math.log(products[-1]), top + height * (26 - value) / 20

    for value in range(6, 27, 4):
        drawing.line([at(1, value), at(products[-1], value)], GRID)
        drawing.text(left - 8, at(1, value)[1] + 4, str(value), "end")
    for n in (1, 10, 100, 1000, 3200):
        drawing.line([at(n, 6), at(n, 26)], GRID)
        drawing.text(at(n, 6)[0], top + height + 18, f"{n:,}", "middle")
    drawing.text(left + width / 2, top + height + 38, "products an element", "middle")
    drawing.text(left - 40, top - 12, "effective bits")
    lines = {name: figures["bits"] for name, figures in measured["frameworks"].items()}
    lines |= {f"{name}, simulated": values for name, values in measured["simulated"].items()}
    for values, colour in zip(lines.values(), COLOURS, strict=False):
        points = [at(n, value) for n, value in zip(products, values, strict=True)]
        drawing.line(points, colour, 1.5)
        for x, y in points:
            drawing.dot(x, y, colour)
    lowest = sorted(lines, key=lambda name: -lines[name][-1])
    heights: list[float] = []
    for name in lowest:
        wanted = at(1, lines[name][-1])[1] + 4
        heights.append(max(wanted, heights[-1] + 15) if heights else wanted - 8)
        drawing.text(left + width + 10, heights[-1], name, colour=COLOURS[list(lines).index(name)])
    drawing.line([at(1, FLOAT32_BITS), at(products[-1], FLOAT32_BITS)], PALE, 1, "5 4")
    drawing.text(left + 6, at(1, FLOAT32_BITS)[1] - 6, "below this line: status precision", colour=PALE)
    drawing.save(HERE / "bits.svg")


def fractions(measured: dict[str, Any]) -> None:
    """How the largest error of each call lies below its allowance."""
    drawing = Drawing(680, 300)
    left, top, width, height = 60, 30, 440, 220
    edges = np.linspace(0, 1.1, 23)
    counts = {name: np.histogram(f["fractions"], edges)[0] for name, f in measured["frameworks"].items()}
    most = max(int(c.max()) for c in counts.values())

    def at(fraction: float, count: float) -> tuple[float, float]:
        return left + width * fraction / 1.1, top + height * (1 - count / most)

    for fraction in np.arange(0, 1.2, 0.2):
        drawing.line([at(fraction, 0), at(fraction, most)], GRID)
        drawing.text(at(fraction, 0)[0], top + height + 18, f"{fraction:.1f}", "middle")
    drawing.line([at(1, 0), at(1, most)], PALE, 1, "5 4")
    drawing.text(at(1, 0)[0] - 6, top + 14, "allowed", "end", colour=PALE)
    label = "largest error of a call, as a fraction of its allowance"
    drawing.text(left + width / 2, top + height + 38, label, "middle")
    drawing.text(left - 40, top - 12, "calls")
    drawing.text(left - 8, top + 8, str(most), "end")
    drawing.text(left - 8, top + height, "0", "end")
    for position, ((name, found), colour) in enumerate(zip(counts.items(), COLOURS, strict=False)):
        steps = [at(0, 0)]
        for low, high, count in zip(edges, edges[1:], found, strict=False):
            steps += [at(low, count), at(high, count)]
        drawing.line([*steps, at(1.1, 0)], colour, 1.5)
        drawing.text(left + width + 10, top + 14 + 17 * position, name, colour=colour)
    drawing.save(HERE / "fractions.svg")


def scatter_counts(n: int, k: int, s: int) -> list[int]:
    """How many kernel taps land on each element of the full scatter."""
    axis = Axis(small=n, large=(n - 1) * s + k, kernel=k, stride=s, dilation=1, lo=0)
    return [int(c) for c in contract_to_large(np.ones((1, 1, 1, n)), np.ones((1, 1, 1, k)), (axis,)).reshape(-1)]


# Label, convention, padding word, (padding, output_padding) as the convention takes them.
WRITTEN = [
    ("torch padding=0", "torch", "", 0, None),
    ("torch padding=1", "torch", "", 1, None),
    ("torch padding=1, output_padding=1", "torch", "", 1, 1),
    ("keras valid", "keras", "valid", None, None),
    ("keras same", "keras", "same", None, None),
    ("keras same, output_padding=0", "keras", "same", None, 0),
    ("keras same, output_padding=1", "keras", "same", None, 1),
    ("tf.nn SAME, output length 8", "tensorflow", "same", None, None),
    ("tf.nn SAME, output length 7", "tensorflow", "same", None, 7),
    ("jax SAME", "jax", "same", None, None),
    ("onnx SAME_UPPER", "onnx", "same_upper", None, None),
    ("onnx SAME_LOWER", "onnx", "same_lower", None, None),
]


def worked(n: int = 4, k: int = 3, s: int = 2) -> list[tuple[str, int, int, int]]:
    """(what is written, output length, lo, hi) for each way of writing, by the project's own rules."""
    rows = []
    for label, convention, word, pad, extra in WRITTEN:
        axis = AxisParams(
            n=n,
            k=k,
            s=s,
            d=1,
            pad=None if pad is None else (pad, pad),
            output_padding=None if convention == "tensorflow" else extra,
            output_size=extra if convention == "tensorflow" else None,
        )
        length, lo = RULES[convention](axis, word)
        rows.append((label, length, lo, (n - 1) * s + k - lo - length))
    return rows


def geometry() -> None:
    """The full scatter of k3 s2 n4, and what each way of writing keeps of it."""
    rows = worked()
    counts = scatter_counts(4, 3, 2)
    cell, left, top = 30, 250, 46
    drawing = Drawing(700, top + cell * 2 + 24 * len(rows) + 24)
    drawing.text(left - 10, top + 19, "full scatter", "end")
    note = "position 0 to 8; the number is how many input elements reach it"
    drawing.text(left, top - 12, note, size=11, colour=PALE)
    for position, count in enumerate(counts):
        drawing.box(left + cell * position, top, cell, cell, fill="#ddf4ff" if count == 1 else "#54aeff")
        drawing.text(left + cell * (position + 0.5), top + 20, str(count), "middle")
    for row, (label, length, lo, hi) in enumerate(rows):
        y = top + cell + 18 + 24 * row
        drawing.text(left - 10, y + 13, label, "end")
        for position in range(lo, lo + length):
            drawing.box(left + cell * position, y, cell, 18, fill="#dafbe1", stroke="#afb8c1")
        drawing.text(left + cell * 9 + 20, y + 13, f"length {length}, lo {lo}, hi {hi}")
    y = top + cell + 18 + 24 * len(rows) + 14
    drawing.text(left, y, "green: what is kept", size=11, colour=PALE)
    drawing.save(HERE / "geometry.svg")


def overlap() -> None:
    """The chessboard: how many taps land on each output element, for k3 s2 and for k4 s2."""
    drawing = Drawing(640, 330)
    cell, top = 26, 52
    shades = {1: "#ddf4ff", 2: "#80ccff", 4: "#218bff"}
    for column, (n, k, s) in enumerate(((4, 3, 2), (4, 4, 2))):
        left = 40 + 310 * column
        drawing.text(left, top - 28, f"k{k} s{s}, 2-D: " + ("uneven" if k % s else "even inside"))
        drawing.text(left, top - 12, f"k {'is not' if k % s else 'is'} a multiple of s", size=11, colour=PALE)
        line = scatter_counts(n, k, s)
        for i, a in enumerate(line):
            for j, b in enumerate(line):
                drawing.box(left + cell * j, top + cell * i, cell, cell, fill=shades[a * b], stroke="white")
                drawing.text(left + cell * (j + 0.5), top + cell * (i + 0.5) + 4, str(a * b), "middle", size=11)
    drawing.save(HERE / "overlap.svg")


if __name__ == "__main__":
    main()

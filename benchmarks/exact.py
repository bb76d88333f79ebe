"""A convolution over `Num` against its contractions written out by hand, on known layers: time and peak memory.

    nice python benchmarks/exact.py            # or with parts of the names below, to run only these

Both give the value, the allowance, the energy, and the same for every gradient. Ratios of medians of CPU time, taken in
turns, so that a busy machine hits both sides alike.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from common import ONE_THREAD, ROOT, Row, machine

# name -> op, and what differs from the defaults
LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ResNet 3x3, 64 channels, 56x56": (
        "conv",
        {"in_channels": 64, "out_channels": 64, "size": (56, 56), "kernel": 3, "padding": 1, "bias": True},
    ),
    "1x1, 256 channels, 28x28": ("conv", {"in_channels": 256, "out_channels": 256, "size": (28, 28), "kernel": 1}),
    "depthwise 3x3, 128 channels, 28x28": (
        "conv",
        {"in_channels": 128, "out_channels": 128, "groups": 128, "size": (28, 28), "kernel": 3, "padding": 1},
    ),
    "DCGAN k4 s2, 256 to 128 channels, 8x8": (
        "conv_transpose",
        {"in_channels": 256, "out_channels": 128, "size": (8, 8), "kernel": 4, "stride": 2, "padding": 1},
    ),
    "small: 1x8x8, k3": ("conv", {"size": (8, 8), "kernel": 3, "bias": True}),
}
# The passes alone hold nothing but what they return; a Num keeps what its channels are made from.
TIME, MEMORY = 1.3, 1.5


def main() -> int:
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # BLAS reads its threads when it is loaded, so they have to be there before Python starts.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.path.insert(0, str(ROOT))
    print(machine())
    chosen = [name for name in LAYERS if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    held = [_layer(name, *LAYERS[name]) for name in chosen]
    return 0 if all(held) else 1


def _layer(title: str, op_name: str, differs: dict[str, Any]) -> bool:
    import numpy as np

    from conformance.exact import Num, Precision, allowance, convolution, vjp
    from conformance.ops import OPS

    kind: Any = OPS[op_name]
    op = kind.bind({name: field.default for name, field in kind.fields().items()} | {"convention": "onnx"} | differs)
    stream = np.random.RandomState(0)
    arrays = {t.name: stream.standard_normal(t.shape) for t in op.inputs()}
    cotangent = stream.standard_normal(op.outputs()[0].shape)
    precision = Precision.of("float32")
    geometry = op.geometry()

    def ours(depth: int) -> object:
        x, w, *b = (Num(arrays[t.name]) for t in op.inputs())
        y = convolution(x, w, b[0] if b else None, geometry, op.transposed)
        wanted = [y] if depth < 3 else [y, *vjp([y], [Num(cotangent)], [x, w, *b])]
        return [(r.value, depth > 0 and allowance(r, precision), depth > 1 and r.energy) for r in wanted]

    def bare(depth: int) -> object:
        return by_hand(op, arrays, cotangent, depth)

    rows = []
    for depth, what in enumerate(("value", "and allowance", "and energy", "and every gradient")):
        pair: list[Callable[[], object]] = [lambda d=depth: ours(d), lambda d=depth: bare(d)]  # type: ignore[misc]
        mine, theirs = _cpu_seconds(pair, repeats=200 if "small" in title else 9)
        peaks = [_peak(call) for call in pair]
        time, memory = mine / theirs, peaks[0] / max(peaks[1], 1)
        large = "small" not in title
        holds = time <= TIME and memory <= MEMORY if large and depth else None
        figure = f"{time:.2f} of {theirs * 1e3:.2f} ms, {memory:.2f} of {peaks[1] / 1e6:.1f} MB"
        rows.append(Row(what, figure, f"<= {TIME}, {MEMORY}" if holds is not None else "", holds))
    print(f"\n{title}")
    for row in rows:
        mark = {None: "", True: "holds", False: "MISSED"}[row.holds]
        print(f"  {row.what:<18}  {row.figure:>40}  {row.aim:<6} {mark}".rstrip(), flush=True)
    return all(row.holds is not False for row in rows)


def by_hand(op: Any, arrays: dict[str, Any], cotangent: Any, depth: int) -> object:
    """The passes of the contractions that value, allowance, energy and gradients take, and nothing around them."""
    import numpy as np

    from conformance.exact import Precision
    from conformance.exact.graph import sum_allowance
    from conformance.exact.trilinear import contract_to_kernel, contract_to_large, contract_to_small

    geometry, g, precision = op.geometry(), op.groups, Precision.of("float32")
    x, dy = (a.reshape(a.shape[0], g, a.shape[1] // g, *a.shape[2:]) for a in (arrays["x"], cotangent))
    w = arrays["w"] if op.transposed else arrays["w"].swapaxes(1, 2)
    large, small = contract_to_large, contract_to_small
    forward, back = (large, small) if op.transposed else (small, large)
    bias = arrays["b"].reshape(g, -1, *(1 for _ in geometry)) if op.bias else np.zeros(())
    to_kernel = (x, dy) if op.transposed else (dy, x)

    def judged(parts: list[Any]) -> object:
        value, magnitude = parts[0], parts[1] if depth else None
        allowed = None if magnitude is None else sum_allowance(value, magnitude, op.products(), precision)
        return value, allowed, parts[2:]

    powers: list[Callable[[Any], Any]] = [np.asarray, np.abs, np.square][: 1 + min(depth, 2)]
    found = [judged([forward(f(x), f(w), geometry) + f(bias) for f in powers])]
    if depth > 2:
        found.append(judged([back(f(dy), f(w), geometry) for f in powers]))
        found.append(judged([contract_to_kernel(*map(f, to_kernel), geometry) for f in powers]))
    return found


def _cpu_seconds(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, taken in zip(calls, times, strict=True):
            started = time.process_time()
            call()
            taken.append(time.process_time() - started)
    return [statistics.median(taken) for taken in times]


def _peak(call: Callable[[], object]) -> int:
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    sys.exit(main())

"""Mixed transposed convolutions by a fixed seed: from one element to 64x64 with 32 channels, in four conventions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# Small ones are frequent and large ones rare, as in a suite.
_SIZES = [1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 32, 48, 64]
_SIZE_WEIGHTS = [2, 2, 6, 6, 5, 5, 4, 3, 3, 2, 2, 1, 1]
_CHANNELS = [1, 2, 3, 4, 8, 16, 32]
_CHANNEL_WEIGHTS = [5, 4, 4, 3, 2, 2, 1]


def _weighted(stream: np.random.RandomState, values: list[int], weights: list[int]) -> int:
    return int(values[stream.choice(len(values), p=np.array(weights) / sum(weights))])


def parameters(count: int, seed: int = 0, largest: int = 64) -> Iterator[dict[str, Any]]:
    """Parameters of `conv_transpose` as a case file gives them, all different; every framework has an answer."""
    stream = np.random.RandomState(seed)
    seen: set[str] = set()
    while len(seen) < count:
        convention = str(stream.choice(["keras", "torch", "jax", "onnx"]))
        kernel = int(stream.choice([1, 2, 3, 4, 5]))
        stride = int(stream.choice([1, 2, 3]))
        given: dict[str, Any] = {
            "convention": convention,
            "size": [min(largest, _weighted(stream, _SIZES, _SIZE_WEIGHTS)) for _ in range(2)],
            "kernel": kernel,
            "stride": stride,
            "in_channels": _weighted(stream, _CHANNELS, _CHANNEL_WEIGHTS),
            "out_channels": _weighted(stream, _CHANNELS, _CHANNEL_WEIGHTS),
            "batch": int(stream.choice([1, 1, 1, 2, 4])),
            "bias": bool(stream.choice([False, True])),
        }
        if convention in ("keras", "jax"):
            given["padding"] = str(stream.choice(["valid", "same"]))
        else:
            given["padding"] = int(stream.choice([0, 0, (kernel - 1) // 2]))
            if stride > 1 and stream.choice([False, True]):
                given["output_padding"] = 1
        if repr(given) not in seen:
            seen.add(repr(given))
            yield given


def write_case_file(path: Path, count: int, seed: int = 0) -> None:
    """A case file with one explicit case a parameter set; flow style, so that it stays small."""
    lines = [
        "op: conv_transpose",
        f"about: {count} mixed transposed convolutions, seed {seed}; written by benchmarks/mixed.py.",
        "values: [normal]",
        "cases:",
    ]
    lines += [f"  - {{name: mixed-{i:04}, params: {_flow(given)}}}" for i, given in enumerate(parameters(count, seed))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _flow(given: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return "{" + ", ".join(f"{name}: {text(value)}" for name, value in given.items()) + "}"

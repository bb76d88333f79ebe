"""Blocks of models against plain loops, and against their own ops one by one."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import Op
from tests.strategies import parameters

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]


def drawn(op: Op) -> Arrays:
    stream = np.random.RandomState(3)
    return {spec.name: stream.standard_normal(spec.shape) for spec in op.inputs()}


def raised(x: Array, w: Array, low: int) -> Array:
    """Every element of x spread by the kernel, two places apart; what is before `low` and beyond is cut."""
    n, _, h, b = x.shape
    k = w.shape[2]
    full = np.zeros((n, w.shape[1], 2 * h + k, 2 * b + k))
    for i, j in product(range(h), range(b)):
        full[:, :, 2 * i : 2 * i + k, 2 * j : 2 * j + k] += np.einsum("nc,cokl->nokl", x[:, :, i, j], w)
    return full[:, :, low : low + 2 * h, low : low + 2 * b]


def convolved(x: Array, w: Array) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    h, b = x.shape[2:]
    parts = (
        np.einsum("nchw,co->nohw", padded[:, :, i : i + h, j : j + b], w[:, :, i, j])
        for i, j in product(range(3), range(3))
    )
    return np.asarray(sum(parts))


def lines(b: Array) -> Array:
    return np.asarray(b[:, None, None])


@pytest.mark.parametrize(("kernel", "low"), [(2, 0), (3, 0), (4, 1)])
def test_a_decoder_by_loops(kernel: int, low: int) -> None:
    op = parameters("decoder", kernel=kernel)
    a = drawn(op)
    z = raised(a["x"], a["w"], low) + lines(a["b"])
    right = 1 / (1 + np.exp(-convolved(z, a["w2"]) - lines(a["b2"])))
    np.testing.assert_allclose(op.evaluate(a)["y"].value, right, rtol=1e-12)


def test_an_up_block_by_loops() -> None:
    op = parameters("up_block")
    a = drawn(op)
    z = np.concatenate([a["skip"], raised(a["x"], a["w"], 0) + lines(a["b"])], 1)
    right = np.maximum(convolved(z, a["w2"]) + lines(a["b2"]), 0)
    np.testing.assert_allclose(op.evaluate(a)["y"].value, right, atol=1e-12)


def test_a_generator_block_by_loops() -> None:
    op = parameters("generator_block", epsilon=0.5)
    a = drawn(op)
    z = raised(a["x"], a["w"], 1)
    z = (z - z.mean((0, 2, 3), keepdims=True)) / np.sqrt(z.var((0, 2, 3), keepdims=True) + 0.5)
    right = np.maximum(z * lines(a["scale"]) + lines(a["offset"]), 0)
    np.testing.assert_allclose(op.evaluate(a)["y"].value, right, atol=1e-12)


def normed(x: Array, scale: Array, offset: Array) -> Array:
    off = x - x.mean(-1, keepdims=True)
    return np.asarray(off / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * scale + offset)


@pytest.mark.parametrize("causal", [False, True])
def test_a_transformer_block_by_loops(causal: bool) -> None:
    op = parameters("transformer_block", causal=causal, approximate="tanh")
    a = drawn(op)
    h = normed(a["x"], a["scale"], a["offset"])
    q, k, v = (h @ a[name] for name in ("wq", "wk", "wv"))
    y = np.zeros_like(h)
    for n, head, i in product(range(2), range(2), range(5)):
        of = slice(3 * head, 3 * head + 3)
        seen = i + 1 if causal else 5
        weights = np.exp(k[n, :seen, of] @ q[n, i, of] / np.sqrt(3))
        y[n, i, of] = weights @ v[n, :seen, of] / weights.sum()
    z = a["x"] + y @ a["wo"]
    u = normed(z, a["scale2"], a["offset2"]) @ a["w1"] + a["b1"]
    u = u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))) / 2
    np.testing.assert_allclose(op.evaluate(a)["y"].value, z + u @ a["w2"] + a["b2"], rtol=1e-11)


def test_what_a_block_is_taken_for() -> None:
    for name, text in (
        ("decoder", "PyTorch's padding"),
        ("up_block", "behind the others"),
        ("transformer_block", "norms behind the sums"),
    ):
        op = parameters(name)
        a = drawn(op)
        right = op.evaluate(a)["y"].value
        [other] = (other for said, other in op.neighbours() if text in said)
        assert not np.allclose(other.evaluate(a)["y"].value, right)

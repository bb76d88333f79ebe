"""Gradients that PyTorch computes in float32 lie within the allowance that the tape derives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance import exact as e
from conformance.exact import Num, Precision, allowance, beyond, vjp

torch = pytest.importorskip("torch")
P = Precision.of("float32")

SHAPES = ((6, 20), (20, 7))
PROGRAMS: dict[str, tuple[Callable[..., Num], Callable[..., Any]]] = {
    "softmax of a product": (lambda a, b: e.softmax(e.matmul(a, b)), lambda a, b: torch.softmax(a @ b, -1)),
    "log softmax": (lambda a, b: e.log_softmax(a), lambda a, b: torch.log_softmax(a, -1)),
    "logsumexp": (lambda a, b: e.logsumexp(a, 1), lambda a, b: torch.logsumexp(a, 1)),
    "variance": (lambda a, b: e.variance(a, 1), lambda a, b: torch.var(a, 1, correction=0)),
    "layer norm": (
        lambda a, b: (a - e.mean(a, 1, keepdims=True)) * e.rsqrt(e.variance(a, 1, keepdims=True) + 1e-5),
        lambda a, b: torch.nn.functional.layer_norm(a, (20,), eps=1e-5),
    ),
    "gelu": (
        lambda a, b: a * 0.5 * e.one_plus_erf(a * 0.7071067811865476),
        lambda a, b: torch.nn.functional.gelu(a),
    ),
    "two layers": (
        lambda a, b: e.tanh(e.matmul(e.sigmoid(e.matmul(a, b)), b.transpose())),
        lambda a, b: torch.tanh(torch.sigmoid(a @ b) @ b.T),
    ),
    "largest": (lambda a, b: e.largest(a, 1) * e.largest(b, 0)[0], lambda a, b: a.amax(1) * b.amax(0)[0]),
    "product": (lambda a, b: e.product(a[:, :5], 1), lambda a, b: a[:, :5].prod(1)),
    "cumulative sum": (lambda a, b: e.cumulative_sum(a * a, 1), lambda a, b: torch.cumsum(a * a, 1)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_within_the_allowance(name: str) -> None:
    program, framework = PROGRAMS[name]
    worst = 0.0
    for seed in range(5):
        stream = np.random.RandomState(seed)
        arrays = [stream.standard_normal(s).astype(np.float32) for s in SHAPES]
        inputs, given = [Num(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
        y, got = program(*inputs), framework(*given)
        cotangent = stream.standard_normal(y.shape).astype(np.float32)
        got.backward(torch.tensor(cotangent))
        pairs = [(y, got.detach())]
        gradients = vjp([y], [Num(cotangent)], inputs)
        pairs += [(g, t.grad) for g, t in zip(gradients, given, strict=True) if t.grad is not None]
        for ours, theirs in pairs:
            off, allowed = beyond(ours, P, theirs.numpy().astype(np.float64)), allowance(ours, P)
            assert (off <= allowed).all()
            if not ours.exact:
                worst = max(worst, float((off / allowed).max()))
    assert worst > 1e-3

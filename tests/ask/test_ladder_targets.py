"""The precision ladder from a case file to verdicts, with NumPy and PyTorch in their workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.ask.probe import Probe
from conformance.environments.installed import missing
from conformance.target import parse_target
from conformance.verdict import Status
from tests.suite.files import suite

NUMPY, TORCH = parse_target("numpy"), parse_target("torch")

ENTRY = """
  - name: NAME
    params:
      inputs: {x: {shape: [16, 200], layout: NC}, w: {shape: [200, 200], layout: CO}}
      output: NO
      against: torch
      plans:
        torch: "y = TORCH"
        numpy: "z = x @ w * 0.1; y = NUMPY"
"""

PAIRS = {
    "matmul": ("torch.matmul(x, w)", "numpy.einsum('nc,co->no', x, w)", Status.PASS),
    "softmax": (
        "torch.softmax(torch.matmul(x, w) * 0.1, 1)",
        "numpy.exp(x @ w * 0.1) / numpy.sum(numpy.exp(x @ w * 0.1), axis=1, keepdims=True)",
        Status.PASS,
    ),
    "sigmoid": ("torch.sigmoid(x @ w)", "(1 + numpy.tanh((x @ w) / 2)) / 2", Status.PASS),
    "gelu": (
        "torch.nn.functional.gelu(x @ w * 0.1)",
        "z / 2 * (1 + numpy.tanh(0.7978845608028654 * (z + 0.044715 * z * z * z)))",
        Status.VALUE,
    ),
    "one-less": ("torch.matmul(x, w)", "x[:, 1:] @ w[1:]", Status.VALUE),
    "overflow": (
        "torch.softmax(x @ w * 10, 1)",
        "numpy.exp(x @ w * 10) / numpy.sum(numpy.exp(x @ w * 10), axis=1, keepdims=True)",
        Status.PRECISION,
    ),
}


def test_six_pairs(tmp_path: Path) -> None:
    if missing(TORCH):
        pytest.skip("torch is not installed")
    entries = "".join(
        ENTRY.replace("NAME", name).replace("TORCH", one).replace("NUMPY", two) for name, (one, two, _) in PAIRS.items()
    )
    cases = list(suite(tmp_path, f"op: call\nvalues: normal\ncases:{entries}").cases())
    with Probe([NUMPY, TORCH]) as probe:
        found = probe.judge(cases)
    assert [one.error for one in found] == [""] * len(PAIRS)
    assert {name: one.verdicts[NUMPY].status for name, one in zip(PAIRS, found, strict=True)} == {
        name: status for name, (_, _, status) in PAIRS.items()
    }
    assert all(one.verdicts[TORCH].status is Status.PASS for one in found)

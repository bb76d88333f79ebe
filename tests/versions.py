"""Real environments for the tests: NumPy releases, which install in seconds, and a case that tells them apart.

NumPy's FFT answers in single precision for single precision from 2.0.0 on; before, in double precision.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[1]
OLD, NEW, NEWER = "1.26.4", "2.0.0", "2.0.1"

FFT = """
op: call
about: There and back, which keeps every integer.
values: [integers]
cases:
  - name: fft-there-and-back
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [3, 4], kernel: 1, stride: 1}}
      plans:
        numpy: {text: "y = numpy.fft.irfft(numpy.fft.rfft(x * w))", layouts: {x: NCHW, w: IOHW, y: NCHW}}
"""


def settings(cache: Path) -> dict[str, str]:
    """The environment of a command that keeps its environments in `cache`."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "CONFORMANCE_CACHE": str(cache)}


def argv(*words: str) -> list[str]:
    return [sys.executable, "-m", "conformance", *words]


def command(*words: str, cwd: Path, cache: Path, timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(*words), cwd=cwd, env=settings(cache), capture_output=True, text=True, timeout=timeout, check=False
    )


def shared_cache(factory: pytest.TempPathFactory) -> Path:
    """One folder of environments for the whole test run, also where several processes share it."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "environments"

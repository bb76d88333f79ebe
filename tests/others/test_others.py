"""No reference disagrees with what others computed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.patience import LONG


@pytest.mark.parametrize(("source", "least"), [("onnx", 60), ("torch", 500)])
def test_no_reference_disagrees(source: str, least: int) -> None:
    if find_spec(source) is None or find_spec("onnx") is None:
        pytest.skip(f"{source} is not installed")
    command = [sys.executable, "-W", "ignore", "-m", "tests.others", source]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    agree = [int(number) for number in re.findall(rf"^{source} \w+: (\d+) agree, 0 disagree", done.stdout, re.M)]
    assert len(agree) == len(done.stdout.splitlines())
    assert sum(agree) >= least

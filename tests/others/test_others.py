"""No reference disagrees with what others computed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.others.points import NotExpressible, Tally, because, unexplained, unless
from tests.patience import LONG

SEED = 0


# Some functions of each source; `python -m tests.others` holds all of them.
@pytest.mark.parametrize(("source", "some", "least"), [("onnx", 20, 30), ("torch", 25, 20)])
def test_no_reference_disagrees(source: str, some: int, least: int) -> None:
    if find_spec(source) is None or find_spec("onnx") is None:
        pytest.skip(f"{source} is not installed")
    asked = [sys.executable, "-W", "ignore", "-m", "tests.others", source, "--some", str(some), "--seed", str(SEED)]
    root = Path(__file__).parents[2]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    agree = [int(number) for number in re.findall(rf"^{source} \w+: (\d+) agree", done.stdout, re.M)]
    assert sum(agree) >= least, done.stdout


def test_what_is_unexplained_counts() -> None:
    found = {"relu": Tally(agree=1, disagree=[("relu 1", "off")], accepted=[("relu 2", "refused")])}
    assert unexplained(found, {}) == 2
    assert unexplained(found, {"relu 1": "theirs"}) == 1
    assert because({"relu .*": "theirs"}, "relu 2") == "theirs"


def test_what_can_not_be_said_has_a_reason() -> None:
    unless(False, "never")
    with pytest.raises(NotExpressible, match="of two dtypes"):
        unless(True, "of two dtypes")

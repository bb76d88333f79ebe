"""What a framework says of its own functions, asked in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from tests.patience import LONG


def own_words(script: str, framework: str, names: Iterable[str]) -> Any:
    """What a script prints as its last line, in JSON; it is given the framework and the names of functions."""
    environment = {**os.environ, "KERAS_BACKEND": "numpy", "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", script, framework, *names],
        capture_output=True,
        text=True,
        timeout=LONG,
        env=environment,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])

"""What a record says of the machine that the run was started on."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance import __version__
from conformance.worker.processor import instruction_sets, model


def describe_environment(command: Sequence[str]) -> dict[str, Any]:
    """What is known of the coordinator's side of a run; what each worker says of itself goes into `targets`."""
    return {
        "conformance": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "cpu": model(),
        "instruction_sets": instruction_sets(),
        "command": list(command),
    }

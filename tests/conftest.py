"""What every test runs under."""

from __future__ import annotations

import os

from hypothesis import settings

# Two threads a process are more than a test needs, and BLAS libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples on every run, so that a red test is red again; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("steady")

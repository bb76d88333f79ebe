"""SciPy's functions that a plan may call, and what they need of NumPy's."""

from __future__ import annotations

from conformance.worker.allowed import Allowed, names

ALLOWED = Allowed(
    functions=names("scipy.signal", "correlate convolve") | names("scipy.special", "ndtr") | names("numpy", "pad"),
    words=frozenset(["direct"]),
)

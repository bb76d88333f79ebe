"""How a stand-alone script asks NumPy."""

from __future__ import annotations

from conformance.frameworks.surface import Surface

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class NumPySurface(Surface):
    """As runtime.py."""

    @property
    def modules(self) -> list[str]:
        return ["numpy"]

    @property
    def reads(self) -> tuple[str, ...]:
        return READS

    def setup(self) -> list[str]:
        return ['np.seterr(all="ignore")  # infinities and NaN are values here']


SURFACE = NumPySurface

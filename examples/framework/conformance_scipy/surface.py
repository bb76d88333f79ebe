"""How a stand-alone script asks SciPy: the script that `conformance repro` writes."""

from conformance.frameworks.surface import Surface


class SciPySurface(Surface):
    """As runtime.py: arrays are NumPy's, and nothing is set."""

    @property
    def modules(self) -> list[str]:
        return ["numpy", "scipy", "scipy.signal"]

    @property
    def reads(self) -> tuple[str, ...]:
        return ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


SURFACE = SciPySurface

"""What a worker runs SciPy's plans with. Python 3.9, the standard library, NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    NDArray,
    Outputs,
    Refused,
    Runtime,
    import_framework,
    of_array,
)


class SciPy(Runtime):
    """SciPy computes eagerly, on the CPU, on NumPy's arrays."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.scipy = import_framework("scipy")
        import_framework("scipy.signal")
        import_framework("scipy.special")
        self.roots = {"scipy": self.scipy, "numpy": numpy}

    def info(self) -> dict[str, Any]:
        """SciPy's version; the threads are those of its BLAS."""
        return {"version": self.scipy.__version__, "devices": ["cpu"], "flags": {"threads": self.config.threads}}

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A copy."""
        if dtype == "bfloat16":
            raise Refused("NumPy has no bfloat16")
        return array.copy()

    def to_numpy(self, value: Any) -> Answered:
        """The array itself."""
        return of_array(value)

    def run_with_gradient(
        self, function: Function, tensors: list[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> tuple[Outputs, list[Any]]:
        """Always refused."""
        raise Refused("SciPy has no gradients")


RUNTIME = SciPy

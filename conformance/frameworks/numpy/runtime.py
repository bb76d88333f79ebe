"""NumPy."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy
import numpy.fft
import numpy.lib.stride_tricks
import numpy.linalg

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    NDArray,
    Outputs,
    Refused,
    Runtime,
    Unavailable,
    of_array,
)


class NumPy(Runtime):
    """NumPy computes eagerly, on the CPU, without gradients and without bfloat16."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.device != "cpu":
            raise Unavailable("NumPy computes on the CPU only")
        self.roots = {"numpy": numpy}

    def info(self) -> Dict[str, Any]:
        """NumPy's version; the threads are those of its BLAS."""
        return {"version": numpy.__version__, "devices": ["cpu"], "flags": {"threads": self.config.threads}}

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A copy."""
        if dtype == "bfloat16":
            raise Refused("NumPy has no bfloat16")
        return array.copy()

    def to_numpy(self, value: Any) -> Answered:
        """The array itself; a NumPy scalar is an array of no axes."""
        return of_array(value)

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """The outputs, without warnings about infinities and NaN: those are values here."""
        with numpy.errstate(all="ignore"):
            outputs: Outputs = function(*tensors)
            return outputs

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """Always refused."""
        raise Refused("NumPy has no gradients")


RUNTIME = NumPy

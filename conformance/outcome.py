"""What came back from a target: a closed union of frozen types.

A status is never smuggled in as NaN, None or a magic number: each way in which a request can end has a type of
its own, and `match` over `Outcome` is exhaustive under mypy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tensor:
    """An array as a framework returned it: its own dtype's name, and the values.

    `values` is None where the framework answered with a shape alone (`torch:meta`, `onnx/shapes`). bfloat16 has no
    NumPy dtype, so its values are held as float32 (every bfloat16 is one); `dtype` keeps the framework's own word.
    """

    dtype: str
    shape: tuple[int, ...]
    values: NDArray[np.generic] | None


GRADIENT = "gradient of "


def gradient_of(name: str) -> str:
    """What the gradient with respect to an input is called in verdicts and records."""
    return GRADIENT + name


@dataclass(frozen=True)
class Value:
    """The target answered."""

    outputs: dict[str, Tensor]  # by name, in the op's order
    gradients: dict[str, Tensor] = field(default_factory=dict)  # by the name of the input
    # For a determinism check: tensor (as `tensors` calls it) -> number of elements whose bits differed between repeats.
    unstable: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0  # what the worker measured for the call

    @property
    def first(self) -> Tensor:
        """The first output, which for most ops is the only one."""
        return next(iter(self.outputs.values()))

    @property
    def has_values(self) -> bool:
        """Whether every output has values: not where a framework answers with shapes alone."""
        return all(tensor.values is not None for tensor in self.outputs.values())

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Outputs and gradients by the words that verdicts use: `y`, `gradient of w`."""
        return {**self.outputs, **{gradient_of(name): tensor for name, tensor in self.gradients.items()}}


@dataclass(frozen=True)
class Raised:
    """The target refused, with its own words."""

    type: str
    message: str
    phase: str = "forward"  # or "gradient"


@dataclass(frozen=True)
class Unsupported:
    """The target was not asked, or says itself that it can't: never counted as passed."""

    reason: str


@dataclass(frozen=True)
class Crashed:
    """The worker process died while it held this case."""

    signal: str
    log: str


@dataclass(frozen=True)
class TimedOut:
    """The worker did not answer in time and was killed."""

    seconds: float
    log: str


Outcome: TypeAlias = Value | Raised | Unsupported | Crashed | TimedOut

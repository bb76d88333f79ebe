"""How each framework is asked: tables of small pure functions from parameters to a plan.

No adapter imports a framework, so all of this is tested without one. Every op x framework cell is a function or is
absent,
and then `lower` answers Unsupported; a test walks the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from conformance.exact.trilinear import Geometry
from conformance.ops.base import Op
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import Target

Q = TypeVar("Q", bound=Op)


@dataclass(frozen=True)
class Ask(Generic[Q]):
    """What an adapter is given.

    `meaning` is `Op.meaning`, or None where the op's definition refuses the parameters; then a plan is only of use in
    the words of the case's own convention.
    """

    op: Q
    meaning: Any
    dtype: str
    target: Target

    def native(self, *conventions: str) -> bool:
        """Whether the case speaks this framework's own convention, so that its words can be passed on as they are."""
        return getattr(self.op, "convention", "") in conventions

    @property
    def geometry(self) -> Geometry | None:
        """The meaning of a convolution."""
        meaning: Geometry | None = self.meaning
        return meaning


Lowering: TypeAlias = Callable[[Ask[Any]], Plan | Unsupported]


def table() -> Mapping[str, Mapping[str, Lowering]]:
    """framework -> op -> how it is asked."""
    from conformance.frameworks.jax import words as jax
    from conformance.frameworks.keras import words as keras
    from conformance.frameworks.numpy import words as numpy
    from conformance.frameworks.onnx import words as onnx
    from conformance.frameworks.tensorflow import words as tensorflow
    from conformance.frameworks.torch import words as torch

    return {
        "numpy": numpy.TABLE,
        "torch": torch.TABLE,
        "jax": jax.TABLE,
        "tensorflow": tensorflow.TABLE,
        "keras": keras.TABLE,
        "onnx": onnx.TABLE,
    }


def lower(ask: Ask[Any]) -> Plan | Unsupported:
    """The plan for one target, or why there is none."""
    lowering = table()[ask.target.framework].get(ask.op.name)
    if lowering is None:
        return Unsupported(f"{ask.target.framework} has no {ask.op.name}")
    return lowering(ask)

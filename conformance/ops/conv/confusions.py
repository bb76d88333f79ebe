"""Every confusion of `conv` and `conv_transpose`, the most plausible first."""

from __future__ import annotations

from conformance.ops.confusions import Confusion
from conformance.ops.conv.array_confusions import CHANNEL_REUSED, FLIPPED, MEMORY
from conformance.ops.conv.element_confusions import ELEMENTS, LAST_RESORTS, ROUNDINGS
from conformance.ops.conv.padding_confusions import PADDING
from conformance.ops.conv.problem import ConvProblem
from conformance.ops.conv.step_confusions import STEPS

CONFUSIONS: tuple[Confusion[ConvProblem], ...] = (
    FLIPPED,
    *PADDING,
    *STEPS,
    *MEMORY,
    *ELEMENTS,
    *ROUNDINGS,
    CHANNEL_REUSED,
    *LAST_RESORTS,
)

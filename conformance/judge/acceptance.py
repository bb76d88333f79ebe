"""Why something was answered that the definition refuses: did the target clamp a parameter, ignore it, or compute on?

Told by the shape of the answer. Two frameworks that differ in this way differ in their checks, not in their arithmetic.
"""

from __future__ import annotations

from conformance.ops.base import Op


def explain_acceptance(op: Op | None, shape: tuple[int, ...]) -> str:
    """How the first output's shape comes about although the parameters are refused; "" where nothing tried gives it."""
    found = () if op is None else op.acceptances()
    return next((text for text, given in found if given == shape), "")

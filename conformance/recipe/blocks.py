"""Groups where a framework has none: a dense kernel that is zero outside of its groups' blocks."""

from __future__ import annotations

from dataclasses import replace

from conformance.frameworks import Ask, lower
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan


def lowered(ask: Ask[Convolution]) -> Plan | Unsupported:
    """The adapter's plan; where Keras has no groups for a transposed convolution, one with a kernel in blocks."""
    plan = lower(ask)
    op = ask.op
    if not isinstance(plan, Unsupported) or ask.geometry is None or ask.target.framework != "keras":
        return plan
    if op.groups == 1 or not op.transposed:
        return plan
    dense = lower(replace(ask, op=replace(op, groups=1)))
    if isinstance(dense, Unsupported):
        return plan
    g = op.groups
    # Stored in groups the kernel is ..O(GI). Repeated along O it is dense; what is in no block of its group becomes 0.
    repeats = (*(1 for _ in op.kernel), g, 1)
    mask = f"keras.ops.repeat(keras.ops.eye({g}, dtype={ask.dtype!r}), {op.out_channels // g}, axis=0)"
    blocks = f"w = keras.ops.tile(w, {repeats!r}) * keras.ops.repeat({mask}, {op.in_channels // g}, axis=1)"
    layouts = {**dict(dense.layouts), "w": f"{op.spatial}O(GI)"}
    note = "; ".join(
        filter(None, ["Keras's transposed convolutions have no groups: the kernel is spread out", dense.note])
    )
    return replace(dense, text=f"{blocks}\n{dense.text}", layouts=tuple(layouts.items()), note=note)

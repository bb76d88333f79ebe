"""What several frameworks share in how they are asked recurrent layers of both directions."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.ops.bidirectional import Bidirectional
from conformance.plan import Plan


def joined(op: Bidirectional, one: str, other: str) -> str:
    """A statement that makes y of both directions, where they are not concatenated."""
    sign = "*" if op.merge == "mul" else "+"
    return f"y = ({one} + {other}) / 2" if op.merge == "ave" else f"y = {one} {sign} {other}"


def plan(
    op: Bidirectional,
    lines: list[str],
    weights: str = "{units}{features}",
    gates: str = "",
    note: str = "",
    own: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of these lines.

    `weights`: in which order a kernel has its axes; `gates`: their order, where it is not the op's. `own`: layouts that
    are not what most frameworks have, states a layer and a direction after the other, y with both side by side.
    """
    given = {}
    for spec in (*op.inputs(), *op.outputs()):
        units = "(GH)" if "G" in spec.axes else "H"
        letters = {"units": units, "features": spec.axes[-1]}
        if spec.name in ("x", "y"):
            usual = spec.axes.replace("DH", "(DH)")
        elif spec.axes.startswith("A"):
            usual = "(AD)NH"
        else:
            usual = "D" + (units if spec.axes.endswith("H") else weights.format(**letters))
            usual += f" G={gates}" if gates and "G" in spec.axes else ""
        given[spec.name] = (own or {}).get(spec.name, usual)
    return Plan.of("\n".join(lines), given, note, tuple(spec.name for spec in op.outputs()), True)

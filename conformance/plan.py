"""The plan: what a target is asked to do, as data whose text is valid Python.

What was run, what is shown and what is reproduced are the same text, so they can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.layout import Layout, parse_layout

# The name of the output of an op that has one; reports leave it unsaid.
USUAL = "y"


@dataclass(frozen=True)
class Plan:
    """A few lines of straight-line Python, and the layout of each input and of each output.

    `layouts` maps the names of the inputs and of the outputs to layout texts such as `NHWC` or `(GI)OHW flipped`; no
    output has the name of an input. `outputs` are those that are answered, in the op's order.
    Where a note explains an unusual form (a crop, a different function), it is shown beside the plan and never run.
    """

    text: str
    layouts: tuple[tuple[str, str], ...]
    note: str = ""
    # No part of the text by which a case is told apart: the names are those in `layouts` that are no input.
    outputs: tuple[str, ...] = field(default=(USUAL,), repr=False)
    # Whether the user trusts the file that it is from: then it may name functions that are in no list. It computes the
    # same either way, so no id and no fingerprint shows it.
    trusted: bool = field(default=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        text: str,
        layouts: Mapping[str, str],
        note: str = "",
        outputs: tuple[str, ...] = (USUAL,),
        trusted: bool = False,
    ) -> Plan:
        """A plan from a mapping of layouts."""
        return cls(text, tuple(layouts.items()), note, outputs, trusted)

    def layout(self, name: str) -> Layout:
        """The layout of an input or of an output; KeyError where the plan does not have it."""
        return parse_layout(dict(self.layouts)[name])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return tuple(name for name, _ in self.layouts if name not in self.outputs)

    def render(self) -> str:
        """The plan as it is shown: its text and, in a comment, its layouts."""
        layouts = ", ".join(f"{name}: {layout}" for name, layout in self.layouts)
        note = f"\n# {self.note}" if self.note else ""
        return f"{self.text}\n# {layouts}{note}"

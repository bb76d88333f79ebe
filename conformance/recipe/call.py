"""A call as it stands in somebody's code, once it is understood: what it computes, and how it is run."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from conformance.layout import Layout, parse_layout
from conformance.ops.base import Op
from conformance.ops.conv.convolution import Convolution
from conformance.usage import UsageError


class CallError(UsageError, ValueError):
    """A call that can't be read or that the framework refuses; one message says what was found and what to write."""


@dataclass(frozen=True)
class Call:
    """One call of a framework's convolution.

    `op` is what the call asks, so that `op.geometry()` is what it means. `layouts` holds the layout of
    x, w, (b,) and y, in this order, as the call's own arrays have them. `plan` is what runs it: w and b are its inputs
    even where a layer owns its weights.
    """

    text: str
    framework: str
    function: str
    kind: str  # "layer", which owns its weights, or "function", which is given them
    op: Convolution
    layouts: tuple[tuple[str, str], ...]
    weight_names: tuple[tuple[str, str], ...]
    dtype: str
    plan: str
    notes: tuple[str, ...] = ()
    values: tuple[tuple[str, ast.expr], ...] = ()  # of names and other code in the text, as they were given beside it

    @property
    def question(self) -> Op:
        """The op whose inputs and outputs are the call's."""
        return self.op

    def layout(self, name: str) -> Layout:
        """The layout of x, w, b or y; KeyError where the call has no such array."""
        return parse_layout(dict(self.layouts)[name])

    def weight_name(self, name: str) -> str:
        """What people call w or b in this framework, such as `kernel`."""
        return dict(self.weight_names)[name]

"""The ops that have a definition of their own, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose

DEFINED: dict[str, type[Op]] = {op.name: op for op in (Conv, ConvTranspose)}

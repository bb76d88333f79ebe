"""The ops, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.conv import Conv
from conformance.ops.conv_transpose import ConvTranspose

OPS: dict[str, Op] = {op.name: op for op in (Conv(), ConvTranspose())}

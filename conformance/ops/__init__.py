"""The ops, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.call import Call
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose

_DEFINED: dict[str, Op] = {op.name: op for op in (Conv(), ConvTranspose())}

OPS: dict[str, Op] = {**_DEFINED, Call.name: Call(_DEFINED)}

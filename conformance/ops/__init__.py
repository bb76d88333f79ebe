"""The ops, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.call import Call
from conformance.ops.defined import DEFINED

OPS: dict[str, type[Op]] = {**DEFINED, Call.name: Call}

"""The record: one SQLite file a run. The run appends to it; every report only reads it.

A record is in WAL mode while it is written, so that it can be read meanwhile, and one plain file after `close`.
Verdicts are committed in batches: a killed run loses at most the last second, and what is left can be read
(`complete=False`) and resumed. A record without its footer (`finished`) is not a complete run. Whoever reads one takes
it for a stranger's file. docs/record.md describes the tables.
"""

from conformance.record.environment import describe_environment
from conformance.record.merge import merge
from conformance.record.reader import Reader
from conformance.record.schema import (
    ALLOWANCE,
    REFERENCE,
    RecordedArray,
    RecordedCase,
    RecordError,
    Row,
    Summary,
    WriteError,
    of,
)
from conformance.record.writer import Writer

__all__ = [
    "ALLOWANCE",
    "REFERENCE",
    "Reader",
    "RecordError",
    "RecordedArray",
    "RecordedCase",
    "Row",
    "Summary",
    "WriteError",
    "Writer",
    "describe_environment",
    "merge",
    "of",
]

"""Record against record, case by case: what changed, how, and by how much. docs/diff.md says what the kinds mean."""

from conformance.diff.changes import (
    SETS,
    TITLES,
    Change,
    Diff,
    Errors,
    Group,
    Kind,
    RecordFacts,
    Side,
    SpeedChange,
    TargetPair,
    Ulps,
    compare,
    parse_kinds,
)
from conformance.diff.join import diff_records
from conformance.diff.targets import pair_targets, parse_maps

__all__ = [
    "SETS",
    "TITLES",
    "Change",
    "Diff",
    "Errors",
    "Group",
    "Kind",
    "RecordFacts",
    "Side",
    "SpeedChange",
    "TargetPair",
    "Ulps",
    "compare",
    "diff_records",
    "pair_targets",
    "parse_kinds",
    "parse_maps",
]

"""Whether an op became slower or faster, or whether that is only noise.

A record has one measurement of each case, with the machine's moods, first calls and compilation all in it. So nothing
is said of a case; of an op on a target, the median over its cases is looked at, and held against two kinds of noise.
Within the pair of records: the cases are split into blocks in the order in which they ran, and the blocks' medians
scatter. Between the two runs: a target whose version did not change repeats the same measurement, and how far its
medians moved is what repeating alone does.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from conformance.diff.changes import SpeedChange

LEAST_CASES = 40
BLOCKS = 8
DEVIATIONS = 4.0
LEAST_RATIO = 1.2  # a smaller change is not worth a word, however sure


@dataclass
class Times:
    """Seconds of the cases of one op on one pair of targets that were answered on both sides, in the order of the run.

    `repeat`: both sides are the same target at the same version.
    """

    repeat: bool
    before: array[float] = field(default_factory=lambda: array("d"))
    after: array[float] = field(default_factory=lambda: array("d"))

    def add(self, before: float, after: float) -> None:
        """One case."""
        self.before.append(before)
        self.after.append(after)

    def logs(self) -> NDArray[np.float64]:
        """log(after / before), a case."""
        ratios: NDArray[np.float64] = np.asarray(self.after) / np.asarray(self.before)
        return np.asarray(np.log(ratios))


def changes(times: Mapping[tuple[str, str, str], Times]) -> list[SpeedChange]:
    """The ops that became slower or faster beyond the noise, the largest change first. Keys: (target, target, op)."""
    enough = {key: t for key, t in times.items() if len(t.before) >= LEAST_CASES}
    medians = {key: float(np.median(t.logs())) for key, t in enough.items()}
    found = []
    for key, measured in enough.items():
        before, after, op = key
        # A target is no yardstick of itself.
        repeats = [abs(medians[k]) for k, t in enough.items() if t.repeat and k[:2] != key[:2]]
        noise = max([DEVIATIONS * _block_scatter(measured.logs()), *repeats])
        if abs(medians[key]) <= max(noise, math.log(LEAST_RATIO)):
            continue
        found.append(
            SpeedChange(
                op,
                (before, after),
                len(measured.before),
                math.exp(medians[key]),
                math.exp(noise),
                (float(np.median(measured.before)), float(np.median(measured.after))),
            )
        )
    return sorted(found, key=lambda change: -abs(math.log(change.ratio)))


def _block_scatter(logs: NDArray[np.float64]) -> float:
    """The standard deviation of the medians of blocks of consecutive cases.

    It is that of a block, not of the whole median, on purpose: a load that comes and goes moves whole blocks.
    """
    return float(np.std([np.median(block) for block in np.array_split(logs, BLOCKS)], ddof=1))

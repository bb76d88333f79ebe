"""The confusions of an op as faults: what explains a wrong answer must be noticed first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np

from conformance.faults.asked import Asked, Fault
from conformance.ops.confused import GENERIC
from conformance.ops.confusions import Stage, finished, prepared
from conformance.outcome import Outcome

GROUP = "confusions"

# Of one confusion so many variants are put into one output of a case, spread over all of them. Of an op with a
# geometry it is one: beside these it has faults of its own.
MOST, MOST_CONVOLUTIONAL = 6, 1
# Variants are many where axes are long; those after so many are not looked at.
LISTED = 240

_NAMES = tuple(confusion.name for confusion in GENERIC)


def confused(name: str, asked: Asked) -> Iterator[Outcome]:
    """The answers that one confusion gives, or, where `name` is "", those that the op's family alone knows."""
    most = MOST_CONVOLUTIONAL if asked.geometry else MOST
    for spec in asked.outputs:
        problem = asked.op.problem(asked.arrays, spec.name).computed()
        if problem is None:
            continue
        for confusion in asked.op.confusions():
            if confusion.name != name and (name or confusion.name in _NAMES):
                continue
            variants = list(islice(confusion.all(problem), LISTED))
            for variant in variants[:: max(1, -(-len(variants) // most))]:
                with np.errstate(all="ignore"):
                    before = problem if variant.stage is Stage.OUTPUT else prepared(problem, [variant])
                    # A family's problem may still have the answer to what was asked before.
                    if before is not None and before is not problem:
                        before = before.computed()
                    after = finished(before, [variant])
                if after is not None and after.y is not None:
                    yield asked.having(spec.name, after.y)


def confusion_faults() -> Iterator[Fault]:
    """One line a confusion that every op has, and one for all that a family adds.

    A parameter read otherwise may matter as little as a rounding does.
    """
    for name in _NAMES:
        yield Fault(f"confusion: {name}", GROUP, partial(confused, name), within=True, optional=True)
    yield Fault("confusion: of the op's family", GROUP, partial(confused, ""), within=True, optional=True)

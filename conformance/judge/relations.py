"""Answers of which several are right: held against what must hold of them, and answers whose order is left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from conformance.dtypes import DType
from conformance.exact.graph import Channel, allowance
from conformance.exact.num import Num
from conformance.exact.order import sort
from conformance.exact.precision import Precision
from conformance.judge.figures import measured
from conformance.ops.base import Array, Relation
from conformance.ops.reference import Reference
from conformance.verdict import Figures, Status


def held(
    relation: Relation, inputs: Mapping[str, Array], got: Mapping[str, Array], dtype: DType
) -> tuple[Status, str, Figures]:
    """Whether a relation holds of an answer: both sides as near as the roundings of the answer and their own allow.

    An answer is taken to be off by `relation.roundings` unit roundoffs of its largest element, as backward stable
    algorithms are (Golub and Van Loan, "Matrix Computations", 4th ed., sections 5.2 and 8.6).
    """
    precision = Precision.of(dtype.name)
    given = {name: Num(array) for name, array in inputs.items()}
    answer = {name: _computed(array, relation.roundings) for name, array in got.items()}
    left, right = (side if isinstance(side, Num) else Num(side) for side in relation.sides(given, answer))
    allowed = allowance(left, precision) + allowance(right, precision)
    _, figures = measured(left.value, np.broadcast_to(right.value, left.shape), None, np.asarray(allowed))
    if not figures.differing:
        return Status.PASS, f"{relation.text}: largest error {figures.fraction:.2g} of the allowance", figures
    words = f"{relation.text} does not hold: {figures.differing} of {figures.elements} elements differ"
    return Status.VALUE, f"{words}; worst at {figures.worst}: {figures.got:.9g}, not {figures.reference:.9g}", figures


def transposed(
    relations: Sequence[Relation], inputs: Mapping[str, Array], got: Mapping[str, Array], dtype: DType
) -> str:
    """The output with whose last two axes exchanged every relation holds, as V for V^T; "" where there is none."""
    for name in sorted(judged_by_relations(relations)):
        if got[name].ndim > 1 and got[name].shape[-1] == got[name].shape[-2]:
            other = {**got, name: got[name].swapaxes(-1, -2)}
            if all(held(relation, inputs, other, dtype)[0] is Status.PASS for relation in relations):
                return name
    return ""


def _computed(array: Array, roundings: float) -> Num:
    size = float(np.max(np.abs(array), initial=0.0))

    def own(name: Channel) -> Array | None:
        return np.full(array.shape, roundings * size) if name == "err" else None

    return Num(array, own=own, steps=1)


def in_order(reference: Reference, got: Array, axis: int) -> tuple[Reference, Array]:
    """A reference and an answer, sorted along an axis whose order the op leaves open."""
    right, _ = sort(Num(reference.value) if reference.made is None else reference.made, axis)
    return Reference.of(right), np.sort(got, axis=axis)


def judged_by_relations(relations: Sequence[Relation]) -> set[str]:
    """The outputs that no value of their own is right of."""
    return {name for relation in relations for name in relation.outputs}

"""How a value was made, and what follows from it: error channels and ranges, each computed when it is asked for.

A node has a float64 value and edges to the nodes that it was made from. Four channels run along the edges, all by the
same rule: a parent's channel times |slope|, summed over the parents, plus what the operation itself adds.

    err     roundings in the accumulating dtype, in its unit roundoffs (running error analysis: Higham, "Accuracy and
            Stability of Numerical Algorithms", 2nd ed., section 3.3)
    stored  roundings to the case's dtype at the places where kernels store what they have
    tiny    losses to underflow, in smallest subnormals
    energy  the sum of the squares of the terms (slopes count squared), from which effective bits are made

Beside them runs the range: where a value hangs on a branch that rounding may flip (a comparison, floor, a maximum of
computed values), the lowest and the highest value that either branch leads to. It is propagated by interval arithmetic,
and only through nodes that have such a branch behind them. Inputs are exact, so a branch on inputs is certain.

Everything walks the graph with a list, never by recursion: a recurrence may be thousands of nodes deep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from conformance.exact.precision import Precision

if TYPE_CHECKING:
    from conformance.exact.num import Num

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Range = tuple[Array, Array]
Channel = Literal["err", "stored", "tiny", "energy"]

_ROUNDINGS: tuple[Channel, ...] = ("stored", "err", "tiny")
# Stands for "unbounded" in a channel: products with zero stay zero, and sums stay finite.
UNBOUNDED = 1e300


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """From a result to one parent.

    `spread(c, squared)` takes a channel of the parent to the result: multiplied by |slope|, or by its square. `pull(g,
    y)` takes a cotangent of the result `y` to the parent's. `term`: the parent is a summand of the result, so an exact
    parent is a term of its energy itself.
    """

    parent: Num
    spread: Callable[[Array, bool], Array]
    pull: Callable[[Num, Num], Num]
    term: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """That a value is a sum of `terms` terms (an element), and `magnitude()` the sum of their absolute values.

    `bare`: the terms are inputs, or products of two of them, so that all of the value's error is the sum's. `repeats`:
    whether terms are equal to one another, so that their rounding errors are, too, and add up.
    """

    terms: int | Array
    magnitude: Callable[[], Array]
    bare: bool
    repeats: Callable[[], bool] = lambda: False


Own = Callable[[Channel], Array | None]
Reach = Callable[[Precision, Sequence[Range]], Range]


class Node:
    """A float64 value that knows how it was made. `Num` adds the arithmetic."""

    __slots__ = (
        "_channels",
        "_ranges",
        "branches",
        "conserved",
        "decides",
        "edges",
        "exact",
        "own",
        "reach",
        "steps",
        "stores",
        "sum",
        "value",
    )

    def __init__(
        self,
        value: Array | float,
        edges: Sequence[Edge] = (),
        own: Own | None = None,
        *,
        reach: Reach | None = None,
        decides: bool = False,
        keeps: bool = True,
        stores: bool = False,
        steps: int = 0,
        sum: Sum | None = None,
        conserved: int | None = None,
    ) -> None:
        self.value: Array = np.asarray(value, dtype=np.float64)
        self.edges = tuple(edges)
        self.own = own  # what the operation adds to each channel; None: nothing is rounded
        self.reach = reach  # its range from its parents' ranges
        self.decides = decides  # whether the operation itself is a branch
        exact, branches, most = True, decides, 0
        for edge in self.edges:
            parent = edge.parent
            exact &= parent.exact
            branches |= parent.branches
            stores |= parent.stores
            most = max(most, parent.steps)
        # No channel: nothing was rounded on the way here (or, without `keeps`, a step function forgot it).
        self.exact: bool = own is None and (exact or not keeps)
        self.branches: bool = branches  # whether there may be a range
        self.stores: bool = stores  # whether there may be a channel `stored`
        self.steps: int = steps + most
        self.sum = sum
        self.conserved = conserved  # an axis along which the sum is certain, whichever open branch is taken
        self._channels: dict[Channel, Array | None] = {}
        self._ranges: dict[Precision, Range | None] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.value.size

    @property
    def err(self) -> Array:
        """Roundings in the accumulating dtype, in its unit roundoffs."""
        return _filled(self, "err")

    @property
    def stored(self) -> Array:
        """Roundings to the case's dtype before the last one, in its unit roundoffs."""
        return _filled(self, "stored")

    @property
    def tiny(self) -> Array:
        """What underflow may lose, in smallest subnormals of the accumulating dtype."""
        return _filled(self, "tiny")

    @property
    def energy(self) -> Array:
        """The sum of the squares of the terms."""
        found = channel(self, "energy")
        return _square(self.value) if found is None else found


def channel(node: Node, name: Channel) -> Array | None:
    """One channel of a node, from its parents' on; None where it is zero everywhere."""
    with np.errstate(all="ignore"):
        found = _hasty(node, name)
        if found is not None and not all_finite(found):
            _walk(node, name, careful=True)
            return node._channels[name]
    return found


def _hasty(node: Node, name: Channel) -> Array | None:
    """A channel as it comes: it may hold NaN and infinities, which say that care is needed."""
    if node.exact or (name == "stored" and not node.stores):
        return None
    if name not in node._channels:
        _walk(node, name, careful=False)
    return node._channels[name]


def all_finite(x: Array) -> bool:
    """Whether every element is finite, in one pass; it may say no where a sum overflows."""
    return isfinite(x.sum())


def _walk(node: Node, name: Channel, careful: bool) -> None:
    """A channel of everything behind a node that lacks it, parents first; if careful, of everything anew."""
    todo = [node]
    done: set[int] = set()
    while todo:
        top = todo.pop()
        if (id(top) in done) if careful else (name in top._channels):
            continue
        missing = []
        for edge in top.edges:
            parent = edge.parent
            if not parent.exact and ((id(parent) not in done) if careful else (name not in parent._channels)):
                missing.append(parent)
        if missing:
            todo.append(top)
            todo.extend(missing)
        else:
            done.add(id(top))
            top._channels[name] = _added_up(top, name, careful)


def _added_up(node: Node, name: Channel, careful: bool) -> Array | None:
    total = None if node.own is None else node.own(name)
    squared = name == "energy"
    for edge in node.edges:
        given = edge.parent._channels.get(name)
        if given is None:
            if not (squared and edge.term):
                continue
            given = _square(edge.parent.value)
        spread = edge.spread(given, squared)
        total = spread if total is None else total + spread
    if total is None:
        return None
    total = spread_out(total, node.value.shape)
    if careful:
        # An infinite slope of an exact parent adds nothing; where the value is not finite there is nothing to bound.
        total = np.nan_to_num(total, nan=0.0, posinf=UNBOUNDED)
        total = np.where(np.isfinite(node.value), total, 0.0)
    return total


def spread_out(x: Array | float, shape: tuple[int, ...]) -> Array:
    """As np.broadcast_to, which takes many times as long for what it does."""
    x = np.asarray(x, dtype=np.float64)
    if x.shape == shape:
        return x
    new = len(shape) - x.ndim
    if new < 0 or x.shape != shape[new:]:
        return np.broadcast_to(x, shape)
    x = np.ascontiguousarray(x)
    return np.ndarray(shape, np.float64, buffer=x.data, strides=(0,) * new + x.strides[x.ndim - len(shape) + new :])


def reach(node: Node, precision: Precision) -> Range | None:
    """The lowest and highest value that the branches behind a node lead to; None where none of them is open."""
    todo: list[Node] = [node]
    while todo:
        top = todo[-1]
        if not top.branches or precision in top._ranges:
            todo.pop()
            continue
        missing = [e.parent for e in top.edges if e.parent.branches and precision not in e.parent._ranges]
        if missing:
            todo.extend(missing)
            continue
        todo.pop()
        with np.errstate(all="ignore"):
            top._ranges[precision] = _reached(top, precision)
    return node._ranges.get(precision)


def _reached(node: Node, precision: Precision) -> Range | None:
    known = [e.parent._ranges.get(precision) for e in node.edges]
    if node.reach is None or (not node.decides and all(r is None for r in known)):
        return None
    given = [(e.parent.value, e.parent.value) if r is None else r for e, r in zip(node.edges, known, strict=True)]
    low, high = node.reach(precision, given)
    # What is not a number is no bound; a value without a branch behind it stays what it is.
    low = np.minimum(np.where(np.isnan(low), -np.inf, low), node.value)
    high = np.maximum(np.where(np.isnan(high), np.inf, high), node.value)
    nothing = np.isnan(node.value)
    low, high = np.where(nothing, node.value, low), np.where(nothing, node.value, high)
    return (low, high) if (low < high).any() else None


def allowance(node: Node, precision: Precision) -> Array:
    """How far a right answer may be from the value, an element; zero everywhere where nothing is rounded.

    u*err/(1 - m*u) + u'*(|value| + stored) + eta*tiny + eta'/2, with m the number of roundings in a row. For a sum of n
    products that is gamma_n * sum|x||w| + u'*|y| + n*eta + eta'/2.
    """
    if node.exact:
        return np.zeros(node.shape)
    if node.steps * precision.u >= 1:
        raise ValueError(f"{node.steps} roundings in a row are too many for an error bound with u = {precision.u:g}")
    with np.errstate(all="ignore"):
        allowed = _allowed(node, precision, np.abs(node.value), _hasty)
        if not all_finite(allowed):
            size = np.where(np.isfinite(node.value), np.abs(node.value), 0.0)
            allowed = _allowed(node, precision, size, channel)
    return allowed


def sum_allowance(value: Array, magnitude: Array, terms: int, p: Precision) -> Array:
    """That of a sum of so many terms, told from sum |x||w| alone: gamma_n * sum|x||w| + u'*|y| + n*eta + eta'/2."""
    if terms * p.u >= 1:
        raise ValueError(f"{terms} terms are too many for an error bound with u = {p.u:g}")
    with np.errstate(invalid="ignore", over="ignore"):  # infinities and NaN have no allowance, and get none
        once = terms * p.u / (1 - terms * p.u) * np.abs(magnitude) + p.out_u * np.abs(value)
    return np.asarray(p.share * (once + terms * p.eta + p.out_eta / 2))


def _allowed(node: Node, p: Precision, size: Array, channel_of: Callable[[Node, Channel], Array | None]) -> Array:
    stored, err, tiny = (channel_of(node, name) for name in _ROUNDINGS)
    allowed = size  # an array of our own
    if stored is not None:
        allowed += stored
    allowed *= p.out_u
    allowed += p.out_eta / 2
    if err is not None:
        allowed += (p.u / (1 - node.steps * p.u)) * err
    if tiny is not None:
        # Mostly the same number everywhere, spread out without taking room.
        allowed += p.eta * (tiny if any(tiny.strides) or not tiny.size else tiny[(0,) * tiny.ndim])
    return np.asarray(allowed if p.share == 1 else p.share * allowed)


def beyond(node: Node, precision: Precision, got: Array) -> Array:
    """How far an answer lies from what every branch leads to: |got - value| where no branch is open."""
    open_branches = reach(node, precision)
    with np.errstate(invalid="ignore"):
        if open_branches is None:
            return np.asarray(np.abs(got - node.value))
        low, high = open_branches
        off = np.asarray(np.maximum(np.maximum(low - got, got - high), 0.0))
        if node.conserved is None:
            return off
        axis = node.conserved
        moved, sizes = got - node.value, np.abs(got) + np.abs(node.value)
        short = np.abs(moved.sum(axis, keepdims=True))
        bound = 2 * precision.out_u * node.shape[axis] * sizes.sum(axis, keepdims=True)
        # What the elements of a tie get in sum is certain.
        return np.where(short > bound, np.maximum(off, np.abs(moved)), off)


def enclosure(node: Node, precision: Precision) -> Range:
    """Everything that a computed answer may be: the range of the branches, widened by the allowance."""
    low, high = reach(node, precision) or (node.value, node.value)
    allowed = allowance(node, precision)
    with np.errstate(invalid="ignore"):
        return low - allowed, high + allowed


def _filled(node: Node, name: Channel) -> Array:
    found = channel(node, name)
    return np.zeros(node.shape) if found is None else found


def _square(value: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(np.square(value))

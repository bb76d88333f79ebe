"""Which points of a grid there are: the product, pairwise coverage and samples, all under constraints.

A point is a tuple of indices, one a dimension; what the indices stand for is the caller's business. Everything is
deterministic and depends on the dimensions and constraints alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations, islice, product
from math import prod

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, ...]

MAX_PAIRS = 1_000_000
MAX_LISTED = 100_000  # assignments of one group of dimensions, for a sample
MAX_LOOKED_AT = 100_000  # to find them
MAX_CASES = 1_000_000  # of one file, and of one run
MAX_LOOKS = 600_000  # points that one file may have looked at in vain
LOOKS_A_POINT = 3  # what each point that is found adds to them
STEP = 3  # looks that a step of the search for pairs counts for
DRAW = 8  # looks that a draw of a sample counts for
STRIDE = 1_000  # looks between two visits to the budget


class GridError(ValueError):
    """A grid that can't be expanded as asked; the message says why and what to do."""


class Budget:
    """How many points may be looked at for those that are found, and how many may be found, over all grids of a file.

    It counts work, not time: what is refused on one machine is refused on every other.
    """

    def __init__(self, most: int = MAX_LOOKS) -> None:
        self.most = most
        self.refill()

    def refill(self) -> None:
        """Begin anew, for another pass over the file."""
        self.left, self.found = self.most, 0

    def part(self, most: int) -> Budget:
        """A smaller one for a first look; `taken` gives back what it left."""
        return Budget(min(most, self.left))

    def taken(self, part: Budget) -> None:
        """Take account of what a part has spent."""
        self.left -= part.most - part.left

    def spend(self, looks: int, found: int = 0) -> None:
        """Take account of some looks; GridError where they were too many for what they found, or found too much."""
        self.left += found * LOOKS_A_POINT - looks
        self.found += found
        if self.found > MAX_CASES:
            raise GridError(
                f"more than {MAX_CASES:,} points are left, which is the most that a file may have; split it"
            )
        if self.left < 0:
            raise GridError(
                f"too few points are left: {self.most:,} were looked at in vain; give fewer alternatives, or split "
                "the grid so that `where` and `exclude` leave less out"
            )


@dataclass(frozen=True)
class Constraint:
    """A condition over some dimensions. `holds` reads only those of a point; the others may be anything.

    It answers None where it can't be evaluated by itself; then `Space.decide` is asked about whole points. `cost` is
    what it takes, in units of a short comparison.
    """

    dimensions: tuple[int, ...]
    holds: Callable[[Sequence[int]], bool | None]
    cost: int = 1


class Space:
    """A product of dimensions under constraints, with the last dimension fastest.

    `decide` is the whole condition, asked about complete points once a constraint could not be evaluated by itself (as
    in `dims == 2 and size[0] > 3`, whose second half makes no sense where dims is 1); it may raise.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        constraints: Sequence[Constraint] = (),
        decide: Callable[[Sequence[int]], bool] = lambda _: True,
        budget: Budget | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.sizes = tuple(sizes)
        self.constraints = tuple(constraints)
        self.decide = decide
        self.doubtful = False
        self.touching: list[list[Constraint]] = [[] for _ in self.sizes]
        for constraint in self.constraints:
            for dimension in constraint.dimensions:
                self.touching[dimension].append(constraint)

    def holds(self, constraint: Constraint, point: Sequence[int]) -> bool:
        """Whether a constraint lets a point through; where it can't say, the decision is left to the whole point."""
        answer = constraint.holds(point)
        if answer is None:
            self.doubtful = True
            return True
        return answer

    def admits(self, point: Sequence[int]) -> bool:
        """Whether a complete point is in the space."""
        if not all(self.holds(c, point) for c in self.constraints):
            return False
        return self.decide(point) if self.doubtful else True

    # --- everything -----------------------------------------------------------------------------------------------

    def points(self) -> Iterator[Point]:
        """Every point, lazily; a constraint is applied as soon as its last dimension has a value."""
        if not all(self.holds(c, ()) for c in self.constraints if not c.dimensions):
            return
        depth = max((max(c.dimensions) for c in self.constraints if c.dimensions), default=-1) + 1
        tail = [range(size) for size in self.sizes[depth:]]
        for head in self._heads(range(depth)):
            if self.doubtful and not self.decide(head + (0,) * len(tail)):
                continue
            for rest in product(*tail):
                yield head + rest

    def _heads(self, order: Sequence[int], budget: Budget | None = None) -> Iterator[Point]:
        """Every admitted assignment of the dimensions in `order` (and zeros elsewhere), by backtracking.

        Looks are paid for out of the budget, STRIDE of them at a time; GridError where it is used up.
        """
        budget = budget or self.budget
        last = len(order) - 1
        seen = [set(order[: i + 1]) for i in range(len(order))]
        checks = [[c for c in self.touching[d] if seen[i] >= set(c.dimensions)] for i, d in enumerate(order)]
        costs = [1 + sum(c.cost for c in own) // 4 for own in checks]
        point = [0] * (max(order) + 1 if order else 0)
        if not order:
            yield ()
            return
        looks, found = 0, 0
        level = 0
        point[order[0]] = -1
        while level >= 0:
            dimension = order[level]
            point[dimension] += 1
            if point[dimension] >= self.sizes[dimension]:
                level -= 1
                continue
            looks += costs[level]
            if looks >= STRIDE:
                budget.spend(looks, found)
                looks, found = 0, 0
            if checks[level] and not all(self.holds(c, point) for c in checks[level]):
                continue
            if level == last:
                found += 1
                yield tuple(point)
            else:
                level += 1
                point[order[level]] = -1

    def first(self, budget: Budget) -> Point | None:
        """Some point, None where there is none; GridError where the budget did not suffice to settle it."""
        if not all(self.holds(c, ()) for c in self.constraints if not c.dimensions):
            return None
        order = sorted({d for c in self.constraints for d in c.dimensions})
        for head in self._heads(order, budget):
            point = head + (0,) * (len(self.sizes) - len(head))
            if not self.doubtful or self.decide(point):
                return point
        return None

    def count(self) -> int:
        """The number of points. Dimensions that no constraint joins are counted as a product, not run through."""
        if not all(self.holds(c, ()) for c in self.constraints if not c.dimensions):
            return 0
        total = 1
        for component in self._components():
            if len(component) == 1 and not self.touching[component[0]]:
                total *= self.sizes[component[0]]
            else:
                total *= sum(1 for _ in self._heads(component))
            if not total:
                return 0
        if not self.doubtful:
            return total
        # What no constraint reads does not have to be run through.
        read = sorted({d for c in self.constraints for d in c.dimensions})
        free = prod(size for d, size in enumerate(self.sizes) if d not in read)
        rest = (0,) * len(self.sizes)
        return free * sum(self.decide(head + rest[len(head) :]) for head in self._heads(read))

    def _components(self) -> list[list[int]]:
        """The dimensions, grouped by what joins them through constraints."""
        group = list(range(len(self.sizes)))
        for constraint in self.constraints:
            joined = {group[d] for d in constraint.dimensions}
            group = [min(joined) if g in joined else g for g in group]
        return [[d for d, g in enumerate(group) if g == name] for name in dict.fromkeys(group)]

    # --- pairwise -------------------------------------------------------------------------------------------------

    def pairwise(self) -> list[Point]:
        """Points among which every admitted pair of values of any two dimensions occurs: greedy and deterministic.

        A pair is admitted where some point of the space has it; whether there is one is settled by a complete search.
        After the greedy of Cohen et al., "The AETG system", IEEE TSE 23(7), 1997, without its random candidates.
        """
        if len(self.sizes) < 2:
            return list(self.points())
        pairs = sum(a * b for a, b in combinations(self.sizes, 2))
        if pairs > MAX_PAIRS:
            raise GridError(
                f"pairwise coverage of {pairs:,} pairs of values, expected at most {MAX_PAIRS:,}; use `sample`"
            )
        if not all(self.holds(c, ()) for c in self.constraints if not c.dimensions):
            return []
        open_pairs = _Pairs(self.sizes)
        rows: list[Point] = []
        # The largest pair of dimensions first: its rows are needed anyway, and the others fit into them.
        try:
            for i, j in sorted(combinations(range(len(self.sizes)), 2), key=lambda p: -prod(self.sizes[d] for d in p)):
                for a, b in open_pairs.of(i, j):
                    self.budget.spend(len(self.sizes) ** 2)
                    row = self._complete({i: a, j: b}, open_pairs)
                    if row is not None:
                        rows.append(row)
                        open_pairs.cover(row)
        except GridError:
            raise GridError(
                f"pairwise coverage of {pairs:,} pairs of values takes too long to find: no end after {len(rows):,} "
                "points; give fewer alternatives, split the grid, or use `sample`"
            ) from None
        return sorted(rows)

    def _complete(self, fixed: dict[int, int], open_pairs: _Pairs) -> Point | None:
        """The fixed values completed to a point that covers many open pairs, or None where no point has them."""
        point = [0] * len(self.sizes)
        for dimension, value in fixed.items():
            point[dimension] = value
        assigned = list(fixed)
        for constraint in self.constraints:
            if set(constraint.dimensions) <= fixed.keys() and not self.holds(constraint, point):
                return None
        # Constrained dimensions first, those joined to what is fixed before others, so that a dead end shows early.
        left = [d for d in range(len(self.sizes)) if d not in fixed]
        bound = [d for d in left if self.touching[d]]
        free = [d for d in left if not self.touching[d]]
        order: list[int] = []
        while bound:
            known = {*fixed, *order}
            nearest = min(bound, key=lambda d: min(len(set(c.dimensions) - known) for c in self.touching[d]))
            bound.remove(nearest)
            order.append(nearest)
        return self._extend(point, assigned, [*order, *free], open_pairs)

    def _extend(self, point: list[int], assigned: list[int], order: list[int], open_pairs: _Pairs) -> Point | None:
        if not order:
            if self.doubtful and not self.decide(point):
                return None
            return tuple(point)
        dimension, rest = order[0], order[1:]
        known = {*assigned, dimension}
        checks = [c for c in self.touching[dimension] if known.issuperset(c.dimensions)]
        cost = STEP + sum(c.cost for c in checks) // 4
        self.budget.spend((10 + len(assigned) + self.sizes[dimension] // 8) // 2)
        for value in open_pairs.by_gain(dimension, assigned, point):
            self.budget.spend(cost)
            point[dimension] = value
            if all(self.holds(c, point) for c in checks):
                found = self._extend(point, [*assigned, dimension], rest, open_pairs)
                if found is not None:
                    return found
            if not self.touching[dimension] and not self.doubtful:
                break  # no constraint reads it, so another value can't help
        return None

    # --- samples --------------------------------------------------------------------------------------------------

    def sample(self, number: int, seed: int) -> list[Point]:
        """At most `number` distinct points, drawn evenly, in the order of the grid; always the same for a seed.

        Draws are hashes of seed and counter, so they depend on no generator of a library.
        """
        if not all(self.holds(c, ()) for c in self.constraints if not c.dimensions):
            return []
        factors = self._factors()
        everything = prod(len(choices) for _, choices in factors)
        if not everything:
            return []
        if everything <= 4 * number:
            return _choose(list(islice(self.points(), 4 * number)), number, seed)
        found: set[int] = set()
        points: list[Point] = []
        cost = DRAW + 2 * sum(c.cost for c in self.constraints)
        for counter in range(50 * number + 1000):
            try:
                self.budget.spend(cost)
            except GridError:
                raise GridError(
                    f"a sample of {number:,} points takes too long to draw: no end after {len(points):,} points in "
                    f"{counter:,} draws; ask for fewer, or split the file"
                ) from None
            drawn = _draw(seed, counter, everything)
            if drawn in found:
                continue
            found.add(drawn)
            point = self._assembled(factors, drawn)
            # Where a factor is exact it can't be refused any more; elsewhere the draw is repeated.
            if self.admits(point):
                self.budget.spend(0, 1)
                points.append(point)
                if len(points) == number:
                    return sorted(points)
        raise GridError(f"`where` leaves too little to sample from: {len(points)} points in {len(found):,} draws")

    def _factors(self) -> list[tuple[list[int], Sequence[Point]]]:
        """Groups of dimensions with the assignments that each may have: their product is the space.

        Where a group's assignments are too many to be listed its dimensions stand alone, and points have to be tested.
        """
        factors: list[tuple[list[int], Sequence[Point]]] = []
        for component in self._components():
            alone: list[tuple[list[int], Sequence[Point]]] = [
                ([d], [(value,) for value in range(self.sizes[d])]) for d in component
            ]
            if not any(self.touching[d] for d in component):
                factors += alone
                continue
            listed: list[Point] = []
            budget = Budget(MAX_LOOKED_AT)
            complete = True
            try:
                for head in islice(self._heads(component, budget), MAX_LISTED + 1):
                    listed.append(tuple(head[d] for d in component))
            except GridError:
                complete = False
            # What is listed is no point of the file yet; so it gives the budget nothing back.
            self.budget.spend(len(listed) + max(budget.most - budget.left, 0))
            factors += [(component, listed)] if complete and len(listed) <= MAX_LISTED else alone
        return factors

    def _assembled(self, factors: Sequence[tuple[list[int], Sequence[Point]]], flat: int) -> Point:
        point = [0] * len(self.sizes)
        for dimensions, choices in factors:
            flat, index = divmod(flat, len(choices))
            for dimension, value in zip(dimensions, choices[index], strict=True):
                point[dimension] = value
        return tuple(point)


def _draw(seed: int, counter: int, below: int) -> int:
    width = (below.bit_length() + 7) // 8 + 8  # 64 bits more than needed: the bias of the remainder is below 2**-64
    digest = blake2b(f"{seed}:{counter}".encode(), digest_size=min(width, 64)).digest()
    return int.from_bytes(digest, "big") % below


def _choose(points: list[Point], number: int, seed: int) -> list[Point]:
    if len(points) <= number:
        return points
    order = sorted(range(len(points)), key=lambda i: _draw(seed, i, 2**64))
    return [points[i] for i in sorted(order[:number])]


class _Pairs:
    """Which pairs of values are still open: for each two dimensions a table of booleans."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.rows = 0
        self.tables: dict[tuple[int, int], NDArray[np.bool_]] = {}
        for i, j in combinations(range(len(sizes)), 2):
            table = np.ones((sizes[i], sizes[j]), dtype=np.bool_)
            self.tables[i, j] = table
            self.tables[j, i] = table.T

    def of(self, i: int, j: int) -> Iterator[tuple[int, int]]:
        """The open pairs of two dimensions, in order; a pair that gets covered meanwhile is left out."""
        table = self.tables[i, j]
        for a in range(self.sizes[i]):
            row = table[a]
            for b in range(self.sizes[j]):
                if row[b]:
                    yield a, b
                    row[b] = False

    def cover(self, row: Point) -> None:
        """Close every pair of a row."""
        self.rows += 1
        for i, j in combinations(range(len(row)), 2):
            self.tables[i, j][row[i], row[j]] = False

    def by_gain(self, dimension: int, assigned: Sequence[int], point: Sequence[int]) -> list[int]:
        """The dimension's values, those first that cover most open pairs with what is assigned."""
        size = self.sizes[dimension]
        gain = np.zeros(size, dtype=np.int64)
        for other in assigned:
            gain += self.tables[other, dimension][point[other]]
        # Among equals another one each row, so that triples of values vary as well.
        turn = (np.arange(size) - self.rows) % size
        return [int(v) for v in np.lexsort((turn, -gain))]

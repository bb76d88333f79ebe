"""Which points of a grid there are, against brute force."""

from collections.abc import Callable, Sequence
from itertools import combinations, islice, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.suite.grid import MAX_CASES, MAX_LOOKS, MAX_PAIRS, Budget, Constraint, GridError, Point, Space

Forbidden = list[tuple[tuple[int, ...], frozenset[tuple[int, ...]]]]


@st.composite
def spaces(draw: st.DrawFn) -> tuple[tuple[int, ...], Forbidden]:
    """Sizes, and for some groups of dimensions the combinations of values that are left out."""
    sizes = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=5)))
    forbidden: Forbidden = []
    for _ in range(draw(st.integers(0, 3))):
        dimensions = tuple(sorted(draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1, max_size=3))))
        everything = list(product(*(range(sizes[d]) for d in dimensions)))
        forbidden.append((dimensions, frozenset(draw(st.sets(st.sampled_from(everything))))))
    return sizes, forbidden


def made(sizes: Sequence[int], forbidden: Forbidden) -> Space:
    def constraint(dimensions: tuple[int, ...], out: frozenset[tuple[int, ...]]) -> Constraint:
        return Constraint(dimensions, lambda point: tuple(point[d] for d in dimensions) not in out)

    return Space(sizes, [constraint(*entry) for entry in forbidden])


def brute(sizes: Sequence[int], forbidden: Forbidden) -> list[Point]:
    return [
        point
        for point in product(*map(range, sizes))
        if all(tuple(point[d] for d in dimensions) not in out for dimensions, out in forbidden)
    ]


def pairs(points: Sequence[Point]) -> set[tuple[int, int, int, int]]:
    return {(i, j, p[i], p[j]) for p in points for i, j in combinations(range(len(p)), 2)}


@settings(deadline=None)
@given(spaces())
def test_points_are_those_that_no_constraint_leaves_out(space: tuple[tuple[int, ...], Forbidden]) -> None:
    assert list(made(*space).points()) == brute(*space)


@settings(deadline=None)
@given(spaces())
def test_the_count_is_the_number_of_points(space: tuple[tuple[int, ...], Forbidden]) -> None:
    assert made(*space).count() == len(brute(*space))


@settings(deadline=None)
@given(spaces())
def test_first_finds_a_point_where_there_is_one(space: tuple[tuple[int, ...], Forbidden]) -> None:
    found = made(*space).first(Budget(100_000))
    expected = brute(*space)
    assert (found in expected) if expected else found is None


@settings(deadline=None)
@given(spaces())
def test_pairwise_covers_every_admitted_pair_with_admitted_points(space: tuple[tuple[int, ...], Forbidden]) -> None:
    everything = brute(*space)
    rows = made(*space).pairwise()
    assert set(rows) <= set(everything)
    assert len(set(rows)) == len(rows)
    assert pairs(rows) == pairs(everything)
    assert rows == made(*space).pairwise()


@settings(deadline=None)
@given(spaces(), st.integers(1, 40), st.integers(0, 3))
def test_a_sample_is_distinct_admitted_and_always_the_same(
    space: tuple[tuple[int, ...], Forbidden], number: int, seed: int
) -> None:
    everything = brute(*space)
    drawn = made(*space).sample(number, seed)
    assert len(drawn) == min(number, len(everything))
    assert set(drawn) <= set(everything)
    assert drawn == sorted(set(drawn))
    assert drawn == made(*space).sample(number, seed)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(2, 5), min_size=3, max_size=8))
def test_pairwise_is_much_less_than_the_product(sizes: list[int]) -> None:
    rows = Space(sizes).pairwise()
    largest = sorted(sizes)[-2:]
    assert prod(largest) <= len(rows) <= 3 * prod(largest) + 10


def undecided(sizes: Sequence[int], decide: Callable[[Sequence[int]], bool]) -> Space:
    """A space whose only constraint can't be evaluated early."""
    return Space(sizes, [Constraint(tuple(range(len(sizes))), lambda _: None)], decide)


def test_what_a_constraint_cannot_say_is_decided_on_whole_points() -> None:
    sizes = (3, 3, 2)

    def decide(point: Sequence[int]) -> bool:
        return sum(point) % 2 == 0

    expected = [p for p in product(*map(range, sizes)) if sum(p) % 2 == 0]
    assert list(undecided(sizes, decide).points()) == expected
    assert undecided(sizes, decide).count() == len(expected)
    assert pairs(undecided(sizes, decide).pairwise()) == pairs(expected)
    assert set(undecided(sizes, decide).sample(4, 0)) <= set(expected)
    assert undecided(sizes, lambda _: False).first(Budget(1000)) is None


def test_a_huge_space_is_counted_and_begun_at_once() -> None:
    space = Space([300] * 20, [Constraint((3, 7), lambda p: p[3] == p[7])])
    assert space.count() == 300**19
    first = list(islice(space.points(), 3))
    assert first == [(0,) * 20, (0,) * 19 + (1,), (0,) * 19 + (2,)]
    assert len(space.sample(50, 1)) == 50


def test_a_constraint_is_applied_before_later_dimensions_are_run_through() -> None:
    space = Space([1000, *[10] * 30], [Constraint((0,), lambda p: p[0] == 999)])
    assert next(space.points()) == (999, *[0] * 30)


def test_samples_differ_by_seed_and_spread_over_the_space() -> None:
    space = Space([100, 100])
    one, two = space.sample(100, 0), space.sample(100, 1)
    assert one != two
    assert len({a for a, _ in one}) > 50


def test_too_many_pairs_are_refused_with_the_number() -> None:
    with pytest.raises(GridError, match=r"1,002,001 pairs .* use `sample`"):
        Space([1001, 1001]).pairwise()
    assert MAX_PAIRS == 1_000_000


def test_a_condition_that_takes_too_long_to_satisfy_is_refused() -> None:
    space = Space([10] * 9, [Constraint(tuple(range(9)), lambda _: False)])
    with pytest.raises(GridError, match="takes too long to find: no end after 0 points"):
        space.pairwise()


def counted(
    sizes: Sequence[int], dimensions: tuple[int, ...], holds: Callable[[Sequence[int]], bool]
) -> tuple[Space, list[int]]:
    """A space, and a list of one number: how often its constraint was asked."""
    asked = [0]

    def count(point: Sequence[int]) -> bool:
        asked[0] += 1
        return holds(point)

    return Space(sizes, [Constraint(dimensions, count)]), asked


@pytest.mark.parametrize(
    "ask", [Space.count, lambda s: list(s.points()), lambda s: s.pairwise(), lambda s: s.sample(1000, 0)]
)
@pytest.mark.parametrize("allowed", [-1, 2994])
def test_what_is_looked_at_in_vain_is_limited(ask: Callable[[Space], object], allowed: int) -> None:
    space, asked = counted([999] * 6, (0, 2, 5), lambda p: p[0] + p[2] + p[5] == allowed)
    with pytest.raises(GridError):
        ask(space)
    assert asked[0] <= 2 * MAX_LOOKS


def test_more_points_than_a_file_may_have_are_not_run_through() -> None:
    space, asked = counted([1000] * 6, (0, 2, 5), lambda p: True)
    with pytest.raises(GridError, match="more than 1,000,000 points are left"):
        space.count()
    assert asked[0] <= MAX_CASES + 10_000


def test_every_point_that_is_found_allows_for_some_in_vain() -> None:
    space, _ = counted([1000, 1000], (0, 1), lambda p: p[1] < 500)
    assert space.count() == 500_000


def test_a_dear_constraint_counts_for_more() -> None:
    space = Space([1000] * 2, [Constraint((0, 1), lambda _: False, cost=4000)], budget=Budget(600_000))
    with pytest.raises(GridError, match="600,000 were looked at in vain"):
        space.count()

"""Within a limit the first are kept, in whatever order things come."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.record.room import Place, Room

THINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=14)


def kept(things: list[tuple[str, Place, int]], limit: int) -> set[str]:
    room = Room(limit)
    here: set[Any] = set()
    for name, place, size in things:
        there, gone = room.take((name,), place, size)
        here = (here | {name}) - {other for (other,) in gone} if there else here - {other for (other,) in gone}
        assert room.total <= limit
    return here


@given(THINGS, st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_in_which_things_come_does_not_matter(
    drawn: list[tuple[int, int, int]], limit: int, random: Any
) -> None:
    things = [(f"thing {number}", (case, target), size) for number, (case, target, size) in enumerate(drawn)]
    # By its definition: the places from the first on, as long as all of them together are not too much.
    expected: set[str] = set()
    for place in sorted({place for _, place, _ in things}):
        if sum(size for _, other, size in things if other <= place) > limit:
            break
        expected |= {name for name, other, _ in things if other == place}
    assert kept(things, limit) == expected
    random.shuffle(things)
    assert kept(things, limit) == expected


def test_what_comes_again_takes_the_earlier_place_and_counts_once() -> None:
    room = Room(10)
    assert room.take(("a",), (9, 1), 6) == (True, [])
    assert room.take(("a",), (1, 1), 6) == (True, [])
    assert room.take(("b",), (5, 1), 6) == (False, [("b",)])
    assert ("a",) in room


def test_a_case_that_changed_makes_room() -> None:
    room = Room(10)
    room.take(("a",), (1, 1), 10)
    room.forget(1)
    assert room.take(("b",), (2, 1), 10) == (True, [])

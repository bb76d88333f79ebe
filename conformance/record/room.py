"""What is kept within a limit, whatever the order in which it comes: what stands first in the record."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

Name = tuple[Any, ...]
Place = tuple[int, int]  # the keys of a case and of a target; 0 for what all targets share


class Room:
    """A limit in bytes. When it is passed, what stands last goes, and from there on nothing is kept.

    What is kept in the end is everything before the first place up to which there is too much: the same whatever came
    first. Things of one place are kept together or not at all.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self.count = 0  # so that names need no order
        self._end: Place | None = None  # nothing is kept here or behind
        self._held: dict[Name, tuple[Place, int]] = {}
        self._last: list[tuple[int, int, int, Name]] = []  # a heap, the last place on top

    def __contains__(self, name: Name) -> bool:
        return name in self._held

    def forget(self, case: int) -> None:
        """Drop what was kept of a case."""
        for name in [name for name, (place, _) in self._held.items() if place[0] == case]:
            self.total -= self._held.pop(name)[1]

    def close(self, place: Place) -> None:
        """Keep nothing from this place on: so it was when an interrupted run ended."""
        self._end = place if self._end is None else min(self._end, place)

    def take(self, name: Name, place: Place, size: int) -> tuple[bool, list[Name]]:
        """Whether a new thing is kept, and what no longer is. One that is kept already takes the earlier place."""
        if self._end is not None and place >= self._end:
            return False, []
        earlier = self._held.get(name)
        if earlier is not None and earlier[0] <= place:
            return True, []
        self.total += 0 if earlier is not None else size
        self._held[name] = (place, size)
        self.count += 1
        heappush(self._last, (-place[0], -place[1], self.count, name))
        gone: list[Name] = []
        while self.total > self.limit or (self._last and self._end is not None and self._place() >= self._end):
            last = self._place()
            other = heappop(self._last)[-1]
            # One that has moved to an earlier place stands in the heap twice.
            if other in self._held and self._held[other][0] == last:
                self.total -= self._held.pop(other)[1]
                gone.append(other)
                self.close(last)
        return name in self._held, gone

    def _place(self) -> Place:
        return -self._last[0][0], -self._last[0][1]

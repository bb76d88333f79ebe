"""Which requests may go to a worker's process: none of another file, once it has run a plan that a file's author wrote.

Such a plan is a stranger's: what it does to the framework's state or to memory must not reach a case of anybody else.
So a process that has run one gets requests of the same file alone, and is replaced when another is due. Plans that
adapters wrote may come before, in any number and of any file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from conformance.executor import Request


class Origins:
    """The requests that have not been sent to a process yet, in order, and whose plans it has run."""

    def __init__(self) -> None:
        self._unsent: deque[tuple[int, Request]] = deque()
        self._author = ""

    def add(self, number: int, request: Request) -> None:
        """One more request, after all others."""
        self._unsent.append((number, request))

    def renew(self, requests: Iterable[tuple[int, Request]]) -> None:
        """There is a new process, and everything is to be sent to it."""
        self._unsent = deque(requests)
        self._author = ""

    def sendable(self) -> list[tuple[int, Request]]:
        """The requests that may go to the process now; it has them from here on."""
        found = []
        while self._unsent and self._author in ("", self._unsent[0][1].origin):
            number, request = self._unsent.popleft()
            if request.authored:
                self._author = request.origin
            found.append((number, request))
        return found

    def spent(self, waiting: int) -> bool:
        """Whether the process can do nothing more: of the `waiting` requests without an answer, it may have none."""
        return bool(self._unsent) and len(self._unsent) == waiting

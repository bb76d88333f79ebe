"""The one "did you mean": a hint at the word of a closed list that was meant.

It stands here because a worker says it too, and a worker imports nothing of the rest of the package.
"""

from __future__ import annotations

import difflib
from typing import Iterable

MAX_HINTED = 80  # characters; a longer word is no slip of the pen, and looking for what is near it is slow


def did_you_mean(found: str, among: Iterable[str], cutoff: float = 0.6) -> str:
    """`; did you mean 'stride'?`, or "" where no word of the list is near."""
    word = near(found, among, cutoff)
    return "; did you mean %r?" % word if word else ""


def near(found: str, among: Iterable[str], cutoff: float = 0.6) -> str:
    """The word of a list that is nearest, as it is written or in lower case; "" where none is near."""
    if len(found) > MAX_HINTED:
        return ""
    words = list(among)
    close = difflib.get_close_matches(found, words, n=1, cutoff=cutoff)
    close = close or difflib.get_close_matches(found.lower(), words, n=1, cutoff=cutoff)
    return close[0] if close else ""

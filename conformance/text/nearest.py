"""The word that was meant: what a message adds to one that is not in a closed list."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 80  # characters of what a near word is looked for


def suggestion(found: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'stride'?`, or nothing where no allowed word is near."""
    words = list(allowed)
    if len(found) > LONGEST:
        return ""
    near = get_close_matches(found, words, n=1) or get_close_matches(found.lower(), words, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""

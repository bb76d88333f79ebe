"""What was meant by a word or an id that is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from conformance.worker.near import did_you_mean, near

__all__ = ["did_you_mean", "near", "nearest", "the_nearest"]


def nearest(id: str, ids: Iterable[str], count: int = 3) -> list[str]:
    """The ids that are most like one that is not there."""
    # difflib on 100,000 ids would take seconds: only those that share the most words are worth it.
    words = set(re.findall(r"\w+", id))
    shared = sorted(((len(words & set(re.findall(r"\w+", other))), other) for other in ids), key=lambda p: -p[0])[:200]
    return difflib.get_close_matches(id, [other for _, other in shared], n=count, cutoff=0.4)


def the_nearest(id: str, ids: Iterable[str]) -> str:
    """`; the nearest are:` and a line each, or "" where no id is like it."""
    found = nearest(id, ids)
    return "; the nearest are:" + "".join(f"\n  {other}" for other in found) if found else ""

"""What was meant by a word or an id that is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from conformance.worker.near import did_you_mean, near

__all__ = ["did_you_mean", "is_named", "meant", "near", "nearest", "the_nearest"]


def is_named(text: str, id: str) -> bool:
    """Whether a text is a case's id or its name (the id without the values), each with or without its file."""
    label = id.rpartition("::")[2]
    return text in (id, id.partition(" ")[0], label, label.partition(" ")[0])


def meant(text: str, ids: Iterable[str]) -> list[str]:
    """The ids that a text stands for: those that it names exactly, the whole id before all; else those that have it."""
    among = list(ids)
    if text in among:
        return [text]
    exact = [id for id in among if is_named(text, id)]
    return exact or [id for id in among if text and text in id]


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

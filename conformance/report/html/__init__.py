"""HTML: one self-contained file a report, that opens from disk, offline, on a phone too.

docs/html.md says what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.record import Reader
from conformance.record.facts import origin
from conformance.report.html import data
from conformance.report.html.page import write_page
from conformance.text.words import plural
from conformance.verdict import Problem

if TYPE_CHECKING:  # whoever reports a run pays for no diff
    from conformance.diff import Diff
    from conformance.diff.history import History

__all__ = ["write", "write_diff", "write_history"]


def write(
    reader: Reader,
    path: Path | str,
    stale: Iterable[Problem] = (),
    scripts: Mapping[tuple[str, str], str] | None = None,
) -> None:
    """Write the report of a record. OSError where it can't be written.

    `stale` adds problems to those of its footer; `scripts` are those that reproduce a (case, target) alone.
    """
    found = data.record(reader, stale, scripts)
    code = found["exit"]
    ends = "incomplete" if code is None else f"exit {code}"
    write_page(
        path,
        f"Conformance: {found['record']}",
        f"{ends}: {found['reason']}",
        "open" if code is None else "good" if code == 0 else "bad",
        found,
        ("base.js", "grid.js", "browse.js", "picture.js", "model.js", "detail.js", "report.js"),
        origin=origin(reader.environment),
    )


def write_diff(diff: Diff, path: Path | str) -> None:
    """Write what changed between two records. OSError where it can't be written."""
    from conformance.diff.changes import SETS
    from conformance.diff.page import diff_data

    worse = diff.found(SETS["regressions"])
    write_page(
        path,
        f"Conformance: {diff.subject}",
        f"{plural(diff.changed, 'change')} in {plural(diff.compared, 'verdict')} compared: {diff.subject}",
        "bad" if worse else "open" if diff.changed else "good",
        diff_data(diff),
        ("base.js", "grid.js", "browse.js", "charts.js", "diff.js"),
        charts=True,
        origin=[
            (side, ", ".join(f"{name} {words}" for name, words in origin(facts.environment)))
            for side, facts in (("before", diff.before), ("after", diff.after))
        ],
    )


def write_history(history: History, path: Path | str) -> None:
    """Write how counts moved over a series of records. OSError where it can't be written."""
    from conformance.diff.page import history_data

    moving = sum(bool(trend.events) for trend in history.trends)
    write_page(
        path,
        "Conformance over time",
        f"{plural(len(history.moments), 'record')}; {plural(moving, 'divergence')} moved, "
        f"{plural(len(history.trends) - moving, 'divergence')} did not",
        "open",
        history_data(history),
        ("base.js", "charts.js", "history.js"),
        charts=True,
    )

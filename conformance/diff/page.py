"""What a page shows of a diff and of a history, as compact JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from conformance.diff.changes import TITLES, Change, Diff, Group, Kind, RecordFacts, Side, Ulps
from conformance.diff.history import History, moved
from conformance.record.facts import target
from conformance.text.data import Data, Strings, rounded, strict
from conformance.text.plain import clean


def diff_data(diff: Diff) -> Data:
    """A diff, for the page `diff`: its groups, and every change as columns of indices into one list of strings."""
    strings = Strings()
    changes = _Changes(strings)
    groups: list[Data] = []
    for group in diff.groups:
        rows = [changes.add(change, len(groups)) for change in group.changes]
        groups.append({**_group(group), "first": rows[0] if rows else None})
    return {
        "page": "diff",
        "before": _record(diff.before),
        "after": _record(diff.after),
        "kinds": [{"name": kind.value, "title": TITLES[kind], "count": diff.counts[kind]} for kind in Kind],
        "compared": diff.compared,
        "changed": diff.changed,
        "pairs": [{**dataclasses.asdict(pair), "label": pair.label} for pair in diff.pairs],
        "speeds": strict([dataclasses.asdict(speed) for speed in diff.speeds]),
        "only": {"before": diff.only_before, "after": diff.only_after},
        "notes": [clean(note) for note in diff.notes],
        "groups": groups,
        "changes": changes.columns,
        "strings": strings.list,
    }


def _record(facts: RecordFacts) -> Data:
    return {
        "path": facts.path,
        "started": facts.started,
        "finished": facts.finished,
        "verdicts": facts.verdicts,
        "environment": strict(facts.environment),
        "targets": [{"name": name, **target(info)} for name, info in facts.targets.items()],
    }


def _group(group: Group) -> Data:
    return {
        "kind": group.kind.value,
        "op": group.op,
        "statuses": list(group.statuses),
        "cause": clean(group.cause),
        "targets": [_arrow(pair) for pair in group.targets],
        "count": group.count,
        "ulps": _ulps(group.ulps),
        "errors": None if group.errors is None else strict([dataclasses.asdict(side) for side in group.errors]),
    }


def _arrow(pair: tuple[str, str]) -> str:
    return pair[0] if pair[0] == pair[1] else f"{pair[0]} -> {pair[1]}"


def _ulps(ulps: Ulps | None) -> Data | None:
    return None if ulps is None else strict(dataclasses.asdict(ulps))


class _Changes:
    """Columns of changes. What many have in common (a side without its figures, ULPs) is one string."""

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        names = (
            "kinds",
            "case",
            "op",
            "file",
            "line",
            "targets",
            "group",
            "before",
            "after",
            "ulps",
            "note",
            "figures",
        )
        self.columns: dict[str, list[Any]] = {name: [] for name in (*names, "figures")}

    def add(self, change: Change, group: int) -> int:
        """The number of the change."""
        s = self._strings
        values: dict[str, Any] = {
            "kinds": s.json([kind.value for kind in change.kinds]),
            "case": s.add(change.case),
            "op": s.add(change.op),
            "file": s.add(change.file),
            "line": change.line,
            "targets": s.add(_arrow(change.targets)),
            "group": group,
            "before": self._side(change.before),
            "after": self._side(change.after),
            "ulps": None if change.ulps is None else s.json(_ulps(change.ulps)),
            "note": s.add(change.note),
            "figures": [*_figures(change.before), *_figures(change.after)],
        }
        for name, value in values.items():
            self.columns[name].append(value)
        return len(self.columns["case"]) - 1

    def _side(self, side: Side | None) -> int | None:
        if side is None:
            return None
        names = ("status", "subject", "message", "explanation", "answer", "digest", "known", "plan")
        return self._strings.json({name: getattr(side, name) for name in names})


def _figures(side: Side | None) -> tuple[Any, Any]:
    return (None, None) if side is None else (rounded(side.fraction, 4), rounded(side.seconds, 3))


def history_data(history: History) -> Data:
    """A history, for the page `history`."""
    return {
        "page": "history",
        "targets": list(history.targets),
        "records": [
            {
                "path": moment.path,
                "started": moment.started,
                "cases": moment.cases,
                "exit": moment.exit_code,
                "versions": moment.versions,
                "commit": clean(moment.commit[:12]),
                "host": clean(moment.host),
                "cells": {name: dataclasses.asdict(cell) for name, cell in moment.cells.items()},
                "moved": [[name, clean(words)] for name, words in moved(history, number)] if number else [],
            }
            for number, moment in enumerate(history.moments)
        ],
        "trends": [
            {
                "name": clean(trend.name),
                "known": trend.known,
                "targets": list(trend.targets),
                "counts": trend.counts,
                "events": [[number, word] for number, word in trend.events],
            }
            for trend in history.trends
        ],
    }

"""A series of records: how counts and divergences moved over it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.record import Reader
from conformance.record.facts import LEGEND, Cell, conclusion, version
from conformance.target import in_columns
from conformance.text.data import strict
from conformance.text.markdown import code, escaped, table
from conformance.text.plain import one_line
from conformance.text.terminal import STYLES, Out
from conformance.text.words import alike, plural
from conformance.usage import UsageError

SHOWN = 40


_WORD_WIDTH = 100


@dataclass(frozen=True)
class Moment:
    """One record of the series."""

    path: str
    started: str
    cases: int
    exit_code: int | None
    versions: dict[str, str]  # target -> version
    cells: dict[str, Cell]  # target -> how many passed, ...
    commit: str = ""
    host: str = ""


@dataclass
class Trend:
    """One divergence over the series: a declared one by its name, or unexpected ones that say the same.

    `counts` has a number a record, None where the record ran none of the cases and targets that it was ever seen on.
    """

    name: str
    known: bool
    targets: tuple[str, ...]
    counts: list[int | None]

    @property
    def events(self) -> list[tuple[int, str]]:
        """(number of the record, from 0, and what happened there: appeared, vanished, grew or shrank)."""
        found = []
        last: int | None = None
        for number, count in enumerate(self.counts):
            if count is None:
                continue
            if last is not None and count != last:
                word = "appeared" if not last else "vanished" if not count else "grew" if count > last else "shrank"
                found.append((number, word))
            last = count
        return found


@dataclass
class History:
    """A series of records in the order of their start."""

    moments: list[Moment]
    targets: tuple[str, ...]
    trends: list[Trend] = field(default_factory=list)  # those that moved first


@dataclass
class _Seen:
    """A divergence while it is gathered: where it was ever seen, and how often in each record."""

    pairs: set[tuple[str, str]] = field(default_factory=set)
    counts: Counter[int] = field(default_factory=Counter)


def read(paths: Sequence[Path]) -> History:
    """The history of complete records; RecordError where one can't be read, UsageError where one is named twice."""
    resolved = [os.path.realpath(path) for path in paths]
    twice = next((path for path, real in zip(paths, resolved, strict=True) if resolved.count(real) > 1), None)
    if twice is not None:
        raise UsageError(f"history: {twice} is named twice")
    with ExitStack() as stack:
        readers = [stack.enter_context(Reader(path)) for path in paths]
        readers.sort(key=lambda reader: (str(reader.environment["started"]), str(reader.path)))
        moments = [_moment(reader) for reader in readers]
        targets = tuple(in_columns(target for moment in moments for target in moment.cells))
        return History(moments, targets, _trends(readers))


def _moment(reader: Reader) -> Moment:
    cells: dict[str, Cell] = {}
    for (target, status, known), count in reader.counts().items():
        cells[target] = cells.get(target, Cell()).plus(status, known, count)
    infos = reader.targets
    return Moment(
        str(reader.path),
        str(reader.environment["started"] or ""),
        reader.case_count(),
        conclusion(reader).code,
        {target: version(infos[target]) for target in infos if target in cells},
        {target: cells[target] for target in infos if target in cells},
        *(str(reader.environment.get(name) or "") for name in ("commit", "host")),
    )


def _trends(readers: Sequence[Reader]) -> list[Trend]:
    seen: dict[tuple[str, bool], _Seen] = {}
    names: dict[tuple[str, bool], str] = {}
    for number, reader in enumerate(readers):
        for row in reader.verdicts(divergent=True):
            verdict = row.verdict
            if verdict.known:
                key, name = (verdict.known.name, True), verdict.known.name
            else:
                key = (f"{row.case.op} {verdict.status} {alike(verdict)}", False)
                name = f"{row.case.op} {verdict.status}: {one_line(verdict.explanation or verdict.message)}"
            names.setdefault(key, name)
            entry = seen.setdefault(key, _Seen())
            entry.pairs.add((verdict.case, verdict.target))
            entry.counts[number] += 1
    # A divergence that a record could not have shown did not vanish there.
    of_pair: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for key, entry in seen.items():
        for pair in entry.pairs:
            of_pair.setdefault(pair, []).append(key)
    possible = [{key for pair in reader.asked() for key in of_pair.get(pair, ())} for reader in readers]
    trends = [
        Trend(
            names[key],
            key[1],
            tuple(in_columns(target for _, target in entry.pairs)),
            [entry.counts[number] if key in could else None for number, could in enumerate(possible)],
        )
        for key, entry in seen.items()
    ]
    return sorted(trends, key=lambda trend: (not trend.events, trend.known, -_latest(trend), trend.name))


def _latest(trend: Trend) -> int:
    """The last record in which something happened."""
    return max((number for number, _ in trend.events), default=-1)


def as_data(history: History) -> dict[str, Any]:
    """The history ready for `json.dumps(..., allow_nan=False)`."""
    found: dict[str, Any] = strict(
        {
            "records": [asdict(moment) for moment in history.moments],
            "targets": history.targets,
            "divergences": [
                {**asdict(trend), "events": [{"record": n, "what": word} for n, word in trend.events]}
                for trend in history.trends
            ],
        }
    )
    return found


def moved(history: History, number: int) -> Iterator[tuple[str, str]]:
    """(target, what moved since it was last run), for one record: `pass +12, unsupported -12`, or another version."""
    now = history.moments[number]
    for target, cell in now.cells.items():
        past = next((m for m in reversed(history.moments[:number]) if target in m.cells), None)
        if past is None:
            if number:
                yield target, "runs for the first time"
            continue
        was = past.cells[target]
        words = []
        if past.versions.get(target) != now.versions.get(target):
            words.append(f"{past.versions.get(target) or '?'} -> {now.versions.get(target) or '?'}")
        for name in ("passed", "unexpected", "known", "unsupported"):
            step = getattr(cell, name) - getattr(was, name)
            if step:
                words.append(f"{name} {step:+,}")
        if words:
            yield target, ", ".join(words)


def print_history(history: History, file: IO[str], width: int | None = None) -> None:
    """Print a history; plain text where the file is no terminal."""
    out = Out(file, width)
    out.line((f"{plural(len(history.moments), 'record')}, in the order of their start", "bold"))
    out.line()
    for number, moment in enumerate(history.moments, 1):
        out.line(
            f"  #{number}  {_when(moment)}  {moment.path}  {plural(moment.cases, 'case')}, exit {moment.exit_code}"
        )
    _print_counts(out, history)
    for number in range(1, len(history.moments)):
        steps = list(moved(history, number))
        if steps:
            out.head(f"what moved in #{number + 1}")
            wide = max(len(target) for target, _ in steps)
            for target, words in steps:
                out.line(f"  {target:{wide}}  {words}")
    _print_trends(out, history)


def _print_counts(out: Out, history: History) -> None:
    numbers = [f"#{number}" for number in range(1, len(history.moments) + 1)]
    texts = {(n, t): m.cells[t].text for n, m in enumerate(history.moments) for t in m.cells}
    widths = [
        max([len(name), *(len(texts.get((n, t), "")) for t in history.targets)]) for n, name in enumerate(numbers)
    ]
    label = max((len(target) for target in history.targets), default=0)
    start = 0
    while start < len(numbers):
        end, used = start, label
        while end < len(numbers) and (end == start or used + 2 + widths[end] <= out.width):
            used += 2 + widths[end]
            end += 1
        block = range(start, end)
        out.line()
        out.line((" " * label + "".join(f"  {numbers[n]:>{widths[n]}}" for n in block), "bold"))
        for target in history.targets:
            parts: list[str | tuple[str, str]] = [f"{target:{label}}"]
            for n in block:
                text = texts.get((n, target), "")
                parts.append(" " * (2 + widths[n] - len(text)))
                cell = history.moments[n].cells.get(target)
                for index, (kind, word) in enumerate(cell.parts() if cell else []):
                    parts += [" "] if index else []
                    parts.append((word, STYLES[kind]))
            out.line(*parts)
        start = end
    out.line((f"cells: {LEGEND}; empty: not run", "dim"))


def _print_trends(out: Out, history: History) -> None:
    moving = [trend for trend in history.trends if trend.events]
    if moving:
        out.head("divergences that moved")
        for trend in moving[:SHOWN]:
            out.line()
            out.line(f"  {'known' if trend.known else 'unexpected'}: ", (_short(trend.name), "bold"))
            out.line(f"      {_series(trend)}  {_happened(trend)}  ", (f"[{', '.join(trend.targets)}]", "dim"))
        if len(moving) > SHOWN:
            out.line(f"  and {plural(len(moving) - SHOWN, 'other divergence')}; --json writes all of them")
    still = len(history.trends) - len(moving)
    if still:
        out.line()
        out.line(f"{plural(still, 'divergence')} did not move")
    if not history.trends:
        out.line()
        out.line("no divergence in any of them")


def _when(moment: Moment) -> str:
    return moment.started[:16].replace("T", " ")


def _short(text: str) -> str:
    return text if len(text) <= _WORD_WIDTH else text[: _WORD_WIDTH - 3] + "..."


def _series(trend: Trend) -> str:
    return " ".join("." if count is None else f"{count:,}" for count in trend.counts)


def _happened(trend: Trend) -> str:
    return ", ".join(f"{word} in #{number + 1}" for number, word in trend.events)


def render(history: History) -> str:
    """A history as GitHub-flavoured Markdown."""
    lines = ["# Conformance over time", ""]
    rows = [
        [f"#{number}", escaped(_when(m)), code(m.path), f"{m.cases:,}", str(m.exit_code)]
        for number, m in enumerate(history.moments, 1)
    ]
    lines += table(["", "started", "record", "cases", "exit"], rows)
    numbers = [f"#{number}" for number in range(1, len(history.moments) + 1)]
    rows = [
        [
            code(target),
            *(m.cells[target].text.replace("~", "\\~") if target in m.cells else "" for m in history.moments),
        ]
        for target in history.targets
    ]
    lines += [*table(["target", *numbers], rows), f"Cells: {LEGEND}; empty: not run.".replace("~", "\\~"), ""]
    for number in range(1, len(history.moments)):
        steps = list(moved(history, number))
        if steps:
            lines += [f"## What moved in #{number + 1}", ""]
            lines += [*(f"- {code(target)}: {escaped(words)}" for target, words in steps), ""]
    moving = [trend for trend in history.trends if trend.events]
    if moving:
        rows = [
            [
                "known" if trend.known else "unexpected",
                escaped(_short(trend.name)),
                *("" if count is None else f"{count:,}" for count in trend.counts),
                _happened(trend),
                ", ".join(map(code, trend.targets)),
            ]
            for trend in moving[:SHOWN]
        ]
        lines += ["## Divergences that moved", "", *table(["", "what", *numbers, "when", "targets"], rows)]
        if len(moving) > SHOWN:
            lines += [f"and {plural(len(moving) - SHOWN, 'other divergence')}.", ""]
    still = len(history.trends) - len(moving)
    if still:
        lines += [f"{plural(still, 'divergence')} did not move.", ""]
    return "\n".join(lines)

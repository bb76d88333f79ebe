"""The terminal: live progress, then the matrix, the totals, each unexpected divergence, and how the run ends.

Where the output is no terminal, everything is plain text without control characters.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from conformance.known.alike import shipped_like
from conformance.record import Reader, RecordedCase
from conformance.record.facts import (
    LEGEND,
    Cell,
    Matrix,
    claims,
    conclusion,
    known_uses,
    matrix,
    notes,
    trusted_files,
    unexpected_groups,
    version,
)
from conformance.suite.case import Case
from conformance.target import Target, in_columns
from conformance.text.plain import behind, one_line
from conformance.text.terminal import STYLES, Out, quoted
from conformance.text.words import explained, in_a_line, plural, ran, reproduce
from conformance.usage import INTERRUPTED
from conformance.verdict import Problem, Status, Verdict

GROUPS_SHOWN = 60
LINES_SHOWN = 500
REASONS_SHOWN = 12
PLAIN_EVERY_SECONDS = 30.0


def print_report(
    reader: Reader,
    file: IO[str] | None = None,
    stale: Iterable[Problem] = (),
    quiet: bool = False,
    width: int | None = None,
    compact: bool = False,
    open_code: int = INTERRUPTED,
) -> int:
    """Print the report of a record; returns the exit code that it names: `open_code` where the run is not complete.

    `stale` adds problems to those of the record's footer. `quiet` leaves out all but the unexpected and the last line.
    `compact` gives each unexpected divergence one line, with file, line and column first, as compilers do.
    """
    out = Out(file or sys.stdout, width)
    end = conclusion(reader, stale)
    if not quiet:
        table = matrix(reader)
        if table.files:
            _matrix(out, table)
            _totals(out, reader)
            _reasons(out, reader)
    if compact:
        _lines(out, reader, end.problems)
    else:
        _unexpected(out, reader)
        _problems(out, end.problems)
    told = notes(reader)
    if told:
        out.line()
    for note in told:
        out.line(("note", "bold"), f": {one_line(note)}")
    if not quiet:
        _known(out, reader)
        _claims(out, reader)
        out.line()
    code = open_code if end.code is None else end.code
    out.line((f"exit {code}", "bold green" if code == 0 else "bold red"), f": {end.reason}; record: {reader.path}")
    return code


def _matrix(out: Out, table: Matrix) -> None:
    rows = [*table.files, "total"]
    labels = {file: _short(file, max(20, min(44, out.width // 2 - 4))) for file in rows}
    label_width = max(map(len, labels.values()))

    def cell(row: str, target: str) -> Cell | None:
        return table.totals.get(target) if row == "total" else table.cells.get((row, target))

    widths = {t: max(len(c.text) if (c := cell(row, t)) else 1 for row in rows) for t in table.targets}
    room = out.width - label_width
    for names in _namings(table.targets, widths):
        if sum(2 + max(widths[t], len(names[t])) for t in table.targets) <= room:
            break
    widths = {t: max(widths[t], len(names[t])) for t in table.targets}
    for block in _blocks(table.targets, widths, room):
        out.line()
        head = "".join(f"  {names[t]:>{widths[t]}}" for t in block)
        out.line((f"{'':{label_width}}{head}", "bold"))
        for row in rows:
            parts: list[str | tuple[str, str]] = [(f"{labels[row]:{label_width}}", "bold" if row == "total" else "")]
            for target in block:
                parts += _cell(cell(row, target), widths[target])
            out.line(*parts)
    out.line()
    out.line((f"cells: {LEGEND}", "dim"))
    legend = [f"{name} = {target}" for target, name in names.items() if name != target]
    if legend:
        out.line(("columns: " + ", ".join(legend), "dim"))


def _namings(targets: Sequence[str], widths: dict[str, int]) -> list[dict[str, str]]:
    """Names for the columns, from the full ones to those that take the least room; a legend explains them."""
    short = {t: t.replace("tensorflow", "tf").replace("keras/", "k/") for t in targets}
    numbers = {t: name if len(name := short[t]) <= widths[t] else f"({i})" for i, t in enumerate(targets, 1)}
    return [{t: t for t in targets}, short, numbers]


def _cell(cell: Cell | None, width: int) -> list[str | tuple[str, str]]:
    if cell is None:
        return [f"  {'':>{width}}"]
    parts: list[str | tuple[str, str]] = [" " * (2 + width - len(cell.text))]
    for index, (kind, text) in enumerate(cell.parts()):
        parts += [" "] if index else []
        parts.append((text, STYLES[kind]))
    return parts


def _blocks(targets: Sequence[str], widths: dict[str, int], room: int) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    used = 0
    for target in targets:
        if blocks[-1] and used + 2 + widths[target] > room:
            blocks.append([])
            used = 0
        blocks[-1].append(target)
        used += 2 + widths[target]
    return blocks


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else "..." + text[3 - width :]


def _totals(out: Out, reader: Reader) -> None:
    counts = reader.counts()
    statuses = [s for s in Status if any(status is s for _, status, _ in counts)]
    rows: list[list[str]] = []
    infos = reader.targets
    for target in infos:
        if not any(t == target for t, _, _ in counts):
            continue
        row = [target, version(infos[target]) or "?"]
        for status in statuses:
            new, known = counts.get((target, status, False), 0), counts.get((target, status, True), 0)
            if status in (Status.PASS, Status.UNSUPPORTED):
                row.append(f"{new:,}" if new else ".")
            else:
                row.append(" ".join([f"!{new:,}"] * bool(new) + [f"~{known:,}"] * bool(known)) or ".")
        rows.append(row)
    head = ["target", "version", *(s.value for s in statuses)]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    out.line()
    for index, row in enumerate([head, *rows]):
        left = f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}"
        rest = "".join(f"  {text:>{width}}" for text, width in zip(row[2:], widths[2:], strict=True))
        out.line((left + rest, "bold" if index == 0 else ""))


def _reasons(out: Out, reader: Reader) -> None:
    merged: dict[str, dict[str, int]] = {}
    for (target, reason), count in reader.reasons().items():
        merged.setdefault(one_line(reason), {})[target] = count
    if not merged:
        return
    out.head("unsupported (never counted as passed)")
    ranked = sorted(merged.items(), key=lambda item: -sum(item[1].values()))
    for reason, targets in ranked[:REASONS_SHOWN]:
        out.line(f"  {sum(targets.values()):>7,}  {reason}  ", (f"[{', '.join(in_columns(targets))}]", "dim"))
    if len(ranked) > REASONS_SHOWN:
        rest = sum(sum(targets.values()) for _, targets in ranked[REASONS_SHOWN:])
        out.line(f"  {rest:>7,}  for {plural(len(ranked) - REASONS_SHOWN, 'other reason')}")


def _unexpected(out: Out, reader: Reader) -> None:
    groups = unexpected_groups(reader.verdicts(unexpected=True))
    if not groups:
        return
    out.head("unexpected divergences")
    trust = trusted_files(reader)
    for group in groups[:GROUPS_SHOWN]:
        for row in group.rows:
            out.line()
            info = reader.targets.get(row.verdict.target)
            divergence(out, row.case, row.verdict, row.case.source.file in trust, info)
        if group.count > len(group.rows):
            first = group.rows[0]
            more = group.count - len(group.rows)
            show = f"conformance show --record {shlex.quote(str(reader.path))} "
            out.line((f"  ... and {more:,} more like it ({show}{quoted(first.case.id)})", "dim"))
    if len(groups) > GROUPS_SHOWN:
        rest = groups[GROUPS_SHOWN:]
        out.line()
        total = plural(sum(group.count for group in rest), "divergence")
        out.line(
            f"... and {total} in {plural(len(rest), 'other group')}; "
            "all of them are in the record, and --json, --junit and --markdown write them out"
        )


def _lines(out: Out, reader: Reader, problems: Sequence[Problem]) -> None:
    count = 0
    for row in reader.verdicts(unexpected=True):
        count += 1
        if count == 1:
            out.head("unexpected results")
        if count <= LINES_SHOWN:
            out.line(*_line(row.case, row.verdict))
    if count > LINES_SHOWN:
        out.line(f"... and {plural(count - LINES_SHOWN, 'other divergence')}, all in the record and in JUnit")
    if problems and not count:
        out.head("unexpected results")
    for problem in problems:
        where = f"{problem.where}: " if problem.where else ""
        out.line((where, "cyan"), (problem.name, "bold"), f": {one_line(problem.message)}")


def _line(case: RecordedCase, verdict: Verdict) -> list[str | tuple[str, str]]:
    subject = f" ({verdict.about})" if verdict.about else ""
    explained = f"; explained: {one_line(in_a_line(verdict.explanation))}" if verdict.explanation else ""
    return [
        (f"{case.source}: ", "cyan"),
        (f"{verdict.status}{subject}", "bold red"),
        f" on {verdict.target}: {case.label}: {one_line(verdict.message)}{explained}",
    ]


def divergence(
    out: Out,
    case: Case | RecordedCase,
    verdict: Verdict,
    trusted: bool = False,
    info: Mapping[str, Any] | None = None,
) -> None:
    """One divergence in a few lines: where, what, why, and what was run. `info`: what its worker said of itself."""
    out.line((f"{case.source.file}:{case.source.line}", "cyan"), f"  {case.label} on ", (verdict.target, "bold"))
    subject = f" ({verdict.about})" if verdict.about else ""
    out.line("  ", (f"{verdict.status}{subject}", "bold red"), f": {one_line(verdict.message)}")
    if verdict.explanation:
        first, *more = map(one_line, explained(verdict.explanation))
        out.line("  ", ("explained", "bold"), f": {first}")
        for line in more:
            out.line(f"    {line}")
    if (entry := shipped_like(case, case.source.file, verdict, info or {})) is not None:
        known = entry.known
        link = f" {known.link}" if known.link else ""
        out.line("  ", ("like", "bold"), f" shipped known entry {known.name}: {one_line(known.reason)}{link}")
    for index, line in enumerate(ran(verdict)):
        out.line("  ran: " if not index else "       ", line)
    out.line("  repro: ", reproduce(verdict, case.source.file, trusted))


def describe(case: Case, verdict: Verdict) -> str:
    """One divergence as plain text, in the same words: for whoever is not reading a record (pytest)."""
    text = StringIO()
    divergence(Out(text, 200), case, verdict)
    return text.getvalue().rstrip()


def _problems(out: Out, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    out.head("other unexpected results")
    for problem in problems:
        where = f"{problem.where}  " if problem.where else ""
        out.line("  ", (where, "cyan"), (problem.name, "bold"), f": {one_line(problem.message)}")


def _known(out: Out, reader: Reader) -> None:
    uses = known_uses(reader)
    if not uses:
        return
    out.head("known divergences (conformance known prints why)")
    width = max(len(use.known.name) for use in uses)
    for use in uses:
        targets = ", ".join(use.targets)
        out.line(f"  {use.count:>7,}  {use.known.name:{width}}  {use.known.kind:10}  ", (targets, "dim"))


def _claims(out: Out, reader: Reader) -> None:
    found = claims(reader)
    if not found:
        return
    out.head("claims")
    width = max(len(entry.document) for entry in found)
    for entry in found:
        still = f", {len(entry.open)} open" if entry.open else ""
        out.line(f"  {entry.document:{width}}  {entry.hold} hold, {entry.refuted} refuted{still}")
        for says in entry.open:
            out.line(f"  {'':{width}}  open: {one_line(says)}")


class Progress:
    """Live progress on stderr while the run goes; a plain line now and then where stderr is no terminal."""

    def __init__(self, quiet: bool = False, file: IO[str] | None = None) -> None:
        self._quiet = quiet
        self._file = behind(file or sys.stderr)
        self._console = Console(file=self._file, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None
        self._cells: dict[str, Cell] = {}
        self._versions: dict[str, str] = {}
        self._done = 0
        self._total = 0
        self._started = self._printed = time.monotonic()

    def start(self, targets: Sequence[Target], total: int) -> None:
        """`total` verdicts are to come from these targets, whose workers are starting."""
        self._cells = {name: Cell() for name in in_columns(map(str, targets))}
        self._total = total
        self._started = self._printed = time.monotonic()
        if not self._quiet and self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=5, transient=True)
            self._live.start()

    def worker_ready(self, target: Target, version: str) -> None:
        """A target's worker answered."""
        self._versions[str(target)] = one_line(version) or "ready"

    def advance(self, target: Target, verdict: Verdict) -> None:
        """One more verdict."""
        name = str(target)
        known = verdict.known is not None
        self._cells[name] = self._cells.get(name, Cell()).plus(verdict.status, known, 1)
        self._done += 1
        if self._live is None and not self._quiet:
            now = time.monotonic()
            if now - self._printed >= PLAIN_EVERY_SECONDS:
                self._printed = now
                print(self._line(now), file=self._file, flush=True)

    def stop(self) -> None:
        """Take the live display away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, now: float) -> str:
        seconds = max(now - self._started, 1e-9)
        rate = self._done / seconds
        left = f", about {_duration((self._total - self._done) / rate)} left" if self._done else ""
        return f"{self._done:,} of {self._total:,} verdicts, {rate:,.0f}/s{left}"

    def _render(self) -> RenderableType:
        width = max(10, min(40, self._console.width - 56))
        filled = width * self._done // max(self._total, 1)
        bar = Text("[" + "#" * filled + "." * (width - filled) + "] ").append(self._line(time.monotonic()), "bold")
        table = Table.grid(padding=(0, 2))
        for name, cell in self._cells.items():
            counts = Text(" ").join(Text(text, STYLES[kind]) for kind, text in cell.parts())
            state = self._versions.get(name)
            table.add_row(name, Text(state or "starting", "" if state else "dim"), counts if state else "")
        return Group(table, bar)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

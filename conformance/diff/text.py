"""A diff on the terminal and as Markdown: the targets, what changed by kind, and the groups worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import IO

from conformance.diff.changes import TITLES, Change, Diff, Group, Kind, RecordFacts, Side, SpeedChange, Ulps
from conformance.diff.groups import brief
from conformance.record import of
from conformance.text.markdown import code, escaped, table
from conformance.text.plain import one_line
from conformance.text.terminal import Out, quoted
from conformance.text.words import plural
from conformance.worker.statements import code_lines

GROUPS_A_KIND = 20
CASES_A_GROUP = 3
_BAD = {Kind.PASS_TO_FAIL, Kind.NO_LONGER_SUPPORTED, Kind.FAILS_DIFFERENTLY, Kind.SHAPE, Kind.DTYPE}
_GOOD = {Kind.FAIL_TO_PASS, Kind.NEWLY_SUPPORTED, Kind.ADDED}


def print_diff(diff: Diff, file: IO[str], width: int | None = None) -> None:
    """Print a diff; plain text where the file is no terminal."""
    out = Out(file, width)
    out.line((one_line(heading(diff)), "bold"))
    out.line()
    head, rows = _targets(diff)
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for index, row in enumerate([head, *rows]):
        left = "  ".join(f"{text:{w}}" for text, w in zip(row[:2], widths[:2], strict=True))
        rest = "".join(f"  {text:>{w}}" for text, w in zip(row[2:], widths[2:], strict=True))
        out.line((left + rest, "bold" if index == 0 else ""))
    for sentence in _remarks(diff):
        out.line((sentence, "dim"))
    if diff.changed or diff.speeds:
        out.head("what changed")
        for kind, count in _counts(diff):
            out.line(f"  {count:>7,}  ", (f"{kind:20}", _style(kind)), f"  {TITLES[kind]}")
    for kind, groups in _by_kind(diff):
        out.head(f"{TITLES[kind]} ({kind})")
        for group in groups[:GROUPS_A_KIND]:
            _print_group(out, diff, group)
        if len(groups) > GROUPS_A_KIND:
            out.line()
            out.line((f"  {_rest(groups[GROUPS_A_KIND:])}; --json writes all of them", "dim"))
    if diff.speeds:
        out.head(f"{TITLES[Kind.SPEED]} ({Kind.SPEED})")
        for change in diff.speeds:
            out.line("  ", (change.op, "bold"), f" on {_pairs([change.targets])}: {speed_words(change)}")


def _print_group(out: Out, diff: Diff, group: Group) -> None:
    out.line()
    out.line(
        f"{group.count:>7,}  ",
        (group.op, "bold"),
        f" on {_pairs(group.targets)}{_statuses(group)}",
    )
    out.line(f"         {one_line(group.cause)}")
    for line in figures(group):
        out.line(f"         {line}")
    for change in group.changes[:CASES_A_GROUP]:
        out.line("         ", (f"{change.file}:{change.line}", "cyan"), f"  {change.label}{_on(group, change)}")
        for line in _details(change):
            out.line(f"             {line}")
    if group.count > CASES_A_GROUP:
        first = group.changes[0]
        which = diff.after if first.after else diff.before
        show = f"conformance show {quoted(first.case)} --record {quoted(which.path)}"
        out.line((f"         ... and {group.count - CASES_A_GROUP:,} more like it ({show})", "dim"))


def render(diff: Diff) -> str:
    """A diff as GitHub-flavoured Markdown."""
    lines = [f"# {escaped(heading(diff))}", ""]
    head, rows = _targets(diff)
    lines += table(head, [[code(row[0]), *map(escaped, row[1:])] for row in rows])
    lines += [f"{escaped(sentence)}  " for sentence in _remarks(diff)]
    if diff.changed or diff.speeds:
        rows = [[code(kind), TITLES[kind], f"{count:,}"] for kind, count in _counts(diff)]
        lines += ["", "## What changed", "", *table(["kind", "meaning", "changes"], rows)]
    for kind, groups in _by_kind(diff):
        lines += [f"## {TITLES[kind].capitalize()}", ""]
        for group in groups[:GROUPS_A_KIND]:
            lines += _markdown_group(group)
        if len(groups) > GROUPS_A_KIND:
            lines.append(f"- {_rest(groups[GROUPS_A_KIND:])}")
        lines.append("")
    if diff.speeds:
        lines += [f"## {TITLES[Kind.SPEED].capitalize()}", ""]
        lines += [f"- **{c.op}** on {code(_pairs([c.targets]))}: {speed_words(c)}" for c in diff.speeds]
        lines.append("")
    return "\n".join(lines)


def _markdown_group(group: Group) -> list[str]:
    lines = [
        f"- **{group.count:,}** {escaped(group.op)} on {code(_pairs(group.targets))}{escaped(_statuses(group))}  ",
        f"  {escaped(group.cause)}",
    ]
    lines += [f"  - {escaped(line)}" for line in figures(group)]
    for change in group.changes[:CASES_A_GROUP]:
        place = code(f"{change.file}:{change.line}")
        details = "; ".join(escaped(line) for line in _details(change))
        on = f" on {code(_pairs([change.targets]))}" if len(group.targets) > 1 else ""
        named = f"  - {place} {code(change.label)}{on}"
        lines.append(f"{named}: {details}" if details else named)
    if group.count > CASES_A_GROUP:
        lines.append(f"  - and {group.count - CASES_A_GROUP:,} more like it")
    return lines


def heading(diff: Diff) -> str:
    """One line: what was compared with what."""
    if diff.before.path == diff.after.path:
        return f"{diff.subject}, of {_record(diff.before)}"
    return f"{_record(diff.before)} -> {_record(diff.after)}"


def _record(facts: RecordFacts) -> str:
    return f"{facts.path} ({facts.started[:16].replace('T', ' ')})" if facts.started else facts.path


def _targets(diff: Diff) -> tuple[list[str], list[list[str]]]:
    head = ["target", "version", "compared", "unchanged", "other bits", "changed"]
    rows = []
    for pair in diff.pairs:
        one, other = pair.versions
        versions = one or "?" if one == other else f"{one or '?'} -> {other or '?'}"
        counts = (pair.compared, pair.unchanged, pair.other_bits, pair.changed)
        rows.append([pair.label, versions, *(f"{n:,}" for n in counts)])
    return head, rows


def _remarks(diff: Diff) -> list[str]:
    said = []
    for side, names in ((diff.before, diff.only_before), (diff.after, diff.only_after)):
        if names:
            said.append(f"only in {side.path}, not compared: {', '.join(names)} (--map A=B pairs targets)")
    said += diff.notes
    if not diff.changed and not diff.speeds:
        said.append(f"nothing changed in {plural(diff.compared, 'verdict')}")
    return said


def _counts(diff: Diff) -> Iterator[tuple[Kind, int]]:
    return ((kind, diff.counts[kind]) for kind in Kind if diff.counts[kind])


def _by_kind(diff: Diff) -> list[tuple[Kind, list[Group]]]:
    return [(kind, list(groups)) for kind, groups in groupby(diff.groups, key=lambda group: group.kind)]


def _rest(groups: Sequence[Group]) -> str:
    return f"and {plural(sum(group.count for group in groups), 'case')} in {plural(len(groups), 'other group')}"


def _style(kind: Kind) -> str:
    return "bold red" if kind in _BAD else "green" if kind in _GOOD else "yellow"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    words = [a if a == b else f"{a} -> {b}" for a, b in pairs]
    return ", ".join(words[:4]) + (f" and {len(words) - 4} more" if len(words) > 4 else "")


def _statuses(group: Group) -> str:
    before, after = group.statuses
    return f", {before} -> {after}" if before != after and before and after else f", {before or after}"


def _on(group: Group, change: Change) -> str:
    """Which target, where the group has several."""
    return f" on {_pairs([change.targets])}" if len(group.targets) > 1 else ""


def _details(change: Change) -> list[str]:
    """What one case of a group has of its own."""
    before, after = change.before, change.after
    if before is None or after is None or change.kind is Kind.NOT_COMPARABLE:
        return []
    lines = []
    if change.kind not in (Kind.VALUE_INSIDE, Kind.ERROR_TEXT) and before.message != after.message:
        for name, side in (("before", before), ("after", after)):
            known = f" (known: {side.known})" if side.known else ""
            lines.append(f"{name}: {side.status}{known}: {brief(side.message)}")
    if change.kind is Kind.PLAN:
        lines += [f"before ran: {line}" for line in _ran(before)] + [f"after ran: {line}" for line in _ran(after)]
    if change.ulps:
        lines.append(ulp_words(change.ulps))
    if len(change.kinds) > 1:
        lines.append("also: " + ", ".join(TITLES[kind] for kind in change.kinds[1:]))
    return lines


def _ran(side: Side) -> list[str]:
    """The plan's lines without its comments."""
    return [line for line in code_lines(side.plan) if line.strip() and not line.startswith("#")]


def figures(group: Group) -> list[str]:
    """How far apart the bits of a group are, and how far from the reference both sides are; [] where not known."""
    lines = []
    if group.ulps:
        lines.append(f"apart: {ulp_words(group.ulps)}")
        if group.ulps.histogram:
            lines.append(f"elements by ULP: {histogram_words(group.ulps)}")
    if group.errors:
        before, after = group.errors
        lines.append(
            "largest error of a case, as a fraction of the allowance: "
            f"median {before.median:.2g} -> {after.median:.2g}, 90 % {before.high:.2g} -> {after.high:.2g}, "
            f"largest {before.largest:.2g} -> {after.largest:.2g}"
        )
    return lines


def ulp_words(ulps: Ulps) -> str:
    """`12 of 64 elements (19 %) differ, 3 ULP at most, median 1`."""
    where = of(ulps.tensor)
    text = f"{ulps.changed:,} of {plural(ulps.elements, 'element')}{where} ({_percent(ulps.share)}) differ"
    if ulps.largest:
        text += f", {ulps.largest:,.0f} ULP at most, median {ulps.median:,.3g}"
    if ulps.zeros:
        text += f", {ulps.zeros:,} in the sign of a zero"
    if ulps.nonfinite:
        text += f", {ulps.nonfinite:,} in NaN or infinity"
    return text


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def histogram_words(ulps: Ulps) -> str:
    """`1: 120, 2-3: 14, 8-15: 1`."""
    parts = []
    for power, count in enumerate(ulps.histogram):
        if count:
            low, high = 2**power, 2 ** (power + 1) - 1
            span = f"{low}" if low == high else f"{low}-{high}" if power < 14 else f"2^{power}"
            parts.append(f"{span}: {count:,}")
    return ", ".join(parts)


def speed_words(change: SpeedChange) -> str:
    """`1.8 times slower (median of 512 cases, 0.21 ms -> 0.38 ms; noise up to 1.1 times)`."""
    slower = change.ratio > 1
    factor = change.ratio if slower else 1 / change.ratio
    before, after = (1000 * seconds for seconds in change.seconds)
    return (
        f"{factor:.2f} times {'slower' if slower else 'faster'} (median of {plural(change.cases, 'case')}, "
        f"{before:.3g} ms -> {after:.3g} ms; noise up to {change.noise:.2f} times)"
    )

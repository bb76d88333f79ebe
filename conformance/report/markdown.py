"""Markdown: a summary for a pull request or a CI job: how the run ends, the matrix, the unexpected, the known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import quote

from conformance.record import Reader, Row
from conformance.record.facts import (
    LEGEND,
    Group,
    claims,
    conclusion,
    known_uses,
    matrix,
    notes,
    on_forge,
    origin,
    trusted_files,
    unexpected_groups,
    version,
)
from conformance.report.picture import picture
from conformance.text.markdown import code, escaped, table
from conformance.text.plain import one_line
from conformance.text.words import explained, plural, ran, reproduce
from conformance.verdict import Problem

GROUPS_SHOWN = 50


def render(reader: Reader, stale: Iterable[Problem] = ()) -> str:
    """The summary of a record as GitHub-flavoured Markdown."""
    end = conclusion(reader, stale)
    lines = ["# Conformance", ""]
    lines += [f"**{'incomplete' if end.code is None else f'exit {end.code}'}**: {escaped(end.reason)}", ""]
    if said := origin(reader.environment):
        lines += [", ".join(f"{name} {escaped(words)}" for name, words in said), ""]
    lines += [line for note in notes(reader) for line in (escaped(note), "")]
    lines += _matrix(reader)
    lines += _unexpected(reader)
    if end.problems:
        lines += ["## Other unexpected results", ""]
        for problem in end.problems:
            where = f"{code(problem.where)} " if problem.where else ""
            lines.append(f"- {where}**{escaped(problem.name)}**: {escaped(problem.message)}")
        lines.append("")
    lines += _known(reader)
    lines += _claims(reader)
    lines += _versions(reader)
    return "\n".join(lines)


def _matrix(reader: Reader) -> list[str]:
    found = matrix(reader)
    if not found.files:
        return []
    rows = []
    for file in found.files:
        cells = [found.cells.get((file, target)) for target in found.targets]
        rows.append([code(file), *(cell.text.replace("~", "\\~") if cell else "" for cell in cells)])
    totals = [found.totals[target].text.replace("~", "\\~") for target in found.targets]
    rows.append(["**total**", *(f"**{text}**" for text in totals)])
    legend = LEGEND.replace("~", "\\~")
    return [*table(["case file", *map(code, found.targets)], rows), f"Cells: {legend}.", ""]


def _unexpected(reader: Reader) -> list[str]:
    groups = unexpected_groups(reader.verdicts(unexpected=True))
    if not groups:
        return []
    lines = ["## Unexpected divergences", ""]
    for group in groups[:GROUPS_SHOWN]:
        lines += [*_group(reader, group, trusted_files(reader)), *_picture(reader, group.rows[0])]
    if len(groups) > GROUPS_SHOWN:
        rest = groups[GROUPS_SHOWN:]
        total = plural(sum(group.count for group in rest), "divergence")
        lines.append(f"- and {total} in {plural(len(rest), 'other group')}, all in the record")
    return [*lines, ""]


def _group(reader: Reader, group: Group, trust: Collection[str]) -> list[str]:
    lines = []
    for row in group.rows:
        case, verdict = row.case, row.verdict
        place = code(f"{case.source.file}:{case.source.line}")
        if shown := on_forge(reader.environment, case.source.file, case.source.line):
            place = f"[{place}]({_address(shown)})"
        subject = f" ({escaped(verdict.about)})" if verdict.about else ""
        lines.append(f"- {place} {code(case.label)} on {code(verdict.target)}  ")
        lines.append(f"  **{verdict.status}**{subject}: {escaped(verdict.message)}")
        if verdict.explanation:
            lines[-1] += "  "
            first, *more = map(escaped, explained(verdict.explanation))
            lines += ["  explained: " + "  \n  ".join([first, *more])]
        if plan := ran(verdict):
            lines[-1] += "  "
            lines.append("  ran: " + "; ".join(code(line) for line in plan))
        lines[-1] += "  "
        lines.append(f"  repro: {code(reproduce(verdict, case.source.file, case.source.file in trust))}")
    if group.count > len(group.rows):
        lines.append(f"  and {group.count - len(group.rows):,} more like it")
    return lines


def _picture(reader: Reader, row: Row) -> list[str]:
    """Where the errors of a group's first case lie, folded; nothing where the record kept no arrays of it."""
    verdict = row.verdict
    drawn = picture(reader.arrays(verdict.case, verdict.target), reader.arrays(verdict.case))
    if not drawn:
        return []
    fence = "  ```"
    text = [f"  {line}".rstrip() for line in drawn]
    return ["", "  <details><summary>the error</summary>", "", f"{fence}text", *text, fence, "  </details>", ""]


def _known(reader: Reader) -> list[str]:
    rows = []
    for use in known_uses(reader):
        known = use.known
        reason = escaped(known.reason) + (f" ([link]({_address(known.link)}))" if known.link.startswith("http") else "")
        rows.append(
            [code(known.name), escaped(known.kind), f"{use.count:,}", ", ".join(map(code, use.targets)), reason]
        )
    if not rows:
        return []
    return ["## Known divergences", "", *table(["name", "kind", "verdicts", "targets", "reason"], rows)]


def _address(link: str) -> str:
    """A link's address, which ends where it ends."""
    return quote(one_line(link), safe="/:?#@!$&'*+,;=%~")


def _claims(reader: Reader) -> list[str]:
    found = claims(reader)
    if not found:
        return []
    rows = [
        [escaped(entry.document), str(entry.hold), str(entry.refuted), "; ".join(map(escaped, entry.open))]
        for entry in found
    ]
    return ["## Claims", "", *table(["document", "hold", "refuted", "open"], rows)]


def _versions(reader: Reader) -> list[str]:
    environment = reader.environment
    facts = [(name, environment.get(name)) for name in ("conformance", "python", "numpy", "platform", "cpu")]
    versions = [(target, version(info)) for target, info in reader.targets.items()]
    rows = [[code(name), escaped(str(value))] for name, value in [*versions, *facts] if value]
    return ["## Versions", "", *table(["what", "version"], rows)] if rows else []

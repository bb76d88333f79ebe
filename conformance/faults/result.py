"""What a self-test found, and how it is said."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from conformance.faults.spoil import TRANSPORT, Alarms, Tally
from conformance.text.plain import behind
from conformance.text.terminal import Printer, columns

WIDTH = 100  # narrower than its table the report would be unreadable


@dataclass(frozen=True)
class Result:
    """What a self-test found."""

    tallies: Sequence[Tally]
    cases: int  # into which every fault was put
    further: int  # looked at for faults that those do not show
    alarms: Alarms
    targets: Sequence[str]
    checks: Mapping[str, set[str]] = field(default_factory=dict)  # switched off -> the faults that get through then

    @property
    def survivors(self) -> list[Tally]:
        """Faults that were missed where they must not be."""
        return [tally for tally in self.tallies if tally.survives]

    @property
    def ok(self) -> bool:
        """Nothing survived, nothing raised a false alarm, and without each check something would get through."""
        return not self.survivors and not self.alarms.harness and not self.unproved

    @property
    def unproved(self) -> list[str]:
        """Checks that can be switched off without a fault getting through."""
        return [name for name, through in self.checks.items() if not through]

    def totals(self, mode: str) -> tuple[int, int, int]:
        """Wrong answers in exact or real values, how many were caught, and how many fixed tolerances catch."""
        spoilt = [tally for tally in self.tallies if tally.group != TRANSPORT]
        wrong = sum(tally.wrong[mode] for tally in spoilt)
        return wrong, sum(t.caught[mode] for t in spoilt), sum(t.fixed[mode] for t in spoilt)

    def document(self) -> dict[str, Any]:
        """Everything, for tools."""
        return {
            "faults": [
                {
                    "name": t.fault,
                    "group": t.group,
                    "wrong": dict(t.wrong),
                    "caught": dict(t.caught),
                    "caught_by_fixed_tolerances": dict(t.fixed),
                    "excused": t.excused,
                    "missed": t.missed,
                    "survives": t.survives,
                    "reason": t.reason,
                }
                for t in self.tallies
            ],
            "checks": [{"name": name, "through_without": sorted(found)} for name, found in self.checks.items()],
            "cases": self.cases,
            "further_cases": self.further,
            "targets": list(self.targets),
            "unspoilt_answers": self.alarms.answers,
            "false_alarms": self.alarms.harness,
            "false_alarms_of_fixed_tolerances": self.alarms.fixed,
            "ok": self.ok,
        }


def share(part: int, whole: int) -> str:
    """`12,345 (99.1 %)`."""
    return f"{part:,} ({part / whole:.1%})".replace("%)", " %)") if whole else "-"


HEADINGS = ("what is spoilt", "faults", "caught", "wrong answers", "caught", "by fixed tolerances")


def rows(result: Result) -> list[tuple[str, ...]]:
    """One a group of faults, under `HEADINGS`."""
    groups: dict[str, list[Tally]] = {}
    for tally in result.tallies:
        groups.setdefault(tally.group, []).append(tally)
    table: list[tuple[str, ...]] = []
    for group, tallies in groups.items():
        wrong = sum(sum(t.wrong.values()) for t in tallies)
        caught = sum(sum(t.caught.values()) for t in tallies)
        fixed = share(sum(sum(t.fixed.values()) for t in tallies), wrong) if group != TRANSPORT else "-"
        alive = sum(not t.survives for t in tallies)
        table.append((group, str(len(tallies)), str(alive), f"{wrong:,}", share(caught, wrong), fixed))
    return table


def sentences(result: Result) -> list[str]:
    """The figures in words."""
    said = []
    for mode, word in (("exact", "values whose sums are exact"), ("real", "real values")):
        wrong, caught, fixed = result.totals(mode)
        if wrong:
            said.append(
                f"{word}: {wrong:,} wrong answers, {share(caught, wrong)} caught; "
                f"fixed tolerances catch {share(fixed, wrong)}"
            )
    said += [f"without the check {name}: {len(found)} faults get through" for name, found in result.checks.items()]
    alarms = result.alarms
    said.append(
        f"unspoilt: {alarms.answers:,} answers of {', '.join(result.targets)}: {len(alarms.harness)} false alarms; "
        f"fixed tolerances raise {len(alarms.fixed)}"
    )
    return said


def notes(result: Result) -> list[str]:
    """The faults that were not always caught, with the reason, and the survivors."""
    said = []
    for tally in result.tallies:
        if tally.survives:
            where = (
                f"missed in {len(tally.missed)} cases, such as {tally.missed[0]}" if tally.missed else "never showed"
            )
            said.append(f"SURVIVES: {tally.fault}: {where}")
    said += [f"UNPROVED: the check {name}: nothing gets through without it" for name in result.unproved]
    for tally in result.tallies:
        if not tally.survives and tally.reason:
            mode = "exact" if tally.excused else "real"
            counts = f"caught {tally.caught[mode]:,} of {tally.wrong[mode]:,} in {mode} values"
            said.append(f"{tally.fault}: {counts}; {tally.reason}")
    said += [f"FALSE ALARM: {alarm}" for alarm in result.alarms.harness]
    return said


def render(result: Result) -> None:
    """The report on the terminal."""
    console = Printer(file=behind(sys.stdout), width=columns(80), highlight=False, markup=False)
    console.width = max(console.width, WIDTH)
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows(result):
        table.add_row(*row)
    console.print(table)
    console.print()
    for line in sentences(result):
        console.print(line, soft_wrap=True)
    for line in notes(result):
        console.print(f"  {line}", soft_wrap=True)
    console.print(f"{verdict(result)}", soft_wrap=True)


def verdict(result: Result) -> str:
    """The last line."""
    count = len(result.tallies)
    if result.ok:
        more = f" (and, where those can't show it, {result.further:,} more)" if result.further else ""
        return f"{count} faults in {result.cases:,} cases{more}: all caught, no false alarm"
    alone = f"; {len(result.unproved)} checks that nothing needs" if result.unproved else ""
    return f"{count} faults: {len(result.survivors)} survive; {len(result.alarms.harness)} false alarms{alone}"


def markdown(result: Result) -> str:
    """The report as Markdown."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * (len(HEADINGS) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(result)]
    lines += ["", *(f"- {line}" for line in sentences(result)), *(f"- {line}" for line in notes(result))]
    return "\n".join([*lines, "", verdict(result), ""])

"""The gate: what CI asks of a run beyond its verdicts, and what the CI system reads of it.

A floor on what was compared (`--require`), a record whose divergences are no news (`--baseline`), annotations, a job
summary and a badge. It needs no configuration: what a CI system offers is found in its environment variables.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.environments.installed import missing
from conformance.known import KnownTable
from conformance.known.baseline import Baseline
from conformance.record import Reader, RecordError, Summary
from conformance.record.facts import conclusion
from conformance.report import annotations as github
from conformance.report import badge as badges
from conformance.report import markdown
from conformance.target import Target, TargetError, parse_target
from conformance.text.markdown import escaped
from conformance.text.plain import behind
from conformance.text.words import plural
from conformance.usage import HARNESS, UsageError, unwritable
from conformance.verdict import Problem, Status, Verdict

JUNIT = Path("conformance-junit.xml")
SUMMARY_BYTES = 1_000_000  # GitHub takes 1 MiB a step and drops all of a longer one


@dataclass(frozen=True)
class Floor:
    """How many cases must be compared on a target."""

    target: Target
    cases: int = 1


def parse_floors(text: str) -> list[Floor]:
    """`torch,jax=100` as floors; UsageError says which word can't be read."""
    return [_floor(word.strip()) for word in text.split(",") if word.strip()]


def _floor(word: str) -> Floor:
    try:
        return Floor(parse_target(word))
    except TargetError as error:
        name, separator, count = word.rpartition("=")
        if not separator or not count.isdigit():
            raise UsageError(f"--require: {error}; a floor is written torch=100") from None
    if int(count) < 1:
        raise UsageError(f"--require: {word!r} asks for {count} cases, expected at least 1")
    try:
        return Floor(parse_target(name), int(count))
    except TargetError as error:
        raise UsageError(f"--require: {error}") from None


class Gate:
    """What `--gate`, `--require`, `--baseline` and `--badge` ask of one run; UsageError where they can't be meant."""

    def __init__(
        self,
        *,
        writes: bool = False,
        require: str = "",
        baseline: Path | None = None,
        badge: Path | None = None,
        python: Sequence[str] = (),
    ) -> None:
        self.writes = writes  # --gate: what the CI system reads
        self.badge = badge
        self.python = python
        self.floors = parse_floors(require)
        self.baseline: Baseline | None = None
        self._compared: Counter[str] = Counter()
        if badge is not None:
            badges.check_name(badge)
        if baseline is not None:
            try:
                with Reader(baseline) as reader:
                    self.baseline = Baseline(reader)
            except RecordError as error:
                raise UsageError(f"--baseline: {error}") from None

    def refuses(self) -> bool:
        """Whether a required target is not installed; says so. The run is not begun then: the exit code is 3."""
        if self.python:
            return False  # whether another interpreter has it is seen when the worker starts there
        lacking = [(floor.target, module) for floor in self.floors if (module := missing(floor.target))]
        for target, module in lacking:
            message = f"--require: {target} is not installed: there is no module {module!r}; pip install it first"
            print(f"conformance: {message}", file=sys.stderr)
            if self.writes:
                _print_commands([github.command(message, title="conformance")])
                _append_summary(f"# Conformance\n\n**exit {HARNESS}**: {escaped(message)}\n")
        return bool(lacking)

    def table(self, known: KnownTable | None) -> KnownTable | None:
        """The declared divergences, with what is in the baseline behind them."""
        if self.baseline is None:
            return known
        table = known or KnownTable([])
        table.baseline = self.baseline
        return table

    def count(self, verdict: Verdict) -> None:
        """Take account of one verdict. Unsupported is nothing that was compared."""
        if verdict.status is not Status.UNSUPPORTED:
            self._compared[verdict.target] += 1

    def resume(self, path: Path) -> None:
        """Take account of what an interrupted run has in its record already."""
        try:
            with Reader(path, complete=False) as reader:
                for (target, status, _), count in reader.counts().items():
                    self._compared[target] += count if status is not Status.UNSUPPORTED else 0
        except RecordError as error:
            raise UsageError(f"record: {error}") from None

    def footer(self, summary: Summary, nowhere: Sequence[Problem] = ()) -> Summary:
        """The record's footer with the floors that were not reached and what the baseline says.

        `nowhere`: the cases that no target has answered. Where this is a gate, they turn it red.
        """
        problems, notes = [*summary.problems, *(nowhere if self.writes else ())], list[str]()
        if self.baseline is not None:
            problems, notes = self.baseline.sift(problems)
        short = shortfalls(self.floors, self._compared)
        reason, code = summary.reason, summary.exit_code
        if short:
            words = f"{plural(len(short), 'required target')} did not do enough"
            reason, code = "; ".join(filter(None, (reason, words))), HARNESS
        if not self.writes:
            notes += [f"{problem.name}: {problem.message}" for problem in nowhere]
        details = {**summary.details, "notes": notes} if notes else summary.details
        return replace(summary, problems=(*problems, *short), exit_code=code, reason=reason, details=details)

    def tell(self, reader: Reader, code: int) -> None:
        """Write what CI systems read: annotations, the job summary and the badge. JUnit goes with the reports."""
        if self.badge is not None:
            try:
                badges.write(self.badge, *badges.facts(reader, code))
            except OSError as error:
                raise unwritable(f"the badge can't be written: {error}", error) from None
        if self.writes:
            _print_commands(github.of_record(reader, conclusion(reader).problems, repository_root()))
            _append_summary(markdown.render(reader))


def shortfalls(floors: list[Floor], compared: Mapping[str, int]) -> list[Problem]:
    """A problem for each required target that compared too few cases."""
    found = []
    for floor in floors:
        name, count = str(floor.target), compared.get(str(floor.target), 0)
        if count < floor.cases:
            words = f"--require asks for {plural(floor.cases, 'case')} on it, but {count or 'none'} gave an answer"
            found.append(
                Problem(name, f"{words} to compare; see what is unsupported, --on, and the targets of the cases")
            )
    return found


@contextmanager
def told(writes: bool) -> Iterator[None]:
    """With --gate (`writes`): what is wrong with a case file, or with the call, becomes annotations as well."""
    try:
        yield
    except UsageError as error:
        if writes:
            _print_commands(github.of_text(str(error), repository_root()))
        raise


def repository_root(here: Path | None = None) -> Path:
    """What annotations are relative to: the CI's word for it, else the nearest folder with `.git`, else here."""
    workspace = os.environ.get("GITHUB_WORKSPACE", "")
    here = (here or Path()).resolve()
    if workspace and Path(workspace).resolve() in (here, *here.parents):
        return Path(workspace).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _print_commands(lines: list[str]) -> None:
    # Workflow commands are GitHub's; any other system would only print them.
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in lines:
            print(line, file=behind(sys.stdout))


def _append_summary(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return
    content = text.encode()
    if len(content) > SUMMARY_BYTES:
        kept = content[:SUMMARY_BYTES].rpartition(b"\n")[0]
        content = kept + b"\n\nThe rest is left out: the summary of a step has a limit. The record has it all.\n"
    try:
        with open(path, "ab") as file:
            file.write(content + b"\n")
    except OSError as error:
        # The verdicts are there: a summary that can't be written must not decide how the job ends.
        print(f"conformance: the job summary can't be written: {error}", file=sys.stderr)

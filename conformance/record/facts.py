"""What several reports say alike: counts, groups, claims and how the run ends. All of it is read from the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from posixpath import join, normpath
from typing import Any
from urllib.parse import quote

from conformance.record.reader import Reader
from conformance.record.schema import Row
from conformance.text.data import Data, strict
from conformance.text.words import alike, plural
from conformance.usage import HARNESS, USAGE
from conformance.verdict import Known, Problem, Status


@dataclass(frozen=True)
class Cell:
    """Counts of one cell of the matrix."""

    passed: int = 0
    unexpected: int = 0
    known: int = 0
    unsupported: int = 0

    def plus(self, status: Status, known: bool, count: int) -> Cell:
        """This cell with `count` more verdicts."""
        if status is Status.PASS:
            return replace(self, passed=self.passed + count)
        if status is Status.UNSUPPORTED:
            return replace(self, unsupported=self.unsupported + count)
        if known:
            return replace(self, known=self.known + count)
        return replace(self, unexpected=self.unexpected + count)

    def parts(self) -> list[tuple[str, str]]:
        """(kind, text) of what there is to show, such as ("passed", "312"), ("unexpected", "!2")."""
        shown = [("passed", str(self.passed))] if self.passed or not (self.unexpected or self.known) else []
        shown += [("unexpected", f"!{self.unexpected}")] if self.unexpected else []
        shown += [("known", f"~{self.known}")] if self.known else []
        shown += [("unsupported", f"-{self.unsupported}")] if self.unsupported else []
        if shown[0] == ("passed", "0") and len(shown) > 1:
            shown = shown[1:]
        return shown

    @property
    def text(self) -> str:
        """`312 !2 ~3 -40`."""
        return " ".join(text for _, text in self.parts())


LEGEND = "passed, !unexpected, ~known, -unsupported"


@dataclass(frozen=True)
class Matrix:
    """Case file x target, with a last row of totals. A missing cell means that the file has no case for the target."""

    files: tuple[str, ...]
    targets: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]
    totals: dict[str, Cell]


def matrix(reader: Reader) -> Matrix:
    """The matrix of a record."""
    cells: dict[tuple[str, str], Cell] = {}
    totals: dict[str, Cell] = {}
    for (file, target, status, known), count in reader.matrix().items():
        cells[file, target] = cells.get((file, target), Cell()).plus(status, known, count)
        totals[target] = totals.get(target, Cell()).plus(status, known, count)
    targets = tuple(target for target in reader.targets if target in totals)
    return Matrix(tuple(sorted({file for file, _ in cells})), targets, cells, totals)


def version(info: dict[str, Any]) -> str:
    """The framework's version from a worker's own words, "" where it never started."""
    if info.get("version"):
        under = f", {info['backend']} {info['backend_version']}" if info.get("backend_version") else ""
        return f"{info['version']}{under}"
    versions = info.get("versions") or {}
    return ", ".join(f"{name} {number}" for name, number in versions.items()) if isinstance(versions, dict) else ""


@dataclass
class Group:
    """Divergences that say the same of one file and target: the first few, and how many there are."""

    rows: list[Row] = field(default_factory=list)
    count: int = 0


def unexpected_groups(rows: Iterable[Row], keep: int = 3) -> list[Group]:
    """Rows grouped by file, target, status and words, in the order of their first one."""
    groups: dict[tuple[str, ...], Group] = {}
    for row in rows:
        verdict = row.verdict
        key = (row.case.source.file, verdict.target, verdict.status.value, alike(verdict))
        group = groups.setdefault(key, Group())
        group.count += 1
        if len(group.rows) < keep:
            group.rows.append(row)
    return list(groups.values())


@dataclass
class KnownUse:
    """How often a declared divergence was seen, and where."""

    known: Known
    count: int = 0
    targets: dict[str, int] = field(default_factory=dict)


def known_uses(reader: Reader) -> list[KnownUse]:
    """The declared divergences that were seen, by name."""
    uses: dict[Known, KnownUse] = {}
    for (known, target), count in reader.knowns().items():
        use = uses.setdefault(known, KnownUse(known))
        use.count += count
        use.targets[target] = use.targets.get(target, 0) + count
    return sorted(uses.values(), key=lambda use: use.known.name)


@dataclass
class Claims:
    """The claims of one document: true and seen to be true, false and seen to be false, and those that are open."""

    document: str
    hold: int = 0
    refuted: int = 0
    open: list[str] = field(default_factory=list)


def claims(reader: Reader) -> list[Claims]:
    """What the run settled, a document: claims whose cases ran on some target and diverged unexpectedly on none."""
    state: dict[tuple[str, str, bool], tuple[bool, bool]] = {}
    for row in reader.verdicts(claims=True):
        claim = row.case.claim
        assert claim is not None
        key = (claim.document, claim.says, claim.holds)
        ran, contradicted = state.get(key, (False, False))
        verdict = row.verdict
        state[key] = (ran or verdict.status is not Status.UNSUPPORTED, contradicted or verdict.unexpected)
    found: dict[str, Claims] = {}
    for (document, says, holds), (ran, contradicted) in sorted(state.items()):
        entry = found.setdefault(document, Claims(document))
        if contradicted or not ran:
            entry.open.append(says)
        elif holds:
            entry.hold += 1
        else:
            entry.refuted += 1
    return list(found.values())


@dataclass(frozen=True)
class Conclusion:
    """How the run ends: the exit code, why, and the problems that are no verdicts."""

    code: int | None  # None: the run is not complete
    reason: str
    problems: tuple[Problem, ...]


def conclusion(reader: Reader, problems: Iterable[Problem] = ()) -> Conclusion:
    """The end of a run. `problems` adds to those that the record's footer holds."""
    summary = reader.summary
    found = tuple(dict.fromkeys([*(summary.problems if summary else ()), *problems]))
    counts = reader.counts()
    total = sum(counts.values())
    compared = sum(n for (_, status, _), n in counts.items() if status is not Status.UNSUPPORTED)
    failures = sum(
        n for (_, status, known), n in counts.items() if not known and status not in (Status.PASS, Status.UNSUPPORTED)
    )
    reasons = []
    if failures:
        reasons.append(plural(failures, "unexpected divergence"))
    if found:
        reasons.append(plural(len(found), "other unexpected result"))
    if not compared:
        reasons.append("nothing was compared")
    reason = (" and ".join(reasons) or "nothing unexpected") + f" in {plural(total, 'verdict')}"
    if summary is None and reader.failures:
        lacking = ", ".join(problem.name for problem in reader.failures)
        reason = f"the run is not complete: the worker of {lacking} failed; so far {reason}"
        return Conclusion(HARNESS, reason, (*found, *reader.failures))
    if summary is None:
        return Conclusion(None, f"the run is not complete; so far {reason}", found)
    derived = HARNESS if not compared else int(bool(failures or found))
    # What the run itself says (a bad case file, a worker that could not start) outweighs what verdicts show.
    # Where cases can't be judged as they are written, that is why nothing was compared.
    code = USAGE if summary.exit_code == USAGE and not compared else max(derived, summary.exit_code or 0)
    if summary.reason:
        reason = f"{summary.reason}; {reason}"
    return Conclusion(code, reason, found)


def trusted_files(reader: Reader) -> frozenset[str]:
    """The case files that the run was told to trust, as its command named them."""
    words = reader.environment.get("command")
    given = [str(word) for word in words] if isinstance(words, list) else []
    behind = [after for word, after in pairwise(given) if word == "--trust"]
    joined = [word.removeprefix("--trust=") for word in given if word.startswith("--trust=")]
    return frozenset([*behind, *joined])


def notes(reader: Reader) -> list[str]:
    """What is worth a line and decides nothing, such as what a baseline covers."""
    summary = reader.summary
    return [str(note) for note in summary.details.get("notes", ())] if summary else []


def target(info: Mapping[str, Any]) -> Data:
    """What a target's worker said of itself, as a reader wants it."""
    flags = info.get("flags")
    return {
        "version": version(dict(info)),
        "flags": strict(flags) if isinstance(flags, Mapping) else {},
        "facts": {key: strict(info[key]) for key in ("python", "numpy", "devices") if info.get(key)},
    }


def origin(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, words) of when, on what and where a run was made, as far as its record's environment says so."""
    started, finished = environment["started"], environment["finished"]
    shards = environment.get("merged")
    if isinstance(shards, list):  # each has a machine of its own
        return [("merged", _minute(started)), ("from", plural(len(shards), "record"))]
    found = {
        "date": _minute(started),
        "duration": _duration(started, finished, len(environment["resumed"])),
        "commit": str(environment.get("commit") or "")[:12],
        **{name: str(environment.get(name) or "") for name in ("branch", "host")},
        "processor": str(environment.get("cpu") or ""),
    }
    return [(name, words) for name, words in found.items() if words]


def _minute(time: str | None) -> str:
    return f"{time[:16].replace('T', ' ')} UTC" if time else ""


def _duration(started: str | None, finished: str | None, resumed: int) -> str:
    """How long a run took; that of one which was left and resumed is not known, since nobody wrote down the pause."""
    if resumed:
        return f"resumed {'once' if resumed == 1 else f'{resumed} times'}"
    if not started or not finished:
        return ""
    seconds = (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s" if rest else "under 1 s"
    return f"{minutes // 60} h {minutes % 60} min"


def on_forge(environment: Mapping[str, Any], file: str, line: int = 0) -> str:
    """The address of a case file's line where the run's CI said that its files are shown; "" elsewhere.

    What does not lie in the checkout, such as the suite of an installed package, has none.
    """
    forge = environment.get("forge")
    if not isinstance(forge, Mapping):
        return ""
    files, checkout, folder = (str(forge.get(name) or "") for name in ("files", "checkout", "folder"))
    path = normpath(join(folder, file.replace("\\", "/")))
    if not files.startswith(("https://", "http://")) or not checkout or not path.startswith(f"{checkout}/"):
        return ""
    below = path.removeprefix(f"{checkout}/")
    if {"site-packages", "dist-packages"} & set(below.split("/")):
        return ""
    return f"{files}{quote(below)}{f'#L{line}' if line else ''}"

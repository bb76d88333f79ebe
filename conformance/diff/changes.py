"""What a diff is made of, and the pure comparison of two verdicts on one case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from conformance.outcome import GRADIENT
from conformance.plan import USUAL
from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError
from conformance.verdict import Answered, Status


class Kind(StrEnum):
    """How a case changed on a target. The order is from worst to least; the values are the words of `--fail-on`."""

    PASS_TO_FAIL = "pass-to-fail"
    NO_LONGER_SUPPORTED = "no-longer-supported"
    FAILS_DIFFERENTLY = "fails-differently"  # another status
    SHAPE = "shape"
    DTYPE = "dtype"
    VALUE = "value"  # other bits, and wrong before and after
    DETERMINISM = "determinism"
    ERROR_TEXT = "error-text"
    EXPLANATION = "explanation"
    VALUE_INSIDE = "value-inside"  # other bits, and right before and after
    SPEED = "speed"
    NEWLY_SUPPORTED = "newly-supported"
    FAIL_TO_PASS = "fail-to-pass"
    REMOVED = "removed"
    NOT_COMPARABLE = "not-comparable"  # the case itself changed
    PLAN = "plan"
    ADDED = "added"


RANK = {kind: rank for rank, kind in enumerate(Kind)}
MENDED = (Kind.FAIL_TO_PASS, Kind.NEWLY_SUPPORTED)
TITLES: dict[Kind, str] = {
    Kind.PASS_TO_FAIL: "passed, fails now",
    Kind.NO_LONGER_SUPPORTED: "no longer supported",
    Kind.FAILS_DIFFERENTLY: "fails differently",
    Kind.SHAPE: "other shape",
    Kind.DTYPE: "other dtype",
    Kind.VALUE: "other value, wrong before and after",
    Kind.DETERMINISM: "determinism changed",
    Kind.ERROR_TEXT: "other error text",
    Kind.EXPLANATION: "other explanation",
    Kind.VALUE_INSIDE: "other bits inside the allowance",
    Kind.SPEED: "speed changed",
    Kind.NEWLY_SUPPORTED: "newly supported",
    Kind.FAIL_TO_PASS: "failed, passes now",
    Kind.REMOVED: "removed",
    Kind.NOT_COMPARABLE: "not comparable: the case changed",
    Kind.PLAN: "other plan",
    Kind.ADDED: "added",
}
# Words that stand for several kinds in `--fail-on`.
SETS: dict[str, frozenset[Kind]] = {
    "any": frozenset(Kind),
    "regressions": frozenset({Kind.PASS_TO_FAIL, Kind.NO_LONGER_SUPPORTED}),
    "bits": frozenset({Kind.VALUE, Kind.VALUE_INSIDE}),
    "answers": frozenset(
        {Kind.PASS_TO_FAIL, Kind.FAIL_TO_PASS, Kind.FAILS_DIFFERENTLY, Kind.NEWLY_SUPPORTED, Kind.NO_LONGER_SUPPORTED}
        | {Kind.SHAPE, Kind.DTYPE, Kind.VALUE, Kind.VALUE_INSIDE, Kind.DETERMINISM}
    ),
}


def parse_kinds(text: str) -> frozenset[Kind]:
    """The kinds behind `--fail-on` (comma-separated kinds or sets of kinds); UsageError with the nearest word."""
    found: set[Kind] = set()
    words = [*(kind.value for kind in Kind), *SETS]
    for word in (part.strip().lower() for part in text.split(",")):
        if not word:
            continue
        if word in SETS:
            found |= SETS[word]
        elif word in words:
            found.add(Kind(word))
        else:
            hint = did_you_mean(word, words, cutoff=0.5)
            raise UsageError(f"--fail-on: unknown kind {word!r}, expected one of: {', '.join(words)}{hint}")
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Side:
    """What one record says of a case on a target. Without `tensors` and with `digest` "" there was no answer."""

    status: Status
    subject: str = USUAL
    message: str = ""
    explanation: str = ""
    tensors: tuple[Answered, ...] = ()
    digest: str = ""
    fraction: float | None = None  # the largest error as a fraction of the allowance
    seconds: float = 0.0
    known: str = ""  # the name of the declared divergence
    plan: str = ""

    @property
    def answer(self) -> str:
        """The dtypes and shapes of the outputs: `float32[2, 3]`, `values float32[3], indices int64[3]`."""
        outputs = [tensor for tensor in self.tensors if not tensor.name.startswith(GRADIENT)]
        named = len(outputs) > 1 or any(tensor.name != USUAL for tensor in outputs)
        return ", ".join(f"{t.name} " * named + f"{t.dtype}{list(t.shape)}" for t in outputs)

    @property
    def fails(self) -> bool:
        """Neither a pass nor unsupported."""
        return self.status not in (Status.PASS, Status.UNSUPPORTED)


@dataclass(frozen=True, slots=True)
class Ulps:
    """How far apart two outputs are, in units in the last place of their dtype.

    `changed` elements have other bits. `histogram[k]` counts those that are 2**k to 2**(k+1)-1 ULP apart; `zeros`
    those that differ in the sign of a zero alone, `nonfinite` those where one is NaN or infinite and the other is
    not the same: neither has a distance. `median` and `largest` are over the elements that have a distance, 0 if none.
    """

    elements: int
    changed: int
    largest: float = 0.0
    median: float = 0.0
    histogram: tuple[int, ...] = ()
    zeros: int = 0
    nonfinite: int = 0
    tensor: str = USUAL  # where several changed (`gradient of w`, ...), the one that is farthest apart

    @property
    def share(self) -> float:
        """Which part of the elements changed."""
        return self.changed / self.elements if self.elements else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One case that changed on one target. `before` is None where it was added, `after` where it was removed."""

    kinds: tuple[Kind, ...]  # worst first, but for one that is mended
    case: str  # the id (in the second record where both have it)
    op: str
    file: str
    line: int
    targets: tuple[str, str]  # the target in the first and in the second record; the same word twice for most diffs
    before: Side | None
    after: Side | None
    ulps: Ulps | None = None  # where bits changed and both outputs were kept
    note: str = ""  # why there are no ULPs, why it is not comparable

    @property
    def kind(self) -> Kind:
        """The one under which it is listed."""
        return self.kinds[0]

    @property
    def label(self) -> str:
        """The case's id without the file."""
        return self.case.rpartition("::")[2]


@dataclass(frozen=True)
class Errors:
    """How the largest errors (as fractions of the allowance) of some cases are distributed: median, 90 %, largest."""

    median: float
    high: float
    largest: float


@dataclass
class Group:
    """Changes that have kind, op, statuses and cause in common. `cause` is one line, the first change's own words."""

    kind: Kind
    op: str
    statuses: tuple[str, str]  # "" where there is no such side
    cause: str
    targets: tuple[tuple[str, str], ...]  # the pairs of targets on which it is seen
    changes: list[Change]
    ulps: Ulps | None = None  # pooled over the changes; the median is of their medians
    errors: tuple[Errors, Errors] | None = None  # before, after; for changes inside the allowance

    @property
    def count(self) -> int:
        """How many changes."""
        return len(self.changes)


@dataclass(frozen=True)
class SpeedChange:
    """An op that became slower or faster on a target, beyond the noise.

    `ratio` is the median over `cases` of seconds after / seconds before. `noise` is the factor within which a ratio
    says nothing: see docs/diff.md.
    """

    op: str
    targets: tuple[str, str]
    cases: int
    ratio: float
    noise: float
    seconds: tuple[float, float]  # the median of each side


@dataclass
class TargetPair:
    """A target of the first record and the one of the second that it is compared with."""

    before: str
    after: str
    versions: tuple[str, str]
    compared: int = 0  # verdicts on both sides, the same case; each is one of the three below
    unchanged: int = 0
    other_bits: int = 0  # and nothing else that is worse: right before and after
    changed: int = 0  # anything else

    @property
    def label(self) -> str:
        """`jax`, or `jax==0.9.2 -> jax==0.10.2`."""
        return self.before if self.before == self.after else f"{self.before} -> {self.after}"


@dataclass(frozen=True)
class RecordFacts:
    """Which record, and where it came from."""

    path: str
    started: str
    finished: str  # "" where it is not complete
    environment: Mapping[str, Any]
    targets: Mapping[str, Mapping[str, Any]]
    verdicts: int


@dataclass
class Diff:
    """What changed between two records, or between two targets of one.

    `groups` come worst first; each holds its changes. `only_before` and `only_after` are targets that the other record
    has no counterpart of; nothing of theirs is compared. `notes` are sentences for the reader: what could not be told.
    """

    before: RecordFacts
    after: RecordFacts
    pairs: list[TargetPair]
    groups: list[Group] = field(default_factory=list)
    speeds: list[SpeedChange] = field(default_factory=list)
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)  # each change once, under the kind that it is listed by
    kinds: Counter[Kind] = field(default_factory=Counter)  # every kind of every change

    @property
    def compared(self) -> int:
        """How many pairs of verdicts were compared."""
        return sum(pair.compared for pair in self.pairs)

    @property
    def changed(self) -> int:
        """How many cases (a target) changed; speed is counted apart."""
        return sum(group.count for group in self.groups)

    @property
    def subject(self) -> str:
        """What was compared, in a few words: two records by name, or within one record two targets."""
        if self.before.path != self.after.path:
            return f"{Path(self.before.path).name} -> {Path(self.after.path).name}"
        # The shortest is the target without a mode or an option.
        named = min((pair.label for pair in self.pairs), key=len, default="two targets")
        return f"{named} and {len(self.pairs) - 1} more" if len(self.pairs) > 1 else named

    def found(self, kinds: Iterable[Kind]) -> dict[Kind, int]:
        """Which of these kinds were found, and how often, listed by it or by another; worst first."""
        asked = set(kinds)
        return {kind: self.kinds[kind] for kind in Kind if kind in asked and self.kinds[kind]}


_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_PATH = re.compile(r"(?:[A-Za-z]:)?[/\\][\w.@+~=-]+(?:[/\\][\w.@+~=-]+)+[/\\]?")
_LINE = re.compile(r"\bline \d+|(?<=\.py):\d+|(?<=\.cc):\d+|(?<=\.cpp):\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?")
_UNSOUGHT = "not looked for"


def same_words(text: str) -> str:
    """An error's text without what differs between two machines or two runs: paths, addresses, lines, times."""
    text = _ADDRESS.sub("0x#", text)
    text = _PATH.sub(lambda match: "<path>/" + re.split(r"[/\\]", match[0].rstrip("/\\"))[-1], text)
    return _TIME.sub("<time>", _LINE.sub("line #", text))


def compare(before: Side, after: Side) -> tuple[Kind, ...]:
    """Every way in which two verdicts on the same case differ, worst first; () where in none. Speed is not judged."""
    found: set[Kind] = set()
    status = (before.status, after.status)
    if before.status is not after.status:
        if before.status is Status.UNSUPPORTED:
            found.add(Kind.NEWLY_SUPPORTED)
        elif after.status is Status.UNSUPPORTED:
            found.add(Kind.NO_LONGER_SUPPORTED)
        elif before.status is Status.PASS:
            found.add(Kind.PASS_TO_FAIL)
        elif after.status is Status.PASS:
            found.add(Kind.FAIL_TO_PASS)
        else:
            found.add(Kind.FAILS_DIFFERENTLY)
        if Status.NONDETERMINISTIC in status and Status.UNSUPPORTED not in status:
            found.add(Kind.DETERMINISM)
    else:
        if _words(before) != _words(after):
            found.add(Kind.ERROR_TEXT)
        # An explanation that was not looked for, for want of time, says nothing.
        sought = not (before.explanation.startswith(_UNSOUGHT) or after.explanation.startswith(_UNSOUGHT))
        if before.fails and sought and before.explanation != after.explanation:
            found.add(Kind.EXPLANATION)
    if before.digest and after.digest:
        found |= _answers(before, after)
    if before.plan != after.plan and before.plan and after.plan:
        found.add(Kind.PLAN)
    # What is mended comes before what else is other for it: another shape, the right one, is no damage.
    return tuple(sorted(found, key=lambda kind: (kind not in MENDED, RANK[kind])))


def changed(before: Side, after: Side) -> list[tuple[Answered, Answered]]:
    """The tensors of two answers that are not the same bits, by their names."""
    named = {tensor.name: tensor for tensor in after.tensors}
    pairs = [(tensor, named[tensor.name]) for tensor in before.tensors if tensor.name in named]
    return [(one, other) for one, other in pairs if one != other]


def of_what(tensors: Iterable[Answered]) -> str:
    """Which tensors, after "bits": "" where it is the usual output alone, whatever becomes of its gradients."""
    names = [tensor.name for tensor in tensors]
    outputs = [name for name in names if not name.startswith(GRADIENT)]
    if outputs == [USUAL] or not names:
        return ""
    return " of " + (", ".join(outputs) or "gradients")


def _answers(before: Side, after: Side) -> set[Kind]:
    """How two answers differ."""
    found = set()
    pairs = changed(before, after)
    if any(one.shape != other.shape for one, other in pairs):
        found.add(Kind.SHAPE)
    if any(one.dtype != other.dtype for one, other in pairs):
        found.add(Kind.DTYPE)
    # Where the status changed, the value did too, and the status says more. What differs from call to call within
    # one version says nothing about two.
    same = before.status is after.status and before.status is not Status.NONDETERMINISTIC
    if same and not found and before.digest != after.digest:
        found.add(Kind.VALUE if before.fails else Kind.VALUE_INSIDE)
    return found


def _words(side: Side) -> str:
    """The target's own words, where its answer was words: what it raised, refused, or died of."""
    if side.status is Status.RAISED or side.status is Status.UNSUPPORTED or side.subject == "refusal":
        # An answer where a refusal was due is described by us, not by the target.
        return "" if side.status is Status.ACCEPTED else same_words(side.message)
    if side.status is Status.CRASHED:
        # The last words of a dying process are full of times and process numbers: the signal is what is its own.
        return side.message.partition(":")[0]
    return ""

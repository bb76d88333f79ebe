"""One declared divergence, and the three questions that are asked of it.

Does it apply to this target? Does it cover this case? Is this verdict what it declares?
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from conformance.ops import OPS
from conformance.ops.base import Op
from conformance.suite.case import Case, Source
from conformance.target import Target, parse_target
from conformance.text.expression import Expression, ExpressionError
from conformance.text.words import causes
from conformance.verdict import Known, Status, Verdict
from conformance.worker.processor import FEATURES

# What a target that answers with shapes alone (or an empty tensor) can show. Its pass says nothing of anything else.
SHOWN_WITHOUT_VALUES = frozenset(
    {Status.SHAPE, Status.DTYPE, Status.RAISED, Status.ACCEPTED, Status.CRASHED, Status.TIMEOUT}
)

# What `when` may read, and what each stands for where a worker did not say it.
FACTS: dict[str, Any] = {
    **dict.fromkeys(FEATURES, False),
    **{f"has_{name}": False for name in FEATURES},
    "onednn": False,
    "threads": 1,
}


class CaseLike(Protocol):
    """What is asked of a case: one of the suite and one of a record both have it."""

    @property
    def id(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def op_name(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def given(self) -> tuple[tuple[str, Any], ...]: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


class Glob:
    """A pattern in which `*` and `?` are special and nothing else is: ids are full of brackets.

    What stands between two stars is looked for from the left, each piece once, so that no pattern takes longer than its
    length times the text's.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._prefix = re.split(r"[*?]", pattern, maxsplit=1)[0]
        self._prefix_is_all = pattern == self._prefix + "*"
        first, *rest = [_piece(text) for text in re.sub(r"\*+", "*", pattern).split("*")]
        self._first, self._between = first, rest[:-1]
        # The last piece has a length of its own, so there is one place where it can stand.
        self._last = rest[-1] if rest else None
        self._last_length = len(pattern) - (pattern.rfind("*") + 1)

    def __call__(self, text: str) -> bool:
        # Most ids fail at the prefix, at a tenth of the cost of a match.
        if not text.startswith(self._prefix):
            return False
        if self._prefix_is_all:
            return True
        if self._last is None:
            return self._first.fullmatch(text) is not None
        found = self._first.match(text)
        if found is None:
            return False
        at, end = found.end(), len(text) - self._last_length
        for piece in self._between:
            found = piece.search(text, at, max(end, 0))
            if found is None:
                return False
            at = found.end()
        return at <= end and self._last.match(text, end) is not None


def _piece(text: str) -> re.Pattern[str]:
    return re.compile("".join("." if c == "?" else re.escape(c) for c in text), re.DOTALL)


class WordsError(ValueError):
    """Words that can't be read; the message says what was found and what was expected."""


class Words:
    """A text that must occur; or, as `/one*of|several/`, one of several texts, in which `*` is anything between.

    No regular expression: there are some that take for ever, and whoever wrote the file is not whoever waits.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        several = len(text) > 2 and text[0] == text[-1] == "/"
        if several and (found := _REGULAR.search(text)) is not None:
            raise WordsError(
                f"{text!r} has {found[0]!r} of a regular expression in it, expected texts joined by |, in which * is "
                "anything between, such as /cannot reshape|got shape * for *8/"
            )
        self._texts = [part.split("*") for part in text[1:-1].split("|")] if several else [[text]]

    def __call__(self, text: str) -> bool:
        return any(_in_order(parts, text) for parts in self._texts)


# What tells a regular expression from words: its escapes, anchors, repeated classes and groups.
_REGULAR = re.compile(r"\\|\.[*+]|^/\^|\$/$|\(\?|[\])][*+?{]")


def _in_order(parts: Sequence[str], text: str) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


class OnTarget:
    """A target as an entry names it.

    A plain one covers every target that says the same in what it says: `tensorflow` is the eager mode with any options,
    `tensorflow+onednn=1` asks for that option. A pattern with `*` or `?` is matched against the whole text. A family
    covers everything that computes with a framework: each of its modes, devices and options, and Keras on it.
    """

    def __init__(self, text: str, family: bool = False) -> None:
        self.pattern = text
        self._family = family
        self._glob = None if family or not set("*?") & set(text) else Glob(text)
        self._target = None if family or self._glob is not None else parse_target(text)

    def __call__(self, target: Target) -> bool:
        if self._family:
            return self.pattern in (target.framework, target.backend)
        if self._glob is not None:
            return self._glob(str(target).partition("==")[0])
        named = self._target
        assert named is not None
        same = (named.framework, named.backend, named.mode, named.device)
        found = (target.framework, target.backend, target.mode, target.device)
        return same == found and set(named.options) <= set(target.options)

    @property
    def framework(self) -> str:
        """The first word of what is named: of `keras/torch:jit` keras."""
        return re.split(r"[/:@+=*?]", self.pattern, maxsplit=1)[0]

    def __str__(self) -> str:
        return f"everything on {self.pattern}" if self._family else self.pattern


@dataclass(frozen=True)
class Entry:
    """One declared divergence. An empty tuple or None asks for nothing."""

    known: Known
    source: Source
    targets: tuple[OnTarget, ...]
    statuses: frozenset[Status]
    ops: tuple[str, ...] = ()
    cases: tuple[Glob, ...] = ()
    params: tuple[Expression, ...] = ()
    when: tuple[Expression, ...] = ()
    versions: tuple[tuple[str, SpecifierSet], ...] = ()
    dtypes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    message: Words | None = None
    explanation: Words | None = None
    cause: str | None = None  # the name of a confusion, or of a pair, that reproduces the answer
    fraction: tuple[float, float] | None = None
    expires: date | None = None
    sometimes: bool = False
    comes_and_goes: bool = False  # from run to run, as with unwritten memory: then its absence says nothing
    reference: str = ""

    def on_target(self, target: Target) -> bool:
        """Whether it speaks of this target, whatever the version."""
        if (self.devices and target.device not in self.devices) or (self.modes and target.mode not in self.modes):
            return False
        return any(named(target) for named in self.targets)

    def applies(self, info: Mapping[str, Any], target: Target) -> bool:
        """Whether it speaks of the versions, the processor and the flags that a target's worker said it has."""
        versions = versions_of(info, target)
        if self.when:
            found = facts(info)
            if not all(part(found) for part in self.when):
                return False
        for name, wanted in self.versions:
            try:
                if not wanted.contains(Version(versions[name]), prereleases=True):
                    return False
            except (KeyError, InvalidVersion):
                return False
        return True

    def of_form(self, op_name: str, dtype: str) -> bool:
        """Whether it speaks of an op and a dtype at all."""
        return (not self.ops or op_name in self.ops) and (not self.dtypes or dtype in self.dtypes)

    def covers(self, case: CaseLike, environment: Mapping[str, Any]) -> bool:
        """Whether it speaks of this case; `environment` holds the case's parameters."""
        if not self.of_form(case.op_name, case.dtype):
            return False
        if self.cases:
            for glob in self.cases:
                if glob(case.id):
                    break
            else:
                return False
        try:
            for part in self.params:
                if not part(environment):
                    return False
        except ExpressionError:
            # A condition that has no meaning for these parameters (a list compared with a number) does not hold.
            return False
        return True

    def declares(self, verdict: Verdict) -> bool:
        """Whether the verdict is the divergence that it declares."""
        if verdict.status not in self.statuses:
            return False
        if self.message is not None and not self.message(verdict.message):
            return False
        if self.explanation is not None and not self.explanation(verdict.explanation):
            return False
        if self.cause is not None and self.cause not in causes(verdict.explanation):
            return False
        if self.fraction is not None:
            figures = verdict.figures
            return figures is not None and self.fraction[0] <= figures.fraction <= self.fraction[1]
        return True

    def would_show(self, verdict: Verdict) -> bool:
        """Whether the divergence would have been seen here: not where no value was compared."""
        if verdict.status is Status.UNSUPPORTED:
            return False
        compared = verdict.figures is None or verdict.figures.elements > 0
        return compared or bool(self.statuses & SHOWN_WITHOUT_VALUES)


def environment(case: CaseLike) -> dict[str, Any]:
    """The parameters that a `where: params:` expression reads.

    As the case file gives them, defaults filled in; and for each that is per axis, `<name>_axes`, a list with one entry
    an axis.
    """
    op = OPS.get(case.op_name)
    fields = op.fields() if op is not None else {}
    values = {name: field.default for name, field in fields.items()}
    values.update(case.given)
    params = case.params
    for name in fields:
        if isinstance(params.get(name), list | tuple):
            values[name + "_axes"] = params[name]
    if op is not None:
        # A record may hold what no op takes; then a condition on these names does not hold.
        with contextlib.suppress(LookupError, TypeError, ValueError):
            question = _question(op, case)
            values.update(question.derived(), refused=question.refusal() is not None)
    return {name: _lists(value) for name, value in values.items()}


def _question(op: type[Op], case: CaseLike) -> Op:
    """What a case asks; a record holds its parameters as JSON."""
    if isinstance(case, Case):
        return case.op
    given = dict(case.given)
    return op.bind({key: f.parse(given[key]) if key in given else f.default for key, f in op.fields().items()})


def names(ops: Sequence[str]) -> list[str]:
    """The names that an expression over these ops may read."""
    fields = [list(OPS[op].fields()) for op in ops if op in OPS]
    shared = [name for name in fields[0] if all(name in other for other in fields)] if fields else []
    derived = [list(OPS[op].derived_names) for op in ops if op in OPS]
    also = [name for name in derived[0] if all(name in other for other in derived)] if derived else []
    return [*shared, *(f"{name}_axes" for name in shared), *also, "refused"]


def specifier_text(specifier: SpecifierSet) -> str:
    """A range as a person writes it: the lower end first, which `str` does not promise."""
    return ",".join(sorted(map(str, specifier), reverse=True))


def _lists(value: Any) -> Any:
    # A list in an expression is a list, and [2, 2] == (2, 2) does not hold.
    return [_lists(v) for v in value] if isinstance(value, list | tuple) else value


def versions_of(info: Mapping[str, Any], target: Target) -> dict[str, str]:
    """Framework and backend -> version, from what a worker said of itself."""
    found = {target.framework: info.get("version"), target.backend: info.get("backend_version")}
    if isinstance(info.get("versions"), Mapping):
        found.update(info["versions"])
    return {name: str(number) for name, number in found.items() if name and number}


def facts(info: Mapping[str, Any]) -> dict[str, Any]:
    """What `when` reads, from what a worker said of itself: instruction sets that it may use, and its flags."""
    processor, flags = info.get("processor"), info.get("flags")
    found = dict(FACTS)
    if isinstance(processor, Mapping) and isinstance(uses := processor.get("uses"), list):
        found |= {name: name in uses for name in FEATURES}
    if isinstance(processor, Mapping) and isinstance(has := processor.get("has"), list):
        found |= {f"has_{name}": name in has for name in FEATURES}
    if isinstance(flags, Mapping):
        found |= {name: flags[name] for name in ("onednn", "threads") if isinstance(flags.get(name), int)}
    return found

"""`conformance bisect CASE --on TARGET --good V --bad V`: the release in which a verdict or its bits changed.

Releases are tried in environments of their own. What is looked for is a change between two neighbours, with the good
end's answer before it; a release that can't be tried is left out, and its neighbour is tried.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from conformance.ask.prepare import CaseError, plan_for, prepare
from conformance.ask.probe import Probe, ProbeError
from conformance.ask.where import anchor_of, not_asked, with_anchor
from conformance.environments.build import environment, package
from conformance.environments.installer import InstallError, releases
from conformance.environments.interpreters import named
from conformance.outcome import Unsupported
from conformance.session import declare
from conformance.session.versions import parse_framework, parse_version
from conformance.suite.case import Case
from conformance.suite.lookup import find_case
from conformance.suite.values import ValuesError
from conformance.target import Target
from conformance.text.words import in_a_line, plural
from conformance.usage import OK, HarnessError, UsageError
from conformance.verdict import Status, Verdict


@dataclass(frozen=True)
class Seen:
    """What a release gave. `key` is what is compared between releases: the status, or the bits as well."""

    version: Version
    verdict: Verdict
    key: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Where it changed: the last release before, the first after, and the releases between them that can't be tried."""

    before: Seen
    after: Seen
    between: tuple[Version, ...]


class Untestable(Exception):
    """A release that can't be tried, and why."""


# A release -> what it gave; Untestable.
Try = Callable[[Version], Seen]
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `bisect` is asked."""

    case: str = declare.case()
    paths: tuple[Path, ...] = declare.paths("files or folders where the case is looked up (default: the suite)")
    trust: tuple[Path, ...] = declare.trust()
    on: str = declare.on("a framework or target, such as jax or jax:jit", required=True)
    good: str = declare.option("--good", required=True, metavar="VERSION")
    bad: str = declare.option("--bad", required=True, metavar="VERSION")
    bits: bool = declare.switch("--bits", help="look for changed bits, not for a changed verdict")
    python: tuple[str, ...] = declare.python()
    pip_args: str = declare.pip_args()


def main(options: Options) -> int:
    """Find the release.

    Exit 0 where it was found; UsageError where the two ends do not differ.
    """
    target = parse_framework(options.on)
    good, bad = Version(parse_version(options.good)), Version(parse_version(options.bad))
    if good == bad:
        raise UsageError(f"--good and --bad are the same version, {good}")
    if good > bad:
        raise UsageError(
            f"--good {good} comes after --bad {bad}, expected the earlier release as --good: exchange them; what is "
            "looked for is the first release with another answer, whichever of the two is right"
        )
    case = find_case(options.case, options.paths, options.trust)
    _check_asked(case, replace(target, version=str(bad)))
    between = _candidates(target, good, bad, options.pip_args)
    print(f"{case.id} on {target}: {plural(len(between), 'release')} between {good} and {bad}")
    tried: list[Version] = []

    def attempt(version: Version) -> Seen:
        tried.append(version)
        return _attempt(replace(target, version=str(version)), case, version, options)

    ends = [_end(attempt, good, "--good"), _end(attempt, bad, "--bad")]
    for word, seen in zip(("good", "bad"), ends, strict=True):
        print(f"  {word:4} {seen.version!s:10} {describe(seen, options.bits)}")
    if ends[0].key == ends[1].key:
        hint = "" if options.bits else "; --bits looks for changed bits, too"
        raise UsageError(f"{good} and {bad} do not differ: there is nothing to look for{hint}")
    change = search(ends[0], ends[1], between, attempt, lambda text: print(f"       {text}", flush=True), options.bits)
    print(conclusion(change, package(target), options.bits))
    print(f"tried {len(tried)} of {len(between) + 2} releases")
    return OK


def _check_asked(case: Case, target: Target) -> None:
    """UsageError where the case can't be asked of the target, whatever its release: before anything is installed."""
    try:
        prepared = prepare(case)
    except (CaseError, ValuesError) as error:
        raise UsageError(f"{case.source}: {error}") from None
    plan = plan_for(prepared.case, target)
    if isinstance(plan, Unsupported):
        raise UsageError(f"{case.id} is unsupported on {target}, so there is nothing to look for: {plan.reason}")
    anchor = anchor_of(case)
    if anchor is not None and (why := not_asked(anchor)):
        raise UsageError(f"{case.id} is held against {anchor}, which can't be asked here: {why}")


def search(good: Seen, bad: Seen, between: Sequence[Version], attempt: Try, say: Say, bits: bool = False) -> Change:
    """Halve the releases `between` (in the order from good to bad) until two neighbours differ.

    A release whose answer is neither the good end's nor the bad end's counts as changed: the first change is what is
    looked for.
    """
    left, right = good, bad
    rest = list(between)
    skipped: list[Version] = []
    while True:
        open_ones = [version for version in rest if version not in skipped]
        if not open_ones:
            return Change(left, right, tuple(rest))
        middle = (len(rest) - 1) / 2
        # The one nearest to the middle; of those that can't be tried, the next beside them.
        version = min(open_ones, key=lambda v: (abs(rest.index(v) - middle), rest.index(v)))
        try:
            seen = attempt(version)
        except Untestable as error:
            say(f"{version!s:10} left out: {error}")
            skipped.append(version)
            continue
        say(f"{version!s:10} {describe(seen, bits)}")
        place = rest.index(version)
        if seen.key == good.key:
            left, rest = seen, rest[place + 1 :]
        else:
            right, rest = seen, rest[:place]


def describe(seen: Seen, bits: bool) -> str:
    """A verdict in a line; with its bits where they are looked for."""
    verdict = seen.verdict
    words = f"{verdict.status}: {verdict.message}" if verdict.message else f"{verdict.status}"
    first = textwrap.shorten(words.replace("\n", " "), 140, placeholder=" ...")
    return first + (f" [bits {verdict.digest or 'none'}]" if bits else "")


def conclusion(change: Change, name: str, bits: bool) -> str:
    """What the search found, for a person."""
    before, after = change.before, change.after
    lines = [f"{name} {after.version} is the first release with the new {'bits' if bits else 'verdict'}"]
    if change.between:
        lacking = ", ".join(str(version) for version in change.between)
        lines[0] = f"it changed between {name} {before.version} and {after.version}; left out there: {lacking}"
    for word, seen in (("before", before), ("after", after)):
        lines.append(f"  {word + ',':7} {seen.version}: {describe(seen, bits)}")
        if seen.verdict.explanation:
            lines += textwrap.wrap(
                in_a_line(seen.verdict.explanation), 110, initial_indent="    explained: ", subsequent_indent="      "
            )
    return "\n".join(lines)


def _candidates(target: Target, good: Version, bad: Version, pip_args: str) -> list[Version]:
    """The releases between two, without pre-releases, in their order; HarnessError where they can't be looked up."""
    try:
        known = releases(package(target), pip_args)
    except InstallError as error:
        raise HarnessError(
            f"the releases of {package(target)} can't be looked up:\n{error.tail}\nLook at the network and the index, "
            "or name another index with --pip-args '--index-url URL'"
        ) from None
    return [version for version in known if good < version < bad and not version.is_prerelease]


def _end(attempt: Try, version: Version, option: str) -> Seen:
    try:
        return attempt(version)
    except Untestable as error:
        if isinstance(error.__cause__, UsageError | HarnessError):
            raise error.__cause__ from None
        raise HarnessError(f"{option} {version} can't be tried: {error}; give another release as this end") from None


def _attempt(target: Target, case: Case, version: Version, options: Options) -> Seen:
    given = [word for word in options.python if "=" not in word or word.startswith(f"{target}=")]
    chosen = named(given, [target]) if given else {}
    if target not in chosen:
        try:
            built = environment(target, options.pip_args, lambda text: print(f"       {text}", file=sys.stderr))
        except (UsageError, HarnessError) as error:
            raise Untestable(_gist(str(error))) from error
        if built.yanked:
            raise Untestable(f"it was withdrawn by its makers ({built.yanked})")
        chosen[target] = built.python
    with Probe(with_anchor(case, [target]), pythons=chosen) as probe:
        try:
            found = probe.judge([case])[0]
        except ProbeError as error:
            raise Untestable(_gist(str(error))) from None
    if found.error:
        raise UsageError(f"{case.source}: {found.error}")
    verdict = found.verdicts[target]
    if verdict.status is Status.NONDETERMINISTIC and options.bits:
        raise UsageError(
            f"{target} answers with other bits from call to call, so there is no release that changed them"
        )
    key = (str(verdict.status), verdict.subject, *([verdict.digest] if options.bits else []))
    return Seen(version, verdict, key)


def _gist(text: str) -> str:
    return textwrap.shorten(text.replace("\n", " "), 300, placeholder=" ...")

"""Where a case is asked: on which of its targets, and on the one that it is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from conformance.environments.installed import missing
from conformance.ops.call import Call
from conformance.suite.case import Case
from conformance.target import FRAMEWORKS, Target, parse_target
from conformance.usage import UsageError


def expand(
    case: Case, defaults: Sequence[Target], may_install: Callable[[Target], bool] = lambda _: False
) -> list[Target]:
    """A case's `targets:` as targets: `default` is every default that is installed, and what else the case has a plan
    for; others are left out where not installed.

    A version would have its environment built, from what an index gives, and run. That is for whoever calls to say, not
    for a file: UsageError at a version that is not among those that `may_install` lets through.
    """
    result: dict[Target, None] = {}
    for name in case.targets:
        if name == "default":
            result.update(dict.fromkeys([*defaults, *_planned(case)]))
            continue
        target = parse_target(name)
        if target.version and not may_install(target):
            raise UsageError(
                f"{case.source}: the target {target} names a version, and no file has anything installed by itself; "
                f"--allow-installs lets the files that you run choose versions, --on {target} asks for this one, "
                f"--python {target}=PATH names an interpreter that has it"
            )
        if not missing(target):
            result[target] = None
    return list(result)


def _planned(case: Case) -> list[Target]:
    """The targets that are no default anywhere, but which a case names by a plan for them."""
    plans = case.op.plans if isinstance(case.op, Call) else ()
    named = [FRAMEWORKS[framework] for framework, _ in plans if not FRAMEWORKS[framework].defaults]
    # A plan says by what it calls which backend it is for: each that computes is asked.
    texts = [f"{spec.name}/{name}" for spec in named for name in spec.backends if name not in spec.shapes_alone] + [
        s.name for s in named if not s.backends
    ]
    return [target for target in map(parse_target, texts) if not missing(target)]


def with_anchor(case: Case, targets: Iterable[Target]) -> list[Target]:
    """Where a case is asked: on these targets, and on the one that it is held against, if any is.

    A version is not installed because a case file says so: such an anchor is asked only where it is among the targets.
    """
    asked = list(targets)
    anchor = anchor_of(case)
    if asked and anchor is not None and anchor not in asked and not anchor.version and not missing(anchor):
        asked.append(anchor)
    return asked


def not_asked(anchor: Target) -> str:
    """Why `with_anchor` has left an anchor out."""
    if (module := missing(anchor)) != "":
        return f"the module {module!r} is not installed"
    return "a case file does not have a version installed; name the target with --on" if anchor.version else ""


def anchor_of(case: Case) -> Target | None:
    """The target whose answer is the reference of a case, or None where the case has another reference."""
    return case.op.anchor if isinstance(case.op, Call) else None

"""Which targets can run here, found without importing a framework."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from conformance.target import FRAMEWORKS, Target, TargetError, parse_target
from conformance.usage import UsageError

# What `default` stands for, in the order of the report's columns.
DEFAULTS = tuple(target for framework in FRAMEWORKS.values() for target in framework.defaults)


@cache
def _has(module: str) -> bool:
    return find_spec(module) is not None


def missing(target: Target) -> str:
    """The module that a target lacks in this interpreter, or "" where it has everything. Versioned targets bring
    their own.
    """
    if target.version:
        return ""
    return next((module for module in target.modules if not _has(module)), "")


def default_targets() -> tuple[list[Target], list[Target]]:
    """The default targets that can run here, and those whose framework is not installed."""
    targets = [parse_target(text) for text in DEFAULTS]
    return [t for t in targets if not missing(t)], [t for t in targets if missing(t)]


def named_target(text: str, option: str) -> Target:
    """The target that an option of the command line names; UsageError."""
    try:
        return parse_target(text)
    except TargetError as error:
        raise UsageError(f"{option}: {error}") from None


def named_targets(text: str | None, option: str) -> list[Target]:
    """The targets that an option names, comma-separated, each once; UsageError."""
    return list(dict.fromkeys(named_target(word, option) for word in (text or "").split(",") if word.strip()))

"""A framework and a version as `upgrade` and `bisect` are given them."""

from __future__ import annotations

from dataclasses import replace

from packaging.version import InvalidVersion, Version

from conformance.target import Target, TargetError, parse_target
from conformance.usage import UsageError


def parse_framework(text: str) -> Target:
    """A framework or a target without a version; UsageError."""
    try:
        target = parse_target(text)
    except TargetError as error:
        raise UsageError(str(error)) from None
    if target.version:
        raise UsageError(
            f"{text}: expected a target without a version, such as {replace(target, version='')}; the versions are "
            "given by themselves"
        )
    return target


def parse_version(text: str) -> str:
    """A version by PEP 440; UsageError."""
    try:
        Version(text)
        parse_target(f"numpy=={text}")
    except (InvalidVersion, TargetError):
        raise UsageError(f"{text!r} is no version; expected one such as 0.9.2 (PEP 440)") from None
    return text

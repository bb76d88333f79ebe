"""Whose a case file is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import conformance


@cache
def shipped_root() -> Path | None:
    """The folder of the suite that came with this package: beside it in a checkout, inside it where it is installed."""
    package = Path(conformance.__file__).resolve().parent
    return next((path for path in (package / "shipped_cases", package.parent / "cases") if path.is_dir()), None)


@cache
def origin_of(file: str) -> str:
    """The file, or "" where it came with this package: those trust each other.

    A file that is not there can't have come with it: a record's may name any.
    """
    path, shipped = Path(file).resolve(), shipped_root()
    return "" if shipped is not None and path.is_file() and path.is_relative_to(shipped) else str(path)

"""Figures that are kept: every number that a piece of the code derives, held against a table beside its test.

The laws that a number must satisfy are tested elsewhere, against independent sources. These tables notice that a number
*changed* that no law fixes, such as an allowance that is looser than it was. Numbers are equal to the digits that are
kept, so that another processor's last bit is no change. To make a table anew, and read what changed in `git diff`:

    python -m tests.exact.test_figures
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = 9


def summary(array: Any) -> str:
    """An array in a line: its shape, the weighted sum of sizes, which part of it signs leave, what is not finite."""
    values = np.asarray(array)
    if values.dtype == np.bool_ or np.issubdtype(values.dtype, np.integer):
        values = values.astype(np.float64)
    finite = np.isfinite(values)
    # Weights that tell places apart; none is a multiple of another.
    weights = 1.0 + np.modf(np.arange(1, values.size + 1) * 0.6180339887498949)[0].reshape(values.shape)
    kept = np.where(finite, values, 0.0)
    odd = {"nan": np.isnan(values), "+inf": values == np.inf, "-inf": values == -np.inf}
    special = "".join(f" {name}@{round(float((weights * at).sum()), 6)}" for name, at in odd.items() if at.any())
    size = float((weights * np.abs(kept)).sum())
    sign = float((weights * kept).sum()) / size if size else 0.0
    shape = "x".join(map(str, values.shape)) or "()"
    signs = "" if round(sign, DIGITS) == 1 else f" {sign:+.{DIGITS}f}"
    return f"{shape} {size:.{DIGITS}e}{signs}{special}"


def table(rows: Mapping[str, str]) -> str:
    """The rows as the file holds them."""
    return "".join(f"{name}\t{row}\n" for name, row in rows.items())


def changed(path: Path, rows: Mapping[str, str]) -> list[str]:
    """What differs from the table in a file: lacking, new and changed rows; a last digit's half is no change."""
    kept = dict(line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines())
    said = [f"{name}: not in {path.name}" for name in rows if name not in kept]
    said += [f"{name}: no longer there" for name in kept if name not in rows]
    said += [
        f"{name}: {row}, was {kept[name]}" for name, row in rows.items() if name in kept and not _same(kept[name], row)
    ]
    return said


_NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[-+]\d+)?")


def _same(one: str, other: str) -> bool:
    """The same words, and numbers that are the same but for their last digit."""
    if one == other:
        return True
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=False)
    return _NUMBER.sub("", one) == _NUMBER.sub("", other) and all(_near(a, b) for a, b in pairs)


def _near(a: str, b: str) -> bool:
    """As near as the digits that are kept tell."""
    mantissa, _, _ = a.partition("e")
    unit = 10.0 ** -len(mantissa.partition(".")[2])
    x, y = float(a), float(b)
    return abs(x - y) <= 2 * unit * (1.0 if "e" not in a else max(abs(x), abs(y)))


def rewrite(path: Path, rows: Mapping[str, str]) -> Iterable[str]:
    """Make a table anew; what changed comes back."""
    said = changed(path, rows) if path.exists() else []
    path.write_text(table(rows), encoding="utf-8")
    return said

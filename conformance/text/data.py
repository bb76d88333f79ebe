"""Data that is strict JSON: no number that is not finite, strings that repeat written once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from conformance.text.plain import clean

Data = dict[str, Any]


class Strings:
    """Every string once; a column holds indices."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The index of a string, cleaned of control characters."""
        found = self._index.get(text)
        if found is None:
            found = self._index[text] = len(self.list)
            self.list.append(clean(text))
        return found

    def json(self, value: Any) -> int:
        """The index of a value as JSON text."""
        return self.add(json.dumps(strict(value), separators=(",", ":"), ensure_ascii=False))


def strict(value: Any) -> Any:
    """A value that is JSON: non-finite numbers as "nan", "inf" and "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value


def rounded(value: float | None, digits: int) -> float | str | None:
    """A number with so many digits, as JSON."""
    return None if value is None else strict(float(f"{value:.{digits}g}"))

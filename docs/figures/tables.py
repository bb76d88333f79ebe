"""Writes the tables of the documents that come from the code: `python docs/figures/tables.py`; `--check` only compares.

A table stands between `<!-- NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from draw import worked  # noqa: E402

from conformance.environments.installed import DEFAULTS  # noqa: E402
from conformance.target import FRAMEWORKS  # noqa: E402
from conformance.worker.allowed import Allowed  # noqa: E402


def frameworks() -> str:
    """What each framework takes."""
    lines = ["| framework | backends | modes | devices | options |", "|---|---|---|---|---|"]
    for f in FRAMEWORKS.values():
        options = []
        for name, values in f.options.items():
            text = "an integer from 1" if values == ("<int>",) else ", ".join(f"`{v}`" for v in values)
            options.append(f"`{name}`: {text}")
        cells = [_words(f.backends) or "none", _words(f.modes), _words(f.devices), "; ".join(options)]
        lines.append(f"| `{f.name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def defaults() -> str:
    """What runs where nothing else is said."""
    return ", ".join(f"`{name}`" for name in DEFAULTS)


def allowed() -> str:
    """What plans of each framework may use: how much of it, and where it is."""
    lines = ["| framework | functions | layers | what a tensor may be asked for |", "|---|---|---|---|"]
    for framework in FRAMEWORKS.values():
        name, table = framework.name, framework.allowed
        if not isinstance(table, Allowed):
            continue
        methods = f", and {len(table.methods)} methods" if table.methods else ""
        words = _words(tuple(sorted(table.attributes))) + methods
        lines.append(f"| {name} | {len(table.functions)} | {len(table.layers)} | {words} |")
    return "\n".join(lines)


def geometry() -> str:
    """The worked example of docs/conventions.md."""
    lines = ["| written as | length | lo | hi |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {label} | {length} | {lo} | {hi} |" for label, length, lo, hi in worked())])


def measured() -> str:
    """What docs/figures/arithmetic.py found about the allowance."""
    found = json.loads((HERE / "arithmetic.json").read_text(encoding="utf-8"))
    lines = [
        f"{found['calls']} random float32 transposed convolutions a framework, 1 to 128 channels in, kernels 1 to 5:",
        "",
        "| framework | largest error, as a fraction of the allowance | beyond the allowance |",
        "|---|---|---|",
    ]
    for name, figures in found["frameworks"].items():
        words = [f"{name} {figures['version']}", f"{figures['largest_fraction']:.2f}", str(figures["beyond_allowance"])]
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines)


def alarms() -> str:
    """The false alarms of a fixed tolerance, by the number of products."""
    found = json.loads((HERE / "arithmetic.json").read_text(encoding="utf-8"))
    some = next(iter(found["frameworks"].values()))["false_alarms_by_products"]
    limits = [0, *map(int, some)]
    heads = [f"{low + 1:,} to {high:,} products" for low, high in pairwise(limits)]
    lines = [f"| framework | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, figures in found["frameworks"].items():
        cells = [f"{wrong} of {of}" for wrong, of in figures["false_alarms_by_products"].values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {
    "targets.md": {"frameworks": frameworks, "defaults": defaults},
    "plans.md": {"allowed": allowed},
    "conventions.md": {"geometry": geometry},
    "allowance.md": {"measured": measured, "alarms": alarms},
}


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def filled(text: str, name: str, table: str) -> str:
    """The text with one table put in; ValueError where its markers are missing."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
    new, count = re.subn(pattern, lambda match: f"{match[1]}\n{table}\n\n{match[2]}", text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{count} places for the table {name!r}, expected 1")
    return new


def stale() -> dict[Path, str]:
    """The documents whose tables are not what the code says, and what they should be."""
    found = {}
    for document, tables in TABLES.items():
        path = HERE.parent / document
        text = new = path.read_text(encoding="utf-8")
        for name, table in tables.items():
            new = filled(new, name, table())
        if new != text:
            found[path] = new
    return found


def main() -> int:
    """Write what is stale; with --check, name it and answer 1."""
    found = stale()
    for path, text in found.items():
        print(path)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    return 1 if found and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

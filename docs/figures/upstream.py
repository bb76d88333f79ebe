"""Writes bug reports that are ready to be filed: `python docs/figures/upstream.py RECORD`, of a run of cases/minimal.

`--check` in place of a record only says which reports and lines of their list are of no bug that is still to be filed.

One in reports/upstream/ for every declared bug without a link to a tracker, of its smallest case on a target where the
record shows it, and a list of them in its README. A bug that this processor does not have keeps the report that it had;
reports of bugs that have a link by now, or are no longer declared, are removed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from conformance.commands.cli import main as conformance  # noqa: E402
from conformance.known import KnownTable  # noqa: E402
from conformance.record import Reader  # noqa: E402

UPSTREAM = ROOT / "reports" / "upstream"
ABOUT = """\
# Bug reports to be filed

Each is of a declared divergence of the kind `bug` that names no report upstream: what happens, what should, where it
was seen, and a script that imports that framework alone, with its output. Look for it in the tracker before you file
it, file it, and put its address into the entry as `link`; then `python docs/figures/upstream.py RECORD`, with a record
of `conformance run cases/minimal`, takes it off this list.

| report | seen on | what happens |
|---|---|---|
"""


def unfiled() -> set[str]:
    """The declared bugs that have no link."""
    entries = KnownTable.load([ROOT / "cases" / "known"]).entries
    return {e.known.name for e in entries if e.known.kind == "bug" and not e.known.link}


def seen(record: Path) -> dict[str, tuple[str, str]]:
    """Entry -> its smallest case, and a target on which the record shows it."""
    found: dict[str, tuple[str, str]] = {}
    with Reader(record) as reader:
        for row in reader.verdicts(known=True):
            known, case = row.verdict.known, row.verdict.case
            if known is not None and case.partition("::")[2].partition(" ")[0] == known.name:
                found.setdefault(known.name, (case, row.verdict.target))
    return found


def listed(path: Path) -> str:
    """A report's line in the README: its title says the target, its first sentence what happens there."""
    text = path.read_text(encoding="utf-8")
    target = re.match(r"# .* on (\S+): ", text)
    assert target is not None, path
    happens = text.partition("## What happens\n\n")[2].partition("\n")[0].replace("|", "\\|")
    return f"| [{path.stem}]({path.name}) | `{target[1]}` | {happens[:200]} |"


def stale() -> list[str]:
    """Reports of bugs that are filed or no longer declared, and reports and lines of the list that lack each other."""
    reports = {path.stem for path in UPSTREAM.glob("*.md")} - {"README"}
    lines = set(re.findall(r"^\| \[(\S+)\]", (UPSTREAM / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    return sorted((reports - unfiled()) | (reports ^ lines))


def write(record: Path) -> None:
    """Makes the reports anew that the record has something for, then the list of all."""
    names = unfiled()
    UPSTREAM.mkdir(parents=True, exist_ok=True)
    for path in UPSTREAM.glob("*.md"):
        if path.stem not in names:  # the list of them, too
            path.unlink()
    for name, (case, target) in sorted(seen(record).items()):
        if name in names:
            command = ["repro", case, "--on", target, "--record", str(record), "--issue"]
            assert conformance([*command, "-o", str(UPSTREAM / f"{name}.md")]) == 0, name
            print(name)
    lines = [listed(path) for path in sorted(UPSTREAM.glob("*.md")) if path.stem in names]
    (UPSTREAM / "README.md").write_text(ABOUT + "".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--check":
        sys.exit("\n".join(stale()) or 0)
    write(Path(sys.argv[1]).resolve())

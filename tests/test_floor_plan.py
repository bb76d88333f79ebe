"""The floor plan: every room stands on a floor and imports from floors below it alone, lazy imports included.

Where a module lies says what it may know. A room that needs something from above needs it handed in, or the thing
belongs further down.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "conformance"

# From the ground up. What stands on one floor imports nothing of the rooms beside it. `worker` is at the very bottom:
# it imports nothing of ours, since it runs where there is nothing else.
FLOORS = (
    ("worker", "__init__"),
    ("dtypes", "layout", "outcome", "usage"),
    ("plan",),
    ("verdict",),
    ("text",),
    # What frameworks there are, and what their plans may call: `target` knows no more of them.
    ("frameworks/base",),
    ("frameworks/found",),
    ("frameworks/check",),
    ("target",),
    ("exact",),
    ("ops",),
    ("frameworks",),
    ("suite", "executor"),
    ("environments", "judge", "record"),
    ("ask", "known"),
    ("diff", "recipe", "minimize", "faults", "repro"),
    ("report",),
    ("session",),
    ("commands",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

Arrow = tuple[str, str, str]  # the room that imports, the room that is imported, where


def imported(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of this package, wherever in the file it stands."""
    package = list(path.relative_to(ROOT).with_suffix("").parts)[:-1]
    tree = ast.parse(text)
    # What only a type checker reads makes no arrow.
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                # `from conformance import ask` imports a room; `from conformance.ask import run` a module.
                yield node.lineno, f"{module}.{alias.name}"


def room_of(module: str) -> str | None:
    """The room of a module of ours: `conformance.ask.run` -> `ask`; what the package itself says is `__init__`."""
    first, _, rest = module.partition(".")
    if first != "conformance":
        return None
    room = rest.partition(".")[0]
    part = "/".join(rest.split(".")[:2])
    if part in FLOOR:
        return part
    there = room and ((PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file())
    return room if there else "__init__"


def arrows() -> Iterator[Arrow]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        here = "/".join(parts[:2]) if "/".join(parts[:2]) in FLOOR else parts[0]
        for line, module in imported(path, path.read_text(encoding="utf-8")):
            room = room_of(module)
            if room is not None and room != here:
                yield here, room, f"{path.relative_to(ROOT)}:{line} imports {module}"


def upward(found: list[Arrow]) -> list[str]:
    return [where for here, room, where in found if FLOOR[room] >= FLOOR[here]]


def test_every_room_stands_on_a_floor() -> None:
    """A new room is put on a floor before it is furnished."""
    rooms = {path.parent.name for path in PACKAGE.glob("*/*.py")} | {path.stem for path in PACKAGE.glob("*.py")}
    assert rooms - {"__pycache__"} == {room for room in FLOOR if "/" not in room}
    assert sum(map(len, FLOORS)) == len(FLOOR)


def test_no_room_imports_from_its_own_floor_or_above() -> None:
    """Then there is no circle either."""
    assert upward(list(arrows())) == []


@pytest.mark.parametrize(
    ("here", "text", "found"),
    [
        ("ask/run.py", "from conformance.commands.run import main", ["conformance.commands.run.main"]),
        ("ask/run.py", "def f():\n    import conformance.report.html", ["conformance.report.html"]),
        ("ask/run.py", "from conformance import known, target", ["conformance.known"]),
        ("worker/serve.py", "from ..text.plain import clean", ["conformance.text.plain.clean"]),
        ("worker/serve.py", "from .wire import read", []),
        ("commands/run.py", "from conformance.session import declare", []),
    ],
)
def test_an_arrow_up_is_found(here: str, text: str, found: list[str]) -> None:
    path = PACKAGE / here
    room = path.relative_to(PACKAGE).parts[0]
    modules = [module for _, module in imported(path, text)]
    assert upward([(room, other, m) for m in modules if (other := room_of(m)) and other != room]) == found


def test_a_command_knows_no_other_command() -> None:
    """What several commands need is in session/. Only what reads or completes command lines knows the table of all."""
    table = "conformance.commands.table."
    may = {"cli.py": {f"{table}build_parser", f"{table}chosen"}, "completion.py": {f"{table}build_parser"}}
    for path in sorted((PACKAGE / "commands").glob("*.py")):
        known = {module for _, module in imported(path, path.read_text(encoding="utf-8")) if ".commands." in module}
        assert known <= may.get(path.name, set()), path.name


# The rooms that know what a convolution is: how it is asked of frameworks, and what a person's call of one means.
OF_FAMILIES = {"ops", "frameworks", "recipe", "faults", "commands"}


def test_no_other_room_knows_a_family_of_ops() -> None:
    """What a family alone knows it says by the methods of its ops."""
    found = [
        f"{path.relative_to(PACKAGE)}:{line} imports {module}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in OF_FAMILIES
        for line, module in imported(path, path.read_text(encoding="utf-8"))
        if module.startswith("conformance.ops.conv.")
    ]
    assert found == []


# What is done in one place: the words that show it, and where they may stand.
ONCE = {
    "argparse reads words into options, and nobody passes its Namespace on": (
        r"\bargparse\b",
        "commands/cli.py commands/table.py session/declare.py session/outputs.py",
    ),
    "a hint at the word that was meant": (r"\bget_close_matches\b", "worker/near.py text/nearest.py"),
    "what Linux says of the processor": (r"open\(\"/proc/cpuinfo", "worker/processor.py"),
    # The other two are files of our own in a temporary folder.
    "a result is written whole or not at all": (
        r"\.write_text\(",
        "text/files.py environments/build.py repro/issue.py",
    ),
}


@pytest.mark.parametrize("what", ONCE)
def test_what_is_done_in_one_place(what: str) -> None:
    pattern, places = ONCE[what]
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(pattern, path.read_text(encoding="utf-8"))
    }
    assert found <= set(places.split()), what

"""Options as data: a command declares a frozen dataclass, and each of its fields says how it is written.

`commands/table.py` makes a parser of it, and gives the command what was read as an object of that class. An option that
several commands have is a function here, so that it is described once.
"""

from __future__ import annotations

import argparse
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import Any, TypeVar

from conformance.session.outputs import output

# Some days; nobody waits longer for one case.
MAX_SECONDS = 1_000_000

T = TypeVar("T")


def positional(**words: Any) -> Any:
    """A field that is given by its position. `words` are those of `add_argument`; without a default it is required."""
    return _declared((), words.pop("default", MISSING), words)


def option(*flags: str, **words: Any) -> Any:
    """A field that is given by a flag, None where it is not given. `group`: the heading that it stands under."""
    default = () if words.get("action") == "append" else None
    return _declared(flags, MISSING if words.get("required") else words.pop("default", default), words)


def switch(*flags: str, **words: Any) -> Any:
    """A field that is True where its flag is given."""
    return _declared(flags, False, {"action": "store_true", **words})


def _declared(flags: tuple[str, ...], default: Any, words: dict[str, Any]) -> Any:
    return field(default=default, metadata={"flags": flags, "words": words})


def add_to(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """Put the fields of a class of options into a parser, in their order."""
    groups: dict[str, Any] = {"": parser}
    for declared in fields(kind):
        words = dict(declared.metadata["words"])
        group = words.pop("group", "")
        if group not in groups:
            groups[group] = parser.add_argument_group(group)
        if declared.default is not MISSING and words.get("action") != "store_true":
            words["default"] = list(declared.default) if isinstance(declared.default, tuple) else declared.default
        flags = declared.metadata["flags"]
        if flags:
            groups[group].add_argument(*flags, dest=declared.name, **words)
        else:
            groups[group].add_argument(declared.name, **words)


def read(kind: type[T], given: argparse.Namespace) -> T:
    """The options that a parser has read."""
    values = {declared.name: getattr(given, declared.name) for declared in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def seconds(text: str) -> float:
    """A time that ends: the type of --timeout."""
    found = float(text)
    if not 0 < found < MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds above 0 and below {MAX_SECONDS:,}")
    return found


# --- which cases --------------------------------------------------------------------------------------------------


def paths(said: str | None = "case files or folders (default: the suite)") -> Any:
    """Files or folders, any number of them."""
    return positional(nargs="*", type=Path, metavar="PATH", default=(), help=said)


def shipped() -> Any:
    """--shipped."""
    return switch("--shipped", help="the suite that came with the package, where cases/ here is not it")


def select() -> Any:
    """-k."""
    return option("-k", metavar="EXPR", default="", help='such as "stride=2 and not same"')


def on(said: str, **words: Any) -> Any:
    """--on: the target or targets that a command is about."""
    return option("--on", **{"metavar": "TARGET", "help": said, **words})


def tag() -> Any:
    """--tag."""
    return option("--tag", action="append", metavar="TAG", help="only cases with this tag")


def list_tags() -> Any:
    """--list-tags."""
    return switch("--list-tags", help="print the tags of the selected cases and how many have each, and run nothing")


def trust() -> Any:
    """--trust."""
    said = "plans of this case file may call anything in their frameworks: only for authors whose scripts you run"
    return option("--trust", action="append", type=Path, metavar="FILE", help=said)


def case() -> Any:
    """One case; `paths` behind it say where it is looked up."""
    return positional(metavar="CASE", help="a case's id or name, or a part of one that only one case has")


# --- records, results, environments -------------------------------------------------------------------------------


def record(default: str = "the newest in reports/") -> Any:
    """--record: the one that is read."""
    return option("--record", type=Path, metavar="FILE", help=f"the record to read (default: {default})")


def new_record() -> Any:
    """--record: the one that is written."""
    return option("--record", type=Path, metavar="FILE", help="where the record goes (default: reports/<time>.db)")


def resume() -> Any:
    """--resume."""
    return option("--resume", type=Path, metavar="FILE", help="go on with an interrupted record")


def json(said: str = "write JSON") -> Any:
    """--json FILE."""
    return option("--json", metavar="FILE", type=output, help=said)


def jsonlines() -> Any:
    """--json FILE, of a run."""
    return json("write one JSON object a verdict")


def junit() -> Any:
    """--junit FILE."""
    return option("--junit", metavar="FILE", type=output, help="write JUnit XML")


def markdown() -> Any:
    """--markdown FILE."""
    return option("--markdown", metavar="FILE", type=output, help="write a Markdown summary")


def html() -> Any:
    """--html FILE."""
    return option("--html", metavar="FILE", type=output, help="write a self-contained HTML page")


def timeout(default: float, said: str) -> Any:
    """--timeout."""
    return option("--timeout", type=seconds, default=default, metavar="SECONDS", help=f"{said} ({default:g})")


def python() -> Any:
    """--python."""
    said = "an interpreter that exists already, for one target or for all"
    return option("--python", action="append", metavar="[TARGET=]PATH", help=said)


def pip_args() -> Any:
    """--pip-args."""
    said = 'more arguments for the installer of versioned targets, such as "--find-links wheels/"'
    return option("--pip-args", default="", metavar="ARGS", help=said)


def fail_on() -> Any:
    """--fail-on."""
    said = "exit 1 where one of these is found, such as pass-to-fail,value"
    return option("--fail-on", default="", metavar="KINDS", help=said)

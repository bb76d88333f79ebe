"""Every command, in the order of `--help`, and the parser of its options.

A command is a module of this folder with `Options` and `main`. It is imported when it is called, and not before, so
that `--help` costs nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from conformance import __version__
from conformance.session.declare import add_to, read

COMMANDS = {
    "run": "run cases on targets, compare and report",
    "list": "list the cases that would run",
    "check": "validate case files without running them",
    "ops": "what ops there are, what they mean, and how each framework is asked",
    "schema": "print the JSON Schema of case files, for completion in editors",
    "show": "show a case: its plans, figures and a picture of the error",
    "report": "write reports of a record that exists",
    "repro": "print a script that shows a divergence with that framework alone",
    "minimize": "find the smallest case that fails in the same way",
    "recipe": "translate a call into other frameworks, verified by running it",
    "known": "print the declared divergences, or propose entries",
    "diff": "compare two records, case by case",
    "upgrade": "what changes between two versions of a framework",
    "bisect": "find the release in which a verdict or its bits changed",
    "history": "how counts and divergences moved over a series of records",
    "init": "write a starter case file and a CI workflow into a repository",
    "selftest": "inject faults and see how many the suite catches",
}


def build_parser(words: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Every command, and the options of those that are among `words`."""
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Runs tensor operations through TensorFlow, Keras, PyTorch, JAX and an exact reference, "
        "and says who agrees, who does not, by how much and why.",
        epilog="Exit codes: 0 nothing unexpected, 1 an unexpected divergence, 2 bad usage or a bad case file, "
        "3 the harness could not do its job, 130 interrupted (resume with --resume).",
    )
    parser.add_argument("--version", action="version", version=f"conformance {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    wanted = set(words)
    for name, said in COMMANDS.items():
        command = commands.add_parser(name, help=said)
        command.set_defaults(command=name)
        if name in wanted:
            add_to(command, _module(name).Options)
    return parser


def chosen(given: argparse.Namespace) -> Callable[[], int] | None:
    """The command that was read, ready to be called; None where there is none."""
    name = getattr(given, "command", None)
    if not name:
        return None
    module = _module(name)
    options = read(module.Options, given)
    main: Callable[[Any], int] = module.main
    return lambda: main(options)


def _module(name: str) -> Any:
    return import_module(f"conformance.commands.{name}")

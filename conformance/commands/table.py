"""Every command, in the order of `--help`, and the parser of its options.

A command is a module of this folder with `Options` and `main`. It is imported when it is called, and not before, so
that `--help` costs nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from conformance import __version__
from conformance.session.declare import add_to, read
from conformance.text.nearest import did_you_mean, near

# name -> what it does, and a call of it
COMMANDS = {
    "run": (
        "run cases on targets, compare and report",
        "conformance run cases/mine.yaml --on torch,jax --html report.html",
    ),
    "list": ("list the cases that would run", 'conformance list -k "stride=2 and not same"'),
    "check": ("validate case files without running them", "conformance check cases/mine.yaml"),
    "ops": ("what ops there are, what they mean, and how each framework is asked", "conformance ops conv_transpose"),
    "targets": ("what is installed here, with its modes, devices and options", "conformance targets"),
    "schema": ("print the JSON Schema of case files, for completion in editors", "conformance schema > schema.json"),
    "show": ("show a case: its plans, figures and a picture of the error", "conformance show 'mine::tiny integers'"),
    "report": ("print a record that exists, or write reports of it", "conformance report --html report.html"),
    "repro": (
        "print a script that shows a divergence with that framework alone",
        "conformance repro 'mine::tiny integers' cases/mine.yaml --on jax -o repro.py",
    ),
    "minimize": (
        "find the smallest case that fails in the same way",
        "conformance minimize 'mine::tiny integers' cases/mine.yaml --on jax -o small.yaml",
    ),
    "recipe": (
        "translate a call into other frameworks, verified by running it",
        "conformance recipe 'nn.Conv2d(3, 8, 3, stride=2)' --on jax --input 1,3,32,32",
    ),
    "known": (
        "print the declared divergences, or propose entries",
        "conformance known --update reports/run.db -o new.yaml",
    ),
    "diff": ("compare two records, case by case", "conformance diff before.db after.db --fail-on pass-to-fail"),
    "upgrade": (
        "what changes between two versions of a framework",
        "conformance upgrade jax 0.9.2 0.10.2 cases/mine.yaml",
    ),
    "bisect": (
        "find the release in which a verdict or its bits changed",
        "conformance bisect 'mine::tiny integers' cases/mine.yaml --on jax --good 0.9.2 --bad 0.10.2",
    ),
    "history": ("how counts and divergences moved over a series of records", "conformance history reports/*.db"),
    "init": ("write a starter case file and a CI workflow into a repository", "conformance init"),
    "selftest": ("inject faults and see how many the suite catches", "conformance selftest --sample 20 --on numpy"),
    "completion": ("print a script that completes commands and options in your shell", "conformance completion bash"),
}

# What other tools call what is called otherwise here.
_OTHERWISE = {"--framework": "--on", "--to": "--on", "--target": "--on", "--cases": "a path alone, without an option"}


class Parser(argparse.ArgumentParser):
    """A parser that takes an option only as it is written whole, and says which one a word was meant to be.

    A shortened one would be taken for whichever option it fits, and `--htm` starts a run of ten minutes.
    """

    def __init__(self, **words: Any) -> None:
        super().__init__(allow_abbrev=False, **words)
        self.commands: dict[str, Parser] = {}
        self.given: Sequence[str] = ()

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """What was read. A path may stand behind an option as well as before it."""
        words = list(sys.argv[1:] if args is None else args)
        name = words[0] if words else "-"
        if name in self.commands:
            self.commands[name].given = words
            return self.commands[name].parse_intermixed_args(words[1:], namespace)
        if self.commands and not name.startswith("-"):
            self.error(f"no command {name!r}, expected one of: {', '.join(COMMANDS)}{did_you_mean(name, COMMANDS)}")
        return super().parse_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """End with what is wrong, and with what may have been meant."""
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        names = [word.partition("=")[0] for word in self.given if word.startswith("--")]
        meant = {name: _OTHERWISE.get(name) or near(name, known) for name in names if name not in known}
        super().error(
            "; ".join([message, *(f"for {name}, did you mean {flag}?" for name, flag in meant.items() if flag)])
        )


def build_parser(words: Iterable[str] = COMMANDS) -> Parser:
    """Every command, and the options of those that are among `words`."""
    parser = Parser(
        prog="conformance",
        description="Runs tensor operations through TensorFlow, Keras, PyTorch, JAX and an exact reference, "
        "and says who agrees, who does not, by how much and why.",
        epilog="Exit codes: 0 nothing unexpected, 1 an unexpected divergence, 2 bad usage or a bad case file, "
        "3 the harness could not do its job, 130 interrupted (resume with --resume).",
    )
    parser.add_argument("--version", action="version", version=f"conformance {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    wanted = set(words)
    for name, (said, example) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=said,
            description=f"{said[0].upper()}{said[1:]}.",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=name)
        parser.commands[name] = command
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

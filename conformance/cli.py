"""The command line: parse, call, exit code.

Exit codes: 0 nothing unexpected; 1 an unexpected divergence, or a known one that no longer happens; 2 bad usage or
a bad case
file; 3 the harness itself could not do its job; 130 interrupted (resumable).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance import __version__
from conformance.usage import INTERRUPTED, OK, USAGE, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the answer."""
    # Before NumPy is imported: its threads would take the cores from the workers, and starting them costs half of the
    # import. The workers set their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not getattr(options, "command", None):
        parser.print_help()
        return USAGE
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # `conformance list | head` closes our output: that is no error. Python would complain again while it exits.
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return INTERRUPTED


def build_parser() -> argparse.ArgumentParser:
    """Every command and option."""
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Runs tensor operations through TensorFlow, Keras, PyTorch, JAX and an exact reference, "
        "and says who agrees, who does not, by how much and why.",
        epilog="Exit codes: 0 nothing unexpected, 1 an unexpected divergence, 2 bad usage or a bad case file, "
        "3 the harness could not do its job, 130 interrupted (resume with --resume).",
    )
    parser.add_argument("--version", action="version", version=f"conformance {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    run = commands.add_parser("run", help="run cases on targets, compare and report")
    _selection(run)
    run.add_argument(
        "--on",
        metavar="TARGETS",
        help="comma-separated targets, such as torch,jax:jit,keras/torch "
        "(default: each case file's own; every framework that is installed)",
    )
    run.add_argument("--record", metavar="FILE", type=Path, help="where the record goes (default: reports/<time>.db)")
    run.add_argument("--resume", metavar="FILE", type=Path, help="go on with an interrupted record")
    run.add_argument("--json", metavar="FILE", type=Path, help="write one JSON object a verdict")
    run.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    run.add_argument("--markdown", metavar="FILE", type=Path, help="write a Markdown summary")
    run.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for one case on one target (120)")
    run.add_argument("--no-known", action="store_true", help="take no divergence as known")
    run.add_argument("-q", "--quiet", action="store_true", help="print only what is unexpected and the last line")
    run.set_defaults(command=_run)

    lister = commands.add_parser("list", help="list the cases that would run")
    _selection(lister)
    lister.add_argument("--first", type=int, metavar="N", help="stop after N cases")
    lister.add_argument("--count", action="store_true", help="print the number of cases a file, not the cases")
    lister.set_defaults(command=_list)

    check = commands.add_parser("check", help="validate case files without running them")
    check.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    check.set_defaults(command=_check)

    schema = commands.add_parser("schema", help="print the JSON Schema of case files, for completion in editors")
    schema.set_defaults(command=_schema)

    show = commands.add_parser("show", help="show a case: its plans, figures and a picture of the error")
    show.add_argument("case", help="a case id, or a part of one that only one case has")
    show.add_argument(
        "--record", type=Path, metavar="FILE", help="the record to read (default: the newest in reports/)"
    )
    show.add_argument("--on", metavar="TARGET", help="only this target")
    show.set_defaults(command=_show)

    known = commands.add_parser("known", help="print the declared divergences")
    known.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders (default: the suite's known/)"
    )
    known.set_defaults(command=_known)
    return parser


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="case files or folders (default: the suite)"
    )
    parser.add_argument("-k", metavar="EXPR", dest="select", default="", help='such as "stride=2 and not same"')
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="only cases with this tag")


def _run(options: argparse.Namespace) -> int:
    from conformance.session import run_command

    return run_command(options)


def _list(options: argparse.Namespace) -> int:
    from conformance.listing import list_command

    return list_command(options)


def _check(options: argparse.Namespace) -> int:
    from conformance.listing import check_command

    return check_command(options)


def _schema(_: argparse.Namespace) -> int:
    from conformance.listing import schema_command

    return schema_command()


def _show(options: argparse.Namespace) -> int:
    from conformance.session import show_command

    return show_command(options)


def _known(options: argparse.Namespace) -> int:
    from conformance.session import known_command

    return known_command(options)


if __name__ == "__main__":
    sys.exit(main())

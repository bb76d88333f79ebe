"""Every command and its options: one function a command, in the order of `--help`.

Nothing but the standard library is imported here, so that `--help` costs nothing; what a command does is named by
`_later("module:function")` and imported when it is called.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from conformance import __version__
from conformance.commands.outputs import output

# Some days; nobody waits longer for one case.
MAX_SECONDS = 1_000_000

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


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
    for add in (
        _run,
        _list,
        _check,
        _schema,
        _show,
        _report,
        _repro,
        _minimize,
        _recipe,
        _known,
        _diff,
        _upgrade,
        _bisect,
        _history,
        _init,
        _selftest,
    ):
        add(commands)
    return parser


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """The command `module:function`, imported when it is called."""
    module, _, function = name.partition(":")

    def command(options: argparse.Namespace) -> int:
        found: Callable[[argparse.Namespace], int] = getattr(import_module(f"conformance.{module}"), function)
        return found(options)

    return command


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="case files or folders (default: the suite)"
    )
    parser.add_argument("-k", metavar="EXPR", dest="select", default="", help='such as "stride=2 and not same"')
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="only cases with this tag")
    _trust(parser)


def _trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="plans of this case file may call anything in their frameworks: only for authors whose scripts you run",
    )


def _one_case(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", help="a case id, or a part of one that only one case has")
    parser.add_argument(
        "--cases",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="look the case up in this file or folder",
    )
    _trust(parser)


def _a_record(parser: argparse.ArgumentParser, default: str = "the newest in reports/") -> None:
    parser.add_argument("--record", type=Path, metavar="FILE", help=f"the record to read (default: {default})")


def _outputs(parser: argparse.ArgumentParser, *kinds: str) -> None:
    said = {
        "json": "write JSON",
        "jsonlines": "write one JSON object a verdict",
        "junit": "write JUnit XML",
        "markdown": "write a Markdown summary",
        "html": "write a self-contained HTML page",
    }
    for kind in kinds:
        flag = "json" if kind == "jsonlines" else kind
        parser.add_argument(f"--{flag}", metavar="FILE", type=output, help=said[kind])


def _environments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="[TARGET=]PATH",
        help="an interpreter that exists already, for one target or for all",
    )
    parser.add_argument(
        "--pip-args",
        default="",
        metavar="ARGS",
        help='more arguments for the installer of versioned targets, such as "--find-links wheels/"',
    )


def _run(commands: Commands) -> None:
    run = commands.add_parser("run", help="run cases on targets, compare and report")
    _selection(run)
    run.add_argument(
        "--on",
        metavar="TARGETS",
        help="comma-separated targets, such as torch,jax:jit,keras/torch,jax==0.9.2 "
        "(default: each case file's own; every framework that is installed)",
    )
    run.add_argument("--record", metavar="FILE", type=Path, help="where the record goes (default: reports/<time>.db)")
    run.add_argument("--resume", metavar="FILE", type=Path, help="go on with an interrupted record")
    _outputs(run, "jsonlines", "junit", "markdown", "html")
    run.add_argument(
        "--timeout", type=_seconds, default=120.0, metavar="SECONDS", help="for one case on one target (120)"
    )
    run.add_argument("--no-known", action="store_true", help="take no divergence as known")
    run.add_argument(
        "--keep-outputs",
        action="store_true",
        help="keep passed outputs too, so that `diff` can say how far apart changed bits are",
    )
    run.add_argument("-q", "--quiet", action="store_true", help="print only what is unexpected and the last line")
    _environments(run)
    run.add_argument(
        "--allow-installs",
        action="store_true",
        help="build the environments of versions that only a case file names, such as numpy==1.26.4",
    )
    gate = run.add_argument_group("in CI")
    gate.add_argument(
        "--gate", action="store_true", help="write what the CI system reads: annotations, job summary, JUnit, badge"
    )
    gate.add_argument(
        "--require", default="", metavar="TARGETS", help="fail where one of these is not installed or ran no case"
    )
    gate.add_argument("--baseline", type=Path, metavar="RECORD", help="only what is not in this record is unexpected")
    gate.add_argument(
        "--badge", type=output, metavar="FILE", help="write a badge (SVG, or shields.io JSON by its name)"
    )
    run.set_defaults(command=_later("commands.session:run_command"))


def _list(commands: Commands) -> None:
    lister = commands.add_parser("list", help="list the cases that would run")
    _selection(lister)
    lister.add_argument("--first", type=int, metavar="N", help="stop after N cases")
    lister.add_argument("--count", action="store_true", help="print the number of cases a file, not the cases")
    lister.set_defaults(command=_later("suite.choose:list_command"))


def _check(commands: Commands) -> None:
    check = commands.add_parser("check", help="validate case files without running them")
    check.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    _trust(check)
    check.set_defaults(command=_later("suite.choose:check_command"))


def _schema(commands: Commands) -> None:
    schema = commands.add_parser("schema", help="print the JSON Schema of case files, for completion in editors")
    schema.set_defaults(command=_later("suite.choose:schema_command"))


def _show(commands: Commands) -> None:
    show = commands.add_parser("show", help="show a case: its plans, figures and a picture of the error")
    show.add_argument("case", help="a case id, or a part of one that only one case has")
    _a_record(show)
    show.add_argument("--on", metavar="TARGET", help="only this target")
    show.set_defaults(command=_later("commands.session:show_command"))


def _report(commands: Commands) -> None:
    report = commands.add_parser("report", help="write reports of a record that exists")
    report.add_argument("record", nargs="?", type=Path, metavar="RECORD", help="default: the newest in reports/")
    _outputs(report, "html", "markdown", "junit", "jsonlines")
    report.set_defaults(command=_later("commands.session:report_command"))


def _repro(commands: Commands) -> None:
    repro = commands.add_parser("repro", help="print a script that shows a divergence with that framework alone")
    _one_case(repro)
    repro.add_argument("--on", required=True, metavar="TARGET")
    repro.add_argument("--across", metavar="TARGET", help="put this target into the same script")
    repro.add_argument("--issue", action="store_true", help="print the body of a bug report")
    _a_record(repro, "the newest in reports/ that has the case")
    repro.add_argument("-o", "--output", type=output, metavar="FILE", help="write it there")
    repro.set_defaults(command=_later("repro:repro_command"))


def _minimize(commands: Commands) -> None:
    minimize = commands.add_parser("minimize", help="find the smallest case that fails in the same way")
    _one_case(minimize)
    minimize.add_argument("--on", required=True, metavar="TARGET")
    minimize.add_argument("--budget", type=int, default=400, metavar="N", help="try at most N cases (400)")
    minimize.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="for one case (60)")
    minimize.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the YAML case there")
    minimize.set_defaults(command=_later("commands.minimize:minimize_command"))


def _recipe(commands: Commands) -> None:
    recipe = commands.add_parser("recipe", help="translate a call into other frameworks, verified by running it")
    recipe.add_argument("call", metavar="CALL", help="a layer or function call as it stands in your code")
    recipe.add_argument(
        "--to", required=True, nargs="+", metavar="TARGET", help="torch, jax, tensorflow, keras, or such as keras/jax"
    )
    recipe.add_argument("--input", metavar="SHAPE", help="the shape of the input, such as 1,8,8,3")
    recipe.add_argument("--weight", metavar="SHAPE", help="the shape of the weights, where the call does not say it")
    recipe.add_argument("--weights", type=Path, metavar="FILE", help="convert these weights (.npz) and check them")
    recipe.add_argument("-o", "--output", type=output, metavar="FILE", help="where the converted weights go (.npz)")
    recipe.add_argument("--json", action="store_true", help="for tools")
    recipe.set_defaults(command=_later("commands.recipe:recipe_command"))


def _known(commands: Commands) -> None:
    known = commands.add_parser("known", help="print the declared divergences, or propose entries")
    known.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders (default: the suite's known/)"
    )
    known.add_argument(
        "--update", type=Path, metavar="RECORD", help="propose entries for what is unexpected in a record"
    )
    known.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the proposal there")
    known.add_argument("--markdown", action="store_true", help="the table as a page of Markdown")
    known.set_defaults(command=_later("commands.known:known_command"))


def _diff(commands: Commands) -> None:
    diff = commands.add_parser("diff", help="compare two records, case by case")
    diff.add_argument("before", type=Path, metavar="A")
    diff.add_argument("after", type=Path, metavar="B")
    diff.add_argument("--incomplete", action="store_true", help="compare interrupted runs, too, as far as they went")
    _diff_options(diff)
    diff.set_defaults(command=_later("commands.diff:diff_command"))


def _fail_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-on", default="", metavar="KINDS", help="exit 1 where one of these is found, such as pass-to-fail,value"
    )


def _diff_options(parser: argparse.ArgumentParser) -> None:
    _fail_on(parser)
    parser.add_argument("--map", action="append", default=[], metavar="A=B", help="compare target A with target B")
    _outputs(parser, "markdown", "html", "json")


def _upgrade(commands: Commands) -> None:
    upgrade = commands.add_parser("upgrade", help="what changes between two versions of a framework")
    upgrade.add_argument("framework", help="a framework or target, such as jax or keras/torch")
    upgrade.add_argument("old")
    upgrade.add_argument("new")
    _selection(upgrade)
    upgrade.add_argument("--timeout", type=_seconds, default=120.0, metavar="SECONDS", help="for one case (120)")
    upgrade.add_argument(
        "--record", type=Path, metavar="FILE", help="where the record goes (default: reports/<time>.db)"
    )
    upgrade.add_argument("--resume", type=Path, metavar="FILE", help="go on with an interrupted record")
    _environments(upgrade)
    _fail_on(upgrade)
    _outputs(upgrade, "markdown", "html", "json")
    upgrade.set_defaults(command=_later("commands.upgrade:upgrade_command"))


def _bisect(commands: Commands) -> None:
    bisect = commands.add_parser("bisect", help="find the release in which a verdict or its bits changed")
    _one_case(bisect)
    bisect.add_argument("--framework", required=True, metavar="TARGET", help="a framework or target, such as jax")
    bisect.add_argument("--good", required=True, metavar="VERSION")
    bisect.add_argument("--bad", required=True, metavar="VERSION")
    bisect.add_argument("--bits", action="store_true", help="look for changed bits, not for a changed verdict")
    _environments(bisect)
    bisect.set_defaults(command=_later("commands.bisect:bisect_command"))


def _history(commands: Commands) -> None:
    history = commands.add_parser("history", help="how counts and divergences moved over a series of records")
    history.add_argument("records", nargs="+", type=Path, metavar="RECORD")
    _outputs(history, "markdown", "html", "json")
    history.set_defaults(command=_later("commands.history:history_command"))


def _init(commands: Commands) -> None:
    init = commands.add_parser("init", help="write a starter case file and a CI workflow into a repository")
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER")
    init.add_argument("--force", action="store_true", help="replace files that are there")
    init.set_defaults(command=_later("commands.init:init_command"))


def _selftest(commands: Commands) -> None:
    selftest = commands.add_parser("selftest", help="inject faults and see how many the suite catches")
    _selection(selftest)
    selftest.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="only faults with this in the name"
    )
    selftest.add_argument(
        "--on", default="", metavar="TARGETS", help="whose unspoilt answers are judged (default: all)"
    )
    selftest.add_argument(
        "--sample",
        type=int,
        default=150,
        metavar="N",
        help="spoil this many cases, spread over the suite (150; 0: all)",
    )
    _outputs(selftest, "markdown", "json")
    selftest.set_defaults(command=_later("commands.selftest:selftest_command"))


def _seconds(text: str) -> float:
    """A time that ends: what argparse takes for --timeout."""
    seconds = float(text)
    if not 0 < seconds < MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds above 0 and below {MAX_SECONDS:,}")
    return seconds

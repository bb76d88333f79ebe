"""YAML case files as pytest items: `pytest cases/`, with -k, -x and -n.

pytest loads this module in every test run of an environment that has Conformance, so nothing but pytest is imported
here. What a case needs (`session/pytest_items.py`) is imported with the first file that is one of ours: those that the
setting `conformance_cases` names or, without it, the case files below `cases/`.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.session.pytest_items import Live

SETTING = "conformance_cases"
OPTIONS: dict[str, dict[str, Any]] = {
    "on": {"default": "", "metavar": "TARGETS", "help": "comma-separated targets that cases run on"},
    "allow-installs": {
        "action": "store_true",
        "help": "build the environments of versions that only a case file names",
    },
    "trust": {
        "action": "append",
        "default": [],
        "metavar": "FILE",
        "help": "plans of this case file may call anything in their frameworks",
    },
}

_ROOTS = pytest.StashKey[list[Path]]()
LIVE = pytest.StashKey["Live"]()
# On the report of an item that has no verdict, which pytest-xdist carries to the process that ends the session.
HARNESS_FAILED = ("conformance", "the harness failed")
STALE = "conformance_stale"  # what an xdist worker tells of declared divergences


def pytest_addoption(parser: pytest.Parser) -> None:
    """The setting, and options by names that nobody else has."""
    parser.addini(
        SETTING,
        "case files, and folders of them; without it the case files below cases/, with nothing after it none",
        type="paths",
        default=None,
    )
    group = parser.getgroup("conformance", "cross-framework conformance cases")
    for name, attributes in OPTIONS.items():
        group.addoption(f"--conformance-{name}", dest=f"conformance_{name.replace('-', '_')}", **attributes)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, Any, Any]:
    """`--on` and the others, as on the command line; not where a conftest.py has an option of that name."""
    result = yield
    taken = {name for group in (parser._anonymous, *parser._groups) for each in group.options for name in each.names()}
    group = parser.getgroup("conformance")
    for name, attributes in OPTIONS.items():
        if f"--{name}" not in taken:
            group.addoption(f"--{name}", dest=f"conformance_{name.replace('-', '_')}", **attributes)
    return result


def pytest_configure(config: pytest.Config) -> None:
    """Settle which files are ours; pytest.UsageError where an option can't be meant, before anything is collected."""
    named = config.getini(SETTING)
    for path in named or ():
        if not path.exists():
            raise pytest.UsageError(f"{SETTING}: no such file or folder: {path}")
    usual = dict.fromkeys((config.rootpath / "cases", config.invocation_params.dir / "cases"))
    config.stash[_ROOTS] = list(usual if named is None else named)
    config.pluginmanager.register(_Ending(), "conformance-ending")
    # An xdist worker is told what has been looked at already.
    if not hasattr(config, "workerinput") and any(config.getoption(f"conformance_{word}") for word in ("on", "trust")):
        _live(config).check()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what -n costs, where there are cases to run."""
    spread, grouped = config.getoption("numprocesses", None), config.getoption("dist", "") == "loadgroup"
    args = [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]
    ours = any(
        root.exists() and any(root.is_relative_to(arg) or arg.is_relative_to(root) for arg in args)
        for root in config.stash[_ROOTS]
    )
    if not (spread and ours) or grouped:
        return []
    return [
        f"conformance: slower with -n: each of the {spread} pytest workers imports every framework; "
        "--dist loadgroup lets each framework be imported in one of them"
    ]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A case file, where it is ours."""
    if not _claimed(file_path, parent.config):
        return None
    from conformance.session.pytest_items import CaseFile

    return CaseFile.below(parent, file_path, _live(parent.config))


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Say before the first item runs where a file asks for what the command line does not."""
    live = config.stash.get(LIVE, None)
    if live is not None and live.refused:
        raise pytest.UsageError("\n".join(dict.fromkeys(live.refused)))


def _claimed(path: Path, config: pytest.Config) -> bool:
    """Whether a file is one of those named, or stands in a folder of them as `conformance run FOLDER` sees it."""
    for root in config.stash[_ROOTS]:
        if path == root:
            return True
        if path.suffix == ".yaml" and path.is_relative_to(root) and "known" not in path.relative_to(root).parts[:-1]:
            return config.getini(SETTING) is not None or _leads_out(path, config) or _is_case_file(path)
    return False


def _leads_out(path: Path, config: pytest.Config) -> bool:
    """Whether a file is a link that is not followed, and said to be left out, before anything of it is read."""
    return path.is_symlink() and not path.resolve().is_relative_to(config.rootpath.resolve())


def _is_case_file(path: Path) -> bool:
    """Whether a YAML file has the fields of ours: other projects have folders named cases, too."""
    if not path.is_file():
        return False
    try:
        keys = {line.partition(":")[0] for line in path.read_text(encoding="utf-8", errors="replace").split("\n")}
    except OSError:
        return False
    return "op" in keys and not keys.isdisjoint({"cases", "grids"})


def _live(config: pytest.Config) -> Live:
    from conformance.session.pytest_items import Live

    if LIVE not in config.stash:
        config.stash[LIVE] = Live(config, HARNESS_FAILED)
    return config.stash[LIVE]


class _Ending:
    """What the session says at its end: its exit code, and declared divergences that are not so any more."""

    def __init__(self) -> None:
        self.failed = False
        self.stale: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice a case that has no verdict because the harness failed."""
        self.failed |= HARNESS_FAILED in [tuple(found) for found in report.user_properties]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what an xdist worker found."""
        self.stale.update(dict.fromkeys(getattr(node, "workeroutput", {}).get(STALE, ())))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The harness's own trouble comes before divergences; a declaration that is stale is one."""
        live = session.config.stash.get(LIVE, None)
        self.stale.update(dict.fromkeys(live.stale() if live is not None else ()))
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[STALE] = list(self.stale)
        elif self.failed and exitstatus == pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = 3
        elif self.stale and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what is stale."""
        if self.stale:
            terminalreporter.section("known divergences")
            for line in self.stale:
                terminalreporter.line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the workers."""
    live = config.stash.get(LIVE, None)
    if live is not None:
        live.close()

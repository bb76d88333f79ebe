"""YAML case files as pytest items: `pytest cases/`, with -k, -x and -n.

An item is a case; it runs on every target that the case names and fails with the same message as `conformance run`.
Workers start
with the first item and serve the whole session; where pytest-xdist spreads the items, every xdist worker has its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.ask.run import Run
from conformance.ask.where import expand, with_anchor
from conformance.environments.installed import default_targets
from conformance.environments.interpreters import consent, versioned
from conformance.executor.local import LocalExecutor
from conformance.known import KnownTable
from conformance.record import Writer
from conformance.report.terminal import describe
from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError, find_files, load
from conformance.suite.places import left_out, own_folder, stays
from conformance.target import Target, TargetError, parse_target
from conformance.text.plain import quiet
from conformance.usage import HARNESS, HarnessError, UsageError
from conformance.verdict import Status, Verdict
from conformance.worker.statements import code_lines


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--on` and `--allow-installs`, as on the command line."""
    group = parser.getgroup("conformance", "cross-framework conformance cases")
    group.addoption("--on", dest="conformance_on", default="", metavar="TARGETS", help="comma-separated targets")
    group.addoption(
        "--allow-installs",
        dest="conformance_allow_installs",
        action="store_true",
        help="build the environments of versions that only a case file names",
    )
    group.addoption(
        "--trust",
        dest="conformance_trust",
        action="append",
        default=[],
        metavar="FILE",
        help="plans of this case file may call anything in their frameworks",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Case files below the folders that pytest was given; the declared divergences beside them are no cases."""
    if file_path.suffix not in (".yaml", ".yml") or "known" in file_path.parts:
        return None
    if not file_path.is_file():
        return None
    # A link out of the project would let whoever wrote the cases choose what is read.
    if file_path.is_symlink() and not stays(file_path, parent.config.rootpath):
        left_out(file_path, f"is a link that leads out of {parent.config.rootpath}")
        return None
    try:
        with file_path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(4000)
    except OSError:
        return None
    # Other projects keep YAML in their test folders, too.
    if not any(line.startswith("op:") for line in code_lines(head)):
        return None
    return CaseFile.from_parent(parent, path=file_path)


class CaseFile(pytest.File):
    """One YAML file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its cases; a bad file fails with all its findings."""
        root, files = find_files([self.path])
        try:
            trusted = {Path(os.path.realpath(file)) for file in self.config.getoption("conformance_trust")}
            suite = load(files[0], root, files[0].resolve() in trusted)
            excess = suite.excess()
            if excess:
                raise CaseFileError(excess)
            for case in suite.cases():
                yield CaseItem.from_parent(self, name=case.label, case=case)
        except CaseFileError as error:
            raise self.CollectError(quiet(str(error))) from None


class CaseItem(pytest.Item):
    """One case on all its targets."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        for tag in case.tags:
            self.keywords[tag] = True

    def runtest(self) -> None:
        """Run the case; raise with everything unexpected."""
        live = self.config.stash[_LIVE]
        try:
            verdicts = live.verdicts(self)
        except (HarnessError, OSError):
            self.user_properties.append(HARNESS_FAILED)
            raise
        wrong = [v for v in verdicts if v.unexpected]
        if wrong:
            raise Divergence("\n".join(describe(self.case, v) for v in wrong))
        if all(v.status is Status.UNSUPPORTED for v in verdicts):
            pytest.skip("; ".join(sorted({v.message for v in verdicts})) or "no target")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: a traceback through the harness tells nobody anything."""
        if isinstance(excinfo.value, Divergence | HarnessError | OSError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line in the YAML file."""
        return self.path, self.case.source.line - 1, self.name


class Divergence(Exception):
    """A target disagrees, unexpectedly."""


class Live:
    """The workers of this pytest process, started by the first item that needs them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.folder = Path(tempfile.mkdtemp(prefix="conformance-pytest-"))
        self.run: Run | None = None
        self.executor: LocalExecutor | None = None
        self.writer: Writer | None = None
        self.indices: dict[str, int] = {}
        self.found: dict[str, list[Verdict]] = {}
        self.explicit: list[Target] | None = None  # what --on names, once it is asked for

    def verdicts(self, item: CaseItem) -> list[Verdict]:
        """Every target's verdict on an item's case; runs ahead over the items that follow it."""
        run = self.run or self._start(item)
        if item.nodeid not in self.indices:
            self.indices[item.nodeid] = run.add(item.case, self.targets(item.case))
        index = self.indices[item.nodeid]
        while not run.finished(index):
            run.step()
        errors = [message for case, message in run.findings.case_errors if case is item.case]
        if errors:
            pytest.fail(quiet(f"{item.case.source}: {errors[0]}"), pytrace=False)
        if run.findings.failed:
            raise HarnessError("; ".join(f"the worker of {t} failed: {m}" for t, m in run.findings.failed.items()))
        return self.found.pop(item.case.id, [])

    def targets(self, case: Case) -> list[Target]:
        """Where a case runs; pytest.UsageError where that can't be meant."""
        try:
            if self.explicit is None:
                words = self.config.getoption("conformance_on").split(",")
                self.explicit = [parse_target(word) for word in words if word.strip()]
            may_install = consent((), self.config.getoption("conformance_allow_installs"))
            return with_anchor(case, self.explicit or expand(case, default_targets()[0], may_install))
        except TargetError as error:
            raise pytest.UsageError(f"--on: {error}") from None
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None

    def _start(self, first: CaseItem) -> Run:
        items = [item for item in first.session.items if isinstance(item, CaseItem)]
        targets = list(dict.fromkeys(target for item in items for target in self.targets(item.case)))
        known = KnownTable.load(_known_folders(items))
        try:
            pythons = versioned(targets)
        except (UsageError, HarnessError) as error:
            raise pytest.UsageError(str(error)) from None
        self.writer = Writer.create(self.folder / "pytest.db", {})
        self.executor = LocalExecutor(targets, timeout=120.0, pythons=pythons, log_dir=self.folder)
        self.run = Run(targets, self.executor, self.writer, known.match, on_verdict=self._collect)
        self.executor.start()
        if not hasattr(self.config, "workerinput"):
            # Without xdist every item is ours: queue them all, so that the workers never wait for pytest.
            for item in items:
                self.indices[item.nodeid] = self.run.add(item.case, self.targets(item.case))
        return self.run

    def _collect(self, _: Target, verdict: Verdict) -> None:
        self.found.setdefault(verdict.case, []).append(verdict)

    def close(self) -> None:
        """Stop the workers and drop what they wrote."""
        if self.executor is not None:
            self.executor.close()
        if self.writer is not None:
            self.writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _known_folders(items: list[CaseItem]) -> list[Path]:
    folders = {item.path.parent.parent / "known" for item in items} | {item.path.parent / "known" for item in items}
    return sorted(folder for folder in folders if folder.is_dir() and own_folder(folder))


_LIVE = pytest.StashKey[Live]()
# On an item's report, which pytest-xdist carries to the process that ends the session.
HARNESS_FAILED = ("conformance", "the harness failed")


class _Ending:
    """The session's exit code: pytest's 1 says that a test failed, and for a case that is a divergence."""

    def __init__(self) -> None:
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice a case that has no verdict because the harness failed."""
        self.failed |= HARNESS_FAILED in [tuple(found) for found in report.user_properties]

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """The harness's own trouble comes before divergences."""
        if self.failed and exitstatus == pytest.ExitCode.TESTS_FAILED:
            session.exitstatus = HARNESS


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the workers; none is started before an item runs."""
    config.stash[_LIVE] = Live(config)
    config.pluginmanager.register(_Ending(), "conformance-ending")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say before the first item runs where a file asks for what the command line does not."""
    for item in items:
        if isinstance(item, CaseItem):
            config.stash[_LIVE].targets(item.case)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the workers."""
    live = config.stash.get(_LIVE, None)
    if live is not None:
        live.close()

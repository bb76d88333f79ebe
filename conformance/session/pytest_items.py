"""What the plug-in for pytest makes of a case file: an item for each case and target, and the workers that answer them.

An item fails with the same message as `conformance run`, and is xfailed with its reason where the divergence is
declared. Workers start with the first item and serve the whole session.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from conformance.ask.run import Run
from conformance.ask.where import expand, with_anchor
from conformance.environments.installed import default_targets, named_targets
from conformance.environments.interpreters import consent, interpreters, versioned
from conformance.executor.local import LocalExecutor
from conformance.known import KnownTable
from conformance.record import Writer
from conformance.report.terminal import describe
from conformance.suite.case import Case
from conformance.suite.loader import KNOWN, CaseFileError, find_files, load
from conformance.suite.places import left_out, own_folder, stays
from conformance.target import Target
from conformance.text.plain import quiet
from conformance.usage import HARNESS, HarnessError, UsageError
from conformance.verdict import Status, Verdict


class CaseFile(pytest.File):
    """One YAML file."""

    live: Live

    @classmethod
    def below(cls, parent: pytest.Collector, path: Path, live: Live) -> CaseFile | None:
        """The collector of a file; None where whoever wrote the cases would choose by a link what is read."""
        if path.is_symlink() and not stays(path, parent.config.rootpath):
            left_out(path, f"is a link that leads out of {parent.config.rootpath}")
            return None
        if not path.is_file():
            return None
        file = cls.from_parent(parent, path=path)
        file.live = live
        return file

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each case and target; a bad file fails with all its findings."""
        live = self.live
        try:
            root, files = find_files([self.path])
            live.declare(self.path)
            suite = load(files[0], root, files[0].resolve() in live.trusted)
            excess = suite.excess()
            if excess:
                raise CaseFileError(excess)
            for case in suite.cases():
                live.refuse_twice(case)
                targets: list[Target | None] = [*live.targets(case)]
                for target in targets or [None]:
                    name = f"{case.label}[{target}]" if target else case.label
                    yield CaseItem.from_parent(self, name=name, case=case, target=target, live=live)
        except CaseFileError as error:
            raise self.CollectError(quiet(str(error))) from None
        except UsageError as error:
            # Of an xdist worker nobody would see more than that it ended.
            if hasattr(self.config, "workerinput"):
                raise self.CollectError(quiet(str(error))) from None
            live.refused.append(quiet(str(error)))


class CaseItem(pytest.Item):
    """One case on one target; None where none that the case names is installed."""

    def __init__(self, *, case: Case, target: Target | None, live: Live, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.live = live
        self.case = case
        self.target = target
        for tag in case.tags:
            self.keywords[tag] = True
        if self.config.pluginmanager.hasplugin("xdist"):
            self.add_marker(pytest.mark.xdist_group(str(target)))

    def runtest(self) -> None:
        """Run the case; raise with what is unexpected."""
        if self.target is None:
            pytest.skip(f"none of its targets is installed: {', '.join(self.case.targets)}")
        try:
            verdict = self.live.verdict(self, self.target)
        except (HarnessError, OSError):
            self.user_properties.append(self.live.harness_failed)
            raise
        if verdict.status is Status.UNSUPPORTED:
            pytest.skip(verdict.message)
        if verdict.divergent:
            if known := verdict.known:
                pytest.xfail(" ".join(filter(None, (f"{known.name} ({known.kind}):", known.reason, known.link))))
            raise Divergence(describe(self.case, verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: a traceback through the harness tells nobody anything."""
        if isinstance(excinfo.value, Divergence | HarnessError | OSError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The line in the YAML file."""
        return self.path, self.case.source.line - 1, self.name


class Divergence(AssertionError):
    """A target disagrees, unexpectedly: a test that failed, as reporters count, and none that is broken."""


class Live:
    """What runs the cases of this pytest process, started by the first item that needs it."""

    def __init__(self, config: pytest.Config, harness_failed: tuple[str, object]) -> None:
        self.config = config
        self.harness_failed = harness_failed  # the property of an item that has no verdict
        self.folder = Path(tempfile.mkdtemp(prefix="conformance-pytest-"))
        self.known: KnownTable | None = None
        self.running: dict[Target | None, _Running] = {}
        self.declared: list[Path] = []  # the folders of declared divergences
        self.refused: list[str] = []  # what of the call can't be meant, found in the files
        self.sources: dict[str, str] = {}  # a case's id -> where it is
        self.trusted = {Path(os.path.realpath(file)) for file in config.getoption("conformance_trust")}

    @cached_property
    def explicit(self) -> list[Target]:
        """What --on names."""
        return named_targets(self.config.getoption("conformance_on"), "--on")

    def check(self) -> None:
        """End the session here, in one message, where the options can't be meant or versions can't be had."""
        try:
            interpreters(self.explicit)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
        except HarnessError as error:
            pytest.exit(str(error), returncode=HARNESS)
        for file in self.config.getoption("conformance_trust"):
            if not Path(file).is_file():
                raise pytest.UsageError(f"--trust: no such file: {file}")

    def targets(self, case: Case) -> list[Target]:
        """Where a case runs; UsageError where that can't be meant."""
        may_install = consent((), self.config.getoption("conformance_allow_installs"))
        return with_anchor(case, self.explicit or expand(case, default_targets()[0], may_install))

    def declare(self, path: Path) -> None:
        """Take account of the declared divergences around a file; CaseFileError where they can't be read."""
        inside = [each for each in path.parents if each.is_relative_to(self.config.rootpath)]
        folder = next((each / KNOWN for each in inside if (each / KNOWN).is_dir()), None)
        if folder is not None and folder not in self.declared and own_folder(folder):
            self.declared.append(folder)
            KnownTable.load([folder])

    def refuse_twice(self, case: Case) -> None:
        """UsageError where another case has the id of this one."""
        first = self.sources.setdefault(case.id, str(case.source))
        if first != str(case.source):
            raise UsageError(f"{case.source}: the id {case.id!r} is already at {first}")

    def verdict(self, item: CaseItem, target: Target) -> Verdict:
        """The verdict on an item; what is running goes ahead over the items that follow it."""
        # An xdist worker gets some of the items, one at a time: it starts a target with the first that asks for it.
        alone = target if hasattr(self.config, "workerinput") else None
        running = self.running.get(alone) or self._start(item, alone)
        index = running.add(item.case, with_anchor(item.case, [target]))
        run, key = running.run, (item.case.id, str(target))
        while key not in running.found and not run.finished(index):
            run.step()
        if key in running.found:
            return running.found.pop(key)
        for case, message in run.findings.case_errors:
            if case is item.case:
                pytest.fail(quiet(f"{case.source}: {message}"), pytrace=False)
        raise HarnessError(
            f"the worker of {target} failed: {run.findings.failed.get(str(target), 'it gave no verdict')}"
        )

    def _start(self, first: CaseItem, alone: Target | None) -> _Running:
        items = [item for item in first.session.items if isinstance(item, CaseItem) and item.target]
        asked: dict[str, tuple[Case, dict[Target, None]]] = {}
        for item in items:
            assert item.target is not None
            if alone in (None, item.target):
                targets = asked.setdefault(item.case.id, (item.case, {}))[1]
                targets.update(dict.fromkeys(with_anchor(item.case, [item.target])))
        if self.known is None:
            self.known = KnownTable.load(self.declared)
        everywhere = list(dict.fromkeys(target for _, targets in asked.values() for target in targets))
        running = self.running[alone] = _Running(everywhere, self.folder / f"run-{len(self.running)}", self.known)
        if alone is None:
            # Every item is ours: queue them all, so that the workers never wait for pytest.
            for case, targets in asked.values():
                running.add(case, targets)
        return running

    def stale(self) -> list[str]:
        """What this session says against the declared divergences."""
        problems = self.known.stale() if self.known is not None else []
        return [f"{problem.where}: {problem.message}" for problem in problems]

    def close(self) -> None:
        """Stop the workers and drop what they wrote."""
        for running in self.running.values():
            running.executor.close()
            running.writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Running:
    """Targets that are up, and the cases that they have been asked."""

    def __init__(self, targets: list[Target], folder: Path, known: KnownTable) -> None:
        folder.mkdir(exist_ok=True)
        try:
            pythons = versioned(targets)
        except UsageError as error:
            raise HarnessError(str(error)) from None
        self.found: dict[tuple[str, str], Verdict] = {}
        self.indices: dict[str, int] = {}
        self.writer = Writer.create(folder / "pytest.db", {})
        self.executor = LocalExecutor(targets, timeout=120.0, pythons=pythons, log_dir=folder)
        self.run = Run(targets, self.executor, self.writer, known.match, on_verdict=self._collect)
        self.executor.start()

    def add(self, case: Case, targets: Iterable[Target]) -> int:
        """Queue a case, once; its index in the run."""
        if case.id not in self.indices:
            self.indices[case.id] = self.run.add(case, targets)
        return self.indices[case.id]

    def _collect(self, _: Target, verdict: Verdict) -> None:
        self.found[verdict.case, verdict.target] = verdict

"""Asking a few targets about a few cases, again and again, with the workers kept alive in between.

What `run` does for a suite and writes into a record, a probe does for whoever needs an answer now: a minimisation, a
recipe that is verified, a self-test.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.ask.run import Run
from conformance.environments.interpreters import versioned
from conformance.executor import Answer, Request
from conformance.executor.local import Command, LocalExecutor
from conformance.outcome import Outcome
from conformance.record import Writer
from conformance.suite.case import Case
from conformance.target import Target
from conformance.verdict import Verdict


class ProbeError(Exception):
    """A target that can't answer at all: not installed, no such device, its worker does not start."""


@dataclass(frozen=True)
class Found:
    """What came of one case: a verdict a target, or, where it can't be judged as it is written, why."""

    verdicts: Mapping[Target, Verdict]
    error: str = ""


class Probe:
    """Workers of some targets, started when first asked; use it as a context manager, from one thread."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        timeout: float = 60.0,
        pythons: Mapping[Target, str] | None = None,
        command: Command | None = None,
    ) -> None:
        self.targets = tuple(dict.fromkeys(targets))
        if command is None:
            pythons = versioned(self.targets, pythons)
        self._folder = Path(tempfile.mkdtemp(prefix="conformance-probe-"))
        self._writer = Writer.create(self._folder / "probe.db", {})
        self._executor = LocalExecutor(
            self.targets, timeout=timeout, pythons=pythons, log_dir=self._folder, command=command
        )
        self._verdicts: dict[str, dict[Target, Verdict]] = {}
        self._run = Run(self.targets, self._executor, self._writer, on_verdict=self._collect)
        self._started = False
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers."""
        self._executor.close()
        self._writer.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _collect(self, target: Target, verdict: Verdict) -> None:
        self._verdicts.setdefault(verdict.case, {})[target] = verdict

    def info(self, target: Target) -> Mapping[str, Any]:
        """What the target's worker says of itself: versions, flags."""
        self._start()
        while target not in self._run.ready:
            self._step(target)
        return self._run.findings.versions[str(target)]

    def judge(self, cases: Sequence[Case], targets: Sequence[Target] | None = None) -> list[Found]:
        """The verdicts on some cases, in their order; ProbeError where a target can't answer at all."""
        self._start()
        asked: list[tuple[Case, str, int]] = []
        for case in cases:
            # Two candidates may have the same id; within the probe each has its own.
            name = f"{self._asked}"
            self._asked += 1
            asked.append((case, name, self._run.add(replace(case, id=name), targets or self.targets)))
        while not all(self._run.finished(index) for _, _, index in asked):
            self._run.step()
        for target in targets or self.targets:
            self._check(target)
        errors = {case.id: message for case, message in self._run.findings.case_errors}
        return [
            Found({t: replace(v, case=case.id) for t, v in self._verdicts.pop(name, {}).items()}, errors.get(name, ""))
            for case, name, _ in asked
        ]

    def ask(self, target: Target, requests: Sequence[Request]) -> list[Outcome]:
        """What a target answers to plans, in their order, in the plans' own layouts."""
        self.info(target)
        answers: dict[int, Outcome] = {}
        sent = 0
        while len(answers) < len(requests):
            while sent < len(requests) and self._executor.room(target):
                # Numbers below zero are never the run's own.
                self._executor.submit(target, -1 - sent, requests[sent])
                sent += 1
            for event in self._executor.poll(0.2):
                if isinstance(event, Answer) and event.key < 0:
                    answers[-1 - event.key] = event.outcome
                else:
                    self._run.take(event)
            self._check(target)
        return [answers[number] for number in range(len(requests))]

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._executor.start()

    def _step(self, target: Target) -> None:
        self._run.step()
        self._check(target)

    def _check(self, target: Target) -> None:
        if target in self._run.gone:
            raise ProbeError(f"{target} can't run here: {self._run.gone[target][0]}")

"""A run with an executor in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.ask.run import Run
from conformance.record import Summary, Writer
from conformance.suite.case import Case
from conformance.target import Target, parse_target
from conformance.verdict import Verdict
from tests.memory import Memory, Says, Told, right

NUMPY, TORCH = parse_target("numpy"), parse_target("torch")


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Told]:
    def ask(
        cases: Sequence[Case], says: Says = right, targets: Sequence[Target] = (NUMPY, TORCH), **options: Any
    ) -> Told:
        known = {name: options.pop(name) for name in ("order", "instead", "window") if name in options}
        memory = Memory(says, **known)
        memory.waiting = {target: deque() for target in targets}
        path = options.pop("path", tmp_path / "r.db")
        complete = options.pop("complete", True)
        heard: list[tuple[Target, Verdict]] = []
        with Writer.resume(path) if path.exists() else Writer.create(path, {}) as writer:
            done = writer.done()
            run = Run(targets, memory, writer, on_verdict=lambda t, v: heard.append((t, v)), **options)
            memory.run = run
            for case in cases:
                run.add(case, targets, {t for t in targets if (case.id, case.fingerprint, str(t)) in done})
            findings = run.go()
            if complete:
                writer.finish(Summary())
        return Told(path, memory, findings, heard)

    return ask

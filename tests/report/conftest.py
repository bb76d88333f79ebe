from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.record import Reader, Writer
from conformance.report.html import write
from conformance.verdict import Status
from tests.records import make_case, mixed_record, verdict
from tests.report import many
from tests.report.browser import Browser, browser, require


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("html")


@pytest.fixture(scope="session")
def page(folder: Path) -> Path:
    """The mixed record, in which one more case has a hostile id, error and link."""
    record, _ = mixed_record(folder / "mixed.db")
    nasty = make_case(2, 4)
    nasty = replace(nasty, id=f'{nasty.id} it\'s <b>bold</b> & "so"', about=many.NASTY)
    link = replace(many.KNOWN, name="<i>known</i>", reason=many.NASTY, link="javascript:alert(1)")
    with Reader(record) as reader, Writer.create(folder / "page.db", reader.environment) as writer:
        for target, info in reader.targets.items():
            writer.set_target_info(target, info)
        for case in reader.cases():
            writer.add_case(case)
        for row in reader.verdicts():
            writer.add_verdict(row.verdict, row.attempts)
        for id, target, array in reader.raw_arrays():
            writer.copy_array(id, target, array)
        writer.add_case(nasty)
        writer.add_verdict(
            verdict(nasty, "torch", Status.RAISED, message=many.NASTY, plan=many.NASTY, explanation=many.NASTY)
        )
        writer.add_verdict(verdict(nasty, "jax", Status.RAISED, message=many.NASTY, known=link))
        summary = reader.summary
        assert summary is not None
        writer.finish(summary)
    with Reader(folder / "page.db") as reader:
        write(reader, folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="session")
def large(folder: Path) -> Path:
    with Reader(many.write(folder / "large.db", 50_000)) as reader:
        write(reader, folder / "large.html")
    return folder / "large.html"


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    require()
    with browser() as found:
        found.allow_clipboard()
        yield found


@pytest.fixture
def chromium(window: Browser) -> Iterator[Browser]:
    """The one window, as it was at the start; a test that leaves an error in its console fails."""
    window.viewport(1400, 900)
    window.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    window.errors()
    yield window
    assert window.errors() == []

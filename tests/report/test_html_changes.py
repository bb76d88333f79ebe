"""The pages of a diff and of a history in a real Chromium."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.diff import diff_records
from conformance.diff.history import read as read_history
from conformance.record import Reader, Summary, Writer, describe_environment
from conformance.report.html import write_diff, write_history
from conformance.verdict import Figures, Status
from tests.records import make_case, told, verdict
from tests.report import many
from tests.report.browser import Browser


@pytest.fixture(scope="session")
def pair(folder: Path) -> tuple[Path, Path]:
    """Two records: one case fails now, one has other words, some have other bits inside the allowance."""
    stream = np.random.RandomState(0)
    outputs = [stream.standard_normal((1, 1, 8, 8)).astype(np.float32) for _ in range(4)]
    found = []
    for late in (False, True):
        path = folder / f"{'newer' if late else 'earlier'}.db"
        with Writer.create(path, describe_environment(["run"])) as writer:
            writer.set_target_info("jax", {"version": "0.10.2" if late else "0.9.2", "flags": {"x64": late}})
            for i, case in enumerate(make_case(stride) for stride in (1, 2, 3, 4)):
                y = outputs[i].copy()
                if late and i == 3:
                    y.view(np.int32)[0, 0, :2] += 3  # 16 elements, 3 ULP each
                digest = hashlib.sha256(y.tobytes()).hexdigest()[:16]
                item = verdict(case, "jax", plan="y = f(x, w)", figures=Figures(64, 0, 0.25), digest=digest)
                item = replace(item, tensors=(told("float32", y.shape, digest),))
                if i == 0 and late:
                    item = replace(item, status=Status.VALUE, message="64 of 64 elements differ", explanation="flipped")
                if i == 1:
                    words = many.NASTY if late else "ValueError: no"
                    item = verdict(case, "jax", Status.RAISED, message=words)
                writer.add_case(case)
                writer.add_verdict(item)
                if item.digest:
                    writer.add_output(item.digest, "y", y, "float32")
            writer.finish(Summary())
        found.append(path)
    return found[0], found[1]


def test_the_diff_page(chromium: Browser, pair: tuple[Path, Path], folder: Path) -> None:
    page = folder / "diff.html"
    with Reader(pair[0]) as before, Reader(pair[1]) as after:
        write_diff(diff_records(before, after), page)
    chromium.open(page)
    assert "3 changes in 4 verdicts compared: earlier.db -> newer.db" in chromium.text("#lead")
    assert re.match(r"before\s+date \d{4}-.*, duration .*, host ", chromium.text(".origin"), re.S)
    tiles = chromium.js(
        "return [...document.querySelectorAll('.tile')].map((tile) => tile.innerText.split(/\\s*\\n\\s*/))"
    )
    assert tiles == [["1", "passed, fails now"], ["1", "other error text"], ["1", "other bits inside the allowance"]]
    assert "25% of 64 elements moved, median 3 ULP, largest 3 ULP" in chromium.text(".groups")
    chromium.wait("document.querySelector('.chart canvas')")
    assert (
        chromium.js("return document.querySelector('.chart').ariaLabel") == "elements by distance in ULP: 2\u20133: 16"
    )
    chromium.click(".tile:nth-of-type(3)")
    chromium.wait("document.querySelector('.line .total').textContent === '1 of 3 changes'")
    chromium.click(".grid-body .grid-row")
    chromium.wait("document.querySelector('#detail').open")
    assert "conv_transpose2d[4x4 k3 s4 same keras] integers" in chromium.text("#detail")
    assert chromium.js("return location.hash").startswith("#changes?kind=value-inside&case=")
    assert "onerror" not in chromium.text("#detail")
    chromium.driver.back()
    chromium.wait("!document.querySelector('#detail').open")
    chromium.open(page, "#changes?q=onerror")
    assert chromium.text(".line .total") == "1 of 3 changes"
    assert chromium.js("return window.hacked") is None
    for scheme in ("light", "dark"):
        chromium.media(prefers_color_scheme=scheme)
        chromium.open(page)
        assert [(key, *low) for key, low in chromium.contrast() if low[0] < 4.5] == []
    chromium.viewport(360, 740, phone=True)
    chromium.open(page)
    chromium.wait("document.documentElement.scrollWidth <= 360")


def test_the_history_page(chromium: Browser, pair: tuple[Path, Path], folder: Path) -> None:
    page = folder / "history.html"
    write_history(read_history(list(pair)), page)
    chromium.open(page)
    captions = chromium.js(
        "return [...document.querySelectorAll('.small-charts figcaption')].map((node) => node.innerText)"
    )
    assert captions == ["unexpected 1, 2", "known 0, 0", "unsupported 0, 0", "passed 3, 2"]
    chromium.wait("document.querySelectorAll('.small-charts .chart canvas').length === 4")
    chromium.wait("document.querySelectorAll('.multiples .chart canvas').length === 1")
    label = chromium.js("return document.querySelector('.multiples .chart').ariaLabel")
    assert label == "jax: unexpected 1, 2; known 0, 0"
    assert "appeared in #2" in chromium.text(".trends")
    assert chromium.js("return window.hacked") is None
    for scheme in ("light", "dark"):
        chromium.media(prefers_color_scheme=scheme)
        assert [(key, *low) for key, low in chromium.contrast() if low[0] < 4.5] == []
    chromium.viewport(360, 740, phone=True)
    chromium.wait("document.documentElement.scrollWidth <= 360")

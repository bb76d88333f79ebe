"""The HTML page of a record: its size, and what Chromium makes of it. BENCH_RECORD names a record to measure as well.

The first paint and the time until the page can be used are by the browser's own clock, the median of five fresh loads.
Scrolling is CPU time of the page's thread a frame, over a hundred frames; a frame at 60 Hz is 16.7 ms. Needs chromium,
chromedriver and selenium, as the tests of the page do.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from common import Row, show

from conformance.record import Reader
from conformance.report.html import write
from tests.report import many
from tests.report.browser import Browser, browser, missing

VERDICTS = 50_000
LOADS = 5
MOST_BYTES, MOST_SECONDS = 15e6, 2.0
FRAME = 1 / 60

# A change of the hash to a table that is filtered and sorted; it is drawn when the function returns.
CHANGE = """
const start = performance.now();
history.replaceState(null, '', arguments[0]);
window.dispatchEvent(new HashChangeEvent('hashchange'));
return (performance.now() - start) / 1000;
"""


def bench() -> bool:
    if lacking := missing():
        print(f"html: left out, it needs {lacking}")
        return False
    with tempfile.TemporaryDirectory() as name, browser() as chromium:
        folder = Path(name)
        record = many.write(folder / "many.db", VERDICTS)
        good = _measure(chromium, record, folder / "page.html")
        if given := os.environ.get("BENCH_RECORD"):
            good &= _measure(chromium, Path(given), folder / "page.html")
    return good


def _measure(chromium: Browser, record: Path, page: Path) -> bool:
    with Reader(record) as reader:
        verdicts = sum(reader.counts().values())
        started = time.process_time()
        write(reader, page)
        writing = time.process_time() - started
    size = page.stat().st_size
    paints, ready, busy = [], [], []
    for _ in range(LOADS):
        chromium.open(page)
        busy.append(chromium.busy())
        paints.append(chromium.js("return performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1e3)
        ready.append(chromium.js("return performance.getEntriesByName('ready')[0].startTime") / 1e3)
    chromium.js("location.hash = '#verdicts'")
    chromium.wait("document.querySelector('.grid-body .grid-row')")
    changes = {
        "one target": "#verdicts?target=torch",
        "three words": "#verdicts?q=same+torch+equal",
        "sorted by error": "#verdicts?sort=-fraction",
        "sorted by message": "#verdicts?sort=what",
    }
    seconds = {words: chromium.js(CHANGE, hash) for words, hash in changes.items()}
    chromium.js(CHANGE, "#verdicts")
    notch, jump = chromium.scroll(100, 120), chromium.scroll(100)
    paint = statistics.median(paints)
    rows = [
        Row("written in", f"{writing:.1f} s CPU"),
        Row("size", f"{size / 1e6:.2f} MB", f"< {MOST_BYTES / 1e6:.0f} MB", size < MOST_BYTES),
        Row("first paint", f"{paint * 1e3:.0f} ms", f"< {MOST_SECONDS:.0f} s", paint < MOST_SECONDS),
        Row("can be used after", f"{statistics.median(ready) * 1e3:.0f} ms"),
        Row("CPU time until then", f"{statistics.median(busy) * 1e3:.0f} ms"),
        *(Row(f"table: {words}", f"{value * 1e3:.0f} ms") for words, value in seconds.items()),
        Row("scrolling: a notch of the wheel", f"{notch * 1e3:.1f} ms CPU", f"< {FRAME * 1e3:.1f} ms", notch < FRAME),
        Row("scrolling: a jump, every row new", f"{jump * 1e3:.1f} ms CPU"),
    ]
    return show(f"HTML page of {verdicts:,} verdicts", "html", rows)

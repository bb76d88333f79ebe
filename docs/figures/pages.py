"""Takes the pictures of docs/html.md: `python docs/figures/pages.py reports/NAME.db`, a record of the shipped suite.

It needs Chromium, its driver and selenium, as the tests of pages do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.report.browser import browser  # noqa: E402

HERE = Path(__file__).parent
CASE = "#verdicts?" + urlencode({"case": "ports/conv_transpose::kernel-copied-as-it-is integers", "on": "jax"})


def main() -> None:
    """Write the page of a record, open it and take its first screen and one case, in dark colours and on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        command = [sys.executable, "-m", "conformance", "report", sys.argv[1], "--html", str(page)]
        subprocess.run(command, cwd=ROOT, check=True)
        with browser(1280, 800) as window:
            window.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
            window.open(page)
            window.picture(HERE / "html-light.png")
            window.media(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
            window.open(page, CASE)
            window.picture(HERE / "html-dark.png")
            window.media(prefers_color_scheme="light", prefers_reduced_motion="reduce")
            window.viewport(390, 800, phone=True)
            window.open(page, CASE)
            window.picture(HERE / "html-phone.png")


if __name__ == "__main__":
    main()

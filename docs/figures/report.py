"""Draw the terminal report of a record: `python docs/figures/report.py reports/NAME.db`."""

import io
import os
import sys
from pathlib import Path

os.environ["FORCE_COLOR"] = "1"  # before rich looks

from rich.console import Console
from rich.text import Text

from conformance.record import Reader
from conformance.report import terminal

HERE = Path(__file__).parent
WIDTH = 112

file = io.StringIO()
with Reader(Path(sys.argv[1])) as reader:
    terminal.print_report(reader, file, width=WIDTH)
console = Console(record=True, width=WIDTH, file=io.StringIO())
for line in file.getvalue().splitlines():
    text = Text.from_ansi(line)
    text.truncate(WIDTH, overflow="ellipsis")
    console.print(text)
console.save_svg(str(HERE / "report.svg"), title="conformance run cases/ports --no-known")

"""What the command line costs where no framework is needed: --help, list, and a million cases listed."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from common import Row, child, show

# 10 * 10 * 10 * 10 * 10 * 10 cases; one axis, so that a label stays short.
MILLION = """\
op: conv_transpose
about: A million cases, written by benchmarks/command_line.py.
defaults: {dims: 1, convention: torch}
values: [integers]
grids:
  - grid:
      size: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
      kernel: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      stride: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      dilation: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      in_channels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      out_channels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"""
# wait4 would count what the parent held when it forked, so the child says itself what its peak was (Linux).
LIST_AND_SAY_PEAK = """\
import sys
from conformance.commands.cli import main
code = main(sys.argv[1:])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["VmHWM"].split()[0], file=sys.stderr)
sys.exit(code)
"""
REPEATS = 7


def bench() -> bool:
    good = True
    rows = []
    for arguments in (["--help"], ["list", "cases", "--first", "10"], ["list"]):
        used = [child(["-m", "conformance", *arguments]) for _ in range(REPEATS if arguments != ["list"] else 3)]
        if any(u.code for u in used):
            raise RuntimeError(f"conformance {arguments} failed: {used[0].errors.decode()[-500:]}")
        cpu = statistics.median(u.cpu for u in used)
        name = f"conformance {' '.join(arguments)}, CPU"
        if arguments == ["list"]:
            name += f" ({used[0].output.count(10):,} cases)"
        rows.append(Row(name, f"{cpu:.2f} s", "< 0.4 s", cpu < 0.4))
    started = statistics.median(child(["-c", "import numpy"]).cpu for _ in range(REPEATS))
    rows.append(Row("for scale: python -c 'import numpy', CPU", f"{started:.2f} s"))
    good &= show("Command line", "cli", rows)

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "million.yaml"
        path.write_text(MILLION, encoding="utf-8")
        first = child(["-m", "conformance", "list", str(path), "--first", "10"])
        everything = child(["-c", LIST_AND_SAY_PEAK, "list", str(path)], timeout=900)
        if first.code or everything.code:
            raise RuntimeError(f"list failed: {(first.errors + everything.errors).decode()[-500:]}")
        count = everything.output.count(b"\n")
        peak = int(everything.errors.split()[-1]) / 1024
        rows = [
            Row("cases listed", f"{count:,}", "1,000,000", count == 1_000_000),
            Row("peak memory", f"{peak:.0f} MiB", "< 200 MB", peak * 1.048576 < 200),
            Row("CPU", f"{everything.cpu:.1f} s"),
            Row("the first ten of them, CPU", f"{first.cpu:.2f} s", "< 0.4 s", first.cpu < 0.4),
        ]
        good &= show("A million cases listed", "cli", rows)
    return good

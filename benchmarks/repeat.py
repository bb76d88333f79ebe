"""Whether the same run gives the same record again, while other processes take the processors.

    python benchmarks/repeat.py --times 10 --busy 8 -- --tag smoke

What stands behind `--` are the words of `conformance run`; with none, the whole suite runs. Left out are verdicts under
a known entry that says `comes_and_goes`. Exits 0 where all records are equal, as docs/diff.md defines it, 1 where some
differ (the first differences are printed), 3 where a run did not end.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from conformance.known.file import load_entries  # noqa: E402
from conformance.record import Reader  # noqa: E402
from conformance.record.same import Pair, content  # noqa: E402

SHOWN = 20


@contextmanager
def load(count: int) -> Iterator[None]:
    """So many processes that compute for ever. They end with this one, or after an hour."""
    program = "import os, time\nend = time.time() + 3600\nparent = os.getppid()\n"
    program += "while time.time() < end and os.getppid() == parent:\n    sum(range(100000))"
    busy = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def run(words: Sequence[str], record: Path, cwd: Path) -> str:
    """One run; what it said where it did not end as a run does, else ""."""
    command = [sys.executable, "-m", "conformance", "run", "-q", "--record", str(record), *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return "" if done.returncode in (0, 1) else f"exit {done.returncode}\n{done.stdout}{done.stderr}"


def fickle(records: Sequence[Path], known: Sequence[Path]) -> set[Pair]:
    """The verdicts of which an entry says that they come and go: in any of the records."""
    names = {entry.known.name for entry in load_entries(known) if entry.comes_and_goes} if known else set()
    found = set()
    for path in records:
        with Reader(path) as reader:
            for row in reader.verdicts(known=True):
                assert row.verdict.known is not None
                if row.verdict.known.name in names:
                    found.add((row.case.id, row.verdict.target))
    return found


def differences(first: Path, other: Path, without: set[Pair]) -> Iterator[str]:
    """What one record tells and the other does not."""
    with Reader(first) as a, Reader(other) as b:
        left, right = list(content(a, without)), list(content(b, without))
    if left == right:
        return
    for name, mine, theirs in (("-", left, set(right)), ("+", right, set(left))):
        yield from (f"{name} {line}" for line in mine if line not in theirs)
    if set(left) == set(right):
        yield "the same lines in another order"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=10, help="runs (10)")
    parser.add_argument("--busy", type=int, default=8, help="processes that compute meanwhile, at most (8)")
    parser.add_argument("--cwd", type=Path, default=ROOT, help="where `conformance run` runs")
    parser.add_argument("--known", type=Path, action="append", help="known entries (cases/known of the folder)")
    parser.add_argument("words", nargs="*", help="of `conformance run`")
    options = parser.parse_args(words)
    known = options.known or [path for path in [options.cwd / "cases" / "known"] if path.is_dir()]
    drawn = random.Random(0)
    with tempfile.TemporaryDirectory(prefix="conformance-repeat-") as folder:
        records = [Path(folder) / f"{number}.db" for number in range(options.times)]
        for number, record in enumerate(records):
            # The first run has the machine as it is; the others more or less of it.
            busy = drawn.randint(1, max(1, options.busy)) if number and options.busy else 0
            with load(busy):
                failed = run(options.words, record, options.cwd)
            print(f"run {number + 1} of {options.times}, beside {busy} busy processes: {failed or 'done'}", flush=True)
            if failed:
                return 3
        without = fickle(records, known)
        different = 0
        for number, record in enumerate(records[1:], 2):
            lines = list(islice(differences(records[0], record, without), SHOWN))
            different += bool(lines)
            print("\n".join([f"run {number} differs from run 1:", *lines]) if lines else f"run {number} equals run 1")
        print(f"{len(records) - different} of {len(records)} records are equal; left out: {len(without)} verdicts")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())

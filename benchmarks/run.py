"""Benchmarks: `python benchmarks/run.py all`, or one or more of the names below. Exit code 1 where an aim is missed.

reference   the exact reference against onnx.reference and onnxruntime
run         `conformance run` against a bare loop over the same framework calls
pytest      the same cases as a plain parametrised pytest
cli         --help and list: CPU time; a million cases listed: time and memory
record      what writing a verdict to the record costs
diff        two records of 200,000 verdicts compared: time and memory
layers      real layers on real frameworks: no false alarm, one element off by 1e-4 caught, narrow arithmetic named
html        the page of 50,000 verdicts: size, first paint, scrolling and filtering in Chromium
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from common import ONE_THREAD, ROOT, machine

# benchmark -> the module that has it; imported only when it runs.
BENCHMARKS = {
    "reference": "reference",
    "run": "whole_run",
    "pytest": "plain_pytest",
    "cli": "command_line",
    "record": "record_cost",
    "diff": "diff",
    "layers": "real_layers",
    "html": "html_page",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=["all", *BENCHMARKS], metavar="NAME")
    options = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # BLAS reads its threads when it is loaded, so they have to be there before Python starts.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.path.insert(0, str(ROOT))
    print(machine())
    names = list(BENCHMARKS) if "all" in options.names else options.names
    results = [importlib.import_module(BENCHMARKS[name]).bench() for name in names]
    print("\nall aims hold" if all(results) else "\nan aim was missed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

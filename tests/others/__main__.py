"""Every reference against what others computed: `python -m tests.others [onnx] [torch]`.

Prints a line an op: how many points agree, which don't, how many no op of ours says, and why. Exits 1 where one
disagrees.
"""

from __future__ import annotations

import sys
from importlib import import_module

from tests.others.points import listed, tally

# Each in a process that needs no other framework.
SOURCES = {"onnx": "tests.others.onnx_nodes", "torch": "tests.others.opinfo"}


def main(names: list[str]) -> int:
    """Print the lines of the sources that are named, of all where none is."""
    wrong = 0
    for name in names or SOURCES:
        found = tally(import_module(SOURCES[name]).points())
        print("\n".join(listed(name, found)))
        wrong += sum(len(one.disagree) for one in found.values())
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Every reference against what others computed: `python -m tests.others [onnx] [torch] [--some N] [--seed N]`.

Prints a line an op: how many points agree, which don't and whose fault that is, and what no op of ours says, and why.
Exits 1 where one disagrees for no reason that is known. `--some`: so many functions of each source, drawn by the seed.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from conformance.ops import OPS
from tests.others.points import Tally, listed, tally, unexplained

# Each in a process that needs no other framework.
SOURCES = {"onnx": "tests.others.onnx_nodes", "torch": "tests.others.opinfo"}


def main(arguments: list[str]) -> int:
    """Print the lines of the sources that are named, of all where none is."""
    parser = argparse.ArgumentParser(prog="python -m tests.others")
    parser.add_argument("sources", nargs="*", choices=[*SOURCES, []])
    parser.add_argument("--some", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    wrong, held = 0, set()
    for name in options.sources or SOURCES:
        source = import_module(SOURCES[name])
        found = tally(source.points(options.some, options.seed))
        print("\n".join(listed(name, found, source.KNOWN)))
        print(f"{name}: {_sums(found)}, of {source.functions()} functions that it has")
        wrong += unexplained(found, source.KNOWN)
        held |= {op for op, one in found.items() if one.agree or one.narrow or one.near}
    if not options.some:
        print(f"held against what others computed: {len(held)} of {len(OPS) - 1} ops that have a definition")
        print(f"without such data: {', '.join(op for op in OPS if op not in held and op != 'call')}")
    return int(wrong > 0)


def _sums(found: dict[str, Tally]) -> str:
    every = list(found.values())
    counts = {
        "agree": sum(one.agree for one in every),
        "in narrower sums": sum(one.narrow for one in every),
        "near": sum(len(one.near) for one in every),
        "disagree": sum(len(one.disagree) for one in every),
        "refused by both": sum(one.refused for one in every),
        "refused by them alone": sum(len(one.accepted) for one in every),
        "outside": sum(sum(one.outside.values()) for one in every),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

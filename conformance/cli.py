"""The command line: parse, call, exit code.

Exit codes: 0 nothing unexpected; 1 an unexpected divergence, or a known one that no longer happens; 2 bad usage or
a bad case
file; 3 the harness itself could not do its job; 130 interrupted (resumable).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from conformance.commands import build_parser
from conformance.text import quiet_output
from conformance.usage import HARNESS, INTERRUPTED, OK, USAGE, HarnessError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the answer."""
    # Before NumPy is imported: its threads would take the cores from the workers, and starting them costs half of the
    # import. The workers set their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with quiet_output():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not getattr(options, "command", None):
        parser.print_help()
        return USAGE
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except UsageError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    except HarnessError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return HARNESS
    except BrokenPipeError:
        # `conformance list | head` closes our output: that is no error. Python would complain again while it exits.
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())

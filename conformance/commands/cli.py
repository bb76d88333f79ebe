"""The command line: parse, call, exit code.

Exit codes: 0 nothing unexpected; 1 an unexpected divergence, or a known one that no longer happens; 2 bad usage, a bad
case file or a record that can't be read; 3 the harness itself could not do its job; 130 interrupted (resumable).
Whatever happens, none of our own errors ends with 1.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress

from conformance.commands.table import build_parser, chosen
from conformance.session.signals import ignored, interrupts
from conformance.text.plain import quiet_output
from conformance.usage import (
    HARNESS,
    INTERRUPTED,
    OK,
    UNEXPECTED,
    USAGE,
    HarnessError,
    Tolerant,
    UsageError,
    closed,
    let_go,
    open_descriptors,
)

TRACEBACK = "CONFORMANCE_TRACEBACK"
# What a number on the command line may have; Python reads none of more than 4,300 digits, and nobody means one.
MAX_DIGITS = 400
_LONG_NUMBER = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the answer. Without arguments it is the whole program, and ends with it."""
    restore = arguments is not None  # to a program that ends, a late signal is nothing
    # Before NumPy is imported: its threads would take the cores from the workers, and starting them costs half of the
    # import. The workers set their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    open_descriptors()
    with redirect_stderr(Tolerant(sys.stderr or closed())), redirect_stdout(sys.stdout or closed()), quiet_output():
        try:
            with interrupts(restore):
                code = _called(arguments)
        except KeyboardInterrupt:
            with ignored(restore):
                _say("interrupted")
            code = INTERRUPTED
        with ignored(restore):
            code = _printed(code)
    _settle_stderr()
    return code


def _called(arguments: Sequence[str] | None) -> int:
    """One command's exit code; every error but an interrupt has become a message."""
    try:
        words = sys.argv[1:] if arguments is None else arguments
        for word in words:
            if long := _LONG_NUMBER.search(word):
                raise UsageError(f"a number of {len(long[0]):,} digits, expected at most {MAX_DIGITS}")
        parser = build_parser(words)
        command = chosen(parser.parse_args(words))
        if command is None:
            parser.print_help()
            return USAGE
        return command()
    except UsageError as error:
        _say(str(error))
        return USAGE
    except HarnessError as error:
        _say(str(error))
        return HARNESS
    except BrokenPipeError:
        # `conformance list | head` closes our output: that is no error.
        let_go(sys.stdout)
        return OK
    except SystemExit as error:
        # argparse: 0 after --help, 2 after a bad option. Nobody else has a say.
        return error.code if error.code in (OK, USAGE) and isinstance(error.code, int) else HARNESS
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        _say(f"{name}{error.strerror or error}", error)
        return HARNESS
    except Exception as error:
        _say(_internal(error), error)
        return HARNESS


def _printed(code: int) -> int:
    """The exit code, once everything printed has left us; 3 where it can't."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go(sys.stdout)
    except (OSError, ValueError) as error:
        let_go(sys.stdout)
        if code in (OK, UNEXPECTED):
            reason = getattr(error, "strerror", None) or error
            _say(f"standard output can't be written: {reason}; the exit code would have been {code}")
            return HARNESS
    return code


def _say(message: str, error: BaseException | None = None) -> None:
    print(f"conformance: {message}", file=sys.stderr)
    if error is not None and os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    sys.stderr.flush()


def _internal(error: Exception) -> str:
    """An error of ours, in a message; where it came from is in a file, which is not thrown at the user."""
    words = f"internal error: {type(error).__name__}: {str(error)[:500]}"
    with suppress(OSError, UnicodeError):
        with tempfile.NamedTemporaryFile(
            "w", prefix="conformance-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write("".join(traceback.format_exception(error)))
        return f"{words}; please report it, with the file {file.name}"
    return f"{words}; please report it, with what is printed under {TRACEBACK}=1"


def _settle_stderr() -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):
        let_go(sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

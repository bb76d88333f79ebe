"""Exit codes, and the error that a user can mend."""

from __future__ import annotations

OK, UNEXPECTED, USAGE, HARNESS, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """Something the user gave can't be meant; the message says what was found, what was expected and what to do."""


class HarnessError(Exception):
    """The harness can't do its job, and the call is not to blame: an installation fails, a folder can't be written."""

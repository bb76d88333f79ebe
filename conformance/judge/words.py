"""What an error's text or a worker's log says happened, in one line."""

from __future__ import annotations

# How TensorFlow and Keras begin an error that came from below: with where it passed, not with what happened.
_PASSED = ("Graph execution error:", "Detected at node", "<stack traces", "Exception encountered when calling", "File ")


def telling_line(message: str) -> str:
    """The first line of an error's text that says what happened; "" where there is no text."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_PASSED)]
    return (telling or lines or [""])[0]


# What Python's fault handler writes after the line that says what happened.
_FAULT_HANDLER = ("Extension modules:", "Current thread ", "Thread ", "File ", "<no Python frame>", "...")


def last_words(log: str) -> str:
    """The last line of a worker's log that says what happened."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_FAULT_HANDLER)]
    return (telling or lines or ["no last words"])[-1]

"""What an error's text or a worker's log says happened, in one line."""

from __future__ import annotations

import re

# How TensorFlow, Keras and Dynamo begin an error that came from below: with where it passed, not with what happened.
_PASSED = (
    "Graph execution error:",
    "Detected at node",
    "<stack traces",
    "Exception encountered when calling",
    "File ",
    "in user code:",
    "Traceback (most recent call last)",
    "Stack trace for op definition:",
)
# The colours of a terminal, which Keras puts around the error that it passes on.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# `File "...", line 1, in f`, and the line of code that follows it.
_FRAME = re.compile(r"^\s*File \".*\", line \d+.*\n(?:(?!\s*File ).*\n)?", re.MULTILINE)
# How Dynamo tells which error it met.
_MET = re.compile(r"Dynamo failed to run .*?: got \w+\((['\"])(.+?)\1\)", re.DOTALL)


def telling_line(message: str) -> str:
    """The first line of an error's text that says what happened; "" where there is no text."""
    text = _COLOURS.sub("", message)
    met = _MET.search(text)
    if met is not None:
        text = met.group(2).replace("\\n", "\n")
    if text.lstrip().startswith(("in user code:", "Traceback ")):
        text = _FRAME.sub("", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_PASSED)]
    return (telling or lines or [""])[0]


# What Python's fault handler writes after the line that says what happened.
_FAULT_HANDLER = ("Extension modules:", "Current thread ", "Thread ", "File ", "<no Python frame>", "...")


def last_words(log: str) -> str:
    """The last line of a worker's log that says what happened."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_FAULT_HANDLER)]
    return (telling or lines or ["no last words"])[-1]

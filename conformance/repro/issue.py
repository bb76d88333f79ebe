"""The body of a bug report: what happens, what should, where, and a script with its own output."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.ask.probe import Probe, ProbeError
from conformance.repro import words
from conformance.repro.finding import Finding
from conformance.repro.script import message, title
from conformance.text.plain import clean, one_line
from conformance.text.words import in_a_line
from conformance.usage import UsageError
from conformance.verdict import Status

RUN_SECONDS = 600.0
MOST_LINES = 60


def body(found: Finding, script: str, other: Finding | None = None) -> str:
    """The report in Markdown. The script is run, and what it printed stands below it."""
    info = found.info or live(found)
    lines = [f"# {title(found)}", "", "## What happens", ""]
    lines += [_sentence(found), ""]
    if explained := _explained(one_line(in_a_line(found.verdict.explanation))):
        lines += [explained, ""]
    lines += ["```python", found.plan.render(), "```", ""]
    lines += ["## What should happen", "", _expected(found), ""]
    if found.verdict.known is not None:
        known = found.verdict.known
        lines += [f"Known as {known.name} ({known.kind}): {one_line(known.reason)} {known.link}".rstrip(), ""]
    lines += ["## Where", "", *_facts(found, info)]
    if other is not None:
        lines.append(f"- compared with: {other.target}")
    python = executable(found, info)
    code, output = run(script, python)
    lines += ["", "## Script", "", "```python", script.rstrip(), "```", ""]
    lines += [f"Its output (exit status {code}):", "", "```text", *shortened(output), "```"]
    return "\n".join(lines) + "\n"


def live(found: Finding) -> Mapping[str, Any]:
    """What the target's worker says of itself here and now."""
    try:
        with Probe([found.target]) as probe:
            return probe.info(found.target)
    except ProbeError as error:
        raise UsageError(str(error)) from None


def _sentence(found: Finding) -> str:
    status = found.verdict.status
    verb = {
        Status.PASS: "Nothing is wrong",
        Status.ACCEPTED: "The call is answered instead of refused",
        Status.RAISED: "The call is refused",
        Status.CRASHED: "The call ends the process",
        Status.TIMEOUT: "The call does not come back",
        Status.NONDETERMINISTIC: "The same call gives different bits",
        Status.SHAPE: "The answer has another shape",
        Status.DTYPE: "The answer has another dtype",
        Status.PRECISION: "The answer has less precision than its dtype",
        Status.NONFINITE: "NaN, infinities or signed zeros are elsewhere",
    }.get(status, "The answer has other values")
    about = f" ({found.verdict.about})" if found.verdict.about not in ("", "refusal") else ""
    return f"{verb}{about}: {message(found)}"


def _explained(text: str) -> str:
    """What an explanation says to somebody who does not know what was tried: a cause, or where the errors lie."""
    if text.startswith("none of "):
        _, _, text = text.partition("; ")
        return f"{text[0].upper()}{text[1:]}." if text else ""
    if not text:
        return ""
    return f"It {text}." if text.startswith(("equals", "is ", "has ")) else f"It is explained so: {text}."


def _expected(found: Finding) -> str:
    text = f"Expected: {words.expected(found)}. {words.definition(found)}."
    if found.case.op.definition() is found.case.op:
        text += f" Parameters: {words.given(found.case.given)}."
    if found.verdict.status in (Status.VALUE, Status.GRADIENT, Status.PRECISION):
        text += f" How far off a right answer may be: {words.allowed(found)}."
    return text


def _facts(found: Finding, info: Mapping[str, Any]) -> list[str]:
    lines = [f"- target: {found.target}"]
    name = found.target.framework
    lines.append(f"- {name}: {info.get('version', 'unknown')}")
    if info.get("backend_version"):
        lines.append(f"- {found.target.backend}: {info['backend_version']}")
    for key in ("python", "numpy", "platform"):
        if info.get(key):
            lines.append(f"- {key}: {info[key]}")
    if uses := (info.get("processor") or {}).get("uses"):
        lines.append(f"- processor: uses {', '.join(uses)}")
    lines.append(f"- device: {found.target.device}; sees {', '.join(map(str, info.get('devices', []))) or 'nothing'}")
    flags = info.get("flags") or {}
    lines.append("- flags: " + ", ".join(f"{key}={value}" for key, value in flags.items()))
    return [one_line(line) for line in lines]


def executable(found: Finding, info: Mapping[str, Any]) -> str:
    """The interpreter: this one, or for a target with a version the one that the record names, if it is there."""
    recorded = str(info.get("executable") or "")
    return recorded if found.target.version and Path(recorded).is_file() else sys.executable


def run(script: str, python: str) -> tuple[int, str]:
    """The exit status of a script in an interpreter of its own, and what it printed."""
    with tempfile.TemporaryDirectory(prefix="conformance-repro-") as folder:
        path = Path(folder, "repro.py")
        path.write_text(script, encoding="utf-8")
        # Not this package's: neither the folder that it is in, nor what the caller's environment adds.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        try:
            done = subprocess.run(
                [python, "-I", str(path)],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=RUN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return 1, f"{(error.stdout or b'').decode(errors='replace')}\nno end within {RUN_SECONDS:g} s"
        return done.returncode, done.stdout.decode(errors="replace").replace(folder, "")


def shortened(output: str) -> list[str]:
    """The lines of an output, without the middle of a long one."""
    lines = clean(output).rstrip().splitlines()
    if len(lines) <= MOST_LINES:
        return lines
    half = MOST_LINES // 2
    return [*lines[:half], f"... {len(lines) - 2 * half} lines left out", *lines[-half:]]

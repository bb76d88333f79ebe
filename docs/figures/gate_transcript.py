#!/usr/bin/env python3
"""The gate on a scratch repository, from `conformance init` to green: prints the transcript that docs/gate.md holds.

`python docs/figures/gate_transcript.py` writes it into docs/gate.md. Everything in it is run: torch and JAX must be
installed. What differs from machine to machine (versions, the time in a record's name) is kept out of it.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gate.md"
BEGIN, END = "<!-- transcript: docs/figures/gate_transcript.py -->\n", "<!-- end of transcript -->\n"
RUN = "conformance run --gate -q --on torch,jax --require torch,jax"
RIGHT = "conv_transpose2d(x, w, stride=2, padding=1)"
WRONG = "conv_transpose2d(x, w, stride=2, padding=0)[:, :, :8, :8]"
REASON = "The decoder crops at the end alone, as the model was trained; see the port's notes."


class Scratch:
    """A repository in a temporary folder, and what was done in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.codes: list[int] = []
        tools = folder.parent / "bin"
        tools.mkdir()
        command = tools / "conformance"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conformance "$@"\n')
        command.chmod(0o755)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
        self.environment |= {
            "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"),
        }

    def say(self, text: str) -> None:
        """A paragraph between commands."""
        self.lines += ["", *(f"# {line}" for line in text.splitlines())]

    def run(self, command: str, shown: bool = True) -> str:
        """Run one command as a person types it; its output and its exit code go into the transcript."""
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        self.codes.append(done.returncode)
        if shown:
            self.lines += [f"$ {command}", *done.stdout.strip("\n").splitlines()]
            self.lines += [f"(exit code {done.returncode})"] if command.startswith("conformance run") else []
        return done.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text in a file, as an editor would; the transcript shows the difference."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8")
        if before.count(old) != 1:
            raise SystemExit(f"{file} has {before.count(old)} of {old!r}, expected one")
        after = before.replace(old, new)
        path.write_text(after, encoding="utf-8")
        diff = difflib.unified_diff(before.splitlines(), after.splitlines(), file, file, n=0, lineterm="")
        self.lines += [line.rstrip() for line in diff]


def transcript() -> tuple[list[str], list[int]]:
    """The transcript's lines, and the exit codes of the gate's six runs."""
    with tempfile.TemporaryDirectory(prefix="conformance-gate-") as place:
        folder = Path(place) / "repository"
        folder.mkdir()
        scratch = Scratch(folder)
        codes: list[int] = []

        def gate(record: str) -> None:
            scratch.run(f"{RUN} --record {record}.db")
            codes.append(scratch.codes[-1])

        scratch.say("A repository that has nothing yet.")
        scratch.run("git init --quiet --initial-branch=main .")
        scratch.run("conformance init")
        scratch.run("conformance check")
        gate("first")
        scratch.say("Somebody changes a call: the shape stays, every value moves. The gate is red.")
        scratch.edit("cases/example.yaml", RIGHT, WRONG)
        gate("red")
        scratch.say("It is meant so. Entries are proposed from the record, and refused until a person says why.")
        scratch.run("conformance known --update red.db -o cases/known/known.yaml")
        scratch.run("tail -n 12 cases/known/known.yaml")
        gate("unanswered")
        scratch.say("The person writes the reason. The case is still run, and the gate is green.")
        scratch.edit("cases/known/known.yaml", '"TODO: why"', f'"{REASON}"')
        gate("known")
        scratch.say("The call is mended. What was known no longer happens: red again, until the entry goes.")
        scratch.edit("cases/example.yaml", WRONG, RIGHT)
        gate("mended")
        scratch.run("conformance known --update mended.db | patch -p0")
        scratch.say("Green, as it began.")
        gate("green")
        lines = [plain(line, place) for line in scratch.lines]
        return lines, codes


def plain(line: str, place: str) -> str:
    """A line without what is of this machine or this moment."""
    if place in line or str(ROOT) in line:
        raise SystemExit(f"the transcript names a path of this machine: {line}")
    line = re.sub(r"^(--- |\+\+\+ )(\S+)\t.*", r"\1\2", line)
    return line.rstrip()


def main() -> int:
    """Write the transcript into docs/gate.md, or print it with --print."""
    lines, codes = transcript()
    block = "\n".join(["```console", *lines, "```", ""]).replace("```console\n\n", "```console\n")
    if "--print" in sys.argv[1:]:
        print(block)
    else:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}{block}{END}{after}", encoding="utf-8")
    expected = [0, 1, 2, 0, 1, 0]
    if codes != expected:
        print(f"the gate ended with {codes}, expected {expected}", file=sys.stderr)
    return int(codes != expected)


if __name__ == "__main__":
    sys.exit(main())

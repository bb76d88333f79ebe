"""Every command in the README, in CONTRIBUTING and in docs/ is run as it is written, in a folder with a small suite.

What a person puts in the place of a word (CASE, RECORD, before.db) comes from a record of a real run. What would take
minutes is listed in BOUNDED, with the reason and with what is run instead.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from conformance.commands.table import build_parser, chosen

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BIN = Path(sys.executable).parent

# Enough of the suite for a run. A file that a command names is added.
SUITE = (
    "conv/smoke.yaml",
    "minimal/call.yaml",
    "conv_transpose/smoke.yaml",
    "ports/conv_transpose.yaml",
    "known/conv_transpose.yaml",
    "known/conv.yaml",
)
CASE = "'ports/conv_transpose::kernel-copied-as-it-is integers'"

# Word -> what a person would write, in the order in which they are replaced.
PLACEHOLDERS = (
    (r"\[RECORD\]|\bRECORDS?\b(\.\.\.)?", "before.db"),
    (r"\[CASES\]", ""),
    (r"\bdiff A B\b", "diff before.db after.db"),
    (r"\bCASE\b", CASE),
    (r"\bTARGET2\b", "torch"),
    (r"\bTARGET\b", "jax"),
    (r"\bFRAMEWORK OLD NEW\b", "jax 0.9.2 0.10.2"),
    (r"--good VERSION --bad VERSION", "--good 0.9.2 --bad 0.10.2"),
    (r"\bcheck FILE\b", "check cases/conv/explicit.yaml"),
    (r"\blist FILE\b", "list cases/conv/explicit.yaml"),
    # What goes on is the command that began it.
    (r"--resume FILE\b", "--resume cut.db cases/ports/conv_transpose.yaml cases/conv/smoke.yaml --on numpy,jax"),
)

PARSED, LEFT = "parsed", "left"
# A command that begins so -> what is done instead, and why. `{}` stands for the command. PARSED: its words are read and
# nothing is run. LEFT: nothing is done but to look whether its script is there.
BOUNDED = (
    (r"conformance (upgrade|bisect)\b", PARSED, "builds environments of two releases: minutes, and a network"),
    (r"conformance run .*==", PARSED, "builds environments of two releases: minutes, and a network"),
    (r"conformance selftest\b", "{} --sample 2 --on numpy --fault stride", "181 faults in 150 cases: minutes"),
    (r"(python -m )?pytest($| tests/faults| --hypothesis-profile)", LEFT, "these tests themselves"),
    (r"pytest cases/", "{} --on numpy -p no:cacheprovider", "imports seven frameworks in two processes: a minute"),
    (r"python (benchmarks|docs)/", LEFT, "measures for minutes, or writes the documents' figures"),
    (
        r"conformance run (?!.*--on ).*--require torch,jax",
        "{} --on torch,jax",
        "imports the other frameworks: half a minute",
    ),
    (r"conformance run\b(?!.* --on ).*(minimal|does-not-flip)", "{} --on jax", "the other frameworks: half a minute"),
    (r"conformance run\b(?!.* --on )", "{} --on numpy", "imports seven frameworks: half a minute, for each command"),
)

# 1 is a divergence, or a difference: the small suite has some.
MAY_DIVERGE = re.compile(r"conformance (run|diff|history|selftest)\b|pytest ")


@dataclass(frozen=True)
class Command:
    """One command as a document has it; `inline` where it stands within a line of prose."""

    text: str
    where: str
    inline: bool = False


def commands() -> Iterator[Command]:
    """Every command of every document, each text once."""
    seen: set[tuple[str, bool]] = set()
    for path in DOCUMENTS:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for text, inline in _in_line(line):
                # A name in prose, such as `conformance show`, stands for the command, not for a call of it.
                bare = inline and text.startswith("conformance ") and len(text.split()) == 2
                if (text, bare) not in seen:
                    seen.add((text, bare))
                    yield Command(text, f"{path.relative_to(ROOT)}:{number}", bare)


def _in_line(line: str) -> Iterator[tuple[str, bool]]:
    begins = r"(?:conformance|pytest|python -m pytest|python benchmarks/|python docs/)(?: |(?<=/))"
    # What stands behind a `$` at the start of a line is a transcript: its script has run it, step by step.
    if re.match(rf"(?:    (?:\$ )?)?{begins}[a-z_-]", line):
        code = re.sub(r"\s+#.*$", "", line.strip().removeprefix("$ "))
        yield from ((part.strip(), False) for part in code.split(";"))
    elif not line.startswith("    "):
        found = re.findall(rf"`({begins}[^`]+)`", line)
        yield from ((text, True) for text in found if not text.startswith("pytest --"))  # an option's name


def written(command: Command) -> tuple[str, str]:
    """What a person would type, and what is run in its place (the same, PARSED, LEFT, or a bounded form)."""
    text = command.text
    for pattern, word in PLACEHOLDERS:
        text = re.sub(pattern, lambda _, word=word: word, text)  # type: ignore[misc]
    text = " ".join(text.split()) if "'" not in text and '"' not in text else text
    if command.inline:
        return text, f"{text} --help"
    for pattern, instead, _ in BOUNDED:
        if re.match(pattern, text):
            return text, instead.replace("{}", text)
    return text, text


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the records that the documents' names stand for, of a real run on NumPy and JAX."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("records")
    suite(folder)
    cases = "cases/ports/conv_transpose.yaml cases/conv/smoke.yaml"
    done = shell(folder, f"conformance run {cases} --on numpy,jax --keep-outputs --record before.db")
    assert done.returncode in (0, 1), done.stdout + done.stderr
    for name in ("after.db", "baseline.db", "run.db", "cut.db", "reports/20260102-030405.db"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / "before.db", folder / name)
    np.savez(folder / "mine.npz", w=np.arange(54, dtype=np.float32).reshape(3, 2, 3, 3))
    edited(folder / "run.db", "UPDATE targets SET name = replace(name, 'numpy', 'jax==0.10.2')")
    edited(folder / "run.db", "UPDATE targets SET name = 'jax==0.9.2' WHERE name = 'jax'")
    edited(folder / "cut.db", "DELETE FROM meta WHERE key IN ('finished', 'summary')")
    edited(folder / "cut.db", "DELETE FROM verdicts WHERE case_key > 3")
    shutil.rmtree(folder / "cases")
    return folder


def edited(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()


def suite(folder: Path, text: str = "") -> None:
    """The small suite in a folder."""
    named = re.findall(r"\bcases/(\S+\.yaml)", text)
    for name in (*SUITE, *(name for name in named if (ROOT / "cases" / name).is_file())):
        path = folder / "cases" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "cases" / name, path)


def shell(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB_", "PYTEST_"))}
    env = {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-c", text], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", list(commands()), ids=lambda command: f"{command.where} {command.text}"[:90])
def test_a_command_of_the_documents_does_what_is_written(tmp_path: Path, records: Path, command: Command) -> None:
    text, run = written(command)
    if run == LEFT:
        scripts = [word for word in text.split() if word.endswith(".py") or word.startswith("tests/")]
        assert all((ROOT / script).exists() for script in scripts)
        return
    if run == PARSED:
        assert chosen(build_parser().parse_args(shlex.split(text)[1:]))
        return
    shutil.copytree(records, tmp_path, dirs_exist_ok=True)
    suite(tmp_path, text)
    (tmp_path / "docs").mkdir()
    for name in re.findall(r"--record (\S+)", text) if "conformance run" in text else ():
        (tmp_path / name).unlink(missing_ok=True)  # it is this command that makes it
    if text.startswith("conformance init"):
        shutil.rmtree(tmp_path / "cases")
    done = shell(tmp_path, run)
    said = f"{command.where}: {run}\nexit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert done.returncode in ((0, 1) if MAY_DIVERGE.match(run) else (0,)), said
    assert "Traceback" not in done.stdout + done.stderr, said


def test_every_command_has_a_document() -> None:
    """A command that no document shows would not be run here."""
    shown = {words[1] for command in commands() if (words := command.text.split())[0] == "conformance"}
    (names,) = [action.choices for action in build_parser()._actions if action.choices and not action.option_strings]
    assert set(names) <= shown

"""Scripts in interpreters without this package: one process imports a framework and forks for each script.

An import of TensorFlow takes seconds, a fork milliseconds. A finder refuses to import `conformance` there, since tox
installs it beside the frameworks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.patience import LONG

SECONDS = int(LONG)

# What runs there: `import`s first, then a path a line, and a status a line back.
ZYGOTE = """
import importlib, json, os, runpy, signal, sys, traceback

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("conformance", "tests"):
            raise ModuleNotFoundError(f"{name} is not to be imported by a script")

sys.meta_path.insert(0, Refuse())
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
assert "conformance" not in sys.modules

def child(path):
    out = os.open(path + ".out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    signal.alarm(SECONDS)
    sys.argv = [path]
    code = 0
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 97
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(98 if "conformance" in sys.modules else code)

print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        child(line.strip())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
os._exit(0)
""".replace("SECONDS", str(SECONDS))


@dataclass
class Batch:
    """Scripts that one process can run: the same imports, and environments that do not contradict one another."""

    modules: tuple[str, ...]
    environment: dict[str, str | None] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)

    def takes(self, modules: Sequence[str], environment: Mapping[str, str | None]) -> bool:
        here = self.environment
        return self.modules == tuple(modules) and all(here.get(k, v) == v for k, v in environment.items())


def batches(scripts: Sequence[tuple[Path, Sequence[str], Mapping[str, str | None]]]) -> list[Batch]:
    """(script, what it imports, its environment) in as few batches as possible."""
    made: list[Batch] = []
    for path, modules, environment in scripts:
        batch = next((b for b in made if b.takes(modules, environment)), None)
        if batch is None:
            batch = Batch(tuple(modules))
            made.append(batch)
        batch.environment.update(environment)
        batch.paths.append(path)
    return made


def bare_environment(more: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Ours, without what Python itself or a framework's options read, and with `more`."""
    given = dict(more or {})
    unset = {name for name, value in given.items() if value is None}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k not in unset}
    # Its cache does not tell for which instruction set code was generated.
    kept["TORCHINDUCTOR_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"inductor-{kept.get('CONFORMANCE_ISA', '')}")
    return {**kept, **{k: v for k, v in given.items() if v is not None}}


def run_batch(batch: Batch) -> dict[Path, tuple[int, str]]:
    """The exit status of each script, and what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", ZYGOTE, json.dumps(batch.modules)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=bare_environment(batch.environment),
        cwd=batch.paths[0].parent,
    )
    told = "".join(f"{path}\n" for path in batch.paths)
    out, errors = process.communicate(told, timeout=SECONDS * (1 + len(batch.paths)))
    codes = out.split("ready\n")[-1].split()
    assert len(codes) == len(batch.paths), f"the process for {batch.modules} ended early: {errors}"
    result = {}
    for path, code in zip(batch.paths, codes, strict=True):
        result[path] = (int(code), Path(f"{path}.out").read_text(errors="replace"))
    return result


def run_alone(path: Path) -> tuple[int, str]:
    """A script as a person runs it."""
    done = subprocess.run(
        [sys.executable, "-I", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=bare_environment(),
        cwd=path.parent,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def run_all(made: Sequence[Batch], alone: Sequence[Path], workers: int = 2) -> dict[Path, tuple[int, str]]:
    """Everything, a few processes at a time; those that take longest first."""
    results: dict[Path, tuple[int, str]] = {}
    with ThreadPoolExecutor(workers) as pool:
        single = [pool.submit(lambda p: (p, run_alone(p)), path) for path in alone]
        several = [pool.submit(run_batch, b) for b in sorted(made, key=lambda b: "tensorflow" not in str(b.modules))]
        for done in several:
            results.update(done.result())
        for one in single:
            path, result = one.result()
            results[path] = result
    return results

"""The worker runs where nothing else of ours does: Python 3.9, the standard library, NumPy, and one framework."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import conformance.worker
from tests.patience import LONG

DIRECTORY = Path(conformance.worker.__path__[0])
ROOMS = DIRECTORY.parent / "frameworks"
# What a worker loads of a framework's room.
EXAMPLE = DIRECTORY.parents[1] / "examples" / "framework"
LOADED = sorted(
    path for room in (ROOMS, EXAMPLE) for name in ("runtime", "allowed") for path in room.glob(f"*/{name}.py")
)
FILES = sorted([*DIRECTORY.rglob("*.py"), *LOADED])
FRAMEWORKS = {"torch", "tensorflow", "jax", "keras", "onnx", "onnxruntime"}


def imported(tree: ast.AST) -> set[str]:
    """The first words of all absolute imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def test_there_are_files() -> None:
    names = {str(path.relative_to(DIRECTORY.parents[1])) for path in FILES}
    assert {f"conformance/worker/{name}.py" for name in ("__main__", "wire", "serve", "whitelist", "rooms")} <= names
    for name in FRAMEWORKS - {"onnxruntime"} | {"numpy"}:
        assert {f"conformance/frameworks/{name}/{file}.py" for file in ("runtime", "allowed")} <= names
    assert "examples/framework/conformance_scipy/runtime.py" in names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DIRECTORY.parents[1])))
def test_old_syntax_and_few_imports(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))
    names = imported(tree)
    # Of this package a room's files import the worker's, which every worker has under that name.
    ours = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    ours = {name for name in ours if name and name.partition(".")[0] == "conformance"}
    assert all(path in LOADED and name.startswith("conformance.worker") for name in ours), ours
    allowed = sys.stdlib_module_names | {"numpy"} | ({"conformance"} if ours else set())
    assert names <= allowed, names - allowed
    # Annotations such as `int | None` are syntax that 3.9 parses and can't evaluate.
    if any(isinstance(node, (ast.FunctionDef, ast.AnnAssign)) for node in ast.walk(tree)):
        assert any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DIRECTORY.parents[1])))
def test_relative_imports_stay_inside(path: Path) -> None:
    depth = 0 if path in LOADED else len(path.relative_to(DIRECTORY).parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level <= depth, ast.unparse(node)


def test_no_framework_is_imported_elsewhere() -> None:
    package = DIRECTORY.parent
    for path in package.rglob("*.py"):
        if path not in FILES:
            assert not imported(ast.parse(path.read_text())) & FRAMEWORKS, path


ALONE = """
import sys
sys.argv = [{main!r}, {config!r}]
def check():
    # The package may be installed in this interpreter; the worker must not have touched it.
    used = [m for m in sys.modules if m.split(".")[0] == "conformance" and m.split(".")[1:2] not in ([], ["worker"])]
    file = getattr(sys.modules["conformance"], "__file__", None)
    return "with " + repr(used) if used or file else "alone"
import atexit
import runpy, os
real_exit = os._exit
def exiting(code):
    print(check(), sorted(m for m in sys.modules if m.split(".")[0] in ("wire", "serve", "runtimes", "whitelist")),
          file=sys.stderr, flush=True)
    real_exit(code)
os._exit = exiting
runpy.run_path({main!r}, run_name="__main__")
"""


def test_started_by_path_it_finds_only_itself(tmp_path: Path) -> None:
    config = json.dumps({"framework": "numpy"})
    script = ALONE.format(main=str(DIRECTORY / "__main__.py"), config=config)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=b"",
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        timeout=LONG,
        check=False,
    )
    assert json.loads(done.stdout)["hello"]["framework"] == "numpy"
    assert done.stderr.decode().strip() == "alone []"
    assert done.returncode == 0


@pytest.mark.parametrize("how", ["path", "module"])
def test_both_ways_to_start_say_hello_and_end_with_the_input(how: str) -> None:
    started = [str(DIRECTORY / "__main__.py")] if how == "path" else ["-m", "conformance.worker"]
    argv = [sys.executable, *started, json.dumps({"framework": "numpy", "options": {"threads": "2"}})]
    done = subprocess.run(argv, input=b"", capture_output=True, cwd=DIRECTORY.parents[1], timeout=LONG, check=False)
    assert done.returncode == 0, done.stderr
    hello = json.loads(done.stdout)["hello"]
    assert hello["protocol"] == 2
    assert hello["flags"] == {"threads": 2}


def test_usage() -> None:
    argv = [sys.executable, str(DIRECTORY / "__main__.py")]
    done = subprocess.run(argv, input=b"", capture_output=True, timeout=LONG, check=False)
    assert done.returncode == 1
    assert b"usage:" in done.stderr
    assert done.stdout == b""

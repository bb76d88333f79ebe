"""The same cases as a plain parametrised pytest: one process, every framework against torch, assert_allclose."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from calls import Call
from common import Row, child, show
from whole_run import cases_in, targets_here, write_all_work

CASES = int(os.environ.get("BENCH_CASES", "1000"))

# TensorFlow and PyTorch do not get on in one process, so the plain test compares PyTorch with JAX.
TEST = """
import json, sys
import numpy as np, pytest
import jax, torch
torch.set_num_threads(1)
STORED = {name: np.load(f"{name}.npz") for name in ("torch", "jax")}
CALLS = {name: json.loads(str(stored["calls"])) for name, stored in STORED.items()}

def answer(name, index, roots, tensor):
    call = CALLS[name][index]
    scope = {**roots, **{i: tensor(STORED[name][call["key"] + "." + i]) for i in call["inputs"]}}
    exec(call["text"], scope)
    return np.asarray(scope["y"])

@pytest.mark.parametrize("index", range(len(CALLS["torch"])))
def test_same(index):
    ours = answer("torch", index, {"torch": torch}, torch.tensor)
    theirs = answer("jax", index, {"jax": jax}, jax.device_put)
    layouts = LAYOUTS[index]
    if layouts[0] != layouts[1]:
        theirs = theirs.transpose([layouts[1].index(letter) for letter in layouts[0]])
    np.testing.assert_allclose(theirs, ours, rtol=1.3e-6, atol=1e-5)
"""


def bench() -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = cases_in(folder, CASES)
        targets = [t for t in targets_here() if t.framework in ("torch", "jax")]
        if len(targets) < 2:
            print("\nPlain pytest: left out, since it needs torch and jax")
            return True
        write_all_work(cases, targets, folder)
        plans = [[Call("", case.op, {}, None).plan(t).layout("y").letters for t in targets] for case in cases]
        order = [str(t) for t in targets]
        layouts = [[p[order.index("torch")], p[order.index("jax")]] for p in plans]
        test = folder / "test_plain.py"
        test.write_text(f"LAYOUTS = {layouts!r}\n{TEST}", encoding="utf-8")
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:conformance", "--rootdir", str(folder)]
        plain = child([*pytest, str(test)], timeout=1800, cwd=folder)
        on = ["--on", "torch,jax", "--record", str(folder / "r.db"), "-q"]
        ours = child(["-m", "conformance", "run", str(folder / "cases"), *on], timeout=1800)
    last = (plain.output.decode().strip().splitlines() or [""])[-1]
    ours_last = (ours.output.decode().strip().splitlines() or [""])[-1]
    rows = [
        Row("plain pytest, torch against jax, imports included", f"{plain.wall:.2f} s"),
        Row("conformance run --on torch,jax, imports included", f"{ours.wall:.2f} s"),
        Row("conformance / plain pytest, wall time", f"{ours.wall / plain.wall:.2f}"),
        Row("conformance / plain pytest, CPU of all processes", f"{ours.cpu / plain.cpu:.2f}"),
    ]
    good = show(f"Plain pytest over {len(cases):,} mixed cases", "pytest", rows)
    print(f"  pytest says: {last}\n  conformance says: {ours_last} (exit code {ours.code})")
    return good and ours.code == 0

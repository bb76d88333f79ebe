"""Every op on every framework: what its words ask is answered as the op is defined, or declared to differ."""

from __future__ import annotations

import json
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from conformance.commands.cli import main
from conformance.frameworks.found import find
from tests.ops.asked import ASKED

FRAMEWORKS = find()[0]
KNOWN = Path(__file__).parents[2] / "cases" / "known"
# target -> ops of which its words leave out whatever is asked here, beside those that have a reason in place of words
OPTIMISERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad")
TARGETS: dict[str, set[str]] = {
    "numpy": set(),
    "torch": set(),
    "jax": set(),
    "tensorflow": set(),
    "keras/tensorflow": set(),
    "keras/torch": set(),
    "keras/jax:jit": set(),
    "keras/jax:jit+api=ops": {
        "batch_norm",
        "lstm",
        "group_norm",
        "instance_norm",
        "mse",
        "huber",
        "smooth_l1",
        "hinge",
        "kl_div",
        "gru",
        "simple_rnn",
        "bidirectional",
        "multi_head_attention",
        *OPTIMISERS,
    },
    "onnx": set(),
    "onnx/reference": set(),
}


@pytest.mark.parametrize("target", TARGETS)
def test_words_answer_as_defined(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    framework, _, backend = target.partition(":")[0].partition("+")[0].partition("/")
    if any(find_spec(name) is None for name in (framework, backend) if name and name != "reference"):
        pytest.skip(f"{target} is not installed")
    monkeypatch.chdir(tmp_path)
    copytree(KNOWN, tmp_path / "cases" / "known")
    for op, asked in ASKED.items():
        cases = [{"name": f"{op}-{i}", "params": params, "values": "normal"} for i, params in enumerate(asked)]
        (tmp_path / "cases" / f"{op}.yaml").write_text(yaml.safe_dump({"op": op, "cases": cases}))
    main(["run", "-q", "cases", "--on", target, "--json", "told.json", "--record", "run.db"])
    rows = [json.loads(line) for line in (tmp_path / "told.json").read_text().splitlines()]
    assert len(rows) == sum(map(len, ASKED.values())), capsys.readouterr()
    wrong = [row for row in rows if row["status"] not in ("pass", "unsupported") and not row.get("known")]
    assert wrong == []
    statuses: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        statuses[row["case"]["op"]].add(row["status"])
    silent = {op for op, found in statuses.items() if found == {"unsupported"}}
    reasons = {op for op, cell in FRAMEWORKS[framework].words.items() if isinstance(cell, str)}
    assert silent == reasons | TARGETS[target]

"""What a framework answers to questions that a test writes down, asked as a user's case files are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from conformance.commands.cli import main


def statuses(folder: Path, op: str, on: str, asked: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, str]:
    """ "id on target" -> status and message of each case, nothing being taken as known."""
    same = {"values": "normal", **more}
    cases = [{"name": f"{op}-{i}", "params": dict(params), **same} for i, params in enumerate(asked)]
    file, told = folder / f"{op}.yaml", folder / "verdicts.json"
    file.write_text(yaml.safe_dump({"op": op, "cases": cases}))
    main(["run", "-q", "--no-known", str(file), "--on", on, "--json", str(told), "--record", str(folder / "run.db")])
    rows = [json.loads(line) for line in told.read_text().splitlines()]
    found = {f"{row['case']} on {row['target']}": f"{row['status']} {row.get('message', '')}".strip() for row in rows}
    assert len(found) == len(asked) * len(on.split(","))
    return found

"""How a record begins."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.patience import LONG

RECORDS, RUNS = 150, 4
# Begins one record after another, each in the same moment as the other runs.
RUN = f"""
import json, sys, time
from pathlib import Path
from conformance.record import RecordError, Writer
won, wrong = [], []
for number in range({RECORDS}):
    while time.time() < float(sys.argv[2]) + 0.02 * number:
        pass
    try:
        Writer.create(Path(sys.argv[1], f"{{number}}.db"), {{}}).leave_open([])
        won.append(number)
    except RecordError as error:
        if "exists already" not in str(error):
            wrong.append(repr(error))
    except Exception as error:
        wrong.append(repr(error))
print(json.dumps([won, wrong]))
"""


def test_of_runs_that_begin_at_once_with_one_name_one_has_it_and_the_others_do_not_harm_it(tmp_path: Path) -> None:
    words = [sys.executable, "-c", RUN, str(tmp_path), str(time.time() + 3)]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(RUNS)]
    said = [json.loads(run.communicate(timeout=LONG)[0]) for run in runs]
    assert [wrong for _, wrong in said] == [[]] * RUNS
    assert sorted(number for won, _ in said for number in won) == list(range(RECORDS))

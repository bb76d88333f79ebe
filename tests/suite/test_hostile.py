"""Case files of strangers: what is beyond reason or not seen is a finding; trust is the user's to give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.commands.cli import main
from conformance.frameworks.check import check_plan
from conformance.suite.loader import CaseFileError, find_files, load, validate
from conformance.worker.whitelist import MAX_FINDINGS

CALL = """\
op: call
values: ones
cases:
  - name: {name}
    about: {about}
    params:
      inputs: {{x: {{shape: {shape}, layout: NC}}}}
      output: NC
      plans: {{numpy: {plan}}}
    expect: {{values: [[1, 1]]}}
"""


def written(tmp_path: Path, **fields: str) -> Path:
    """A case file with one `call`."""
    given = {"name": "a", "about": "a case", "shape": "[1, 2]", "plan": '"y = x"', **fields}
    path = tmp_path / "a.yaml"
    path.write_bytes(CALL.format(**given).encode("utf-8", "surrogatepass"))
    return path


UNSEEN = [
    "\\u2028",
    "\\u2029",
    "\\x85",
    "\\v",
    "\\f",
    "\\x1c",
    "\\x1d",
    "\\x1e",
    "\\0",
    "\\x1b",
    "\\u202e",
    "\\u2066",
    "\\u200b",
    "\\uFEFF",
]


@pytest.mark.parametrize("character", UNSEEN)
@pytest.mark.parametrize("field", ["plan", "about", "name"])
def test_a_character_that_is_not_seen_is_a_finding(tmp_path: Path, field: str, character: str) -> None:
    code = {"\\v": "000B", "\\f": "000C", "\\0": "0000"}.get(
        character, f"{int(character[2:] or '0', 16):04X}" if character[1] in "ux" else ""
    )
    start = {"plan": "y = x  # a", "about": "a", "name": "a"}[field]
    path = written(tmp_path, **{field: f'"{start}{character}b"'})
    findings, _ = validate(path, tmp_path)
    assert findings
    assert any(f"U+{code}" in f.message for f in findings)
    assert all(f.line in (4, 5, 9) for f in findings)


def test_what_is_not_seen_in_a_comment_is_a_finding(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text() + "# a \u202e comment\n", encoding="utf-8")
    (finding,), _ = validate(path, tmp_path)
    assert (finding.line, finding.column) == (11, 5)


NUMBERS = [
    "0x" + "f" * 40_000,
    "9" * 300,
    "9" * 5_000,
    "0o" + "7" * 90,
    "-" + "9" * 30,
    "1e999",
    "1" + "0" * 399,
    "-1e400",
]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: f"{n[:6]} of {len(n)}")
@pytest.mark.parametrize("place", ["param", "seed", "shape", "value", "key"])
def test_a_number_beyond_reason_is_a_finding(tmp_path: Path, number: str, place: str) -> None:
    path = tmp_path / "a.yaml"
    if place == "shape":
        path = written(tmp_path, shape=f"[0, {number}]")
    elif place == "value":
        path = written(tmp_path)
        path.write_text(path.read_text().replace("[[1, 1]]", f"[[1, {number}]]"), encoding="utf-8")
    else:
        more = {"param": f"kernel: {number}", "seed": "kernel: 2", "key": f"kernel: 2, {number}: 1"}[place]
        seed = f", seed: {number}" if place == "seed" else ""
        path.write_text(
            f"op: conv\ncases:\n  - {{name: a, params: {{size: [4, 4], {more}}}{seed}}}\n", encoding="utf-8"
        )
    findings, _ = validate(path, tmp_path)
    assert findings
    assert all(f.line and len(str(f)) < 500 + len(number) * (place == "key") for f in findings)
    assert main(["check", str(path)]) == 2


@pytest.mark.parametrize(
    "shape",
    [
        "[0, 99999999999999999999999]",
        "[0, 9223372036854775807]",
        "[9223372036854775807, 2]",
        "[0, 1844674407370955161]",
    ],
)
def test_a_shape_that_no_array_has_is_a_finding(tmp_path: Path, shape: str) -> None:
    findings, _ = validate(written(tmp_path, shape=shape), tmp_path)
    assert findings
    assert findings[0].line in (4, 7, 8)


FREE = '"y = numpy.vectorize(numpy.abs)(x)"'


def test_a_file_is_trusted_by_the_user_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, plan=FREE)
    assert main(["check", str(path)]) == 2
    assert "'numpy.vectorize' is not in the list" in capsys.readouterr().err
    assert main(["check", "--trust", str(path), str(path)]) == 0
    assert capsys.readouterr().err.count("only if you would run a Python script of that author") == 1
    path.write_text("trust: true\ntrusted: true\n" + path.read_text(), encoding="utf-8")
    assert main(["check", str(path)]) == 2


def test_trust_is_for_a_file_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = written(tmp_path, plan=FREE), tmp_path / "other.yaml"
    for wrong in (other, tmp_path):
        assert main(["check", "--trust", str(wrong), str(path)]) == 2
        assert "is none of the case files" in capsys.readouterr().err


def test_a_trusted_plan_runs_and_no_other_case_does(tmp_path: Path) -> None:
    path = written(tmp_path, plan=FREE)
    root, files = find_files([path])
    with pytest.raises(CaseFileError):
        list(load(files[0], root).cases())
    (case,) = load(files[0], root, trusted=True).cases()
    assert case.op.plan("numpy").trusted
    record = str(tmp_path / "r.db")
    assert main(["run", "--trust", str(path), str(path), "--on", "numpy", "--record", record, "-q"]) == 0
    assert main(["run", str(path), "--on", "numpy", "--record", str(tmp_path / "s.db"), "-q"]) == 2


def test_trust_changes_neither_id_nor_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path)
    (plain,), (trusted,) = (list(load(path, tmp_path, trusted=t).cases()) for t in (False, True))
    assert (plain.id, plain.fingerprint) == (trusted.id, trusted.fingerprint)


def test_of_many_plans_that_may_not_run_the_first_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def counted(text: str, *given: Any) -> Any:
        looked.append(text)
        return check_plan(text, *given)

    monkeypatch.setattr("conformance.ops.call.check_plan", counted)
    calls = ", ".join(f"numpy.conv{n}x(x)" for n in range(200))
    first = written(tmp_path, plan=f'"y = numpy.stack(({calls}))"').read_text()
    head, case = first.split("  - name: a\n")
    path = tmp_path / "a.yaml"
    path.write_text(head + "".join(f"  - name: a{n}\n{case}" for n in range(40)))
    findings, _ = validate(path, tmp_path)
    assert 100 <= len(findings) <= 100 + MAX_FINDINGS
    assert any("and more: reading ends after 100 findings" in finding.message for finding in findings)
    # Nobody looks at the rest of the file.
    assert 5 <= len(looked) <= 12

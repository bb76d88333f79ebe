"""The documents say what the code says: generated tables are fresh, and every link leads somewhere."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from conformance.commands.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]


def check_tables(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)


def test_tables_are_fresh() -> None:
    done = check_tables(ROOT / "docs" / "figures" / "tables.py")
    assert done.returncode == 0, f"stale, run `python docs/figures/tables.py`:\n{done.stdout}{done.stderr}"


def test_reports_to_be_filed_are_of_bugs_without_a_link() -> None:
    done = check_tables(ROOT / "docs" / "figures" / "upstream.py")
    assert done.returncode == 0, f"stale, `python docs/figures/upstream.py` says how to mend it:\n{done.stderr}"


def test_a_report_of_a_bug_that_is_filed_is_found(tmp_path: Path) -> None:
    for folder in ("docs", "conformance", "cases", "reports", "pyproject.toml"):
        subprocess.run(["cp", "-r", str(ROOT / folder), str(tmp_path)], check=True)
    reports = tmp_path / "reports" / "upstream"
    (reports / "filed-long-ago.md").write_text("# filed\n", encoding="utf-8")
    done = check_tables(tmp_path / "docs" / "figures" / "upstream.py")
    assert (done.returncode, done.stderr) == (1, "filed-long-ago\n")


def test_a_stale_table_is_found(tmp_path: Path) -> None:
    """In a copy in which one table is changed, the check fails and names the document."""
    for folder in ("docs", "conformance", "pyproject.toml"):
        copy = ["cp", "-r", str(ROOT / folder), str(tmp_path)]
        subprocess.run(copy, check=True)
    targets = tmp_path / "docs" / "targets.md"
    text = targets.read_text(encoding="utf-8")
    assert text.count("| `numpy` |") == 1
    targets.write_text(text.replace("| `numpy` |", "| `numpi` |"), encoding="utf-8")
    done = check_tables(tmp_path / "docs" / "figures" / "tables.py")
    assert done.returncode == 1
    assert done.stdout.split() == [str(targets)]


def test_the_tutorial_is_what_its_commands_print() -> None:
    for framework in ("torch", "jax"):
        pytest.importorskip(framework)
    done = check_tables(ROOT / "docs" / "figures" / "tutorial.py")
    assert done.returncode == 0, f"stale, run `python docs/figures/tutorial.py`:\n{done.stdout}{done.stderr}"


def test_the_readme_s_mismatch_is_what_a_run_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("jax")
    text = README.read_text(encoding="utf-8")
    shown = re.search(r"A mismatch reads like this:\n\n((?:    .*\n)+)", text)
    assert shown is not None
    words = ["-q", str(ROOT / "cases" / "ports" / "conv_transpose.yaml"), "-k", "kernel-copied-as-it-is", "--on", "jax"]
    assert main(["run", *words, "--no-known", "--record", str(tmp_path / "r.db")]) == 1
    assert textwrap.dedent(shown[1]).replace("cases/", f"{ROOT}/cases/") in capsys.readouterr().out


def test_every_page_is_in_the_site() -> None:
    pages = set(re.findall(r"([a-z-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= pages


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing, f"{document.name} links to {missing}"

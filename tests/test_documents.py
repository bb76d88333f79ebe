"""The documents say what the code says: generated tables are fresh, and every link leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]


def check_tables(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)


def test_tables_are_fresh() -> None:
    done = check_tables(ROOT / "docs" / "figures" / "tables.py")
    assert done.returncode == 0, f"stale, run `python docs/figures/tables.py`:\n{done.stdout}{done.stderr}"


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


def test_every_page_is_in_the_site() -> None:
    pages = set(re.findall(r"([a-z-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= pages


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing, f"{document.name} links to {missing}"

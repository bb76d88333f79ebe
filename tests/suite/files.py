"""Case files written on the spot."""

from pathlib import Path
from textwrap import dedent

from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError, Suite, load, validate


def suite(folder: Path, text: str, name: str = "file.yaml") -> Suite:
    """The suite of a case file with this text."""
    path = folder / name
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return load(path, folder)


def cases(folder: Path, text: str) -> list[Case]:
    """Its cases."""
    return list(suite(folder, text).cases())


def labels(folder: Path, text: str) -> list[str]:
    """Their ids without the file."""
    return [case.label for case in cases(folder, text)]


def findings(folder: Path, text: str | bytes, name: str = "file.yaml") -> list[str]:
    """What loading complains about, without the folder."""
    path = folder / name
    path.write_bytes(dedent(text).lstrip("\n").encode() if isinstance(text, str) else text)
    try:
        load(path, folder)
    except CaseFileError as error:
        return [str(finding).replace(f"{folder}/", "") for finding in error.findings]
    return []


def everything(folder: Path, text: str) -> list[str]:
    """What validating every case complains about, without the folder."""
    path = folder / "file.yaml"
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return [str(finding).replace(f"{folder}/", "") for finding in validate(path, folder)[0]]

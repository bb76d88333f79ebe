"""Case files: found, read, checked, and expanded into cases."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path

import numpy as np

from conformance.suite.block import Block, too_many
from conformance.suite.case import Case
from conformance.suite.document import nearest_file, parse_document, read_text
from conformance.suite.findings import MAX_FINDINGS, CaseFileError, Finding, unprintable
from conformance.suite.grid import MAX_CASES, Budget
from conformance.suite.places import files_below
from conformance.suite.readers import Report
from conformance.suite.schema import CaseSpec, FileSpec, GridSpec, read_file
from conformance.suite.settings import Settings

__all__ = ["CaseFileError", "Finding", "Suite", "find_files", "load", "validate"]

ROOTS = ("cases", "shipped_cases")
KNOWN = "known"  # a folder of declared divergences, which are not cases
# While cases are handed out their ids are watched for duplicates up to here; `check` looks at all of them.
WATCHED = 250_000


def find_files(paths: Sequence[Path]) -> tuple[Path, list[Path]]:
    """The suite's root and the case files at or below the paths, in order, each once.

    A folder stands for every *.yaml below it but those in `known/` and those that a link leads to from outside. The
    root is the nearest folder named `cases` around the paths, so that an id is the same whichever part of a suite is
    asked for; where there is none, the folder given.
    """
    findings: list[Finding] = []
    files: dict[Path, Path] = {}
    roots: list[Path] = []
    for path in paths:
        if not _exists(path):
            findings.append(Finding(str(path), 0, 0, "no such file or folder" + nearest_file(path)))
            continue
        roots.append(_root(path))
        found = _below(path) if path.is_dir() else [path]
        if not found:
            message = "no case file (*.yaml) in this folder"
            if KNOWN in path.resolve().parts:
                message += "; known/ holds declared divergences, which `conformance known` prints"
            findings.append(Finding(str(path), 0, 0, message))
        for file in found:
            files.setdefault(file.resolve(), file)
    if findings:
        raise CaseFileError(findings)
    if not roots:
        raise CaseFileError([Finding(".", 0, 0, "no path given, expected case files or folders")])
    root = roots[0]
    for other in roots[1:]:
        while root not in (other, *other.parents):
            root = root.parent
    return root, list(files.values())


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or no name
        return False


def _below(folder: Path) -> list[Path]:
    if folder.resolve().name == KNOWN:
        return []
    return files_below(folder, (".yaml",), _root(folder), without=KNOWN)


def _root(path: Path) -> Path:
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return next((place for place in (folder, *folder.parents) if place.name in ROOTS), folder)


def load(path: Path, root: Path, trusted: bool = False) -> Suite:
    """Read a case file and check everything that needs no expansion; CaseFileError with all findings at once.

    `trusted`: the user said that plans of this file may call what they like.
    """
    suite, findings = _read(path, root, trusted)
    for block in suite.blocks if suite else ():
        findings += block.preview()
    if findings or suite is None:
        raise CaseFileError(findings)
    return suite


def validate(path: Path, root: Path, trusted: bool = False) -> tuple[list[Finding], int]:
    """Everything that is wrong with a case file, in structure and in every case of it, and the number of its cases."""
    try:
        suite, findings = _read(path, root, trusted)
    except CaseFileError as error:
        return error.findings, 0
    if suite is not None:
        findings += suite.excess() or suite.check()
    return sorted(set(findings)), suite.count() if suite and not findings else 0


def _read(path: Path, root: Path, trusted: bool) -> tuple[Suite | None, list[Finding]]:
    unnamed = unprintable(str(path))
    if unnamed:
        raise CaseFileError([Finding(str(path), 0, 0, f"the file's name holds {unnamed}; rename it")])
    source = read_text(path)
    report = Report(str(path), source)
    spec = read_file(parse_document(source, str(path)), report)
    if spec is not None and trusted:
        spec.trusted = True
    return Suite(path, _stem(path, root), source, spec) if spec else None, report.findings


def _stem(path: Path, root: Path) -> str:
    """The file's part of an id: its path below the root, without the suffix, with slashes on every system."""
    resolved = path.resolve()
    try:
        relative = resolved.relative_to(root.resolve())
    except ValueError:
        relative = Path(resolved.name)
    return relative.with_suffix("").as_posix()


class Suite:
    """One case file. Its cases are made when they are asked for."""

    def __init__(self, path: Path, stem: str, source: str, spec: FileSpec) -> None:
        self.path = path
        self.stem = stem
        self.op = spec.op.name
        self.settings = Settings().under(spec.settings)
        written: list[GridSpec | CaseSpec] = [*spec.grids, *spec.cases]
        self.budget = Budget()
        self.blocks = tuple(Block(str(path), stem, source, spec, own, self.budget) for own in written)

    @property
    def about(self) -> str:
        """One line on what the file asks."""
        return self.settings.about

    @property
    def tags(self) -> frozenset[str]:
        """The tags that all its cases have."""
        return self.settings.tags

    def count(self) -> int:
        """How many cases there are; CaseFileError where they are too many to be counted."""
        self.budget.refill()
        return sum(block.count() for block in self.blocks)

    def excess(self) -> list[Finding]:
        """A finding where there are more cases than a file may have, without expanding them."""
        if sum(prod(block.space.sizes) for block in self.blocks) <= MAX_CASES:
            return []
        try:
            count = self.count()
        except CaseFileError as error:
            return error.findings
        largest = max(self.blocks, key=lambda block: prod(block.space.sizes))
        return largest.error(largest.node, too_many(count, "the file")).findings if count > MAX_CASES else []

    def cases(self) -> Iterator[Case]:
        """Every case, lazily. CaseFileError at a grid without a case, a contradiction or a duplicate id, and at the
        first case too many.
        """
        self.budget.refill()
        seen: set[int] = set()
        number = 0
        for block in self.blocks:
            for case in block.cases():
                number += 1
                if number > MAX_CASES:
                    raise block.error(block.node, too_many(number, "the file, so far,"))
                if len(seen) < WATCHED:
                    mark = hash(case.id)
                    if mark in seen:
                        duplicates = self._duplicates({mark})
                        if duplicates:
                            raise CaseFileError(duplicates)
                    seen.add(mark)
                yield case

    def check(self) -> list[Finding]:
        """Expand every case: contradictions, sizes, values that don't fit, duplicate ids. Holds 8 bytes a case."""
        self.budget.refill()
        hashes = array("q")
        findings: list[Finding] = []
        for block in self.blocks:
            findings += block.examine(hashes)
            if len(findings) >= MAX_FINDINGS:
                last = max(findings)
                words = f"and more: reading ends after {MAX_FINDINGS} findings"
                return sorted({*findings, Finding(last.file, last.line, last.column, words)})
        ordered = np.sort(np.frombuffer(hashes, dtype=np.int64)) if hashes else np.zeros(0, dtype=np.int64)
        repeated = {int(h) for h in ordered[1:][ordered[1:] == ordered[:-1]]}
        if repeated:
            findings += self._duplicates(repeated)
        return sorted(set(findings))

    def _duplicates(self, hashes: set[int]) -> list[Finding]:
        """A finding for each id that occurs again; ids of which only the hashes are equal are none."""
        self.budget.refill()
        first: dict[str, Case] = {}
        findings: list[Finding] = []
        for block in self.blocks:
            try:
                for case in block.cases():
                    if hash(case.id) not in hashes:
                        continue
                    before = first.setdefault(case.id, case)
                    if before is not case:
                        findings.append(_duplicate(before, case))
                    if len(findings) > MAX_FINDINGS:
                        last = findings.pop()
                        words = f"and more: reading ends after {MAX_FINDINGS} findings"
                        return [*findings, Finding(last.file, last.line, last.column, words)]
            except CaseFileError:
                continue  # reported where it was found
        return findings


def _duplicate(before: Case, case: Case) -> Finding:
    place = case.source
    if before.source == place:
        where = "twice in this grid"
    else:
        where = f"in line {before.source.line} already"
    message = f"duplicate id {case.label!r}: the case is {where}; leave one out, or make it a named one under `cases`"
    return Finding(place.file, place.line, place.column, message)

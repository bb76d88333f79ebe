"""JUnit XML: one test suite a target, one test case a verdict.

A divergence is a failure (an error where the worker died or hung); a known one passes, with its reason as output;
`unsupported` is skipped with its reason. What is unexpected but no verdict (a known divergence that no longer happens)
is a suite of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOBase
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from conformance.record import Reader, Row
from conformance.record.facts import conclusion, version
from conformance.report.picture import picture
from conformance.text.plain import clean, one_line
from conformance.text.words import explained
from conformance.verdict import Problem, Status

# What XML 1.0 can't hold, escaped or not.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ERRORS = (Status.CRASHED, Status.TIMEOUT)


def write(reader: Reader, path: Path | str, stale: Iterable[Problem] = ()) -> None:
    """Write a record as JUnit XML; the file appears whole or not at all. OSError where it can't be written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            _Writer(file).document(reader, conclusion(reader, stale).problems)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _Writer:
    def __init__(self, file: TextIOBase) -> None:
        self._xml = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)

    @contextmanager
    def element(self, name: str, /, **attributes: Any) -> Iterator[None]:
        self._xml.startElement(name, AttributesImpl({key: legal(str(value)) for key, value in attributes.items()}))
        yield
        self._xml.endElement(name)

    def text(self, name: str, content: str, /, **attributes: Any) -> None:
        with self.element(name, **attributes):
            self._xml.characters(legal(content))

    def line(self) -> None:
        self._xml.characters("\n")

    def document(self, reader: Reader, problems: Sequence[Problem]) -> None:
        counts = reader.counts()
        tests = sum(counts.values()) + len(problems)
        errors = _count(counts, ERRORS)
        failures = _count(counts, _failing()) + len(problems)
        self._xml.startDocument()
        with self.element("testsuites", name="conformance", tests=tests, failures=failures, errors=errors):
            for target, info in reader.targets.items():
                mine = {key: n for key, n in counts.items() if key[0] == target}
                if mine:
                    self.line()
                    self.suite(reader, target, info, mine)
            if problems:
                self.line()
                self.problems(problems)
            self.line()
        self.line()
        self._xml.endDocument()

    def suite(self, reader: Reader, target: str, info: dict[str, Any], counts: dict[Any, int]) -> None:
        started = str(reader.environment.get("started") or "")[:19]
        with self.element(
            "testsuite",
            name=target,
            tests=sum(counts.values()),
            failures=_count(counts, _failing()),
            errors=_count(counts, ERRORS),
            skipped=_count(counts, (Status.UNSUPPORTED,)),
            time=f"{reader.seconds(target):.6f}",
            timestamp=started or "1970-01-01T00:00:00",
        ):
            with self.element("properties"):
                facts = {
                    "target": target,
                    "version": version(info),
                    "conformance": reader.environment.get("conformance"),
                }
                for name, value in facts.items():
                    with self.element("property", name=name, value=value or ""):
                        pass
            for row in reader.verdicts(target=target):
                self.line()
                self.verdict(reader, row)

    def verdict(self, reader: Reader, row: Row) -> None:
        case, verdict = row.case, row.verdict
        with self.element(
            "testcase",
            classname=case.source.file.removesuffix(".yaml").replace("/", "."),
            name=case.label,
            time=f"{verdict.seconds:.6f}",
            file=case.source.file,
            line=case.source.line,
        ):
            message = one_line(verdict.message)
            about = f" ({verdict.about})" if verdict.about else ""
            if verdict.status is Status.UNSUPPORTED:
                self.text("skipped", "", message=message)
            elif verdict.unexpected:
                kind = "error" if verdict.status in ERRORS else "failure"
                self.text(
                    kind, details(reader, row), message=f"{verdict.status}{about}: {message}", type=verdict.status.value
                )
            elif verdict.known is not None:
                known = verdict.known
                link = f" ({known.link})" if known.link else ""
                words = f"known {known.kind} {known.name}: {known.reason}{link}\n{verdict.status}: {verdict.message}"
                self.text("system-out", words)

    def problems(self, problems: Sequence[Problem]) -> None:
        with self.element(
            "testsuite", name="conformance", tests=len(problems), failures=len(problems), errors=0, skipped=0, time="0"
        ):
            for problem in problems:
                self.line()
                with self.element("testcase", classname="conformance", name=problem.name, time="0"):
                    words = f"{problem.where}: {problem.message}" if problem.where else problem.message
                    self.text("failure", words, message=one_line(problem.message), type="unexpected")


def details(reader: Reader, row: Row) -> str:
    """The lines below a failure's message."""
    case, verdict = row.case, row.verdict
    lines = [f"{case.source.file}:{case.source.line}  {case.label} on {verdict.target}", verdict.message]
    if verdict.explanation:
        lines += [
            f"explained: {line}" if not i else f"  {line}" for i, line in enumerate(explained(verdict.explanation))
        ]
    if verdict.plan:
        lines += ["ran:", verdict.plan]
    lines += picture(reader.arrays(verdict.case, verdict.target), reader.arrays(verdict.case))
    return "\n".join(lines)


def legal(text: str) -> str:
    """Text with what XML can't hold, or what steers a reader's terminal, spelled out as `\\x1b`."""
    return _ILLEGAL.sub(lambda match: match[0].encode("unicode_escape").decode(), clean(text))


def _failing() -> tuple[Status, ...]:
    return tuple(s for s in Status if s not in (Status.PASS, Status.UNSUPPORTED, *ERRORS))


def _count(counts: dict[Any, int], statuses: Sequence[Status]) -> int:
    return sum(n for (_, status, known), n in counts.items() if status in statuses and not known)

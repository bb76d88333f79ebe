"""`conformance show`: one case of a record, with its plans, figures and a picture of the error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.record import Reader
from conformance.report.show import render
from conformance.session import declare
from conformance.session.records import newest_record
from conformance.usage import OK


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `show` is asked."""

    case: str = declare.case()
    record: Path | None = declare.record()
    on: str | None = declare.on("only this target")


def main(options: Options) -> int:
    """Show one case of a record."""
    with Reader(options.record or newest_record(), complete=False) as reader:
        print(render(reader, options.case, options.on))
    return OK

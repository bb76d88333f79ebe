"""`conformance schema`: the JSON Schema of case files."""

from __future__ import annotations

import json
from dataclasses import dataclass

from conformance.suite.schema import json_schema
from conformance.usage import OK


@dataclass(frozen=True, kw_only=True)
class Options:
    """Nothing: there is one schema."""


def main(_: Options) -> int:
    """Print the JSON Schema of case files."""
    print(json.dumps(json_schema(), indent=2))
    return OK

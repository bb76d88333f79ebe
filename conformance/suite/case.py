"""A case: one point of a grid, frozen, with a readable id and a content fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from conformance.ops.base import Op

CHECKS = ("shape", "dtype", "value", "gradient", "determinism", "signed_zeros")
POLICIES = ("strict", "superset", "ignore")
PERMITS = ("empty", "zeros", "nonfinite")


@dataclass(frozen=True)
class Source:
    """Where in a file something stands; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Place:
    """A special value put at one index of one tensor. `index` is in the canonical layout, or "first" or "last"."""

    tensor: str
    index: tuple[int, ...] | str
    value: str  # nan, inf, -inf, -0.0, subnormal, largest, or a number's text


@dataclass(frozen=True)
class Values:
    """How a case's inputs are made.

    kind: `integers` (every partial sum exact in the dtype), `normal`, `index` (1, 2, 3, ... in canonical order),
    `specials`
    (`base` with `places` put in), `literal` (`arrays`: name -> nested tuples, reshaped to the tensor's canonical
    shape).
    """

    kind: str
    base: str = "integers"
    places: tuple[Place, ...] = ()
    arrays: tuple[tuple[str, Any], ...] = ()
    name: str = ""  # what the id shows; the kind where it is empty


@dataclass(frozen=True)
class Expect:
    """What a case states beyond the op's definition. Arrays and shapes are in `layout`, canonical where it is empty."""

    shape: tuple[int, ...] | None = None
    values: Any = None
    refused: bool | None = None  # True: every target must refuse, whatever the op's definition says
    layout: str = ""
    # What a person allows, in place of what the op derives; apart from the rest, so that other fingerprints stay.
    rtol: float | None = field(default=None, repr=False)
    atol: float | None = field(default=None, repr=False)

    @property
    def tolerance(self) -> tuple[float, float] | None:
        """rtol and atol, or None where neither is stated."""
        return None if self.rtol is None and self.atol is None else (self.rtol or 0.0, self.atol or 0.0)


@dataclass(frozen=True)
class Claim:
    """A document's claim that the case settles."""

    document: str
    says: str
    holds: bool


@dataclass(frozen=True)
class Case:
    """One case. `op` is the question, with its parameters; `given` are the parameters as the file gives them."""

    id: str
    op: Op
    given: tuple[tuple[str, Any], ...]
    dtype: str
    values: Values
    seed: int
    checks: tuple[str, ...]
    source: Source
    nonfinite: str = "strict"
    permits: frozenset[str] = frozenset()
    expect: Expect = field(default_factory=Expect)
    tags: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ("default",)
    about: str = ""
    claim: Claim | None = None

    @property
    def op_name(self) -> str:
        """The op's name."""
        return self.op.name

    @property
    def params(self) -> dict[str, Any]:
        """The op's parameters by name."""
        return self.op.parameters()

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over everything that decides what is computed and how it is judged; not the id, not the
        place.
        """
        content = {
            "op": self.op.name,
            "version": self.op.version,
            "params": repr(self.op),
            "dtype": self.dtype,
            "values": repr(self.values),
            "seed": self.seed,
            "checks": sorted(self.checks),
            "nonfinite": self.nonfinite,
            "permits": sorted(self.permits),
            "expect": repr(self.expect),
        }
        if self.expect.tolerance is not None:
            content["tolerance"] = self.expect.tolerance
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The id without the file: `conv_transpose2d[4x4 k3 s2 same keras] integers`."""
        return self.id.rpartition("::")[2]

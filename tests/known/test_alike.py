"""Which shipped entry a failure in somebody's own case is like."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from conformance.known.alike import alike, shipped_like
from conformance.known.file import parse_entries
from conformance.suite.origin import shipped_root
from conformance.text.words import with_causes
from conformance.verdict import Status, Verdict

ENTRIES = parse_entries(
    """
- name: by-params
  kind: bug
  where: {op: conv_transpose, params: max(stride_axes) > 1, dtype: float32, targets: [jax], versions: "jax<1"}
  status: value
  reason: Strides.
- name: by-name
  kind: convention
  where: {op: call, case: "ports/conv_transpose::kernel-copied*", targets: [jax]}
  status: value
  signature: {explanation: kernel flipped}
  reason: Flipped.
- name: by-name-alone
  kind: convention
  where: {op: call, case: "ports/conv_transpose::another*", targets: [jax]}
  status: value
  reason: Nothing tells it.
""",
    "k.yaml",
)


@dataclass(frozen=True)
class Own:
    op_name: str = "call"
    given: tuple[tuple[str, Any], ...] = ()
    id: str = "mine::port"
    fingerprint: str = ""
    dtype: str = "float32"
    params: dict[str, Any] = field(default_factory=dict)


def verdict(explanation: str = "", target: str = "jax", status: Status = Status.VALUE) -> Verdict:
    return Verdict(case="mine::port", target=target, status=status, message="wrong", explanation=explanation)


def like(case: Own, verdict: Verdict, **info: Any) -> str | None:
    found = alike(ENTRIES, case, verdict, info)
    return found.known.name if found else None


def asking(op: str, **params: Any) -> Own:
    return Own(given=(("reference", {"op": op, "params": params}),))


def test_a_call_is_held_against_entries_of_what_it_asks() -> None:
    strided = asking("conv_transpose", stride=2)
    assert like(strided, verdict()) == "by-params"
    assert like(strided, verdict(), version="0.10.2") == "by-params"
    assert like(strided, verdict(), version="1.2") is None
    assert like(strided, verdict(target="torch")) is None
    assert like(strided, verdict(status=Status.SHAPE)) is None
    assert like(replace(strided, dtype="float16"), verdict()) is None
    assert like(asking("conv_transpose"), verdict()) is None
    assert like(asking("conv", stride=2), verdict()) is None


def test_an_entry_by_names_is_told_by_its_signature_alone() -> None:
    assert like(Own(), verdict("equals the reference with the kernel flipped along H")) == "by-name"
    assert like(Own(), verdict("the stride ignored")) is None


def test_what_a_record_may_hold_is_like_nothing() -> None:
    assert like(asking("conv_transpose", stride="two"), verdict()) is None
    assert like(asking("no such op"), verdict()) is None
    assert like(Own(given=(("reference", 3),)), verdict()) is None
    assert like(Own(), verdict("kernel flipped", target="no such target")) is None


def test_the_shipped_suite_points_at_nothing_but_others_do() -> None:
    root = shipped_root()
    assert root is not None
    # In other words, but with the cause, as a record holds it.
    flipped = verdict(with_causes("the kernel is turned around", ["kernel flipped"]))
    assert shipped_like(Own(), "/somewhere/mine.yaml", verdict("the kernel is turned around"), {}) is None
    found = shipped_like(Own(), "/somewhere/mine.yaml", flipped, {})
    assert found is not None
    assert found.known.name == "jax-does-not-flip-the-kernel"
    assert shipped_like(Own(), str(next((root / "conv").glob("*.yaml"))), flipped, {}) is None

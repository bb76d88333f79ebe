"""Smaller questions: what is said of any case, and the steps of its op, the smallest candidate of each first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from conformance.ops.base import Op
from conformance.ops.call import Call
from conformance.ops.parameters import Step as Smaller
from conformance.ops.parameters import fewer
from conformance.suite.case import Case, Expect
from conformance.suite.settings import DEFAULT_CHECKS
from conformance.suite.write import thaw

Cases = Iterator[Case]
Step = Callable[[Case], Cases]


def steps(case: Case) -> tuple[tuple[str, Step], ...]:
    """What is tried of a case, in this order; of a `call`, the op that is asked is its reference."""
    op = case.op.definition()
    asked = () if op is None else tuple((name, partial(_asked, name, smaller)) for name, smaller in op.smaller())
    return (("statement", statement), ("inputs", inputs), *asked, ("dtype", dtype), ("checks", checks))


def _asked(name: str, smaller: Smaller, case: Case) -> Cases:
    op = case.op.definition()
    if op is not None and (not isinstance(case.op, Call) or (name in op.unsaid and not _sized(case.op))):
        for other in smaller(op):
            yield with_op(case, other)


def with_op(case: Case, op: Op) -> Case:
    """The case with other parameters. They are only written (`given`): reading them again binds and checks them."""
    given = tuple(op.given().items())
    if not isinstance(case.op, Call):
        return replace(case, given=given)
    written = thaw(case.given)
    reference = (("op", written["reference"]["op"]), ("params", given))
    return with_given(case, "reference", reference)


def with_given(case: Case, name: str, value: Any) -> Case:
    """The case with one written parameter replaced."""
    return replace(case, given=tuple((key, value if key == name else old) for key, old in case.given))


def statement(case: Case) -> Cases:
    """Without what the case says beyond its question."""
    if isinstance(case.op, Call):
        yield from _fewer_plans(case)
    if case.expect != Expect():
        yield replace(case, expect=Expect())
        if case.expect.refused is not None:
            yield replace(case, expect=Expect(refused=case.expect.refused))
    if case.seed:
        yield replace(case, seed=0)
    if case.permits:
        yield replace(case, permits=frozenset())
        for one in sorted(case.permits):
            yield replace(case, permits=case.permits - {one})


def _fewer_plans(case: Case) -> Cases:
    plans = dict(case.given)["plans"]
    if len(plans) > 1:
        for name, _ in plans:
            yield with_given(case, "plans", tuple(p for p in plans if p[0] != name))


def dtype(case: Case) -> Cases:
    """float32."""
    if case.dtype != "float32":
        yield replace(case, dtype="float32")


def checks(case: Case) -> Cases:
    """Without the checks that do not fail."""
    extra = [check for check in case.checks if check not in DEFAULT_CHECKS]
    if extra:
        yield replace(case, checks=DEFAULT_CHECKS)
    if len(extra) > 1:
        for one in extra:
            yield replace(case, checks=(*DEFAULT_CHECKS, one))


def inputs(case: Case) -> Cases:
    """For a `call` with inputs of its own: a letter of their layouts at length 1, half or one less."""
    if not isinstance(case.op, Call) or _sized(case.op):
        return
    written = dict(case.given).get("inputs")
    if not written:
        return
    for letter in dict.fromkeys(c for _, body in written for c in dict(body)["layout"]):
        lengths = {
            name: dict(body)["shape"][dict(body)["layout"].index(letter)]
            for name, body in written
            if letter in dict(body)["layout"]
        }
        for chosen in (set(lengths), *({name} for name in lengths)):
            longest = max(lengths[name] for name in chosen)
            for (smaller,) in fewer((longest,), 1):
                if smaller < longest:
                    yield with_given(case, "inputs", _cut(written, letter, chosen, smaller))


def _cut(written: Any, letter: str, chosen: set[str], length: int) -> Any:
    result = []
    for name, body in written:
        entry = dict(body)
        if name in chosen and letter in entry["layout"]:
            at = entry["layout"].index(letter)
            entry["shape"] = tuple(min(n, length) if i == at else n for i, n in enumerate(entry["shape"]))
        result.append((name, tuple(entry.items())))
    return tuple(result)


def _sized(call: Call) -> bool:
    """Whether a plan spells out sizes: then these may not change, or the two would contradict each other."""
    return any(_names_sizes(plan.text) for _, plan in call.plans)


def _names_sizes(text: str) -> bool:
    """Whether a plan spells out a shape: three or more integers in a row, or a slice that ends at a number."""
    for node in ast.walk(ast.parse(text)):
        listed = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        if len(listed) >= 3 and all(isinstance(e, ast.Constant) and isinstance(e.value, int) for e in listed):
            return True
        if isinstance(node, ast.Slice) and (node.lower is not None or node.upper is not None):
            return True
    return False

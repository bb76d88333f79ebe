"""What a run would say of a case file without asking a framework: inputs and exact answers are made, in bounded work.

Reading a file finds what is wrong with its structure; here its cases are prepared as for a run, so that a contradiction
between what a case states and what its op's definition gives is found by `check` and not in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.ask.prepare import CaseError, prepare
from conformance.suite.block import Block
from conformance.suite.case import Case
from conformance.suite.document import Node
from conformance.suite.findings import MAX_FINDINGS, Finding
from conformance.suite.loader import Suite
from conformance.suite.values import ValuesError

# What one file may take, in multiply-adds of its references, and what each case takes besides: a few seconds at most.
WORK = 50_000_000
A_CASE = 200_000
# Where in a case its mistake is looked for, by how the message begins.
_PLACES = (
    ("expect", "expect"),
    ("its output is empty", "params"),
    ("its reference", "values"),
    ("specials", "values"),
    ("the literal", "values"),
)


def mistakes(suite: Suite, work: int = WORK) -> tuple[list[Finding], int]:
    """What is wrong with the cases of a file, one finding a grid or a case, and how many cases were looked at.

    The named cases come first, then the grids, each from its beginning; the work decides how far, not a clock.
    """
    findings: list[Finding] = []
    looked = 0
    for block in sorted(suite.blocks, key=lambda block: not block.name):
        for case in block.cases():
            work -= A_CASE + _effort(case)
            if work < 0:
                return sorted(findings), looked
            looked += 1
            message = mistake(case)
            if message:
                node = _place(block, message)
                findings.append(Finding(block.file, node.line, node.column, f"{message} (in {case.label})"))
                break
        if len(findings) >= MAX_FINDINGS:
            break
    return sorted(findings), looked


def mistake(case: Case) -> str:
    """Why a case can't be judged as it is written, or ""."""
    # Gradients cost most of the work, and nothing that a file says contradicts them.
    plain = tuple(check for check in case.checks if check != "gradient")
    try:
        prepare(replace(case, checks=plain))
    except (CaseError, ValuesError) as error:
        return str(error)
    return ""


def _effort(case: Case) -> int:
    return 0 if case.op.refusal() is not None else case.op.effort(False)[0]


def _place(block: Block, message: str) -> Node:
    """The key that a message is about, in the case or at the top of its file; else the case."""
    key = next((key for start, key in _PLACES if message.startswith(start)), "")
    return next((node for node in _levels(block, key)), block.node)


def _levels(block: Block, key: str) -> Iterator[Node]:
    for level in (block.node, block.top):
        if key in level.value:
            yield level.value[key]

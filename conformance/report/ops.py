"""The ops as a person reads of them: what each means, its parameters and tensors, and how every framework is asked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.dtypes import DTYPES
from conformance.frameworks import Ask, lower, several
from conformance.known.entry import Entry
from conformance.ops.base import REQUIRED, Field, Op, TensorSpec
from conformance.ops.defined import DEFINED
from conformance.plan import Plan
from conformance.suite.case import CHECKS, Case
from conformance.target import FRAMEWORKS, parse_target
from conformance.text.markdown import code, escaped, table
from conformance.text.words import plural


@dataclass(frozen=True)
class Suite:
    """What the pages say of the suite: its cases and its declared divergences."""

    cases: Sequence[Case] = ()
    entries: Sequence[Entry] = ()

    def asked(self, op: str) -> str:
        """In how many cases, what is checked, and in which dtypes; "" where there is none."""
        mine = [case for case in self.cases if case.op.name == op]
        if not mine:
            return ""
        checks = [check for check in CHECKS if any(check in case.checks for case in mine)]
        dtypes = [dtype for dtype in DTYPES if any(case.dtype == dtype for case in mine)]
        files = len({case.source.file for case in mine})
        return f"{plural(len(mine), 'case')} in {plural(files, 'file')}; {', '.join(checks)}; {', '.join(dtypes)}"

    def targets(self, op: str, framework: str) -> list[str]:
        """The targets of a framework that the op's cases name, those that run where nothing is said first."""
        names = {name for case in self.cases if case.op.name == op for name in case.targets}
        usual = list(FRAMEWORKS[framework].defaults) if "default" in names else []
        more = {str(parse_target(name)) for name in names - {"default"} if parse_target(name).framework == framework}
        return [*usual, *sorted(more - set(usual))]

    def known(self, op: str, framework: str) -> list[str]:
        """The declared divergences of an op on a framework, by name."""
        mine = (entry for entry in self.entries if op in entry.ops)
        return [entry.known.name for entry in mine if any(on.framework == framework for on in entry.targets)]


def overview() -> str:
    """The table op x framework in plain text: how many ways there are to ask, and the reasons where there is none."""
    names = list(FRAMEWORKS)
    rows = [["op", *names], *([op, *(_mark(op, name) for name in names)] for op in DEFINED)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names) + 1)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    why = [f"  {op} on {name}: {reason}" for op in DEFINED for name in names for reason in reasons(op, name)]
    return "\n".join([*lines, "", "yes: asked; some: under conditions; no: not asked. Why:", *why])


def page(op: type[Op], suite: Suite) -> str:
    """One op in plain text."""
    lines = [op.name, "", *inspect.cleandoc(op.__doc__ or "").splitlines(), "", "parameters"]
    width = max(len(name) for name in op.fields())
    lines += [f"  {name.ljust(width)}  {field.doc} ({_default(field)})" for name, field in op.fields().items()]
    asked = op()
    lines += ["", f"tensors of {asked.label()}", *(f"  {line}" for line in _tensors(asked))]
    for name in FRAMEWORKS:
        lines += ["", f"on {name}"]
        lines += [f"  {line}" for line in "\nor\n".join(_texts(op.name, name)).splitlines()]
        lines += [f"  {reason}" for reason in reasons(op.name, name)]
        lines += [f"  layout of {spec}" for spec in _layouts(op, name)]
        if targets := suite.targets(op.name, name):
            lines += [f"  its cases name: {', '.join(targets)}"]
        lines += [f"  known: {entry}" for entry in suite.known(op.name, name)]
    return "\n".join([*lines, "", f"the suite: {suite.asked(op.name) or 'no case'}"])


def pages(suite: Suite) -> str:
    """Every op as a page of Markdown: docs/ops.md."""
    lines = [
        "# Ops",
        "",
        "What each op means, and how every framework is asked. Made by `conformance ops --markdown -o docs/ops.md`.",
        "",
        *table(["op", *FRAMEWORKS], [[f"[{op}](#{op})", *(_mark(op, name) for name in FRAMEWORKS)] for op in DEFINED]),
    ]
    for op in DEFINED.values():
        lines += [f"## {op.name}", "", inspect.cleandoc(op.__doc__ or ""), ""]
        rows = [[code(name), escaped(field.doc), code(_default(field))] for name, field in op.fields().items()]
        lines += table(["parameter", "what it is", "default"], rows)
        lines += [f"- {line}" for line in _tensors(op())] + [""]
        lines += [f"The suite: {suite.asked(op.name) or 'no case'}.", ""]
        lines += table(["framework", "its cases name", "known divergences"], _asked(op.name, suite))
        for name in FRAMEWORKS:
            texts, why = _texts(op.name, name), reasons(op.name, name)
            if texts:
                lines += [f"{FRAMEWORKS[name].title}:", "", "```python", "\n\n".join(texts), "```", ""]
            lines += [*(f"- {FRAMEWORKS[name].title}, {escaped(reason)}" for reason in why), *([""] if why else [])]
    return "\n".join(lines).rstrip("\n") + "\n"


def _asked(op: str, suite: Suite) -> Iterator[list[str]]:
    for name, framework in FRAMEWORKS.items():
        targets, known = suite.targets(op, name), suite.known(op, name)
        if targets or known:
            yield [framework.title, ", ".join(map(code, targets)) or "nothing", "<br>".join(map(code, known)) or "none"]


def _layouts(op: type[Op], framework: str) -> Iterator[str]:
    """How tensors lie that do not lie as the op has them: what weights are converted to."""
    asked = op()
    if asked.refusal() is not None:
        return
    plan = lower(Ask(asked, asked.meaning(), "float32", parse_target(framework)))
    if isinstance(plan, Plan):
        for spec in (*asked.inputs(), *asked.outputs()):
            if spec.name in dict(plan.layouts) and str(plan.layout(spec.name)) != spec.axes:
                yield f"{spec.name}: {plan.layout(spec.name)} for {spec.axes}"


def _default(field: Field) -> str:
    if field.default is REQUIRED:
        return "required"
    value = field.default
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _tensors(op: Op) -> Iterator[str]:
    for word, specs in (("takes", op.inputs()), ("gives", op.outputs())):
        for spec in specs:
            yield f"{word} {spec.name}: {_said(spec)}"


def _said(spec: TensorSpec) -> str:
    words = [f"{spec.axes or 'a number'} {'x'.join(map(str, spec.shape))}".rstrip(), spec.dtype or spec.kind]
    words += [f"points into {spec.into}"] if spec.into else []
    words += [f"slices along {letter}: {', '.join(order)}" for letter, order in spec.marks]
    words += [] if spec.pulled else ["no gradient"]
    return ", ".join(words)


def _mark(op: str, framework: str) -> str:
    cell = FRAMEWORKS[framework].words.get(op)
    if cell is None or isinstance(cell, str):
        return "no"
    return "some" if reasons(op, framework) else "yes"


def reasons(op: str, framework: str) -> list[str]:
    """Why it is not asked: at all, or where none of several words fits."""
    cell = FRAMEWORKS[framework].words.get(op)
    if cell is None:
        return ["not asked: there are no words"]
    if isinstance(cell, str):
        return [f"not asked: {cell}"]
    # What the last of several can't say is what can't be asked.
    words = several(cell)[-1:]
    return [f"not where {condition}: {why}" for one in words for condition, why in (one.unless or {}).items()]


def _texts(op: str, framework: str) -> list[str]:
    cell = FRAMEWORKS[framework].words.get(op)
    if callable(cell):
        return ["(its text follows from the parameters)"]
    return [words.text for words in several(cell)]

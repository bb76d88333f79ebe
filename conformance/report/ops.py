"""The ops as a person reads of them: what each means, its parameters and tensors, and how every framework is asked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from conformance.frameworks import several
from conformance.ops.base import REQUIRED, Field, Op, TensorSpec
from conformance.ops.defined import DEFINED
from conformance.target import FRAMEWORKS
from conformance.text.markdown import code, escaped, table


def overview() -> str:
    """The table op x framework in plain text: how many ways there are to ask, and the reasons where there is none."""
    names = list(FRAMEWORKS)
    rows = [["op", *names], *([op, *(_mark(op, name) for name in names)] for op in DEFINED)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names) + 1)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    reasons = [f"  {op} on {name}: {reason}" for op in DEFINED for name in names for reason in reasons(op, name)]
    return "\n".join([*lines, "", "yes: asked; some: under conditions; no: not asked. Why:", *reasons])


def page(op: type[Op]) -> str:
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
    return "\n".join(lines)


def pages() -> str:
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
        for name in FRAMEWORKS:
            texts, why = _texts(op.name, name), reasons(op.name, name)
            if texts:
                lines += [f"{FRAMEWORKS[name].title}:", "", "```python", "\n\n".join(texts), "```", ""]
            lines += [*(f"- {FRAMEWORKS[name].title}, {escaped(reason)}" for reason in why), *([""] if why else [])]
    return "\n".join(lines).rstrip("\n") + "\n"


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
        return ["(its text follows from the geometry)"]
    return [words.text for words in several(cell)]

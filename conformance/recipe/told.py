"""What is printed of a call that was read from words, and its form for tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.ops.parameters import shown
from conformance.recipe.answers import NO_GRADIENTS, Answer, laid_out
from conformance.recipe.meant import DTYPE, Meant
from conformance.recipe.verify import NoRecipe, Ran
from conformance.recipe.write import condition, imports, needed


def header(meant: Meant) -> str:
    """What the call is, in a few lines."""
    tensors = ", ".join(_tensor(meant, spec.name) for spec in meant.op.inputs())
    said = ", ".join(f"{name} {shown(value)}" for name, value in meant.op.parameters().items())
    notes = [f"  note: {note}" for note in meant.notes]
    return "\n".join(
        [
            meant.text.strip(),
            f"  {meant.op.name}: {meant.definition}",
            f"  means: {said}",
            f"  {tensors}, {meant.dtype}",
            *notes,
        ]
    )


def section(meant: Meant, name: str, answer: Answer | NoRecipe) -> str:
    """What one target is asked, or why there is nothing."""
    title = f"--- {name} "
    lines = [title + "-" * max(60 - len(title), 3)]
    if isinstance(answer, NoRecipe):
        return "\n".join([*lines, f"no recipe: {answer.reason}"])
    lines += [script(answer), ""]
    lines += [f"note: {note}" for note in (answer.written.plan.note, *answer.written.notes) if note]
    if answer.trap:
        lines.append(f"trap: {answer.trap}")
    source, ran = answer.source, answer.ran
    lines.append(f"verified: {ran_text(source)} and {ran_text(ran)} on the {ran.target.device}, {_outputs(meant)}")
    if max(source.error, ran.error):
        lines.append(
            f"  right on {' and '.join(answer.kinds)} data ({answer.elements:,} elements); the largest errors are "
            f"{source.error:.2g} ({source.target.framework}) and {ran.error:.2g} ({ran.target.framework}) "
            f"of what {meant.dtype} allows"
        )
    else:
        lines.append(f"  equal on {' and '.join(answer.kinds)} data ({answer.elements:,} elements)")
    if answer.others:
        pulled = "" if NO_GRADIENTS in answer.others else "with gradients, "
        lines.append(f"  right, too, {pulled}for {'; '.join(answer.others)}")
    return "\n".join([*lines, *(f"  elsewhere: {remark}" for remark in answer.remarks)])


def script(answer: Answer) -> str:
    """The code, ready to paste: the tensors brought into form, and the plan that was run."""
    first, then = needed(answer.target, DTYPE)
    holds, checked = condition(answer.only, "elsewhere it has other numbers")
    written = answer.written
    moved = [*written.before, *(text for text in written.after if not text.startswith("#"))]
    needs = [*first, *(["import numpy as np"] if moved else [])]
    needs += [*imports(answer.target, written.plan.text, DTYPE), *then]
    before = [*written.before, ""] if written.before else []
    return "\n".join([*holds, *needs, "", *checked, *before, written.plan.text, *written.after])


def ran_text(ran: Ran) -> str:
    """`keras 3.15.1 on tensorflow 2.21.0`, and the target where it is not the plain one."""
    plain = str(ran.target) in (ran.target.framework, f"{ran.target.framework}/{ran.target.backend}")
    return f"{ran.target.framework} {ran.version}" + ("" if plain else f" ({ran.target})")


def document(meant: Meant, names: Sequence[str], found: Sequence[Answer | NoRecipe]) -> dict[str, Any]:
    """The fields that docs/recipe.md documents."""
    return {
        "call": meant.text,
        "framework": meant.framework,
        "function": meant.function,
        "op": meant.op.name,
        "definition": meant.definition,
        "means": meant.op.label(),
        "parameters": meant.op.parameters(),
        "dtype": meant.dtype,
        "layouts": dict(meant.words.layouts),
        "shapes": {spec.name: list(laid_out(meant.words, spec)) for spec in meant.op.inputs()},
        "notes": list(meant.notes),
        "targets": [_entry(name, answer) for name, answer in zip(names, found, strict=True)],
    }


def _entry(name: str, answer: Answer | NoRecipe) -> dict[str, Any]:
    if isinstance(answer, NoRecipe):
        return {"target": name, "verified": False, "kind": answer.kind, "reason": answer.reason}
    return {
        "target": name,
        "verified": True,
        "code": script(answer),
        "statements": answer.written.plan.text,
        "tensors": list(answer.written.before),
        "layouts": dict(answer.written.plan.layouts),
        "only": answer.only,
        "note": answer.written.plan.note,
        "notes": list(answer.written.notes),
        "trap": answer.trap,
        "verification": {
            "source": ran_entry(answer.source),
            "target": ran_entry(answer.ran),
            "elements": answer.elements,
            "data": list(answer.kinds),
        },
        "elsewhere": list(answer.remarks),
    }


def ran_entry(ran: Ran) -> dict[str, Any]:
    """Where something ran, for tools."""
    return {"target": str(ran.target), "version": ran.version, "device": ran.target.device, "error": ran.error}


def _tensor(meant: Meant, name: str) -> str:
    spec = next(s for s in meant.op.inputs() if s.name == name)
    return f"{name} {laid_out(meant.words, spec)} {meant.words.layout(name)}"


def _outputs(meant: Meant) -> str:
    return ", ".join(f"{s.name} {laid_out(meant.words, s)}" for s in meant.op.outputs())

"""Words of connectionist temporal classification around the loss of each item, and its forward algorithm by hand.

Shared by the rooms; knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.frameworks import Ask, Lowering
from conformance.frameworks.words import Words
from conformance.ops.ctc import Ctc
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.worker.whitelist import MAX_STATEMENTS

# What the plan has before and after its frames, and for each.
_AROUND, _EACH = 16, 2


def reduced(
    each: str,
    lengths: str,
    reduce: str,
    unless: Mapping[str, str],
    layouts: Mapping[str, str] | None = None,
    trusted: bool = False,
) -> Iterator[Words]:
    """Words of a loss whose item is written `each`; `lengths`: the number of its labels, at least 1, in x's dtype.

    `reduce`: as `numpy.{}`.
    """
    mean = reduce.format("mean")
    for reduction, text in {
        "none": f"y = {each}",
        "mean": f"y = {mean}({each} / {lengths})",
        "count": f"y = {mean}({each})",
        "sum": f"y = {reduce.format('sum')}({each})",
    }.items():
        said = {**unless, f"reduction != '{reduction}'": "reduced otherwise"}
        yield Words(text, layouts, said, trusted=trusted)


def by_hand(module: str, softmax: str, note: str = "") -> Lowering:
    """The forward algorithm in the functions of NumPy, or of a module that has the same ones.

    `softmax`: lines that make `logs`, the logarithm of the softmax of x.
    """

    def ask_for(ask: Ask[Ctc]) -> Plan | Unsupported:
        p, m, states = ask.op, module, 2 * ask.op.labels + 1
        most = (MAX_STATEMENTS - _AROUND) // _EACH
        if p.steps > most:
            return Unsupported(f"by hand a frame is {_EACH} lines of a plan, which has no loop: {most} frames at most")
        # In place of minus infinity, whose differences are NaN, in gradients above all.
        low = -3e4 if ask.dtype == "float16" else -1e30
        lines = [
            *(softmax.splitlines() if p.logits else ["logs = x"]),
            f"blanks = {m}.full_like(target, {p.blank})",
            f"pairs = {m}.stack([blanks, target], -1).reshape({p.batch}, {states - 1})",
            f"states = {m}.concatenate([pairs, {m}.full(({p.batch}, 1), {p.blank})], 1)",
            f"read = {m}.take_along_axis(logs, states[:, None, :], 2)",
            f"same = {m}.equal(states[:, 2:], states[:, :-2])",
            f"begun = {m}.where({m}.equal({m}.arange({states}), 0), 0.0, {low}).astype(x.dtype)",
            f"reached = {m}.broadcast_to(begun, ({p.batch}, {states}))",
        ]
        led = "reached"
        if p.labels:
            step, leap = (
                f"{m}.pad({before}, ((0, 0), ({by}, 0)), constant_values={low})"
                for by, before in ((1, "reached[:, :-1]"), (2, f"{m}.where(same, {low}, reached[:, :-2])"))
            )
            led = f"{m}.logaddexp({m}.logaddexp(reached, {step}), {leap})"
        for t in range(p.steps):
            lines += [
                f"led = {led} + read[:, {t}]",
                f"reached = {m}.where({m}.greater(input_lengths, {t})[:, None], led, reached)",
            ]
        without = 0.0 if p.zero_infinity else f"{m}.inf"
        lines += [
            "ends = 2 * target_lengths[:, None]",
            f"last = {m}.take_along_axis(reached, ends, 1)[:, 0]",
            f"label = {m}.take_along_axis(reached, {m}.maximum(ends - 1, 0), 1)[:, 0]",
            f"y = -{m}.where({m}.greater(target_lengths, 0), {m}.logaddexp(last, label), last)",
            f"y = {m}.where({m}.greater(y, {-low / 2}), {without}, y)",
        ]
        if p.reduction == "mean":
            lines.append(f"y = y / {m}.maximum(target_lengths, 1).astype(x.dtype)")
        if p.reduction != "none":
            lines.append(f"y = {m}.{'sum' if p.reduction == 'sum' else 'mean'}(y)")
        layouts = {spec.name: spec.axes for spec in (*p.inputs(), *p.outputs())}
        return Plan.of("\n".join(lines), layouts, note)

    return ask_for

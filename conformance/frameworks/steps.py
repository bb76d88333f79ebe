"""Plans of several steps in a row, since a plan has no loop; and optimisers as people write them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.frameworks import Ask, Lowering
from conformance.ops.optimiser import Adagrad, Adam, RmsProp, Sgd
from conformance.plan import Plan


def stepped(
    ask: Ask[Any], before: Sequence[str], step: Sequence[str], after: Sequence[str] = (), note: str = ""
) -> Plan:
    """`step`, once a step: {g} is its gradient, {rate} its rate, {t} its number from 1, {last} the number before."""
    op = ask.op
    each = [
        line.format(g=f"g[{t}]", rate=repr(rate), t=t + 1, last=t) for t, rate in enumerate(op.rates()) for line in step
    ]
    layouts = {spec.name: spec.axes for spec in (*op.inputs(), *op.outputs())}
    return Plan.of("\n".join([*before, *each, *after]), layouts, note, tuple(s.name for s in op.outputs()), True)


def by_hand(module: str, note: str) -> dict[str, Lowering]:
    """Every optimiser in the functions of NumPy, or of a module that has the same ones."""

    def start(op: Any) -> list[str]:
        made = {0.0: "zeros_like(x)"}
        return ["y = x", *(f"{s} = {module}.{made.get(v, f'full_like(x, {v!r})')}" for s, v in op.slots().items())]

    def decayed(op: Any) -> list[str]:
        if not op.decay:
            return ["d = {g}"]
        if op.decoupled:
            return [f"y = y - {{rate}} * {op.decay!r} * y", "d = {g}"]
        return [f"d = {{g}} + {op.decay!r} * y"]

    def sgd(ask: Ask[Sgd]) -> Plan:
        op, step = ask.op, decayed(ask.op)
        if not op.momentum:
            return stepped(ask, start(op), [*step, "y = y - {rate} * d"], note=note)
        moved = f"{op.momentum!r} * velocity {'-' if op.scaled else '+'} {'{rate} * ' if op.scaled else ''}d"
        ahead = f"({moved})" if op.nesterov else "velocity"
        step += [f"velocity = {moved}", f"y = y {'+' if op.scaled else '- {rate} *'} {ahead}"]
        return stepped(ask, start(op), step, note=note)

    def adam(ask: Ask[Adam]) -> Plan:
        op = ask.op
        one, two, eps, v = op.beta1, op.beta2, op.epsilon, "top" if op.amsgrad else "v"
        root = {
            "corrected": f"{module}.sqrt({v} / (1 - power2)) + {eps!r}",
            "uncorrected": f"({module}.sqrt({v}) + {eps!r}) / {module}.sqrt(1 - power2)",
            "root": f"{module}.sqrt({v} / (1 - power2) + {eps!r})",
        }[op.epsilon_at]
        step = [
            *decayed(op),
            f"m = {one!r} * m + {1 - one!r} * d",
            f"v = {two!r} * v + {1 - two!r} * d * d",
            *([f"top = {module}.maximum(top, v)"] if op.amsgrad else ()),
            f"power1 = power1 * {one!r}",
            f"power2 = power2 * {two!r}",
            f"y = y - {{rate}} / (1 - power1) * m / ({root})",
        ]
        return stepped(ask, [*start(op), *(f"power{i} = {module}.ones_like(x)" for i in (1, 2))], step, note=note)

    def rmsprop(ask: Ask[RmsProp]) -> Plan:
        op = ask.op
        keep, v = op.decay, "(v - mean * mean)" if op.centered else "v"
        step = [f"v = {keep!r} * v + {1 - keep!r} * {{g}} * {{g}}"]
        if op.centered:
            step.append(f"mean = {keep!r} * mean + {1 - keep!r} * {{g}}")
        step.append(f"d = {{g}} / {_root(module, v, op)}")
        if op.momentum:
            step.append(f"velocity = {op.momentum!r} * velocity + {'{rate} * ' if op.scaled else ''}d")
        moved = "velocity" if op.momentum else "d"
        step.append(f"y = y - {'' if op.momentum and op.scaled else '{rate} * '}{moved}")
        return stepped(ask, start(op), step, note=note)

    def adagrad(ask: Ask[Adagrad]) -> Plan:
        step = ["total = total + {g} * {g}", f"y = y - {{rate}} * {{g}} / {_root(module, 'total', ask.op)}"]
        return stepped(ask, start(ask.op), step, note=note)

    return {"sgd": sgd, "adam": adam, "adamw": adam, "rmsprop": rmsprop, "adagrad": adagrad}


def _root(module: str, v: str, op: RmsProp | Adagrad) -> str:
    if op.inside:
        return f"{module}.sqrt({v} + {op.epsilon!r})"
    return f"({module}.sqrt({v}) + {op.epsilon!r})"

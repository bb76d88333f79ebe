"""How PyTorch is asked: optimisers. A leaf's gradient is what is pulled through it.

https://docs.pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.steps import stepped
from conformance.ops.optimiser import Adagrad, Adam, RmsProp, Sgd
from conformance.outcome import Unsupported
from conformance.plan import Plan

_WITHIN = "PyTorch's momentum buffer holds no rate: the rate is multiplied with it at each step"
# What PyTorch calls the slots.
_SLOTS = {"velocity": "momentum_buffer", "m": "exp_avg", "v": "exp_avg_sq", "top": "max_exp_avg_sq", "total": "sum"}


def _stepped(ask: Ask[Any], optimiser: str, words: str, **slots: str) -> Plan | Unsupported:
    p = ask.op
    if ask.target.mode in ("compile", "export"):
        return Unsupported(
            f"a step changes its parameter in place, from its gradient: no graph of torch.{ask.target.mode}"
        )
    before = [
        "kept = torch.nn.Parameter(x.clone())",
        f"optimizer = torch.optim.{optimiser}([kept], lr={p.rate!r}{words})",
    ]
    step = ["optimizer.zero_grad()", "kept.backward({g})", "optimizer.step()"]
    if p.change != 1.0:
        before.append(f"schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, {p.change!r})")
        step.append("schedule.step()")
    names = {**_SLOTS, **slots}
    after = [f"{name} = optimizer.state[kept].get({names[name]!r})" for name in p.slots()]
    return stepped(ask, before, step, ["y = kept.detach()", *after])


def sgd(ask: Ask[Sgd]) -> Plan | Unsupported:
    """Its decay is coupled."""
    p = ask.op
    if p.momentum and p.scaled:
        return Unsupported(_WITHIN)
    if p.decay and p.decoupled:
        return Unsupported("torch.optim.SGD adds its decay to the gradient")
    return _stepped(ask, "SGD", f", momentum={p.momentum!r}, nesterov={p.nesterov!r}, weight_decay={p.decay!r}")


def adam(ask: Ask[Adam]) -> Plan | Unsupported:
    """Of Adam and AdamW, which is Adam with decoupled decay."""
    p = ask.op
    if p.epsilon_at != "corrected":
        return Unsupported("PyTorch adds epsilon to the root of the corrected v")
    words = f", betas=({p.beta1!r}, {p.beta2!r}), eps={p.epsilon!r}, weight_decay={p.decay!r}, amsgrad={p.amsgrad!r}"
    return _stepped(ask, "AdamW" if p.decoupled else "Adam", words)


def rmsprop(ask: Ask[RmsProp]) -> Plan | Unsupported:
    """Its alpha is the share of v that is kept."""
    p = ask.op
    if p.inside:
        return Unsupported("PyTorch adds epsilon to the root")
    if p.momentum and p.scaled:
        return Unsupported(_WITHIN)
    words = f", alpha={p.decay!r}, eps={p.epsilon!r}, momentum={p.momentum!r}, centered={p.centered!r}"
    return _stepped(ask, "RMSprop", words, v="square_avg", mean="grad_avg")


def adagrad(ask: Ask[Adagrad]) -> Plan | Unsupported:
    """With a total that begins anywhere."""
    p = ask.op
    if p.inside:
        return Unsupported("PyTorch adds epsilon to the root")
    return _stepped(ask, "Adagrad", f", initial_accumulator_value={p.start!r}, eps={p.epsilon!r}")


TABLE: dict[str, Cell] = {"sgd": sgd, "adam": adam, "adamw": adam, "rmsprop": rmsprop, "adagrad": adagrad}

"""How Keras is asked: optimisers, by stateless_apply where the backend has it.

https://keras.io/api/optimizers/
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.steps import stepped
from conformance.ops.optimiser import Adagrad, Adam, RmsProp, Sgd
from conformance.outcome import Unsupported
from conformance.plan import Plan


def _stepped(ask: Ask[Any], optimiser: str, words: str) -> Plan | Unsupported:
    """The slots stand after the number of steps, and the rate where it does not change."""
    p = ask.op
    if ("api", "ops") in ask.target.options:
        return Unsupported("keras.ops has no optimisers")
    rate, names = repr(p.rate), ["count", "rate", *p.slots()]
    if p.change != 1.0:
        rate = f"keras.optimizers.schedules.ExponentialDecay({p.rate!r}, 1, {p.change!r})"
        names.remove("rate")
    made, variables = f"optimizer = keras.optimizers.{optimiser}({rate}{words})", ", ".join(names)
    if ask.target.backend != "tensorflow":
        build = f"optimizer.build([keras.Variable(keras.ops.zeros({p.shape!r}), dtype={ask.dtype!r})])"
        before = [made, build, f"{variables}, = optimizer.variables", "y = x"]
        return stepped(ask, before, [f"(y,), ({variables},) = optimizer.stateless_apply([{variables}], [{{g}}], [y])"])
    if ask.target.mode != "eager":
        return Unsupported("stateless_apply is not supported with the TensorFlow backend (3.15.1)")
    after = [f"{s} = {'kept' if s == 'y' else s}.value" for s in ("y", *p.slots())]
    before = [made, f"kept = keras.Variable(x, dtype={ask.dtype!r})", "optimizer.build([kept])"]
    return stepped(ask, before, ["optimizer.apply([{g}])"], [f"{variables}, = optimizer.variables", *after])


def sgd(ask: Ask[Sgd]) -> Plan | Unsupported:
    """Its velocity holds the rate."""
    p = ask.op
    if p.momentum and not p.scaled:
        return Unsupported("the rate is within the momentum of Keras's SGD")
    if p.decay and not p.decoupled:
        return Unsupported("the decay of Keras's optimisers goes past the gradient")
    words = f", momentum={p.momentum!r}, nesterov={p.nesterov!r}" + (f", weight_decay={p.decay!r}" if p.decay else "")
    return _stepped(ask, "SGD", words)


def adam(ask: Ask[Adam]) -> Plan | Unsupported:
    """Of Adam and AdamW, which is Adam with a decay by default."""
    p = ask.op
    if p.epsilon_at != "uncorrected":
        return Unsupported("Keras adds epsilon to the root of v as it is (epsilon hat)")
    if p.decay and not p.decoupled:
        return Unsupported("the decay of Keras's optimisers goes past the gradient")
    words = f", beta_1={p.beta1!r}, beta_2={p.beta2!r}, epsilon={p.epsilon!r}, amsgrad={p.amsgrad!r}"
    layer, decay = ("AdamW", f", weight_decay={p.decay!r}") if p.decoupled else ("Adam", "")
    return _stepped(ask, layer, words + decay)


def rmsprop(ask: Ask[RmsProp]) -> Plan | Unsupported:
    """Its rho is the share of v that is kept."""
    p = ask.op
    if not p.inside:
        return Unsupported("Keras adds epsilon under the root")
    if p.momentum and not p.scaled:
        return Unsupported("the rate is within the momentum of Keras's RMSprop")
    words = f", rho={p.decay!r}, momentum={p.momentum!r}, epsilon={p.epsilon!r}, centered={p.centered!r}"
    return _stepped(ask, "RMSprop", words)


def adagrad(ask: Ask[Adagrad]) -> Plan | Unsupported:
    """Its total begins with 0.1 by default."""
    p = ask.op
    if not p.inside:
        return Unsupported("Keras adds epsilon under the root")
    words = f", initial_accumulator_value={p.start!r}, epsilon={p.epsilon!r}"
    return _stepped(ask, "Adagrad", words)


TABLE: dict[str, Cell] = {"sgd": sgd, "adam": adam, "adamw": adam, "rmsprop": rmsprop, "adagrad": adagrad}

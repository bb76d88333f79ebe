"""How TensorFlow is asked: optimisers, as the kernels that apply a gradient to a variable.

https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceApplyAdam
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.steps import stepped
from conformance.ops.optimiser import Adagrad, Adam, RmsProp, Sgd
from conformance.outcome import Unsupported
from conformance.plan import Plan


def _stepped(ask: Ask[Any], call: str, *step: str) -> Plan | Unsupported:
    if ask.target.mode != "eager":
        return Unsupported(
            'a plan makes its variables each time: "tf.function only supports singleton tf.Variables" (2.21.0)'
        )
    kept = list(ask.op.slots())
    before = ["y_kept = tf.Variable(x)"]
    before += [f"{s}_kept = tf.Variable(tf.fill(x.shape, tf.cast({v!r}, x.dtype)))" for s, v in ask.op.slots().items()]
    after = [f"{name} = tf.identity({name}_kept)" for name in ("y", *kept)]
    return stepped(ask, before, [*step, f"tf.raw_ops.{call}"], after)


def sgd(ask: Ask[Sgd]) -> Plan | Unsupported:
    """The one that holds the rate is Keras's."""
    p = ask.op
    if p.decay:
        return Unsupported("TensorFlow's kernels have no decay; what applies them adds it")
    if not p.momentum:
        return _stepped(ask, "ResourceApplyGradientDescent(var=y_kept.handle, alpha={rate}, delta={g})")
    name = "KerasMomentum" if p.scaled else "Momentum"
    return _stepped(
        ask,
        f"ResourceApply{name}(var=y_kept.handle, accum=velocity_kept.handle, lr={{rate}}, "
        f"grad={{g}}, momentum={p.momentum!r}, use_nesterov={p.nesterov!r})",
    )


def adam(ask: Ask[Adam]) -> Plan | Unsupported:
    """Its powers of beta are given."""
    p = ask.op
    if p.epsilon_at != "uncorrected":
        return Unsupported("TensorFlow adds epsilon to the root of v as it is (epsilon hat)")
    if p.decay:
        return Unsupported("TensorFlow's kernels have no decay; what applies them adds it")
    name, top = ("ResourceApplyAdamWithAmsgrad", "vhat=top_kept.handle, ") if p.amsgrad else ("ResourceApplyAdam", "")
    betas = enumerate((p.beta1, p.beta2), 1)
    powers = (f"beta{i}_power=tf.pow(tf.constant({b!r}, x.dtype), {{t}}.0)" for i, b in betas)
    return _stepped(
        ask,
        f"{name}(var=y_kept.handle, m=m_kept.handle, v=v_kept.handle, {top}{', '.join(powers)}, lr={{rate}}, "
        f"beta1={p.beta1!r}, beta2={p.beta2!r}, epsilon={p.epsilon!r}, grad={{g}})",
    )


def rmsprop(ask: Ask[RmsProp]) -> Plan | Unsupported:
    """With a velocity always, so it is asked where there is one."""
    p = ask.op
    if not p.inside:
        return Unsupported("TensorFlow adds epsilon under the root")
    if not (p.momentum and p.scaled):
        return Unsupported("the kernel keeps a velocity, within which the rate is")
    name, mean = ("CenteredRMSProp", "mg=mean_kept.handle, ") if p.centered else ("RMSProp", "")
    return _stepped(
        ask,
        f"ResourceApply{name}(var=y_kept.handle, {mean}ms=v_kept.handle, mom=velocity_kept.handle, lr={{rate}}, "
        f"rho={p.decay!r}, momentum={p.momentum!r}, epsilon={p.epsilon!r}, grad={{g}})",
    )


def adagrad(ask: Ask[Adagrad]) -> Plan | Unsupported:
    """The second version, which has an epsilon."""
    p = ask.op
    if p.inside:
        return Unsupported("tf.raw_ops.ResourceApplyAdagradV2 adds epsilon to the root")
    return _stepped(
        ask,
        f"ResourceApplyAdagradV2(var=y_kept.handle, accum=total_kept.handle, lr={{rate}}, epsilon={p.epsilon!r}, "
        "grad={g})",
    )


TABLE: dict[str, Cell] = {"sgd": sgd, "adam": adam, "adamw": adam, "rmsprop": rmsprop, "adagrad": adagrad}

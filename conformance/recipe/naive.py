"""What comes of writing the same arguments in another framework, with the weights only permuted.

The words are carried over one by one, as a person does who takes the frameworks to mean the same by them; what the
target has no word for is left out, or put in the way that is usual. Then it is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from conformance.ask.prepare import Prepared
from conformance.judge.compare import judge
from conformance.judge.explain import explain
from conformance.layout import Layout
from conformance.ops.conv.convolution import Convolution, Refused
from conformance.outcome import Raised, Unsupported, Value
from conformance.recipe.bench import Bench, plainly
from conformance.recipe.call import Call
from conformance.recipe.weights import own_shape
from conformance.recipe.write import Code, data_format, write_params
from conformance.text.words import in_a_line
from conformance.verdict import Status

EXPLAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Naive:
    """What the naive translation is and gives.

    `right`: it gives the call's answer. `code` is its call, `says` one line for a person, `explanation` the cause
    where one is known, by `explain`.
    """

    right: bool
    code: str
    says: str
    explanation: str = ""


def naive(code: Code, form: str, inputs: Sequence[tuple[Call, Prepared]], bench: Bench) -> Naive:
    """Write the naive translation for the place where `code` ran, run it there, and say what came of it.

    `inputs` are the call at its own length first, then at others: it is right where it is right at all of them, and
    what is said of it is what the first shows at which it is not.
    """
    (own, data), *rest = inputs
    first = _naive(own, code, form, data, bench)
    for call, prepared in rest if first.right else ():
        one = _naive(call, code, form, prepared, bench)
        if not one.right:
            says = f"{one.says} for x {own_shape(call, 'x')}, though it is right for {own_shape(own, 'x')}"
            return replace(one, says=says)
        if one.code != first.code:
            return replace(first, right=False, says=f"{first.code} is right for this x alone: its lengths are numbers")
    return first


def _naive(call: Call, code: Code, form: str, prepared: Prepared, bench: Bench) -> Naive:
    said, lost = nominal(call, code.target.framework)
    try:
        geometry = said.geometry()
    except Refused:
        geometry = None
    form = "" if code.target.framework == "jax" else form
    written = write_params(call, said, geometry, code.target, form)
    if isinstance(written, Unsupported):
        return Naive(False, "", f"there is none: {written.reason}")
    # The weights are permuted, as their shapes ask for: what is flipped stays so, and nothing else is.
    layouts = dict(written.ran.layouts)
    layouts["w"] = str(Layout(written.ran.plan.layout("w").axes, call.layout("w").flips))
    what = replace(written.ran, layouts=tuple(layouts.items()))
    if what == code.ran:
        return Naive(True, written.head, "the same arguments are right, with the weights only permuted")
    before = f"{'; '.join(lost)}; " if lost else ""
    [outcome] = bench.outcomes(code.target, what, [prepared])
    judgement = judge(prepared.expectation, outcome)
    if judgement.status in (Status.PASS, Status.PRECISION):
        return Naive(True, written.head, f"{before}{written.head} is right as well, with the weights only permuted")
    if isinstance(outcome, Raised):
        return Naive(False, written.head, f"{before}{written.head} is refused: {plainly(judgement.message)}")
    if not isinstance(outcome, Value) or not outcome.has_values:
        return Naive(False, written.head, f"{before}{written.head} gives no answer: {plainly(judgement.message)}")
    output = outcome.first
    [right] = prepared.expectation.outputs.values()
    cause = explain(
        call.op,
        prepared.arrays,
        np.asarray(output.values, dtype=np.float64),
        output.shape,
        dtype=call.dtype,
        budget_seconds=EXPLAIN_SECONDS,
    )
    # Of a wrong shape there are often many readings that are as good as one another: then the sizes say enough.
    explained = in_a_line(cause.text) if cause.exact and len(cause.confusions) == 1 else ""
    if output.shape != right.value.shape:
        says = f"{written.head} gives {_sizes(output.shape)} instead of {_sizes(right.value.shape)}"
    else:
        figures = judgement.figures
        count = f"{figures.differing} of {figures.elements}" if figures else "some"
        says = f"{written.head} gives the same shape, but {count} elements differ"
    return Naive(False, written.head, before + says, explained)


def _sizes(shape: tuple[int, ...]) -> str:
    """The spatial sizes: 15x15, or `length 15`."""
    sizes = shape[2:]
    return "x".join(map(str, sizes)) if len(sizes) > 1 else f"length {sizes[0]}"


def nominal(call: Call, framework: str) -> tuple[Convolution, list[str]]:
    """The call's words as the target's, one by one, and what of them the target has no word for."""
    p = call.op
    lost: list[str] = []
    padding, symmetric = p.padding, p.symmetric
    transposed = p.transposed
    if isinstance(padding, str):
        if framework == "torch" and padding == "same" and (transposed or set(p.stride) != {1}):
            # (k - 1) // 2 is what people write for it.
            padding = tuple(((e - 1) // 2, (e - 1) // 2) for e in p.extent)
            symmetric = True
            lost.append('padding "same" has no counterpart')
        elif framework == "torch" and padding == "valid":
            padding, symmetric = ((0, 0),) * p.dims, True
    elif not any(any(pair) for pair in padding):
        # No padding is 'valid' wherever there is that word.
        if framework != "torch":
            padding, symmetric = "valid", False
    elif framework == "torch" and any(low != high for low, high in padding):
        lost.append("padding that differs at the two ends has no counterpart")
        padding, symmetric = tuple((low, low) for low, _ in padding), True
    elif framework == "keras" or (framework == "tensorflow" and p.dims != 2):
        lost.append("padding by numbers has no counterpart")
        padding, symmetric = "same", False
    output_padding, output_size = p.output_padding, p.output_size
    if framework in ("tensorflow", "jax") or (p.convention == "torch" and not any(output_padding or ())):
        if any(output_padding or ()):
            lost.append("output_padding has no counterpart")
        output_padding = None
    if output_size is not None and (
        framework in ("keras", "jax") or (framework, p.convention) == ("torch", "tensorflow")
    ):
        lost.append(f"{'output_shape' if p.convention == 'tensorflow' else 'output_size'} has no counterpart")
        output_size = None
    said = replace(
        p,
        padding=padding,
        symmetric=symmetric,
        output_padding=output_padding,
        output_size=output_size,
        convention=framework,
        data_format=data_format(call, framework),
    )
    return said, lost

"""What a script holds the answer against: a few lines of NumPy that decide its exit code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

import numpy as np

from conformance.dtypes import DTYPES
from conformance.frameworks.surface import Surface
from conformance.judge.kinds import parse_into
from conformance.ops.base import Array, TensorSpec
from conformance.ops.reference import Reference
from conformance.repro import words
from conformance.repro.arrays import AnyArray, out_of_layout, written
from conformance.repro.finding import Finding, in_layout
from conformance.repro.inputs import answer, local, storage
from conformance.usage import UsageError
from conformance.verdict import Status

LEAST_BITS = 17.0  # as allowance.FLOAT32_BITS
CRASH_CALLS = 20


def wanted(found: Finding) -> list[int] | None:
    """Which inputs' gradients are asked for; None where it is all of them."""
    indices = [found.plan.inputs.index(name) for name in found.request.gradient]
    return None if len(indices) == len(found.plan.inputs) else indices


def judged(found: Finding) -> tuple[Reference, str, str]:
    """What is compared: its reference, its canonical letters, and its name in the plan."""
    expectation, name = found.prepared.expectation, found.input
    if name:
        axes = next(spec.axes for spec in found.prepared.specs if spec.name == name)
        return expectation.gradients[name], axes, name
    if found.output not in expectation.outputs:
        raise UsageError(f"nothing is known to be right for {found.case.id}")
    return expectation.outputs[found.output], found.axes, found.output


def variable(found: Finding) -> str:
    """The script's expression for the tensor that is compared."""
    return f"gradients[{found.request.gradient.index(found.input)}]" if found.input else answer(found.output)


def run(found: Finding, surface: Surface) -> list[str]:
    """Lines that make the call."""
    return surface.backward(wanted(found)) if found.gradient else surface.forward()


def check(found: Finding, surface: Surface) -> list[str]:
    """The call and its check, by the status that is to be shown."""
    status = found.verdict.status
    refused = found.prepared.expectation.refused is not None
    if refused:
        return _accepted(found, surface)
    if status is Status.RAISED:
        return _raised(found, surface)
    if status is Status.NONDETERMINISTIC:
        return _nondeterministic(found, surface)
    called = run(found, surface)
    if status in (Status.CRASHED, Status.TIMEOUT):
        made = [*called, *_all_shown(surface)]
        if status is Status.CRASHED:
            # Where memory is overwritten, the first call need not be the one that ends the process.
            made = [f"for _ in range({CRASH_CALLS}):", *(f"    {line}" for line in made)]
        return [*made, f'print("actual:   an answer of shape", {_shape_of(found)})', "sys.exit(0)"]
    if status is Status.SHAPE or surface.target.shapes_alone:
        return [*called, *_shape(found)]
    if status is Status.DTYPE:
        return [
            *called,
            f'print("expected: {words.expected(found)}")',
            f'print("actual:   dtype", {surface.kind(variable(found))})',
            f"sys.exit(int({_wrong_dtype(found, surface)}))",
        ]
    return [*called, *_values(found, surface)]


def _shown(name: str, surface: Surface) -> list[str]:
    # Some frameworks compute only when they are asked for the numbers.
    return [] if surface.target.shapes_alone else [f"{surface.values(name)}"]


def _all_shown(surface: Surface) -> list[str]:
    return [line for name in surface.names.outputs for line in _shown(name, surface)]


def _shape_of(found: Finding) -> str:
    return f"tuple({answer(found.output)}.shape)"


def _wrong_dtype(found: Finding, surface: Surface) -> str:
    """The expression that is true while the dtype is wrong."""
    kind = surface.kind(variable(found))
    return f'{kind} != "{found.right_dtype}"' if found.right_dtype else f'"int" not in {kind}'


def _accepted(found: Finding, surface: Surface) -> list[str]:
    return [
        f"print({'expected: ' + words.expected(found)!r})",
        "try:",
        *(f"    {line}" for line in [*run(found, surface), *_all_shown(surface)]),
        "except Exception as error:",
        '    print("actual:   refused:", type(error).__name__, error)',
        "    sys.exit(0)",
        f'print("actual:   an answer of shape", {_shape_of(found)})',
        "sys.exit(1)",
    ]


def _raised(found: Finding, surface: Surface) -> list[str]:
    shape = found.native_shape
    name = variable(found)
    tail = (
        [
            f'print("actual:   an answer of shape", {_shape_of(found)})',
            f"sys.exit(int({_shape_of(found)} != {shape!r}))",
        ]
        if not found.gradient
        else ['print("actual:   gradients of shapes", [tuple(g.shape) for g in gradients])', "sys.exit(0)"]
    )
    return [
        f"print({'expected: ' + words.expected(found)!r})",
        "try:",
        *(f"    {line}" for line in [*run(found, surface), *_shown(name, surface)]),
        "except Exception as error:",
        '    print("actual:   raised", type(error).__name__ + ":", error)',
        "    sys.exit(1)",
        *tail,
    ]


def _shape(found: Finding) -> list[str]:
    reference, axes, name = judged(found)
    shape = in_layout(reference.value, axes, found, name).shape
    actual = variable(found)
    return [
        f'print("expected: shape", {shape!r})',
        f'print("actual:   shape", tuple({actual}.shape))',
        f"sys.exit(int(tuple({actual}.shape) != {shape!r}))",
    ]


def _nondeterministic(found: Finding, surface: Surface) -> list[str]:
    values = surface.values(variable(found))
    return [
        "answers = []",
        "for _ in range(3):",
        f"    tensors = {tensors(found, surface)}",
        *(f"    {line}" for line in run(found, surface)),
        f"    answers.append({values})",
        "differing = [a.tobytes() != answers[0].tobytes() for a in answers[1:]]",
        'print("expected: the same bits in three runs of the same call")',
        'print("actual:  ", sum(differing), "of two repeats differ from the first")',
        "sys.exit(int(any(differing)))",
    ]


def tensors(found: Finding, surface: Surface, names: Sequence[str] = ()) -> str:
    """The expression for the tensors that `call` is given."""
    given = list(names) or [local(name) for name in found.plan.inputs]
    return f"[{surface.tensor('array')} for array in ({', '.join(given)}{',' if len(given) == 1 else ''})]"


def _values(found: Finding, surface: Surface) -> list[str]:
    expectation = found.prepared.expectation
    plain = len(expectation.outputs) == 1 and _kind(found, found.output) == "real"
    if not plain and not found.input and found.verdict.status is not Status.PRECISION:
        return every_output(found, surface)
    reference, axes, name = judged(found)
    right = in_layout(reference.value, axes, found, name)
    layout = dict(found.plan.layouts)[name]
    lines = [f"actual = {surface.values(variable(found))}"]
    lines.append(f"expected = {written(storage(right, found.dtype))}  # {layout}")
    lines += [
        "if actual.shape != expected.shape:",
        '    print("expected: shape", expected.shape, "actual:", actual.shape)',
        "    sys.exit(1)",
    ]
    figures = found.verdict.figures
    within = figures is not None and figures.fraction <= 1.0
    if found.verdict.status is Status.PRECISION and within:
        return lines + _bits(found, reference, axes, name)
    lines += allowed_lines(found, reference, axes, name, within)
    lines += comparison(right, found, exact=expectation.equal)
    lines += [
        'print(f"{wrong.sum()} of {wrong.size} elements differ")',
        'print("expected:", expected, "actual:", actual, sep="\\n")',
        "sys.exit(int(wrong.any()))",
    ]
    return lines


def allowed_lines(found: Finding, reference: Reference, axes: str, name: str, within: bool) -> list[str]:
    """Lines that set `allowed`, nothing where equality is asked for."""
    expectation, dtype = found.prepared.expectation, DTYPES[found.dtype]
    if expectation.tolerance is not None:
        rtol, atol = expectation.tolerance
        return [f"allowed = {rtol!r} * np.abs(expected) + {atol!r}  # {words.allowed(found)}"]
    if expectation.equal:
        return []
    if expectation.ulps:
        factor = f"{2 * expectation.ulps:g} * 2.0**-{dtype.precision}"
        least = f"2.0**{dtype.least_exponent}"
        return [f"allowed = {factor} * np.abs(expected) + {least}  # {words.allowed(found)}"]
    if found.verdict.status is Status.VALUE and within:
        # The bound for any order is wide here; what stands out of float32's usual errors is judged by their spread.
        n = max(reference.products, 1)
        limit = 2.0**-15 * max(1.0, np.sqrt(n / 3200)) * np.sqrt(reference.energy())
        far = np.maximum(limit, n * dtype.least_subnormal)
        comment = "2**-15 of sqrt(sum (x*w)**2), twelve deviations of what float32 gives in any order"
    else:
        far = reference.allowance(found.dtype)
        comment = words.allowed(found)
    far = np.where(np.isfinite(reference.value) & np.isfinite(far), far, 0.0)
    return [f"# {comment}", f"allowed = {written(in_layout(far, axes, found, name))}"]


def comparison(right: Array, found: Finding, *, exact: bool) -> list[str]:
    """Lines that set `wrong` where `actual` is not as `expected`, by the case's policy for what is not finite."""
    expectation, dtype = found.prepared.expectation, DTYPES[found.dtype]
    finite = bool(np.isfinite(right).all())
    differs = "(actual != expected)" if exact else "(np.abs(actual - expected) > allowed)"
    lines = [] if exact else ['np.seterr(invalid="ignore")']
    if expectation.nonfinite == "ignore":
        lines.append(f"wrong = np.isfinite(actual) & np.isfinite(expected) & {differs}  # of what is finite")
    elif expectation.nonfinite == "superset":
        both = "" if finite else "np.isfinite(actual) & ~np.isfinite(expected) | "
        lines.append(f"wrong = {both}np.isfinite(actual) & np.isfinite(expected) & {differs}")
        lines[-1] += "  # more may be infinite or NaN"
    elif finite:
        lines.append("wrong = actual != expected" if exact else "wrong = ~(np.abs(actual - expected) <= allowed)")
    else:
        close = "" if exact else " | (np.abs(actual - expected) <= allowed)"
        lines.append(f"same = (actual == expected) | np.isnan(actual) & np.isnan(expected){close}")
        lines.append("wrong = ~same")
    bound = dtype.largest * (1 - dtype.unit_roundoff)
    if expectation.nonfinite == "strict" and (np.abs(np.where(np.isfinite(right), right, 0.0)) > bound).any():
        lines.append(
            f"wrong &= (np.abs(expected) <= {bound!r}) | (actual != np.sign(expected) * np.inf)  # may overflow"
        )
    if expectation.signed_zeros:
        lines.append(
            "wrong |= (actual == 0) & (expected == 0) & (np.signbit(actual) != np.signbit(expected))  # signed zeros"
        )
    return lines


def every_output(found: Finding, surface: Surface) -> list[str]:
    """Lines that hold every output against its reference, each as its kind asks."""
    expectation, lines = found.prepared.expectation, ["failed = False"]
    for name, reference in expectation.outputs.items():
        kind, axes = _kind(found, name), found.prepared.output_axes[name]
        right = in_layout(reference.value, axes, found, name)
        lines += ["", f"actual = {surface.values(answer(name))}"]
        lines.append(f"expected = {_literal(right, kind, found)}  # {name}, {dict(found.plan.layouts)[name]}")
        lines += [
            "if actual.shape != expected.shape:",
            f'    print("{name}: expected: shape", expected.shape, "actual:", actual.shape)',
            "    sys.exit(1)",
        ]
        if kind == "index":
            lines += index_lines(found, name)
        elif kind in ("integer", "boolean"):
            lines.append("wrong = actual != expected")
        else:
            lines += allowed_lines(found, reference, axes, name, within=False)
            lines += comparison(right if kind == "real" else np.abs(right), found, exact=expectation.equal)
        lines += [
            f'print(f"{name}: {{wrong.sum()}} of {{wrong.size}} elements differ")',
            'print("expected:", expected, "actual:", actual, sep="\\n")',
            "failed |= bool(wrong.any())",
        ]
    return [*lines, "", "sys.exit(int(failed))"]


def _kind(found: Finding, name: str) -> str:
    spec = found.prepared.expectation.specs.get(name)
    return "real" if spec is None else spec.kind


def _literal(right: AnyArray, kind: str, found: Finding) -> str:
    if kind == "complex":
        return f"{written(right.real.copy())} + 1j * {written(right.imag.copy())}"
    return written(storage(right, found.dtype) if kind == "real" else right.astype(np.int64))


def index_lines(found: Finding, name: str) -> list[str]:
    """Lines that set `wrong` where an index does not point to an element equal to that which is expected, or to one
    that an earlier one points to.
    """
    spec = found.prepared.expectation.specs[name]
    tensor, letters, once = parse_into(spec.into)
    source = found.prepared.expectation.specs[tensor]
    batch = [c for c in source.axes if c not in letters]
    count = prod(source.sizes[c] for c in batch)

    def rows(text: str, of: TensorSpec) -> str:
        text = out_of_layout(text, of.axes, found.plan.layout(of.name), of.sizes, of.marks)
        order = [of.axes.index(c) for c in batch] + [
            of.axes.index(c) for c in (letters if of is source else of.axes) if c not in batch
        ]
        return f"{text}.transpose({', '.join(map(str, order))}).reshape({count}, {prod(of.shape) // max(count, 1)})"

    lines = [
        f"# right where it points to an equal element of {tensor}, whichever of several that is",
        f"rows, places, right = {rows(local(tensor), source)}, {rows('actual', spec)}, {rows('expected', spec)}",
        "wrong = (places < 0) | (places >= rows.shape[1])",
        "given, right = (np.take_along_axis(rows, at, 1) for at in (np.where(wrong, 0, places), right))",
        "wrong |= (given != right) & ~((given != given) & (right != right))",
    ]
    if once and letters in spec.axes:
        lines.append("wrong[[len(set(row)) < len(row) for row in places.tolist()]] = True  # none is named twice")
    return lines


def _bits(found: Finding, reference: Reference, axes: str, name: str) -> list[str]:
    scale = in_layout(np.sqrt(reference.energy()), axes, found, name)
    return [
        "# sqrt(sum (x*w)**2): the unit in which errors are the same for any number of products",
        f"scale = {written(scale)}",
        "error = np.divide(np.abs(actual - expected), scale, out=np.zeros(scale.shape), where=scale > 0)",
        "bits = -np.log2(np.sqrt(np.mean(error**2)))",
        f'print("expected: at least {LEAST_BITS:g} effective bits, as {found.dtype} has in any order of summation")',
        'print(f"actual:   {bits:.1f} effective bits")',
        f"sys.exit(int(bits < {LEAST_BITS:g}))",
    ]


def time_limit(found: Finding) -> float:
    """For how long the recorded run waited."""
    match = re.search(r"within ([\d.]+) s", found.verdict.message)
    return float(match[1]) if match else 120.0

"""What the judge says, word for word and figure for figure, of hundreds of spoilt answers: held against `verdicts.tsv`.

Every answer is made from the exact one, so that no framework and no processor has a say. Made anew by
`python -m tests.judge.test_verdicts`; see `tests/figures.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from conformance.dtypes import NARROW_FORMATS, narrowed, rounded
from conformance.exact import Num, matmul
from conformance.faults.asked import Asked, ask, tensor
from conformance.faults.confusions import confusion_faults
from conformance.faults.general import general_faults
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.judge.explain import explain
from conformance.judge.kinds import judge_kind
from conformance.judge.ladder import Side, climb, moves, nudges
from conformance.judge.layouts import explain_layout
from conformance.judge.locate import locate, locate_shape
from conformance.layout import parse_layout
from conformance.ops.base import Relation, TensorSpec
from conformance.ops.reference import Reference
from conformance.outcome import Crashed, Outcome, Raised, TimedOut, Unsupported, Value
from conformance.text.words import in_a_line
from tests.confusion_faults import FAULTS, NEED_REAL_VALUES, Plain, random_problem
from tests.figures import changed, rewrite, summary
from tests.strategies import a_case

TABLE = Path(__file__).with_name("verdicts.tsv")

# op, dtype, values, parameters; the gradients of the first four are judged as well.
CASES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("conv_transpose", "float32", "integers", {"size": [3, 4], "kernel": [3, 2], "stride": 2, "in_channels": 2}),
    ("conv", "float32", "normal", {"size": [7, 5], "kernel": 3, "padding": "same", "in_channels": 2, "bias": True}),
    ("batch_norm", "float32", "normal", {"batch": 4, "channels": 2, "space": [2]}),
    ("max_pool", "float32", "integers", {"size": [5, 4], "window": 2, "indices": True}),
    ("conv", "float16", "normal", {"dims": 1, "size": 9, "kernel": 4, "in_channels": 4, "batch": 2}),
    ("gelu", "bfloat16", "normal", {}),
    ("topk", "float32", "integers", {}),
    ("lstm", "float64", "normal", {"steps": 2, "batch": 1, "features": 1, "units": 2}),
)
WITH_GRADIENTS = 4
EACH = 2  # wrong answers of each fault in each case


def prepared() -> Iterator[tuple[str, Asked]]:
    """The cases; the exact answer stands for the honest one."""
    before = None
    for number, (op, dtype, values, given) in enumerate(CASES):
        case = a_case(op, dtype, values, **given)
        if number < WITH_GRADIENTS:
            case = replace(case, checks=("shape", "dtype", "value", "gradient"))
        before = replace(ask(case, before), plan=None)
        yield f"{op} {dtype}", before


def said(judged: Judgement) -> str:
    """All of a judgement."""
    figures = judged.figures
    if figures is None:
        return f"{judged.status.value} {judged.subject}: {judged.message}"
    worst = [figures.fraction, figures.got, figures.reference, figures.needed, figures.bits]
    numbers = ["-" if number is None else f"{number:.6e}" for number in worst]
    numbers += [f"{figures.differing} of {figures.elements} at {figures.worst}"]
    return f"{judged.status.value} {judged.subject}: {judged.message} | {' '.join(numbers)}"


def explained(asked: Asked, outcome: Outcome) -> str:
    """The cause of what is wrong with the first output that is."""
    if not isinstance(outcome, Value):
        return ""
    for spec in asked.outputs:
        tensor = outcome.outputs.get(spec.name)
        if tensor is None or spec.kind != "real":
            continue
        values = None if tensor.values is None else tensor.values.astype(np.float64)
        right = asked.expectation.outputs[spec.name].value
        if values is not None and values.shape == right.shape and np.array_equal(values, right, equal_nan=True):
            continue
        found = explain(
            asked.op,
            asked.arrays,
            values,
            tensor.shape,
            output=spec.name,
            dtype=asked.case.dtype,
            allowance=None if asked.exact else asked.expectation.outputs[spec.name].allowance(asked.case.dtype),
            budget_seconds=0.03,
        )
        return (
            f" | {in_a_line(found.text)}; {found.where}; {found.exact} {found.arithmetic} {', '.join(found.confusions)}"
        )
    return ""


def of_faults() -> dict[str, str]:
    """Wrong answers of every fault that is for every op."""
    rows = {}
    for name, asked in prepared():
        for fault in (*general_faults(), *confusion_faults()):
            if not fault.applies(asked):
                continue
            for number, outcome in enumerate(islice(fault.make(asked), EACH)):
                why = explained(asked, outcome) if number == 0 and "confusion" in fault.name else ""
                rows[f"{name}, {fault.name}, {number}"] = said(judge(fault.expectation(asked), outcome)) + why
    return rows


def of_causes() -> dict[str, str]:
    """Causes that independent code puts into convolutions: alone, in pairs, and where only a shape came back."""
    rows = {}

    def why(p: Plain, y: Any, shape: tuple[int, ...], **more: Any) -> str:
        arrays = {"x": p.x, "w": p.w} | ({} if p.b is None else {"b": p.b})
        found = explain(p.op, arrays, y, shape, dtype="float32", **more)
        return f"{in_a_line(found.text)}; {found.where}; {found.exact} {found.arithmetic} {', '.join(found.confusions)}"

    for name, fault in sorted(FAULTS.items()):
        stream = np.random.RandomState(len(name))
        for number in range(2):
            outputs: list[Any] = []
            while not outputs:
                p = random_problem(stream, real=name in NEED_REAL_VALUES or number == 1)
                right = p.y()
                outputs = [
                    y
                    for y in (rounded(np.ascontiguousarray(y), "float32") for y in fault(p))
                    if y.size and (y.shape != right.shape or not np.allclose(y, right, rtol=1e-4, atol=1e-5))
                ]
            y = outputs[-1]
            rows[f"cause: {name}, {number}"] = why(p, y, y.shape)
            rows[f"shape: {name}, {number}"] = why(p, None, y.shape)
            if number:
                rows[f"cause: {name}, no time"] = why(p, y + 1.0, y.shape, budget_seconds=1e-4)
                misfit = replace(p, x=p.x[:, :-1])
                rows[f"cause: {name}, misfit"] = why(misfit, y, y.shape)
            else:
                rows[f"cause: {name} and more"] = why(p, np.flip(y, -1) * 2.0, y.shape, budget_seconds=0.02)
    return rows


def of_roundings() -> dict[str, str]:
    """Right answers and nearly right ones: errors of a part of the allowance, and narrower arithmetics."""
    rows = {}
    for name, asked in prepared():
        right, dtype = asked.right, asked.case.dtype
        if asked.output.kind != "real" or dtype == "float64":  # an allowance of float64 is as small as what sums leave
            continue
        allowed = right.allowance(dtype)
        signs = np.where(np.arange(right.value.size).reshape(right.value.shape) % 3, 1.0, -1.0)
        for part in (0.0, 0.3, 0.9, 1.1, 40.0):
            outcome = asked.answer(right.value + part * allowed * signs, "float64")
            rows[f"{name}, off by {part}"] = said(judge(asked.expectation, _as(outcome, dtype)))
        one = right.value.copy()
        one.flat[one.size // 2] *= 1 + 1e-4
        rows[f"{name}, one off by 1e-4"] = said(judge(asked.expectation, asked.answer(one)))
        if right.recompute is not None and not asked.exact:
            for narrow in NARROW_FORMATS:
                values = right.recompute(lambda x, narrow=narrow: narrowed(x, narrow), lambda x: x)  # type: ignore[misc]
                both = right.recompute(
                    lambda x, narrow=narrow: narrowed(x, narrow),  # type: ignore[misc]
                    lambda x, narrow=narrow: narrowed(x, narrow),  # type: ignore[misc]
                )
                rows[f"{name}, a factor in {narrow}"] = said(judge(asked.expectation, asked.answer(values)))
                outcome = asked.answer(both)
                rows[f"{name}, both factors in {narrow}"] = said(judge(asked.expectation, outcome)) + explained(
                    asked, outcome
                )
        for stated in ({"ulps": 2.0}, {"tolerance": (1e-3, 1e-5)}, {"tolerance": (0.0, 0.0)}):
            near = asked.answer(right.value * (1 + 3e-4 * signs))
            rows[f"{name}, stated {stated}"] = said(judge(replace(asked.expectation, **stated), near))  # type: ignore[arg-type]
    return rows


def of_long_sums() -> dict[str, str]:
    """Sums of hundreds of products, whose allowance is wide: errors like theirs, larger ones, and single ones."""
    rows = {}
    given = {"dims": 1, "size": 12, "kernel": 1, "in_channels": 300, "out_channels": 2}
    for dtype in ("float32", "float64", "bfloat16"):
        for one_sign in (False, True):
            asked = replace(ask(a_case("conv", dtype, "normal", **given)), plan=None)
            arrays = {name: np.abs(array) if one_sign else array for name, array in asked.arrays.items()}
            right = asked.op.evaluate(arrays)["y"]
            expected = replace(asked.expectation, outputs={"y": right}, inputs=arrays)
            unit = np.sqrt(right.energy()) * 2.0**-24
            signs = np.where(np.arange(right.value.size).reshape(right.value.shape) % 3, 1.0, -1.0)
            single = np.arange(right.value.size).reshape(right.value.shape) == 5
            answers = {
                f"off by {factor}": right.value + factor * unit * signs for factor in (0.0, 1, 30, 600, 3e4, 1e6)
            }
            answers |= {
                f"one off by {factor}": right.value + unit * signs + factor * unit * single
                for factor in (300, 3e3, 3e4, 1e5, 1e6)
            }
            assert right.recompute is not None
            for narrow in NARROW_FORMATS:
                both = right.recompute(lambda x, n=narrow: narrowed(x, n), lambda x, n=narrow: narrowed(x, n))  # type: ignore[misc]
                answers[f"in {narrow}"] = both
                answers[f"one in {narrow}"] = np.where(single, both, right.value + unit * signs)
                answers[f"half in {narrow}"] = np.where(signs > 0, both, right.value + unit * signs)
            for name, values in answers.items():
                judged = judge(expected, asked.answer(values))
                rows[f"long {dtype}, one sign {one_sign}: {name}"] = said(judged)
    return rows


def of_rare_roundings() -> dict[str, str]:
    """Inputs of which only a few do not have the narrow format anyway: the fewer, the less is left of its rounding."""
    rows = {}
    asked = replace(ask(a_case("conv", "float32", "normal", dims=1, size=12, kernel=1, in_channels=400)), plan=None)
    for every in (4, 16, 50, 100, 200):
        arrays = {name: narrowed(array, "TF32") for name, array in asked.arrays.items()}
        arrays["x"][:, ::every] = asked.arrays["x"][:, ::every]
        right = asked.op.evaluate(arrays)["y"]
        expected = replace(asked.expectation, outputs={"y": right}, inputs=arrays)
        assert right.recompute is not None
        values = right.recompute(lambda x: narrowed(x, "TF32"), lambda x: x)
        rows[f"one of {every} rounded to TF32"] = said(judge(expected, asked.answer(values)))
    return rows


def of_products() -> dict[str, str]:
    """Sums of one product, and one wrong element among hundreds of right ones."""
    rows = {}
    for channels, length in ((1, 12), (60, 1500)):
        given = {"dims": 1, "size": length, "kernel": 1, "in_channels": channels}
        asked = replace(ask(a_case("conv", "float32", "normal", **given)), plan=None)
        right = asked.right
        unit = np.sqrt(right.energy()) * 2.0**-24
        at = np.arange(right.value.size).reshape(right.value.shape)
        for factor in (1, 30, 1e3, 3e3, 1e4, 1e5):
            values = right.value + unit * np.where(at % 3, 0.5, -0.5) + factor * unit * (at == 7)
            rows[f"one of {length}, {channels} products, off by {factor}"] = said(
                judge(asked.expectation, asked.answer(values))
            )
    return rows


def of_relations() -> dict[str, str]:
    """What must hold of outputs of which several are right."""
    x = np.array([[2.0, 1.0], [1.0, 3.0]])
    relation = Relation("a b = x", ("a", "b"), lambda given, got: (matmul(got["a"], got["b"]), given["x"]), 8.0)
    stated = {name: Reference.stated(np.zeros((2, 2))) for name in "ab"}
    expected = Expectation("float32", stated, False, inputs={"x": x}, relations=(relation,))
    rows = {}
    for factor in (1.0, 1 + 2.0**-22, 1 + 2.0**-18, -1.0, np.nan):
        for name, b in {"identity": np.eye(2), "diagonal": np.diag([2.0, 0.5])}.items():
            a = x @ np.linalg.inv(b) * factor
            outcome = Value({"a": tensor(a, "float32"), "b": tensor(b, "float32")})
            rows[f"relation, {name}, times {factor}"] = said(judge(expected, outcome))
    return rows


def of_open_orders() -> dict[str, str]:
    """Outputs whose order along an axis the op leaves open, computed and stated."""
    rows = {}
    values = np.array([[3.0, 1.0, 2.0], [0.5, 0.25, 0.75]])
    spec = TensorSpec("y", "NK", values.shape, unordered="K")
    for name, reference in {"stated": Reference.stated(values), "computed": Reference.of(Num(values) / 3.0)}.items():
        expected = Expectation("float32", {"y": reference}, name == "stated", specs={"y": spec})
        for order in ([0, 1, 2], [2, 0, 1]):
            for factor in (1.0, 1.001):
                got = (reference.value * factor)[:, order]
                rows[f"unordered, {name}, {order}, times {factor}"] = said(
                    judge(expected, Value({"y": tensor(got, "float32")}))
                )
    return rows


def _as(outcome: Value, dtype: str) -> Value:
    """The same values under another dtype's name: what no rounding of that dtype gives."""
    return Value({name: replace(tensor, dtype=dtype) for name, tensor in outcome.outputs.items()})


def of_endings() -> dict[str, str]:
    """What is no answer, and answers of which only a part is asked for."""
    rows = {}
    _, asked = next(iter(prepared()))
    expected, honest = asked.expectation, Value(asked.honest)
    log = "File x\nboom at 0x7f0000001234\nThread 0x7f\n"
    endings: dict[str, Outcome] = {
        "unsupported": Unsupported("no kernel"),
        "crashed": Crashed("SIGSEGV", log),
        "timeout": TimedOut(2.5, ""),
        "raised": Raised("ValueError", "in user code:\n\n  bad\nworse", "forward"),
        "raised in the gradient": Raised("ValueError", "bad", "gradient"),
        "answered": honest,
        "unstable": replace(honest, unstable={"y": 3}),
        "unstable not at all": replace(honest, unstable={"y": 0}),
    }
    for name, outcome in endings.items():
        rows[f"ended: {name}"] = said(judge(expected, outcome))
        rows[f"ended, to be refused: {name}"] = said(judge(replace(expected, refused="no"), outcome))
    right = asked.right.value
    answers = {
        "wrong": asked.answer(right + 1.0),
        "another shape": asked.answer(right[:, :, :1]),
        "another dtype": asked.answer(right, "float64"),
        "NaN": asked.answer(np.where(right == right.max(), np.nan, right)),
        "infinite": asked.answer(np.where(right == right.max(), np.inf, right)),
        "zeros of the other sign": asked.answer(np.where(right == 0.0, -0.0, right)),
    }
    for checks in (["shape"], ["dtype"], ["value"], ["shape", "dtype"], ["shape", "dtype", "value"]):
        for name, outcome in answers.items():
            rows[f"{'+'.join(checks)}: {name}"] = said(judge(replace(expected, checks=checks), outcome))
    spotted = np.where(np.arange(right.size).reshape(right.shape) % 4 == 1, np.inf, right)
    reference = replace(asked.right, value=spotted)
    for policy in ("strict", "superset", "ignore"):
        of_policy = replace(expected, outputs={"y": reference}, nonfinite=policy)
        for name, outcome in ({"spotted": asked.answer(spotted), "negated": asked.answer(-spotted)} | answers).items():
            rows[f"{policy}: {name}"] = said(judge(of_policy, outcome))
    signed = replace(expected, signed_zeros=True)
    rows["signed zeros"] = said(judge(signed, asked.answer(np.where(right == right.min(), -0.0, right))))
    return rows


def of_kinds() -> dict[str, str]:
    """Integers, booleans, complex numbers and indices."""
    rows = {}
    right = np.array([[1, 2, 3], [4, 5, 6]])
    x = np.array([[1.0, 7.0, 7.0, np.nan], [0.0, 0.0, 3.0, 3.0]])
    plane = np.arange(24.0).reshape(2, 3, 4) % 5
    into = {"x": TensorSpec("x", "NK", x.shape), "p": TensorSpec("p", "NHW", plane.shape)}
    arrays = {"x": x, "p": plane}
    nothing = np.zeros(right.shape)
    integers = TensorSpec("y", "AB", right.shape, "integer")
    points = TensorSpec("y", "NK", (2, 2), "index", into="x.K")
    again = TensorSpec("y", "NJ", (2, 2), "index", into="x.(K)")
    flat = TensorSpec("y", "NJ", (2, 2), "index", into="p.(HW)")
    z = right + 1j * right[::-1]
    cases: dict[str, tuple[TensorSpec, Any, Any, Any]] = {
        "integers": (integers, right, right, nothing),
        "integers off": (integers, right + (right == 4), right, nothing),
        "booleans off": (TensorSpec("y", "AB", right.shape, "boolean"), right > 2, right > 3, nothing),
        "complex": (TensorSpec("y", "AB", right.shape, "complex"), z * (1 + 1e-7), z, nothing + 1e-5),
        "complex off": (TensorSpec("y", "AB", right.shape, "complex"), z * 1.5, z, nothing + 1e-5),
        "complex nan": (TensorSpec("y", "AB", right.shape, "complex"), z * np.nan, z, nothing + 1e-5),
    }
    places = "12 01, 21 01, 22 10, 01 23, 31 11, -1 04, 49 07".split(", ")
    for number, rows_of in enumerate(places):
        got = [[-1 if digit == "-" else int(digit) for digit in row] for row in rows_of.split()]
        for name, spec in (("x.K", points), ("x.(K)", again), ("p.(HW)", flat)):
            cases[f"index into {name}, {number}"] = (spec, np.array(got), np.array([[1, 2], [0, 1]]), np.zeros((2, 2)))
    for name, (spec, got, wanted, allowed) in cases.items():
        status, message, figures = judge_kind(spec, got, wanted, allowed, into, arrays)
        rows[name] = said(Judgement(status, "y", message, figures))
    return rows


def of_ladders() -> dict[str, str]:
    """Two sides, of which neither is known to be right."""
    rows = {}
    stream = np.random.RandomState(3)
    base = np.round(stream.standard_normal((3, 4)), 3)
    inputs = (base,)
    for number, moved in enumerate([*moves({"x": base}, "float32"), *nudges({"x": base})]):
        rows[f"move {number}"] = summary((moved["x"] - base) * 2.0**20)

    def side(name: str, narrow: Any, wide: Any = None, moved: float = 1e-7, jumps: float = 0.0) -> Side:
        start = narrow if wide is None else wide
        changed_by = [start * (1 + moved * k) for k in (1, -1, 0.5)]
        nudged = [start + jumps * (start > 0.5), start] if wide is not None else []
        return Side(name, narrow, wide, tuple(changed_by), tuple(nudged), "" if wide is not None else "no float64")

    near = rounded(base, "float32")
    off = near.copy()
    off[1, 2] += 1e-3
    spotted = np.where(base > 1.0, np.inf, near)
    sides = {
        "right": side("right", near, base),
        "last place": side("last place", near * (1 + 2.0**-23), base),
        "imprecise": side("imprecise", off, base),
        "other": side("other", off, off),
        "other by little": side("other by little", near, base * (1 + 1e-6)),
        "narrow alone": side("narrow alone", near * (1 + 2.0**-22)),
        "narrow alone and off": side("narrow alone and off", off),
        "jumping": side("jumping", off, off, jumps=1e-3),
        "ill-conditioned": side("ill-conditioned", off, base, moved=1e-3),
        "infinite": side("infinite", spotted, np.where(base > 1.0, np.inf, base)),
        "infinite in narrow": side("infinite in narrow", spotted, base),
        "infinite alone": side("infinite alone", spotted),
    }
    for one in sides.values():
        for other in sides.values():
            for dtype in ("float32", "bfloat16"):
                for policy in (
                    ("strict", "superset", "ignore") if "infinite" in f"{one.name}{other.name}" else ("strict",)
                ):
                    judged = climb(one, other, dtype, inputs, policy)
                    rows[f"ladder {dtype} {policy}: {one.name} against {other.name}"] = said(judged)
    return rows


def of_places() -> dict[str, str]:
    """Where errors lie, and which layout explains them."""
    rows = {}
    shape = (2, 3, 6, 5)
    place = np.indices(shape)
    masks = {
        "everywhere": place[0] >= 0,
        "an item": place[0] == 1,
        "a channel": place[1] == 0,
        "two channels": place[1] > 0,
        "a row": place[2] == 2,
        "the last rows": place[2] >= 4,
        "the first rows": place[2] < 2,
        "the ends": (place[2] < 1) | (place[2] > 3),
        "the frame": (place[2] < 1) | (place[2] > 4) | (place[3] < 1) | (place[3] > 3),
        "inside": (place[2] > 1) & (place[2] < 4),
        "each second": place[2] % 2 == 1,
        "each third": place[3] % 3 == 0,
        "a corner": (place[2] == 0) & (place[3] == 0),
        "an element": (place.transpose(1, 2, 3, 4, 0) == [1, 2, 3, 4]).all(-1),
        "scattered": (place.sum(0) * 7 % 11) == 3,
        "rows here and there": (place[2] == 0) | (place[2] == 2) | (place[2] == 5),
        "nowhere": place[0] < 0,
    }
    for name, mask in masks.items():
        for periods in ({}, {"H": 2, "W": 3}):
            for blocks in ({}, {"C": 2}):
                rows[f"where: {name} {periods} {blocks}"] = locate(mask, "NCHW", periods, blocks)
    for other in ((2, 3, 6, 4), (2, 3, 5, 6), (2, 6, 5), (3, 2, 6, 5), (2, 3, 6, 5, 1), (0, 3, 6, 5)):
        rows[f"shape {other}"] = locate_shape(other, shape, "NCHW")
    right = np.random.RandomState(5).standard_normal((3, 3, 3))
    for name, actual in {
        "transposed": right.transpose(0, 2, 1),
        "turned": right.transpose(1, 2, 0),
        "reversed": right[:, ::-1],
        "reversed twice": right[::-1, :, ::-1],
        "nearly": right.transpose(2, 1, 0) + 1e-6,
        "other": right + 1.0,
        "flat": right.reshape(9, 3),
    }.items():
        for allowed in (None, np.full(right.shape, 1e-5)):
            for written in ("ABC", "CAB", "(AB)C"):
                found = explain_layout(actual, right, allowed, "float64", "ABC", parse_layout(written))
                rows[f"layout {written}, {allowed is None}: {name}"] = found
    return rows


def all_rows() -> dict[str, str]:
    rows: dict[str, str] = {}
    for some in (
        *(
            of_faults,
            of_causes,
            of_roundings,
            of_long_sums,
            of_products,
            of_open_orders,
            of_relations,
            of_rare_roundings,
        ),
        *(of_endings, of_kinds, of_ladders, of_places),
    ):
        rows |= some()
    return rows


def test_no_verdict_changed() -> None:
    found = changed(TABLE, all_rows())
    assert not found, f"{len(found)} verdicts changed:\n" + "\n".join(found[:20])


if __name__ == "__main__":
    print("\n".join(rewrite(TABLE, all_rows())))

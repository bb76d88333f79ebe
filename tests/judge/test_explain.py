from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conformance.dtypes import narrowed, rounded
from conformance.judge.explain import NARROW, Explanation, explain
from conformance.judge.locate import locate, locate_shape
from conformance.ops import OPS
from conformance.ops.base import Array
from tests.confused_calls import CALLS
from tests.confusion_faults import FAULTS, NEED_REAL_VALUES, Plain, bind, random_problem
from tests.patience import LONG
from tests.strategies import parameters

HERE = Path(__file__).parents[1]
CONV, TRANSPOSED = OPS["conv"], OPS["conv_transpose"]


def arrays_of(p: Plain) -> dict[str, Array]:
    return {"x": p.x, "w": p.w} | ({} if p.b is None else {"b": p.b})


def explained(p: Plain, y: Array | None, shape: tuple[int, ...] | None = None, **more: object) -> Explanation:
    shape = y.shape if y is not None else shape
    assert shape is not None
    return explain(p.op, arrays_of(p), y, shape, dtype="float32", **more)  # type: ignore[arg-type]


def wrong_outputs(name: str, p: Plain) -> list[Array]:
    right = p.y()
    outputs = (rounded(np.ascontiguousarray(y), "float32") for y in FAULTS[name](p))
    return [
        y for y in outputs if y.size and (y.shape != right.shape or not np.allclose(y, right, rtol=1e-4, atol=1e-5))
    ]


def inputs_for(op: str, values: str, seed: int, **given: object) -> tuple[object, dict[str, Array]]:
    params = bind(op, **given)
    rng = np.random.RandomState(seed)
    arrays = {}
    for spec in params.inputs():
        if values == "normal":
            arrays[spec.name] = rounded(rng.standard_normal(spec.shape), "float32")
        else:
            arrays[spec.name] = rng.randint(1, 5, spec.shape) * rng.choice([-1.0, 1.0], spec.shape)
    if values == "infinite":
        arrays["x"] = np.zeros_like(arrays["x"])
        arrays["w"][...] = 0.0
        arrays["w"][(0,) * arrays["w"].ndim] = np.inf
    return params, arrays


def one(name: str, seed: int) -> tuple[Plain, Array]:
    """A random problem to which the fault can happen, and a wrong output that it gives."""
    rng = np.random.RandomState(seed)
    while True:
        p = random_problem(rng, real=name in NEED_REAL_VALUES or rng.rand() < 0.3)
        outputs = wrong_outputs(name, p)
        if outputs:
            return p, outputs[rng.randint(len(outputs))]


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_names_every_fault(name: str) -> None:
    for seed in range(3):
        p, y = one(name, seed)
        found = explained(p, y)
        assert found.exact or found.confusions == (NARROW,), f"{p.op.label()}: {found}"
        assert name in found.confusions or any(reproduced(other, p, y) for other in found.confusions), found


def test_the_plain_faults_agree_with_the_reference_when_nothing_is_wrong() -> None:
    rng = np.random.RandomState(5)
    for _ in range(60):
        p = random_problem(rng, real=False)
        assert np.array_equal(p.y(), p.op.evaluate(arrays_of(p))["y"].value)


def reproduced(name: str, p: Plain, y: Array) -> bool:
    """Whether the confusion gives this very output by the faults' own independent code."""
    return any(
        other.shape == y.shape and np.allclose(other, y, rtol=1e-5, atol=1e-5) for other in wrong_outputs(name, p)
    )


def test_rate_on_a_thousand_random_faults(capsys: pytest.CaptureFixture[str]) -> None:
    names = sorted(FAULTS)
    rng = np.random.RandomState(20)
    missed: Counter[str] = Counter()
    doubtful: list[str] = []
    done = named = 0
    while done < 1000:
        name = names[done % len(names)]
        p = random_problem(rng, real=name in NEED_REAL_VALUES or rng.rand() < 0.3)
        outputs = wrong_outputs(name, p)
        if not outputs:
            continue
        y = outputs[rng.randint(len(outputs))]
        found = explained(p, y)
        done += 1
        named += len(found.confusions)
        missed[name] += name not in found.confusions
        # Whatever else is named must give the same output, too: the data does not tell it apart from the injected one.
        for other in set(found.confusions) - {name}:
            if not reproduced(other, p, y):
                doubtful.append(f"{name}: {p.op.label()} also explained as {other}")
    with capsys.disabled():
        print(
            f"\n[explain: the injected cause named in {done - missed.total()} of {done} random single faults, missed "
            f"{dict(+missed)}; {named - len(doubtful)} of {named} names reproduced by independent code]"
        )
    assert missed.total() <= 0.05 * done, missed
    # The faults' own code knows fewer variants of some confusions than the catalogue does.
    assert len(doubtful) <= 0.01 * named, doubtful


def test_a_fault_outside_the_catalogue_is_named_only_where_the_output_is_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.RandomState(77)
    faults = (_tap_tripled, _weight_off, _input_off, _output_off, _channel_tripled, _shuffled)
    named = 0
    for i in range(60):
        p, y = _outside(faults[i % len(faults)], rng)
        found = explained(p, y, budget_seconds=0.5)
        if not found.confusions:
            assert found.where
            continue
        named += 1
        assert any(reproduced(name, p, y) for name in found.confusions), f"{p.op.label()}: {found}"
    with capsys.disabled():
        print(f"\n[explain: {named} of 60 faults outside the catalogue give the very output of one inside it]")
    # One element that happens to get its neighbour's value, or an output of a few elements.
    assert named <= 9


def _outside(fault: Callable[[Plain, np.random.RandomState], Array], rng: np.random.RandomState) -> tuple[Plain, Array]:
    while True:
        p = random_problem(rng, real=rng.rand() < 0.3)
        y = rounded(np.ascontiguousarray(fault(p, rng)), "float32")
        if not np.allclose(y, p.y(), rtol=1e-4, atol=1e-5):
            return p, y


def _tap_tripled(p: Plain, rng: np.random.RandomState) -> Array:
    w = p.w.copy().reshape(*p.w.shape[:3], -1)
    w[..., rng.randint(w.shape[-1])] *= 3
    return p.but(w=w.reshape(p.w.shape)).y()


def _weight_off(p: Plain, rng: np.random.RandomState) -> Array:
    w = p.w.copy()
    w.flat[rng.randint(w.size)] += 1
    return p.but(w=w).y()


def _input_off(p: Plain, rng: np.random.RandomState) -> Array:
    x = p.x.copy()
    x.flat[rng.randint(x.size)] -= 2
    return p.but(x=x).y()


def _output_off(p: Plain, rng: np.random.RandomState) -> Array:
    y = p.y()
    y.flat[rng.randint(y.size)] += 1
    return y


def _channel_tripled(p: Plain, rng: np.random.RandomState) -> Array:
    y = p.y()
    y[:, rng.randint(y.shape[1])] *= 3
    return y


def _shuffled(p: Plain, rng: np.random.RandomState) -> Array:
    y = p.y()
    return rng.permutation(y.reshape(-1)).reshape(y.shape)


def test_pairs() -> None:
    named = 0
    for seed in range(8):
        params, arrays = inputs_for(
            "conv_transpose", "integers", seed, stride=2, in_channels=2, out_channels=3, bias=True, size=[3, 4]
        )
        wrong = {"x": arrays["x"], "w": np.flip(arrays["w"], (3, 4)), "b": 0 * arrays["b"]}
        y = params.evaluate(wrong)["y"].value
        found = explain(params, arrays, y, y.shape, dtype="float32")
        named += "kernel flipped + bias missing" in found.confusions
        assert found.exact
        assert "kernel flipped along H and W" in found.text
        assert "no bias" in found.text
    assert named == 8


def test_a_pair_that_is_as_plausible_is_told_too() -> None:
    params, arrays = inputs_for(
        "conv_transpose", "integers", 0, stride=2, in_channels=2, out_channels=3, bias=True, size=[3, 4]
    )
    # Flipped along W the kernel is what it was, so nobody can tell whether it was.
    arrays["w"] = arrays["w"] + np.flip(arrays["w"], 4)
    wrong = {"x": arrays["x"], "w": np.flip(arrays["w"], 3), "b": 0 * arrays["b"]}
    y = params.evaluate(wrong)["y"].value
    headline, _, other = explain(params, arrays, y, y.shape, dtype="float32").text.split("\n")
    assert headline == "equals the reference with the kernel flipped along H and W and no bias"
    assert other == "or, which this data does not tell apart, with the kernel flipped along H and no bias"


def test_of_formats_that_fit_only_those_that_come_closest_are_told() -> None:
    """A sum of 1,024 products may be off by as much as a few inputs that are rounded the other way."""
    params, arrays = inputs_for(
        "conv", "normal", 0, convention="torch", dims=1, size=6, kernel=1, in_channels=1024, out_channels=3
    )
    x = arrays["x"]
    # One in fifty is half way between two numbers of TF32: its last one of 12 significant bits is set.
    unit = 2.0 ** (np.floor(np.log2(np.abs(x))) - 11)
    between = np.sign(x) * (2 * np.floor(np.abs(x) / unit / 2) + 1) * unit
    arrays["x"] = np.where(np.random.RandomState(1).rand(*x.shape) < 0.02, between, x)
    y = params.evaluate({name: narrowed(array, "TF32") for name, array in arrays.items()})["y"].value
    found = explain(params, arrays, rounded(y, "float32"), y.shape, dtype="float32")
    assert found.text.split("\n")[0] == "equals the reference with input and kernel rounded to TF32"
    assert found.text.endswith("or, which this data does not tell apart, with input and kernel rounded to float16")


def test_says_what_to_change() -> None:
    params, arrays = inputs_for("conv_transpose", "integers", 0, in_channels=2, out_channels=2, stride=2)
    y = params.evaluate({**arrays, "w": arrays["w"][..., ::-1, ::-1]})["y"].value
    found = explain(params, arrays, y, y.shape, dtype="float32")
    headline, fix = found.text.split("\n")
    assert headline == "equals the reference with the kernel flipped along H and W"
    assert fix.startswith("fix: w = numpy.flip(w, axes)")
    assert "transpose_kernel=True" in fix
    assert found.recorded == f"{found.text}\ncause: kernel flipped"


def test_unexplained_says_so_and_where() -> None:
    params, arrays = inputs_for("conv_transpose", "integers", 1, in_channels=2, out_channels=3, stride=2, size=4)
    y = params.evaluate(arrays)["y"].value.copy()
    y[0, 1, 0, :] += np.arange(1, y.shape[3] + 1) * 17
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert found.confusions == ()
    assert not found.exact
    assert "none of" in found.text
    assert "output channel 1, the first slice along H" in found.where
    assert found.where in found.text


def test_one_wrong_element_is_no_confusion() -> None:
    params, arrays = inputs_for("conv", "normal", 2, in_channels=4, out_channels=4, size=8)
    y = rounded(params.evaluate(arrays)["y"].value, "float32")
    y[0, 2, 3, 1] *= 1 + 1e-3
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert found.confusions == ()
    assert found.where == "one element, (0, 2, 3, 1)"


def test_noise_that_is_random_is_no_confusion() -> None:
    params, arrays = inputs_for("conv", "integers", 3, in_channels=2, out_channels=3, size=6)
    rng = np.random.RandomState(0)
    y = rng.randint(-40, 40, params.outputs()[0].shape).astype(float)
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert found.confusions == ()
    assert "none of" in found.text


def test_the_right_answer_has_no_explanation() -> None:
    params, arrays = inputs_for("conv", "integers", 4)
    y = params.evaluate(arrays)["y"].value
    assert explain(params, arrays, y, y.shape, dtype="float32").confusions == ()


def test_float16_sums_are_narrow_arithmetic() -> None:
    params, arrays = inputs_for("conv", "normal", 5, in_channels=24, out_channels=4, size=6)
    arrays = {name: rounded(a, "float16") for name, a in arrays.items()}
    total = np.zeros(params.outputs()[0].shape)
    for c in range(24):
        for i in range(3):
            for j in range(3):
                term = arrays["x"][:, c, None, i : i + 4, j : j + 4] * arrays["w"][0, c, :, i, j][:, None, None]
                total = rounded(total + rounded(term, "float16"), "float16")
    found = explain(params, arrays, total, total.shape, dtype="float16")
    assert found.confusions == (NARROW,)
    assert "effective bits" in found.text


def test_shape_alone_names_the_formula() -> None:
    params, arrays = inputs_for("conv_transpose", "integers", 6, dims=1, convention="torch", size=3, kernel=2, stride=4)
    found = explain(params, arrays, None, (1, 1, 12), dtype="float32")
    assert "another convention" in found.confusions
    assert "n*s" in found.text
    assert "W is 2 longer (12, reference 10)" in found.where
    none = explain(params, arrays, None, (1, 1, 99), dtype="float32")
    assert none.confusions == ()
    assert "no confusion gives the shape" in none.text


def test_shape_right_for_a_formula_but_values_not() -> None:
    params, arrays = inputs_for("conv_transpose", "integers", 6, dims=1, convention="torch", size=3, kernel=2, stride=4)
    y = np.arange(12.0).reshape(1, 1, 12) + 100
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert not found.exact
    assert "another convention" in found.confusions
    assert "but none of" in found.text


def test_same_explanation_every_time_and_a_bounded_one() -> None:
    params, arrays = inputs_for("conv", "integers", 7, in_channels=3, out_channels=3, size=6)
    y = params.evaluate(arrays)["y"].value * np.sign(np.random.RandomState(1).standard_normal((1, 3, 4, 4)))
    first = explain(params, arrays, y, y.shape, dtype="float32", budget_seconds=0.1)
    assert first == explain(params, arrays, y, y.shape, dtype="float32", budget_seconds=0.1)
    assert "stopped at its budget" in first.text


def test_infinity_that_meets_no_zero_it_should() -> None:
    params, arrays = inputs_for("conv", "integers", 8, padding="same", size=4)
    arrays["w"][0, 0, 0, 0, 0] = np.inf
    padded = np.pad(arrays["x"], [(0, 0), (0, 0), (1, 1), (1, 1)])
    with np.errstate(invalid="ignore"):
        y = sum(padded[:, :, i : i + 4, j : j + 4] * arrays["w"][0, 0, 0, i, j] for i in range(3) for j in range(3))
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert "zeros multiplied" in found.confusions
    assert "0 * inf" in found.text


def test_sums_in_half_precision_that_overflow() -> None:
    p = bind("conv_transpose", convention="torch", dims=1, size=3, kernel=2)
    arrays = {"x": np.array([[[7.0, -7.0, 7.0]]]), "w": np.full((1, 1, 1, 2), -9992.0)}
    y = np.array([[[-np.inf, np.nan, np.nan, -np.inf]]])
    found = explain(p, arrays, y, y.shape, dtype="float16")
    assert found.confusions == (NARROW,)
    assert found.arithmetic
    assert "65504" in found.text
    assert "inf - inf" in found.text
    # An element whose products stay in the range has another cause.
    arrays["x"] = np.array([[[0.125, -0.125, 7.0]]])
    y = np.array([[[-1249.0, np.nan, -np.inf, -np.inf]]])
    assert explain(p, arrays, y, y.shape, dtype="float16").confusions != (NARROW,)


def test_where() -> None:
    wrong = np.zeros((2, 4, 6, 6), dtype=bool)
    assert locate(wrong, "NCHW", {"H": 2, "W": 2}, {"C": 2}) == "nothing"
    wrong[1, 2:, 1::2, :] = True
    assert (
        locate(wrong, "NCHW", {"H": 2, "W": 2}, {"C": 2})
        == "batch item 1, group 1, phase 1 of stride 2 along H (36 of 288 elements)"
    )
    wrong[...] = True
    assert locate(wrong, "NCHW", {"H": 2, "W": 2}, {"C": 2}) == "every element"
    wrong[:, :, 1:-1, 1:-1] = False
    assert locate(wrong, "NCHW", {}, {}) == "the outermost border (160 of 288 elements)"
    wrong[...] = False
    wrong[:, :, :, -2:] = True
    assert "the last 2 along W" in locate(wrong, "NCHW", {}, {})
    assert locate_shape((1, 2, 3), (1, 2, 3, 4), "NCHW") == "3 axes, where the reference has 4"


def test_every_confusion_has_an_independent_fault_or_a_test() -> None:
    names = {c.name for op in (CONV, TRANSPOSED) for c in op().confusions()}
    tested_apart = {"zeros multiplied", "non-finite ignored", "subnormals flushed"}
    assert names - tested_apart == set(FAULTS)
    assert all(len([c for c in op().confusions() if c.name == n]) <= 1 for op in (CONV, TRANSPOSED) for n in names)


def test_nan_taken_as_zero() -> None:
    params, arrays = inputs_for("conv", "integers", 9, size=5)
    arrays["x"][0, 0, 2, 2] = np.nan
    y = params.evaluate({**arrays, "x": np.nan_to_num(arrays["x"])})["y"].value
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert "non-finite ignored" in found.confusions


def test_subnormals_taken_as_zero() -> None:
    params, arrays = inputs_for("conv_transpose", "integers", 9, size=5)
    small = {**arrays, "x": np.where(arrays["x"] > 0, 2.0**-140, arrays["x"])}
    arrays = {**arrays, "x": np.where(arrays["x"] > 0, 0.0, arrays["x"])}
    y = params.evaluate(arrays)["y"].value
    arrays = small
    found = explain(params, arrays, y, y.shape, dtype="float32")
    assert "subnormals flushed" in found.confusions


def test_catalogue_in_the_documentation_is_current() -> None:
    from conformance.judge.causes import catalogue

    text = (HERE.parent / "docs" / "explain.md").read_text()
    assert catalogue() in text


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Array]:
    """What the frameworks answered to the confused calls, by the call's number; one process a framework."""
    folder = tmp_path_factory.mktemp("calls")
    found: dict[int, Array] = {}
    for framework in sorted({call.framework for call in CALLS}):
        if importlib.util.find_spec(framework) is None:
            continue
        given = {}
        for i, call in enumerate(CALLS):
            if call.framework == framework:
                params, arrays = inputs_for(call.op, call.values, i, **call.params)
                for name, array in arrays.items():
                    plain_kernel = name == "w" and params.groups == 1  # type: ignore[attr-defined]
                    given[f"{i}.{name}"] = (array[0] if plain_kernel else array).astype(np.float32)
        np.savez(folder / "in.npz", **given)
        command = [sys.executable, str(HERE / "confused_calls.py"), framework, "in.npz", f"{framework}.npz"]
        subprocess.run(command, cwd=folder, check=True, timeout=LONG)
        with np.load(folder / f"{framework}.npz") as results:
            found.update({int(key): results[key].astype(np.float64) for key in results})
    return found


@pytest.mark.parametrize("i", range(len(CALLS)), ids=[f"{c.framework}-{c.confusion}" for c in CALLS])
def test_names_what_a_real_call_got_wrong(i: int, answers: dict[int, Array]) -> None:
    call = CALLS[i]
    if i not in answers:
        pytest.skip(f"{call.framework} is not installed")
    params, arrays = inputs_for(call.op, call.values, i, **call.params)
    found = explain(params, arrays, answers[i], answers[i].shape, dtype="float32")
    assert call.confusion in found.confusions, found


def test_real_calls_cover_enough_confusions() -> None:
    assert len({call.confusion for call in CALLS}) >= 25


def test_an_answer_without_axes_is_explained() -> None:
    op = parameters("median", shape=[1, 4], axes=None)
    x = np.array([[4.0, 1.0, 2.0, 3.0]])
    found = explain(op, {"x": x}, np.asarray(2.0), (), output="y", dtype="float32")
    assert "even lower for mean" in found.text

"""Value recipes: integers really are exact, streams are frozen, specials stand where they should, errors say why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.dtypes import DTYPES, rounded
from conformance.ops.base import TensorSpec
from conformance.suite.case import Case, Place, Values
from conformance.suite.values import (
    ValuesError,
    _asymmetric,
    make_cotangents,
    make_inputs,
    special_value,
)
from tests.strategies import DTYPE_NAMES, a_case, conv_parameters

ROOT = Path(__file__).resolve().parents[2]


def exactness(case: Case) -> float:
    """The largest sum of |products| in the output or in any gradient, as a fraction of 2**precision."""
    arrays = make_inputs(case)
    references = [*case.op.evaluate(arrays).values()]
    cotangent = make_cotangents(case, case.op.outputs())["y"]
    references += case.op.gradients(arrays, {"y": cotangent}).values()
    for array in (*arrays.values(), cotangent):
        assert np.array_equal(array, np.rint(array))
    largest = max(float(r.magnitude().max(initial=0.0)) for r in references)
    return largest / 2 ** DTYPES[case.dtype].precision


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["conv", "conv_transpose"]),
    st.data(),
    st.sampled_from(DTYPE_NAMES),
    st.sampled_from(["integers", "index"]),
)
def test_integers_are_exact(op: str, data: st.DataObject, dtype: str, kind: str) -> None:
    case = a_case(op, dtype, kind, **data.draw(conv_parameters(op)))
    if case.op.refusal() is None:
        assert exactness(case) <= 1.0


@pytest.mark.parametrize("op", ["conv", "conv_transpose"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    "given",
    [
        {"in_channels": 64, "out_channels": 3, "kernel": 5, "size": 8},  # many products an output
        {"in_channels": 3, "out_channels": 96, "kernel": 4, "size": 6},  # many products an input gradient
        {"batch": 3, "size": [40, 50], "stride": 1},  # many products a kernel gradient
        {"batch": 2, "size": [20, 24], "stride": 3, "bias": True, "kernel": 1},  # many terms of a bias gradient
        {"in_channels": 512, "out_channels": 256, "kernel": 3, "size": 5, "groups": 2, "bias": True},
        {"dims": 3, "in_channels": 16, "out_channels": 16, "kernel": 5, "size": 6, "stride": 2},
    ],
    ids=lambda g: " ".join(f"{k}={v}" for k, v in g.items()),
)
def test_integers_are_exact_where_there_are_too_many(op: str, dtype: str, given: dict[str, object]) -> None:
    case = a_case(op, dtype, **given)
    assert exactness(case) <= 1.0
    # Thin, not empty: every output still depends on the kernel.
    value = case.op.evaluate(make_inputs(case))["y"].value
    assert np.count_nonzero(value) > value.size // 2


def test_no_thinning_where_there_is_no_need() -> None:
    case = a_case("conv", "float32", in_channels=64, out_channels=64, size=16)
    for array in make_inputs(case).values():
        assert np.abs(array).min() == 1.0
        assert np.abs(array).max() == 4.0


PINNED = {
    "x": [-2.0, 4.0, 2.0, 3.0],
    "w": [1.0, 4.0, -3.0, 2.0],
    "dy": [-1.0, 4.0, -2.0, 1.0, 3.0, -1.0],
    "normal": [0.5725926756858826, 1.2634282112121582, 0.2197512537240982, -0.9430299401283264],
}


def test_the_streams_are_pinned() -> None:
    """NumPy has frozen RandomState: these numbers may never change, or every record on disk is of other cases."""
    case = a_case("conv_transpose", size=2, kernel=2, stride=2)
    arrays = make_inputs(case)
    assert arrays["x"].reshape(-1).tolist() == PINNED["x"]
    assert arrays["w"].reshape(-1).tolist() == PINNED["w"]
    cotangent = make_cotangents(case, case.op.outputs())["y"]
    assert cotangent.reshape(-1)[:6].tolist() == PINNED["dy"]
    normal = make_inputs(a_case("conv_transpose", values="normal", size=2, kernel=2, stride=2))
    assert normal["x"].reshape(-1).tolist() == PINNED["normal"]


def test_another_process_makes_the_same_arrays() -> None:
    code = (
        "from tests.strategies import a_case\nfrom conformance.suite.values import make_inputs\n"
        "import hashlib\nh = hashlib.sha256()\n"
        "for kind in ('integers', 'normal'):\n"
        "    for a in make_inputs(a_case('conv', 'bfloat16', kind, in_channels=40, size=5)).values():\n"
        "        h.update(a.tobytes())\nprint(h.hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(next(iter(digests))) == 65


def test_values_depend_on_what_the_case_is() -> None:
    base = make_inputs(a_case("conv", size=9))["x"]
    assert np.array_equal(base, make_inputs(a_case("conv", size=9))["x"])
    for other in (a_case("conv", size=9, seed=1), a_case("conv", size=9, stride=2), a_case("conv", "float64", size=9)):
        assert not np.array_equal(base, make_inputs(other)["x"])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(1, 3), min_size=3, max_size=3), st.integers(0, 50))
def test_no_kernel_is_its_own_flip(dims: int, kernel: list[int], seed: int) -> None:
    w = make_inputs(a_case("conv", dims=dims, size=5, kernel=kernel[:dims], seed=seed))["w"]
    for axis in range(3, 3 + dims):
        assert w.shape[axis] == 1 or not np.array_equal(w, np.flip(w, axis))


def test_symmetric_arrays_are_changed() -> None:
    for array in (np.ones((1, 1, 1, 3, 3)), np.zeros((1, 1, 1, 2, 1)), np.ones((1, 1, 1, 1, 1))):
        changed = _asymmetric(array.copy(), TensorSpec("w", "GIOHW", array.shape))
        for axis in (3, 4):
            assert array.shape[axis] == 1 or not np.array_equal(changed, np.flip(changed, axis))


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_normal_values_are_exact_in_the_dtype(dtype: str) -> None:
    arrays = make_inputs(a_case("conv", dtype, "normal", size=12, in_channels=3))
    for array in arrays.values():
        assert np.array_equal(rounded(array, dtype), array)
    assert 0.8 < arrays["x"].std() < 1.2


def test_specials_stand_in_their_places() -> None:
    places = (
        Place("x", (0, 0, 1, 2), "nan"),
        Place("x", "first", "-inf"),
        Place("w", "last", "inf"),
        Place("w", (0, 0, 0, 0, -1), "-0.0"),
        Place("x", (0, 0, 3, 3), "2.5"),
    )
    arrays = make_inputs(a_case("conv", values=Values("specials", "zeros", places), size=4, kernel=2))
    x, w = arrays["x"], arrays["w"]
    assert np.isnan(x[0, 0, 1, 2])
    assert x[0, 0, 0, 0] == -np.inf
    assert w[0, 0, 0, 1, 1] == np.inf
    assert w[0, 0, 0, 0, 1] == 0.0
    assert np.signbit(w[0, 0, 0, 0, 1])
    assert x[0, 0, 3, 3] == 2.5
    assert np.count_nonzero(x) == 3


@pytest.mark.parametrize(
    ("dtype", "least", "largest"),
    [
        ("float16", 5.960464477539063e-08, 65504.0),
        ("bfloat16", 9.183549615799121e-41, 3.3895313892515355e38),
        ("float32", 1.401298464324817e-45, 3.4028234663852886e38),
        ("float64", 5e-324, 1.7976931348623157e308),
    ],
)
def test_special_words(dtype: str, least: float, largest: float) -> None:
    assert special_value("subnormal", dtype) == least
    assert special_value("-subnormal", dtype) == -least
    assert special_value("largest", dtype) == largest
    assert special_value("-largest", dtype) == -largest
    assert special_value("1e3", dtype) == 1000.0
    for word in ("subnormal", "largest"):
        value = np.array([special_value(word, dtype)])
        assert np.array_equal(rounded(value, dtype), value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (Values("specials", places=(Place("q", "first", "nan"),)), "specials name 'q', expected one of: x, w"),
        (Values("specials", places=(Place("x", (9, 0, 0, 0), "nan"),)), r"index \[9, 0, 0, 0\] is outside 'x'"),
        (Values("specials", places=(Place("x", (0, 0), "nan"),)), r"index \[0, 0\] is outside 'x', which is NCHW"),
        (Values("specials", places=(Place("x", "first", "nann"),)), "unknown special value 'nann', expected nan, inf"),
        (Values("literal", arrays=(("x", tuple(range(16))),)), "literal values have no 'w'"),
        (Values("literal", arrays=(("x", (1, 2)), ("w", 1))), "'x' has 2 elements, expected 16: NCHW"),
        (Values("literal", arrays=(("x", ((1, 2), (3,))), ("w", 1))), "'x' is no rectangular array"),
        (Values("literal", arrays=(("x", ("a",) * 16), ("w", 1))), "'x' is no rectangular array of numbers"),
        (
            Values("literal", arrays=(("x", (1e40,) * 16), ("w", (1,) * 9))),
            r"'x' holds 1e\+40, expected at most 3.40282e",
        ),
    ],
)
def test_errors_say_what_was_found(values: Values, message: str) -> None:
    with pytest.raises(ValuesError, match=message):
        make_inputs(a_case("conv", values=values, size=4, kernel=3))


def test_a_special_in_an_empty_tensor_is_an_error() -> None:
    case = a_case("conv", values=Values("specials", places=(Place("x", "first", "nan"),)), size=4, batch=0)
    with pytest.raises(ValuesError, match="'x', which is empty"):
        make_inputs(case)


def test_literal_values_are_rounded_to_the_dtype() -> None:
    values = Values("literal", arrays=(("x", (0.1, 1e-60, float("inf"), -0.3)), ("w", (1, 2, 3, 4))))
    for dtype, tenth in (("float32", 0.10000000149011612), ("float16", 0.0999755859375), ("float64", 0.1)):
        x = make_inputs(a_case("conv", values=values, dtype=dtype, size=2, kernel=2))["x"]
        assert x.flat[0] == tenth
        assert x.flat[2] == np.inf


def test_literal_values_take_their_shape() -> None:
    values = Values("literal", arrays=(("x", ((1, 2), (3, float("nan")))), ("w", (5, 6, 7, 8))))
    arrays = make_inputs(a_case("conv", values=values, size=2, kernel=2))
    assert arrays["x"].shape == (1, 1, 2, 2)
    assert arrays["w"].shape == (1, 1, 1, 2, 2)
    assert arrays["w"][0, 0, 0, 1, 0] == 7.0

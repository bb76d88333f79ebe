"""The ops' references, groups and biases included, against loops over the definition; gradients by bilinearity."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.ops.base import Array
from conformance.ops.conv.convolution import Convolution
from conformance.suite.values import make_cotangents, make_inputs
from tests.strategies import a_case, conv_parameters, parameters


def by_definition(p: Convolution, arrays: dict[str, Array]) -> Array:
    """y, one product at a time, in the words of the two class docstrings."""
    geometry = p.geometry()
    spec = p.outputs()[0]
    y = np.zeros(spec.shape)
    x, w = arrays["x"], arrays["w"]
    g, a, b = w.shape[:3]
    x_sizes, y_sizes = p.size, spec.shape[2:]
    taps = [range(k) for k in p.kernel]
    for n, group, i, o in product(range(p.batch), range(g), range(a), range(b)):
        for place in product(*(range(s) for s in (x_sizes if p.transposed else y_sizes))):
            for t in product(*taps):
                far = tuple(
                    ax.stride * q + ax.dilation * k - ax.lo for ax, q, k in zip(geometry, place, t, strict=True)
                )
                from_x, to_y = (place, far) if p.transposed else (far, place)
                sizes = y_sizes if p.transposed else x_sizes
                if all(0 <= f < s for f, s in zip(far, sizes, strict=True)):
                    y[(n, group * b + o, *to_y)] += x[(n, group * a + i, *from_x)] * w[(group, i, o, *t)]
    if p.bias:
        y += arrays["b"].reshape(-1, *(1 for _ in geometry))
    return y


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data(), st.integers(0, 99))
def test_the_reference_is_the_definition(name: str, data: st.DataObject, seed: int) -> None:
    case = a_case(name, "float64", seed=seed, **data.draw(conv_parameters(name, largest=3)))
    if case.op.refusal() is not None:
        return
    arrays = make_inputs(case)
    reference = case.op.evaluate(arrays)["y"]
    assert reference.value.shape == case.op.outputs()[0].shape
    assert np.array_equal(reference.value, by_definition(case.op, arrays))
    absolute = {k: np.abs(v) for k, v in arrays.items()}
    assert np.array_equal(reference.magnitude(), by_definition(case.op, absolute))
    squares = {k: v**2 for k, v in arrays.items()}
    assert np.array_equal(reference.energy(), by_definition(case.op, squares))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data(), st.integers(0, 99))
def test_gradients_by_unit_vectors(name: str, data: st.DataObject, seed: int) -> None:
    """y is linear in each input, so d(sum y*dy)/dx[i] is the change of sum y*dy as x[i] grows by one, exactly."""
    case = a_case(name, "float64", seed=seed, **data.draw(conv_parameters(name, largest=3)))
    if case.op.refusal() is not None:
        return
    arrays = make_inputs(case)
    cotangent = make_cotangents(case, case.op.outputs())["y"]
    before = (case.op.evaluate(arrays)["y"].value * cotangent).sum()
    gradients = case.op.gradients(arrays, {"y": cotangent})
    assert set(gradients) == set(arrays)
    for which, array in arrays.items():
        gradient = gradients[which]
        assert gradient.value.shape == array.shape
        for flat in range(0, array.size, max(array.size // 12, 1)):
            moved = array.copy()
            moved.reshape(-1)[flat] += 1.0
            after = (case.op.evaluate({**arrays, which: moved})["y"].value * cotangent).sum()
            assert gradient.value.reshape(-1)[flat] == after - before
        assert (gradient.magnitude() >= np.abs(gradient.value)).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data())
def test_products_bounds_every_sum(name: str, data: st.DataObject) -> None:
    """On ones, the magnitude of an element is the number of its products."""
    case = a_case(name, "float64", "ones", **data.draw(conv_parameters(name)))
    if case.op.refusal() is not None:
        return
    arrays = make_inputs(case)
    forward = case.op.evaluate(arrays)["y"]
    assert forward.magnitude().max(initial=0.0) <= forward.products <= case.op.products()
    for gradient in case.op.gradients(arrays, {"y": np.ones(forward.value.shape)}).values():
        assert gradient.magnitude().max(initial=0.0) <= gradient.products


@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["x", "w"])
def test_gradients_with_special_values_stay_in_their_footprint(name: str, value: float, where: str) -> None:
    """Padding is never multiplied: only gradients whose sums name the special element are touched."""
    given: dict[str, Any] = {"dims": 1, "size": 5, "kernel": 3, "convention": "torch", "padding": 1}
    p = parameters(name, **given)
    arrays = {spec.name: np.ones(spec.shape) for spec in p.inputs()}
    arrays[where].reshape(-1)[0] = value
    cotangent = np.ones(p.outputs()[0].shape)
    gradients = p.gradients(arrays, {"y": cotangent})
    other = "w" if where == "x" else "x"
    assert np.isfinite(gradients[where].value).all()
    touched = ~np.isfinite(gradients[other].value.reshape(-1))
    if where == "x":
        # x[0] meets every tap but the one that falls outside of the result.
        outside = 2 if name == "conv" else 0
        assert touched.tolist() == [t != outside for t in range(3)]
    else:
        # w[0] meets every x but the last (conv) or the first (transposed), whose partner lies outside.
        outside = 4 if name == "conv" else 0
        assert touched.tolist() == [i != outside for i in range(5)]
    finite = gradients[other].magnitude().reshape(-1)[~touched]
    assert np.isfinite(finite).all()


def test_a_bias_gradient_is_the_sum_of_the_cotangent() -> None:
    p = parameters("conv", batch=2, out_channels=3, bias=True)
    arrays = {spec.name: np.ones(spec.shape) for spec in p.inputs()}
    cotangent = np.arange(24.0).reshape(2, 3, 2, 2)
    reference = p.gradients(arrays, {"y": cotangent})["b"]
    assert reference.value.tolist() == [60.0, 92.0, 124.0]
    assert reference.products == 8

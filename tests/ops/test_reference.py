"""The ops' references, groups and biases included, against loops over the definition; gradients by bilinearity."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.ops import OPS
from conformance.ops.base import Array
from conformance.ops.conv.convolution import Convolution, ConvParams
from conformance.suite.values import make_cotangents, make_inputs
from tests.strategies import a_case, conv_parameters, parameters


def by_definition(op: Convolution, p: ConvParams, arrays: dict[str, Array]) -> Array:
    """y, one product at a time, in the words of the two class docstrings."""
    geometry = op.geometry(p)
    [spec] = op.outputs(p)
    y = np.zeros(spec.shape)
    x, w = arrays["x"], arrays["w"]
    g, a, b = w.shape[:3]
    x_sizes, y_sizes = p.size, spec.shape[2:]
    taps = [range(k) for k in p.kernel]
    for n, group, i, o in product(range(p.batch), range(g), range(a), range(b)):
        for place in product(*(range(s) for s in (x_sizes if op.transposed else y_sizes))):
            for t in product(*taps):
                far = tuple(
                    ax.stride * q + ax.dilation * k - ax.lo for ax, q, k in zip(geometry, place, t, strict=True)
                )
                from_x, to_y = (place, far) if op.transposed else (far, place)
                sizes = y_sizes if op.transposed else x_sizes
                if all(0 <= f < s for f, s in zip(far, sizes, strict=True)):
                    y[(n, group * b + o, *to_y)] += x[(n, group * a + i, *from_x)] * w[(group, i, o, *t)]
    if p.bias:
        y += arrays["b"].reshape(-1, *(1 for _ in geometry))
    return y


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data(), st.integers(0, 99))
def test_the_reference_is_the_definition(name: str, data: st.DataObject, seed: int) -> None:
    op = OPS[name]
    assert isinstance(op, Convolution)
    case = a_case(name, "float64", seed=seed, **data.draw(conv_parameters(name, largest=3)))
    if op.refusal(case.params) is not None:
        return
    arrays = make_inputs(case)
    reference = op.reference(case.params, arrays)
    assert reference.value.shape == op.outputs(case.params)[0].shape
    assert np.array_equal(reference.value, by_definition(op, case.params, arrays))
    absolute = {k: np.abs(v) for k, v in arrays.items()}
    assert np.array_equal(reference.magnitude(), by_definition(op, case.params, absolute))
    squares = {k: v**2 for k, v in arrays.items()}
    assert np.array_equal(reference.energy(), by_definition(op, case.params, squares))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data(), st.integers(0, 99))
def test_gradients_by_unit_vectors(name: str, data: st.DataObject, seed: int) -> None:
    """y is linear in each input, so d(sum y*dy)/dx[i] is the change of sum y*dy as x[i] grows by one, exactly."""
    op = OPS[name]
    case = a_case(name, "float64", seed=seed, **data.draw(conv_parameters(name, largest=3)))
    if op.refusal(case.params) is not None:
        return
    arrays = make_inputs(case)
    cotangent = make_cotangents(case, op.outputs(case.params))["y"]
    before = (op.reference(case.params, arrays).value * cotangent).sum()
    gradients = op.gradients(case.params, arrays, cotangent)
    assert set(gradients) == set(arrays)
    for which, array in arrays.items():
        gradient = gradients[which]
        assert gradient.value.shape == array.shape
        for flat in range(0, array.size, max(array.size // 12, 1)):
            moved = array.copy()
            moved.reshape(-1)[flat] += 1.0
            after = (op.reference(case.params, {**arrays, which: moved}).value * cotangent).sum()
            assert gradient.value.reshape(-1)[flat] == after - before
        assert (gradient.magnitude() >= np.abs(gradient.value)).all()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["conv", "conv_transpose"]), st.data())
def test_products_bounds_every_sum(name: str, data: st.DataObject) -> None:
    """On ones, the magnitude of an element is the number of its products."""
    op = OPS[name]
    case = a_case(name, "float64", "ones", **data.draw(conv_parameters(name)))
    if op.refusal(case.params) is not None:
        return
    arrays = make_inputs(case)
    forward = op.reference(case.params, arrays)
    assert forward.magnitude().max(initial=0.0) <= forward.products <= op.products(case.params)
    for gradient in op.gradients(case.params, arrays, np.ones(forward.value.shape)).values():
        assert gradient.magnitude().max(initial=0.0) <= gradient.products


@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["x", "w"])
def test_gradients_with_special_values_stay_in_their_footprint(name: str, value: float, where: str) -> None:
    """Padding is never multiplied: only gradients whose sums name the special element are touched."""
    op = OPS[name]
    given: dict[str, Any] = {"dims": 1, "size": 5, "kernel": 3, "convention": "torch", "padding": 1}
    p = parameters(name, **given)
    arrays = {spec.name: np.ones(spec.shape) for spec in op.inputs(p)}
    arrays[where].reshape(-1)[0] = value
    cotangent = np.ones(op.outputs(p)[0].shape)
    gradients = op.gradients(p, arrays, cotangent)
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
    op = OPS["conv"]
    p = parameters("conv", batch=2, out_channels=3, bias=True)
    arrays = {spec.name: np.ones(spec.shape) for spec in op.inputs(p)}
    cotangent = np.arange(24.0).reshape(2, 3, 2, 2)
    reference = op.gradients(p, arrays, cotangent)["b"]
    assert reference.value.tolist() == [60.0, 92.0, 124.0]
    assert reference.products == 8

"""The contractions against definitions that share no code with them: the explicit matrix K, and loops over indices."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exact.trilinear import (
    Axis,
    Geometry,
    contract_to_kernel,
    contract_to_large,
    contract_to_small,
    gather_exactly,
    kernel_exactly,
    matrix,
    most_summed,
    scatter_exactly,
)
from conformance.ops.base import Array

axes = st.builds(
    Axis,
    small=st.integers(0, 4),
    large=st.integers(0, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    lo=st.integers(-3, 6),
)
geometries = st.lists(axes, min_size=1, max_size=2).map(tuple)


class Tensors:
    """Random integers of every shape that a geometry asks for: small NGA, kernel GAB, large NGB."""

    def __init__(self, geometry: Geometry, seed: int, channels: tuple[int, int, int, int]) -> None:
        n, g, a, b = channels
        stream = np.random.RandomState(seed)
        self.small = self.draw(stream, (n, g, a, *(axis.small for axis in geometry)))
        self.large = self.draw(stream, (n, g, b, *(axis.large for axis in geometry)))
        self.kernel = self.draw(stream, (g, a, b, *(axis.kernel for axis in geometry)))

    @staticmethod
    def draw(stream: np.random.RandomState, shape: tuple[int, ...]) -> Array:
        return stream.randint(-9, 10, shape).astype(np.float64)


tensors = st.tuples(
    st.integers(0, 2**31), st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(0, 3), st.integers(0, 3))
)


def by_matrix(geometry: Geometry, t: Tensors) -> tuple[Array, Array, Array]:
    """Everything through the explicit matrix: to large, to small, to kernel."""
    incidence = matrix(geometry)  # (K, L, S)
    n, g, a = t.small.shape[:3]
    b = t.large.shape[2]
    small = t.small.reshape(n, g, a, incidence.shape[2])
    large = t.large.reshape(n, g, b, incidence.shape[1])
    kernel = t.kernel.reshape(g, a, b, incidence.shape[0])
    to_large = np.einsum("ngas,gabk,kls->ngbl", small, kernel, incidence)
    to_small = np.einsum("ngbl,gabk,kls->ngas", large, kernel, incidence)
    to_kernel = np.einsum("ngas,ngbl,kls->gabk", small, large, incidence)
    return to_large.reshape(t.large.shape), to_small.reshape(t.small.shape), to_kernel.reshape(t.kernel.shape)


@settings(max_examples=200, deadline=None)
@given(geometries, tensors)
def test_contractions_are_the_matrix(geometry: Geometry, drawn: tuple[int, tuple[int, int, int, int]]) -> None:
    t = Tensors(geometry, *drawn)
    to_large, to_small, to_kernel = by_matrix(geometry, t)
    assert np.array_equal(contract_to_large(t.small, t.kernel, geometry), to_large)
    assert np.array_equal(contract_to_small(t.large, t.kernel, geometry), to_small)
    assert np.array_equal(contract_to_kernel(t.small, t.large, geometry), to_kernel)
    assert np.array_equal(scatter_exactly(t.small, t.kernel, geometry), to_large)
    assert np.array_equal(gather_exactly(t.large, t.kernel, geometry), to_small)
    assert np.array_equal(kernel_exactly(t.small, t.large, geometry), to_kernel)


@settings(max_examples=100, deadline=None)
@given(geometries, tensors)
def test_transposed_is_the_adjoint(geometry: Geometry, drawn: tuple[int, tuple[int, int, int, int]]) -> None:
    t = Tensors(geometry, *drawn)
    left = (contract_to_small(t.large, t.kernel, geometry) * t.small).sum()
    middle = (contract_to_large(t.small, t.kernel, geometry) * t.large).sum()
    right = (contract_to_kernel(t.small, t.large, geometry) * t.kernel).sum()
    assert left == middle == right


def test_three_axes_are_the_matrix() -> None:
    geometry = (Axis(2, 5, 3, 2, 1, 0), Axis(3, 4, 2, 1, 2, 1), Axis(2, 6, 1, 4, 1, -1))
    t = Tensors(geometry, 7, (2, 2, 3, 2))
    to_large, to_small, to_kernel = by_matrix(geometry, t)
    assert to_large.any()
    assert np.array_equal(contract_to_large(t.small, t.kernel, geometry), to_large)
    assert np.array_equal(contract_to_small(t.large, t.kernel, geometry), to_small)
    assert np.array_equal(contract_to_kernel(t.small, t.large, geometry), to_kernel)


def test_the_matrix_is_the_document_s() -> None:
    """A convolution as a 4x9 matrix: the 2x2 kernel 1..4 over the 3x3 image 0..8 gives 27, 37, 57, 67."""
    geometry = (Axis(2, 3, 2, 1, 1, 0), Axis(2, 3, 2, 1, 1, 0))
    k = np.einsum("k,kls->sl", np.array([1.0, 2.0, 3.0, 4.0]), matrix(geometry))
    assert k.shape == (4, 9)
    assert (k @ np.arange(9.0)).tolist() == [27.0, 37.0, 57.0, 67.0]
    small = np.array([[0.0, 1.0], [2.0, 3.0]]).reshape(1, 1, 1, 2, 2)
    kernel = np.array([[0.0, 1.0], [2.0, 3.0]]).reshape(1, 1, 1, 2, 2)
    assert contract_to_large(small, kernel, geometry)[0, 0, 0].tolist() == [[0, 0, 1], [0, 4, 6], [4, 12, 9]]


def footprint(geometry: Geometry, which: str, t: Tensors) -> Array:
    """Whether the definition names a product with a special element, an index at a time. Shape of the answer."""
    n, g, a = t.small.shape[:3]
    b = t.large.shape[2]
    names = {"large": t.large, "small": t.small, "kernel": t.kernel}
    touched = np.zeros(names[which].shape, dtype=bool)
    for s in product(*(range(axis.small) for axis in geometry)):
        for k in product(*(range(axis.kernel) for axis in geometry)):
            place = tuple(
                axis.stride * i + axis.dilation * j - axis.lo for axis, i, j in zip(geometry, s, k, strict=True)
            )
            if any(not 0 <= p < axis.large for p, axis in zip(place, geometry, strict=True)):
                continue
            for item, group, i, o in product(range(n), range(g), range(a), range(b)):
                index = {"small": (item, group, i, *s), "kernel": (group, i, o, *k), "large": (item, group, o, *place)}
                factors = [names[name][index[name]] for name in names if name != which]
                touched[index[which]] |= not np.isfinite(factors).all()
    return touched


@settings(max_examples=60, deadline=None)
@given(
    geometries,
    tensors,
    st.sampled_from(["small", "large", "kernel"]),
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.data(),
)
def test_a_special_value_touches_its_footprint_and_nothing_else(
    geometry: Geometry, drawn: tuple[int, tuple[int, int, int, int]], where: str, value: float, data: st.DataObject
) -> None:
    t = Tensors(geometry, *drawn)
    for array in (t.small, t.large, t.kernel):
        array[array == 0.0] = 1.0  # a zero times an infinity is NaN, which is not finite either, but no zero hides it
    tensor: Array = getattr(t, where)
    if not tensor.size:
        return
    tensor.reshape(-1)[data.draw(st.integers(0, tensor.size - 1))] = value
    functions = {
        "large": lambda: scatter_exactly(t.small, t.kernel, geometry),
        "small": lambda: gather_exactly(t.large, t.kernel, geometry),
        "kernel": lambda: kernel_exactly(t.small, t.large, geometry),
    }
    for which, compute in functions.items():
        if which != where:
            assert np.array_equal(~np.isfinite(compute()), footprint(geometry, which, t))


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_padding_is_not_multiplied(value: float) -> None:
    # Kernel 3 on one element with padding 1 at both ends: the outer taps meet nothing, so their infinity is not seen.
    geometry = (Axis(1, 1, 3, 1, 1, 1),)
    kernel = np.array([value, 2.0, value]).reshape(1, 1, 1, 3)
    one = np.array([5.0]).reshape(1, 1, 1, 1)
    assert gather_exactly(one, kernel, geometry).item() == 10.0
    assert scatter_exactly(one, kernel, geometry).item() == 10.0
    bad = np.array([value]).reshape(1, 1, 1, 1)
    gradient = kernel_exactly(bad, one, geometry).reshape(3)
    assert gradient[0] == gradient[2] == 0.0
    assert not np.isfinite(gradient[1])


@settings(max_examples=100, deadline=None)
@given(geometries)
def test_the_most_that_one_element_sums(geometry: Geometry) -> None:
    """Counted in the matrix, which is made one index at a time."""
    joined = matrix(geometry)
    counted = most_summed(geometry)
    assert counted.large == int(joined.sum(axis=(0, 2)).max(initial=0))
    assert counted.small == int(joined.sum(axis=(0, 1)).max(initial=0))
    assert counted.kernel == int(joined.sum(axis=(1, 2)).max(initial=0))


def test_a_kernel_of_64_with_stride_32_reaches_an_element_by_two_taps() -> None:
    counted = most_summed((Axis(16, 544, 64, 32, 1, 0),) * 2)
    assert (counted.large, counted.small, counted.kernel) == (4, 64 * 64, 16 * 16)


def test_an_axis_knows_its_crops() -> None:
    axis = Axis(small=4, large=8, kernel=3, stride=2, dilation=1, lo=0)
    assert (axis.extent, axis.full, axis.hi) == (3, 9, 1)
    assert Axis(0, 3, 3, 2, 1, 0).full == 0
    assert Axis(2, 9, 3, 2, 2, -1).hi == 2 + 5 - 9 + 1

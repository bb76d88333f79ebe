"""Convolution, transposed convolution and all their gradients as one trilinear form.

    T = sum over n, g, a, b, i, t of  small[n, g, a, i] * kernel[g, a, b, t] * large[n, g, b, s*i + d*t - lo]

(an index per spatial axis for i, t, s, d and lo). Contracting two of the three arguments gives everything that the
two ops need:

    contract to large   transposed convolution; the input gradient of a convolution
    contract to small   convolution; the input gradient of a transposed convolution
    contract to kernel  the kernel gradient of both

so one geometry, checked once, serves them all (Dumoulin & Visin, "A guide to convolution arithmetic for deep
learning", 2016, section 4, derives the transposed convolution as exactly this adjoint). Everything is NumPy float64;
one matrix product and one strided addition a kernel tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """One spatial axis: tap t of the kernel joins small index i and large index s*i + d*t - lo."""

    small: int
    large: int
    kernel: int
    stride: int
    dilation: int
    lo: int

    @property
    def extent(self) -> int:
        """The kernel's length with its gaps: d*(k-1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def full(self) -> int:
        """The length of the full scatter: every small index, every tap, nothing cropped. 0 where there is no input."""
        return (self.small - 1) * self.stride + self.extent if self.small else 0

    @property
    def hi(self) -> int:
        """What is cropped from the end of the full scatter; negative where the result reaches beyond it."""
        return self.full - self.lo - self.large

    def tap(self, t: int) -> tuple[slice, slice] | None:
        """The small and the large indices that tap t joins, or None where it joins none."""
        offset = self.dilation * t - self.lo
        first = max(0, -(offset // self.stride))  # the least i with s*i + offset >= 0
        last = min(self.small - 1, (self.large - 1 - offset) // self.stride)
        if last < first:
            return None
        start = self.stride * first + offset
        stop = self.stride * last + offset + 1
        return slice(first, last + 1), slice(start, stop, self.stride)

    def sums(self) -> Sums:
        """The most products that this axis puts into one element of the large side, the small side and the kernel."""
        large, small = np.zeros(self.large, dtype=np.int64), np.zeros(self.small, dtype=np.int64)
        kernel = 0
        for t in range(self.kernel):
            joined = self.tap(t)
            if joined is not None:
                near, far = joined
                small[near] += 1
                large[far] += 1
                kernel = max(kernel, near.stop - near.start)
        return Sums(int(large.max(initial=0)), int(small.max(initial=0)), kernel)


@dataclass(frozen=True)
class Sums:
    """How many products one element sums at most: a kernel of 64 with stride 32 reaches an element by two taps."""

    large: int
    small: int
    kernel: int


Geometry = tuple[Axis, ...]


@lru_cache(maxsize=256)
def most_summed(geometry: Geometry) -> Sums:
    """The most products in one element's sum over all axes, an input channel, or a batch item for the kernel."""
    sums = [axis.sums() for axis in geometry]
    return Sums(prod(s.large for s in sums), prod(s.small for s in sums), prod(s.kernel for s in sums))


# Something that NumPy takes as an index; its own stubs do not take a tuple of unknown length.
Index = tuple[Any, ...]


@lru_cache(maxsize=64)
def _taps(geometry: Geometry) -> tuple[tuple[int, Index, Index], ...]:
    """Every tap that joins something: its flat number, and the index of what it joins on either side."""
    per_axis = [[axis.tap(t) for t in range(axis.kernel)] for axis in geometry]
    found = []
    for flat, joined in enumerate(product(*per_axis)):
        pairs = [pair for pair in joined if pair is not None]
        if len(pairs) == len(joined):
            found.append((flat, (..., *(p[0] for p in pairs)), (..., *(p[1] for p in pairs))))
    return tuple(found)


def contract_to_large(small: Array, kernel: Array, geometry: Geometry) -> Array:
    """small (N, G, A, *small) and kernel (G, A, B, *k) to large (N, G, B, *large): each element scatters its kernel."""
    n, g, a = small.shape[:3]
    b = kernel.shape[2]
    k = prod(axis.kernel for axis in geometry)
    sizes = [axis.small for axis in geometry]
    # (G, B, A) @ (N, G, A, P), one product and one strided addition a tap. The buffer stays in the cache, where the
    # columns of every tap at once would be K times as large as `small`.
    weights = np.ascontiguousarray(kernel.reshape(g, a, b, k).transpose(3, 0, 2, 1))
    flat_small = small.reshape(n, g, a, prod(sizes))
    buffer = np.empty((n, g, b, prod(sizes)))
    part = buffer.reshape(n, g, b, *sizes)
    large = np.zeros((n, g, b, *(axis.large for axis in geometry)))
    for flat, near, far in _taps(geometry):
        np.matmul(weights[flat], flat_small, out=buffer)
        large[far] += part[near]
    return large


def contract_to_small(large: Array, kernel: Array, geometry: Geometry) -> Array:
    """large (N, G, B, *large) and kernel (G, A, B, *k) to small (N, G, A, *small): each element gathers its kernel."""
    n, g, b = large.shape[:3]
    a = kernel.shape[1]
    k = prod(axis.kernel for axis in geometry)
    columns = _gather(large, geometry)
    sizes = [axis.small for axis in geometry]
    weights = kernel.reshape(g, a, b * k)
    gathered: Array = np.matmul(weights[None], columns.reshape(n, g, b * k, prod(sizes)))
    return gathered.reshape(n, g, a, *sizes)


def contract_to_kernel(small: Array, large: Array, geometry: Geometry) -> Array:
    """small (N, G, A, *small) and large (N, G, B, *large) to kernel (G, A, B, *k)."""
    n, g, a = small.shape[:3]
    b = large.shape[2]
    kernel_shape = [axis.kernel for axis in geometry]
    sizes = prod(axis.small for axis in geometry)
    columns = _gather(large, geometry).reshape(n, g, b * prod(kernel_shape), sizes)
    kernel: Array = np.matmul(small.reshape(n, g, a, sizes), columns.swapaxes(2, 3)).sum(axis=0)
    return kernel.reshape(g, a, b, *kernel_shape)


def _gather(large: Array, geometry: Geometry) -> Array:
    """The large elements under every tap: (N, G, B, K, *small), zero where the tap falls outside."""
    n, g, b = large.shape[:3]
    columns = np.zeros((n, g, b, prod(axis.kernel for axis in geometry), *(axis.small for axis in geometry)))
    for flat, near, far in _taps(geometry):
        columns[:, :, :, flat][near] = large[far]
    return columns


def scatter_exactly(small: Array, kernel: Array, geometry: Geometry) -> Array:
    """`contract_to_large` one product at a time, for inputs that hold NaN or infinities.

    A matrix product may sum in any order, and inserted zeros would turn an infinite weight into NaN; here only
    products that the definition names are formed, so an infinity touches what the definition says it touches and
    nothing else.
    """
    n, g, a = small.shape[:3]
    b = kernel.shape[2]
    large = np.zeros((n, g, b, *(axis.large for axis in geometry)))
    flat_kernel = kernel.reshape(g, a, b, prod(axis.kernel for axis in geometry))
    with np.errstate(invalid="ignore", over="ignore"):
        for flat, near, far in _taps(geometry):
            part = small[near]
            for c in range(a):
                weight = flat_kernel[:, c, :, flat].reshape(1, g, b, *(1 for _ in geometry))
                large[far] += part[:, :, c : c + 1] * weight
    return large


def gather_exactly(large: Array, kernel: Array, geometry: Geometry) -> Array:
    """`contract_to_small` one product at a time, for inputs that hold NaN or infinities; padding is not multiplied."""
    n, g, b = large.shape[:3]
    a = kernel.shape[1]
    small = np.zeros((n, g, a, *(axis.small for axis in geometry)))
    flat_kernel = kernel.reshape(g, a, b, prod(axis.kernel for axis in geometry))
    with np.errstate(invalid="ignore", over="ignore"):
        for flat, near, far in _taps(geometry):
            part = large[far]
            for c in range(b):
                weight = flat_kernel[:, :, c, flat].reshape(1, g, a, *(1 for _ in geometry))
                small[near] += part[:, :, c : c + 1] * weight
    return small


def kernel_exactly(small: Array, large: Array, geometry: Geometry) -> Array:
    """`contract_to_kernel` over the products that the definition names, for NaN and infinities; padding is left out."""
    g, a = small.shape[1:3]
    b = large.shape[2]
    kernel = np.zeros((g, a, b, prod(axis.kernel for axis in geometry)))
    everything = tuple(range(3, 3 + len(geometry)))
    with np.errstate(invalid="ignore", over="ignore"):
        for flat, near, far in _taps(geometry):
            for c in range(a):
                part = small[:, :, c : c + 1][near] * large[far]
                kernel[:, c, :, flat] = part.sum(axis=(0, *everything))
    return kernel.reshape(g, a, b, *(axis.kernel for axis in geometry))


def matrix(geometry: Geometry) -> Array:
    """The explicit 0/1 incidence (K taps, large, small) of the geometry, by the definition, one index at a time.

    An independent second definition: `sum_t w[t] * matrix[t]` is the matrix K^T of the transposed convolution, and
    its transpose is the convolution's K. It shares no code with the contractions above. Small geometries only: its
    size is K * large * small.
    """
    kernels = [range(axis.kernel) for axis in geometry]
    smalls = [range(axis.small) for axis in geometry]
    larges = tuple(axis.large for axis in geometry)
    result = np.zeros((prod(len(k) for k in kernels), prod(larges), prod(len(s) for s in smalls)))
    for row, taps in enumerate(product(*kernels)):
        for column, index in enumerate(product(*smalls)):
            place = [
                axis.stride * i + axis.dilation * t - axis.lo for axis, i, t in zip(geometry, index, taps, strict=True)
            ]
            if all(0 <= p < length for p, length in zip(place, larges, strict=True)):
                result[row, np.ravel_multi_index(place, larges), column] = 1.0
    return result

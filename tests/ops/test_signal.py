"""Transforms, windows and frames against SciPy, and against sums in a few lines."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import ParamError
from conformance.ops.signal import NORMS
from tests.strategies import parameters

fft = pytest.importorskip("scipy.fft")
signal = pytest.importorskip("scipy.signal")

LENGTHS = (1, 2, 3, 5, 8, 17)


def drawn(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.asarray(np.random.RandomState(seed).standard_normal(shape))


def both(found: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(found["real"].value + 1j * found["imag"].value)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", LENGTHS)
def test_transforms_are_those_of_scipy(n: int, norm: str) -> None:
    x, imag = drawn(3, 6), drawn(3, 6, seed=1)
    given: dict[str, Any] = {"shape": [3, 6], "n": n, "norm": norm}
    z = {"x": x, "x_imag": imag}
    for name in ("fft", "ifft"):
        op = parameters(name, **given, complex=True, axis=0)
        np.testing.assert_allclose(both(op.evaluate(z)), getattr(fft, name)(x + 1j * imag, n, 0, norm), atol=1e-13)
        op = parameters(name, **given)
        np.testing.assert_allclose(both(op.evaluate({"x": x})), getattr(fft, name)(x, n, -1, norm), atol=1e-13)
    np.testing.assert_allclose(
        both(parameters("rfft", **given).evaluate({"x": x})), fft.rfft(x, n, -1, norm), atol=1e-13
    )
    made = parameters("irfft", **given).evaluate(z)["y"].value
    np.testing.assert_allclose(made, fft.irfft(x + 1j * imag, n, -1, norm), atol=1e-13)


def test_a_transform_is_its_sum() -> None:
    x = [1.0, -2.0, 4.0]
    found = both(parameters("fft", shape=[3]).evaluate({"x": np.array(x)}))
    for k in range(3):
        assert found[k] == pytest.approx(sum(x[j] * cmath.exp(-2j * cmath.pi * j * k / 3) for j in range(3)))


def test_the_length_of_a_signal_does_not_follow_from_its_bins() -> None:
    assert parameters("irfft", shape=[5]).outputs()[0].shape == (8,)
    assert parameters("irfft", shape=[5], n=9).outputs()[0].shape == (9,)
    assert "length of the transform is 0" in parameters("irfft", shape=[1]).refusal()
    texts = {text: op.outputs()[0].shape for text, op in parameters("irfft", shape=[5], n=9).neighbours()}
    assert texts == {"the length left out, which makes it 8": (8,)}


@pytest.mark.parametrize("norm", NORMS[:2])
@pytest.mark.parametrize("n", LENGTHS)
def test_cosine_transforms_are_those_of_scipy(n: int, norm: str) -> None:
    x = drawn(3, 6)
    for kind in (2, 3):
        made = parameters("dct", shape=[3, 6], n=n, norm=norm, type=kind).evaluate({"x": x})["y"].value
        np.testing.assert_allclose(made, fft.dct(x, kind, n, norm=norm), atol=1e-13)


@pytest.mark.parametrize("kind", ["hann", "hamming", "blackman"])
@pytest.mark.parametrize("length", LENGTHS)
def test_windows_are_those_of_scipy(kind: str, length: int) -> None:
    for periodic in (True, False):
        made = parameters("windows", kind=kind, length=length, periodic=periodic).evaluate({})["y"].value
        np.testing.assert_allclose(made, signal.get_window(kind, length, fftbins=periodic), atol=1e-15)


@pytest.mark.parametrize("step", [2, 4])
def test_frames_are_those_of_scipy_and_lead_back(step: int) -> None:
    x = drawn(2, 24)
    op = parameters("stft", step=step, scale="sum", pad="constant")
    made = both(op.evaluate({"x": x}))
    right = signal.stft(x, window="hann", nperseg=8, noverlap=8 - step, boundary="zeros", padded=False)[2]
    np.testing.assert_allclose(made, right, atol=1e-13)
    inverse = parameters("istft", step=step, scale="sum", frames=op.frames)
    found = inverse.evaluate({"real": made.real, "imag": made.imag})["y"].value
    np.testing.assert_allclose(found, x, atol=1e-13)


def test_scales_of_frames() -> None:
    x = {"x": drawn(2, 24)}
    plain = both(parameters("stft").evaluate(x))
    np.testing.assert_allclose(both(parameters("stft", scale="sqrt").evaluate(x)), plain / np.sqrt(8))
    np.testing.assert_allclose(both(parameters("stft", scale="sum").evaluate(x)), plain / 4)


def test_what_has_no_frames_is_refused() -> None:
    assert "can't be reflected" in parameters("stft", size=4).refusal()
    assert "no window reaches" in parameters("istft", center=False).refusal()
    with pytest.raises(ParamError, match="at least a frame of 8"):
        parameters("stft", size=7, center=False)
    with pytest.raises(ParamError, match="at least the window's 8"):
        parameters("stft", n=7)

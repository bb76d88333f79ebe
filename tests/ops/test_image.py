"""Colours by Python's colorsys, and by hand."""

from __future__ import annotations

import colorsys

import numpy as np

from tests.strategies import parameters

COLOURS = [
    (0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0),
    (0.5, 0.5, 0.5),
    (1.0, 0.0, 0.0),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 1.0),
    (1.0, 1.0, 0.0),
    (1.0, 0.0, 1.0),
    (0.25, 1.0, 1.0),
    (0.9, 0.1, 0.2),
    (0.2, 0.7, 0.3),
    (0.1, 0.2, 0.8),
]


def test_rgb_to_hsv_is_colorsys() -> None:
    x = np.array(COLOURS).T.reshape(1, 3, 1, -1)
    op = parameters("rgb_to_hsv", height=1, width=len(COLOURS))
    made = op.evaluate({"x": x})["y"].value[0, :, 0].T
    np.testing.assert_allclose(made, [colorsys.rgb_to_hsv(*rgb) for rgb in COLOURS], rtol=1e-12, atol=1e-15)


def test_rgb_to_grayscale() -> None:
    x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).reshape(1, 3, 1, 3)
    op = parameters("rgb_to_grayscale", height=1, width=3)
    assert op.evaluate({"x": x})["y"].value.reshape(-1).tolist() == [0.2989, 0.587, 0.114]
    near = {text: other.evaluate({"x": x})["y"].value.reshape(-1).tolist() for text, other in op.neighbours()}
    assert near["the colours read as blue, green, red"] == [0.114, 0.587, 0.2989]
    assert near["the weights of ITU-R BT.709"] == [0.2126, 0.7152, 0.0722]

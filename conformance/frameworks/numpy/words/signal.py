"""How NumPy is asked: transforms and windows."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.signals import WINDOW, numpy_like
from conformance.frameworks.words import Words

_HALF = {"on_dtype == 'float16'": "numpy.fft gives complex64 for float16 (2.4.6)"}

TABLE: dict[str, Cell] = {
    **numpy_like("numpy.fft", "x + 1j * x_imag", _HALF),
    "dct": "NumPy has no cosine transform",
    "windows": Words(
        "y = numpy.{kind|numpy}({places})[:{length}].astype(numpy.{on_dtype|text})",
        own=WINDOW,
    ),
    "stft": "NumPy has no short-time transform",
    "istft": "NumPy has no short-time transform",
}

"""How NumPy is asked: transforms and windows."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

_BOTH = "\nreal = z.real\nimag = z.imag"
_GIVEN = "{n}, {axis}, {norm})"
_HALF = {"on_dtype == 'float16'": "numpy.fft gives complex64 for float16 (2.4.6)"}
_COMPLEX = {**_HALF, "complex": "x has two parts"}
_OWN: dict[str, Word] = {
    "numpy": lambda window: Verbatim("hanning" if window == "hann" else window),
}

TABLE: dict[str, Cell] = {
    "fft": (
        Words(f"z = numpy.fft.fft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = numpy.fft.fft(x + 1j * x_imag, {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "ifft": (
        Words(f"z = numpy.fft.ifft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = numpy.fft.ifft(x + 1j * x_imag, {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "rfft": Words(f"z = numpy.fft.rfft(x, {_GIVEN}{_BOTH}", unless=_HALF),
    "irfft": Words(f"y = numpy.fft.irfft(x + 1j * x_imag, {_GIVEN}", unless=_HALF, refuses=True),
    "dct": "NumPy has no cosine transform",
    "windows": Words(
        "y = numpy.{kind|numpy}({places})[:{length}].astype(numpy.{on_dtype|text})",
        own=_OWN,
    ),
    "stft": "NumPy has no short-time transform",
    "istft": "NumPy has no short-time transform",
}

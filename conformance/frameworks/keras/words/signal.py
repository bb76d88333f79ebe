"""How Keras is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.signals import WINDOW
from conformance.frameworks.words import Word, Words

_HALF = {"on_dtype in ['float16', 'bfloat16']": "on TensorFlow and PyTorch its transforms have neither (3.15.1)"}
_PLAIN = {**_HALF, "norm != 'backward'": "Keras's transforms have no norm"}
_WHOLE = {**_PLAIN, "n != null": "keras.ops.fft takes no length"}
_LAST = "{last|text}"
_PARTS = {"x": _LAST, "real": _LAST, "imag": _LAST}
_FRAMES = {
    **_HALF,
    "scale != 'none'": "keras.ops.stft has no scale",
    "not periodic and window != 'ones'": "by a word its window is periodic",
    "window == 'blackman'": "of windows it knows hann and hamming by a word",
}
_OWN: dict[str, Word] = {
    **WINDOW,
    "word": lambda window: None if window == "ones" else window,
}
_BINS = {"real": "ATF", "imag": "ATF"}

TABLE: dict[str, Cell] = {
    "fft": (
        Words(
            "real, imag = keras.ops.fft((x, keras.ops.zeros_like(x)))",
            _PARTS,
            unless={**_WHOLE, "complex": "x has two parts"},
        ),
        Words("real, imag = keras.ops.fft((x, x_imag))", {**_PARTS, "x_imag": _LAST}, unless=_WHOLE),
    ),
    "ifft": "Keras has ifft2, and no inverse along one axis (3.15.1)",
    "rfft": Words("real, imag = keras.ops.rfft(x, {n})", _PARTS, unless=_PLAIN),
    "irfft": Words(
        "y = keras.ops.irfft((x, x_imag), {n})",
        {"x": _LAST, "x_imag": _LAST, "y": _LAST},
        unless=_PLAIN,
        refuses=True,
    ),
    "dct": "Keras has no cosine transform",
    "windows": Words(
        "y = keras.ops.{kind|numpy}({places})[:{length}]",
        unless={"on_dtype != 'float32'": "Keras's windows are of floatx"},
        own=_OWN,
    ),
    "stft": Words(
        "real, imag = keras.ops.stft(x, {frame}, {step}, {length}, {window|word}, {center})",
        _BINS,
        unless={**_FRAMES, "center and pad != 'reflect'": "keras.ops.stft reflects"},
        own=_OWN,
    ),
    "istft": Words(
        "y = keras.ops.istft((real, imag), {frame}, {step}, {length}, window={window|word}, center={center})",
        _BINS,
        unless=_FRAMES,
        own=_OWN,
    ),
}

"""How TensorFlow is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

_BOTH = "\nreal = tf.math.real(z)\nimag = tf.math.imag(z)"
_HALF = {"on_dtype in ['float16', 'bfloat16']": "tf.signal has neither: it requires tf.float32 or tf.float64 (2.21.0)"}
_PLAIN = {**_HALF, "norm != 'backward'": "tf.signal has no norm"}
_WHOLE = {**_PLAIN, "n != null": "tf.signal.fft takes no length"}
_COMPLEX = {**_WHOLE, "complex": "x has two parts"}
_LAST = "{last|text}"
_PARTS = {"x": _LAST, "real": _LAST, "imag": _LAST}
_FRAMES = {
    **_HALF,
    "scale != 'none'": "tf.signal.stft has no scale",
    "not periodic and window != 'ones'": "a window's function is called with its length and nothing else",
    "window == 'blackman'": "tf.signal has no Blackman window",
    "length != frame": "the window is at the start of a longer transform",
}
_OWN: dict[str, Word] = {
    "listed": lambda n: None if n is None else [n],
    "upper": str.upper,
    "function": lambda window: Verbatim("None" if window == "ones" else f"tf.signal.{window}_window"),
}
_STFT = "z = tf.signal.stft(%s, {frame}, {step}, {length}, {window|function})" + _BOTH

TABLE: dict[str, Cell] = {
    "fft": (
        Words("z = tf.signal.fft(tf.complex(x, tf.zeros_like(x)))" + _BOTH, _PARTS, unless=_COMPLEX),
        Words("z = tf.signal.fft(tf.complex(x, x_imag))" + _BOTH, {**_PARTS, "x_imag": _LAST}, unless=_WHOLE),
    ),
    "ifft": (
        Words("z = tf.signal.ifft(tf.complex(x, tf.zeros_like(x)))" + _BOTH, _PARTS, unless=_COMPLEX),
        Words("z = tf.signal.ifft(tf.complex(x, x_imag))" + _BOTH, {**_PARTS, "x_imag": _LAST}, unless=_WHOLE),
    ),
    "rfft": Words("z = tf.signal.rfft(x, {n|listed})" + _BOTH, _PARTS, unless=_PLAIN, own=_OWN),
    "irfft": Words(
        "y = tf.signal.irfft(tf.complex(x, x_imag), {n|listed})",
        {"x": _LAST, "x_imag": _LAST, "y": _LAST},
        unless=_PLAIN,
        own=_OWN,
        refuses=True,
    ),
    "dct": (
        Words(
            "y = tf.signal.dct(x, {type}, {n})",
            {"x": _LAST, "y": _LAST},
            unless={**_HALF, "norm == 'ortho'": "orthogonal"},
        ),
        Words("y = tf.signal.dct(x, {type}, {n}, norm='ortho')", {"x": _LAST, "y": _LAST}, unless=_HALF),
    ),
    "windows": Words(
        "y = tf.signal.{kind|text}_window({length}, {periodic}, tf.{on_dtype|text})",
        unless={"kind == 'blackman'": "tf.signal has no Blackman window"},
    ),
    "stft": (
        Words(
            _STFT % "tf.pad(x, [[0, 0], [{edge}, {edge}]], {pad|upper})",
            {"real": "ATF", "imag": "ATF"},
            unless={**_FRAMES, "not center": "from the first element on"},
            own=_OWN,
        ),
        Words(_STFT % "x", {"real": "ATF", "imag": "ATF"}, unless=_FRAMES, own=_OWN),
    ),
    "istft": "the inverse takes its window as a function that another function makes, and a plan passes none on",
}

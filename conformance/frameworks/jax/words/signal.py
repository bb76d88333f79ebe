"""How JAX is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.signals import PARTS, WINDOW, numpy_like
from conformance.frameworks.words import Verbatim, Word, Words

_HALF = {"on_dtype in ['float16', 'bfloat16']": "jax.numpy.fft computes in float32, and gives complex64 (0.10.2)"}
_NARROW = {
    "on_dtype == 'float64' and 'x64=1' not in on_options": "without x64 JAX makes float32 of it",
    "on_dtype in ['float16', 'bfloat16']": "jax.numpy's windows are float32 (0.10.2)",
}
_FRAMES = {
    **_HALF,
    "length != frame": "its frames are as long as the window, and a longer transform has zeros behind them",
}
# NumPy's windows are symmetric; JAX divides by the window's sum, and has no word for it.
_OWN: dict[str, Word] = {
    **WINDOW,
    "boundary": lambda pad: "even" if pad == "reflect" else "zeros",
    "out": lambda scale: Verbatim("" if scale == "sum" else " * w.sum()"),
    "back": lambda scale: Verbatim("" if scale == "sum" else " / w.sum()"),
    "by": lambda factor: Verbatim("" if factor == 1 else f" * {factor!r}"),
}
_WINDOW = "w = jax.numpy.{window|numpy}({places})[:{frame}]\n"
_STFT = (
    _WINDOW
    + "z = jax.scipy.signal.stft(x, window=w, nperseg={frame}, noverlap={overlap}, boundary=%s, padded=False)[2]"
    "{scale|out}{factor|by}" + PARTS
)

TABLE: dict[str, Cell] = {
    **numpy_like("jax.numpy.fft", "jax.lax.complex(x, x_imag)", _HALF),
    "dct": (
        Words("y = jax.scipy.fft.dct(x, {type}, {n}, {axis}, {norm})", unless={**_HALF, "type == 3": "the inverse"}),
        Words(
            "y = jax.scipy.fft.idct(x, 2, {n}, {axis}, {norm})",
            unless={**_HALF, "norm == 'backward'": "the inverse divides by 2 n"},
        ),
        Words("y = jax.scipy.fft.idct(x, 2, {n}, {axis}) * (2 * {length})", unless=_HALF),
    ),
    "windows": Words("y = jax.numpy.{kind|numpy}({places})[:{length}]", unless=_NARROW, own=_OWN),
    "stft": (
        Words(_STFT % "{pad|boundary}", unless={**_FRAMES, "not center": "from the first element on"}, own=_OWN),
        Words(_STFT % "None", unless=_FRAMES, own=_OWN),
    ),
    "istft": Words(
        _WINDOW + "z = jax.lax.complex(real, imag){scale|back}{factor|by}\n"
        "y = jax.scipy.signal.istft("
        "z, window=w, nperseg={frame}, noverlap={overlap}, nfft={length}, boundary={center})[1]",
        unless=_FRAMES,
        own=_OWN,
    ),
}

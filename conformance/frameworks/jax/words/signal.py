"""How JAX is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

_BOTH = "\nreal = z.real\nimag = z.imag"
_GIVEN = "{n}, {axis}, {norm})"
_HALF = {"on_dtype in ['float16', 'bfloat16']": "jax.numpy.fft computes in float32, and gives complex64 (0.10.2)"}
_COMPLEX = {**_HALF, "complex": "x has two parts"}
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
    "numpy": lambda window: Verbatim("hanning" if window == "hann" else window),
    "boundary": lambda pad: "even" if pad == "reflect" else "zeros",
    "out": lambda scale: Verbatim("" if scale == "sum" else " * w.sum()"),
    "back": lambda scale: Verbatim("" if scale == "sum" else " / w.sum()"),
    "by": lambda factor: Verbatim("" if factor == 1 else f" * {factor!r}"),
}
_WINDOW = "w = jax.numpy.{window|numpy}({places})[:{frame}]\n"
_STFT = (
    _WINDOW
    + "z = jax.scipy.signal.stft(x, window=w, nperseg={frame}, noverlap={overlap}, boundary=%s, padded=False)[2]"
    "{scale|out}{factor|by}" + _BOTH
)

TABLE: dict[str, Cell] = {
    "fft": (
        Words(f"z = jax.numpy.fft.fft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = jax.numpy.fft.fft(jax.lax.complex(x, x_imag), {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "ifft": (
        Words(f"z = jax.numpy.fft.ifft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = jax.numpy.fft.ifft(jax.lax.complex(x, x_imag), {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "rfft": Words(f"z = jax.numpy.fft.rfft(x, {_GIVEN}{_BOTH}", unless=_HALF),
    "irfft": Words(f"y = jax.numpy.fft.irfft(jax.lax.complex(x, x_imag), {_GIVEN}", unless=_HALF, refuses=True),
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

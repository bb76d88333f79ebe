"""How PyTorch is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

_BOTH = "\nreal = z.real\nimag = z.imag"
_GIVEN = "{n}, {axis}, {norm})"
_HALF = {"on_dtype in ['float16', 'bfloat16']": "torch.fft has neither on the CPU: Unsupported dtype (2.13.0)"}
_COMPLEX = {**_HALF, "complex": "x has two parts"}
_ONES = {**_HALF, "window == 'ones'": "no window"}
# The scale by the window's sum, for which PyTorch has no word.
_OWN: dict[str, Word] = {
    "root": lambda scale: scale == "sqrt",
    "over": lambda scale: Verbatim(" / w.sum()" if scale == "sum" else ""),
    "times": lambda scale: Verbatim(" * w.sum()" if scale == "sum" else ""),
}
_WINDOW = "w = torch.{window|text}_window({frame}, periodic={periodic}, dtype=%s.dtype)\n"
_STFT = "z = torch.stft(x, {length}, {step}, {frame}, w, {center}, {pad}, {scale|root}, True, True){scale|over}" + _BOTH
_ISTFT = (
    "z = torch.complex(real, imag){scale|times}\n"
    "y = torch.istft(z, {length}, {step}, {frame}, w, {center}, {scale|root}, True)"
)

TABLE: dict[str, Cell] = {
    "fft": (
        Words(f"z = torch.fft.fft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = torch.fft.fft(torch.complex(x, x_imag), {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "ifft": (
        Words(f"z = torch.fft.ifft(x, {_GIVEN}{_BOTH}", unless=_COMPLEX),
        Words(f"z = torch.fft.ifft(torch.complex(x, x_imag), {_GIVEN}{_BOTH}", unless=_HALF),
    ),
    "rfft": Words(f"z = torch.fft.rfft(x, {_GIVEN}{_BOTH}", unless=_HALF),
    "irfft": Words(f"y = torch.fft.irfft(torch.complex(x, x_imag), {_GIVEN}", unless=_HALF, refuses=True),
    "dct": "PyTorch has no cosine transform",
    "windows": Words("y = torch.{kind|text}_window({length}, periodic={periodic}, dtype=torch.{on_dtype|text})"),
    "stft": (
        Words(_WINDOW % "x" + _STFT, unless=_ONES, own=_OWN, refuses=True),
        Words("w = torch.ones({frame}, dtype=x.dtype)\n" + _STFT, unless=_HALF, own=_OWN, refuses=True),
    ),
    "istft": (
        Words(_WINDOW % "real" + _ISTFT, unless=_ONES, own=_OWN, refuses=True),
        Words("w = torch.ones({frame}, dtype=real.dtype)\n" + _ISTFT, unless=_HALF, own=_OWN, refuses=True),
    ),
}

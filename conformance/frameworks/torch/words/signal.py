"""How PyTorch is asked: transforms, windows, frames."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.signals import PARTS, numpy_like
from conformance.frameworks.words import Verbatim, Word, Words

_HALF = {"on_dtype in ['float16', 'bfloat16']": "torch.fft has neither on the CPU: Unsupported dtype (2.13.0)"}
_ONES = {**_HALF, "window == 'ones'": "no window"}
# The scale by the window's sum, for which PyTorch has no word.
_OWN: dict[str, Word] = {
    "root": lambda scale: scale == "sqrt",
    "over": lambda scale: Verbatim(" / w.sum()" if scale == "sum" else ""),
    "times": lambda scale: Verbatim(" * w.sum()" if scale == "sum" else ""),
}
_WINDOW = "w = torch.{window|text}_window({frame}, periodic={periodic}, dtype=%s.dtype)\n"
_STFT = "z = torch.stft(x, {length}, {step}, {frame}, w, {center}, {pad}, {scale|root}, True, True){scale|over}" + PARTS
_ISTFT = (
    "z = torch.complex(real, imag){scale|times}\n"
    "y = torch.istft(z, {length}, {step}, {frame}, w, {center}, {scale|root}, True)"
)

TABLE: dict[str, Cell] = {
    **numpy_like("torch.fft", "torch.complex(x, x_imag)", _HALF),
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

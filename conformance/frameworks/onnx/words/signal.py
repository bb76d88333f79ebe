"""How ONNX is asked: transforms, windows, frames."""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.frames import Stft
from conformance.ops.signal import Windows
from conformance.outcome import Unsupported
from conformance.plan import Plan

_KINDS = {"hann": "HannWindow", "hamming": "HammingWindow", "blackman": "BlackmanWindow"}
_HAMMING = "ONNX's HammingWindow is of 25/46 and 21/46, not of 0.54 and 0.46"
_TYPES = {"float32": 1, "float64": 11, "float16": 10, "bfloat16": 16}


def _parts(bins: str) -> list[str]:
    """The last axis, of the real and the imaginary part, taken apart."""
    return [
        constant("end", -1),
        node("first, second", "Split", (bins,), axis=-1, num_outputs=2),
        node("real", "Squeeze", ("first", "end")),
        node("imag", "Squeeze", ("second", "end")),
    ]


def _two(real: str, imag: str) -> list[str]:
    """The real and the imaginary part along a new last axis."""
    return [
        constant("behind", -1),
        node("one", "Unsqueeze", (real, "behind")),
        node("other", "Unsqueeze", (imag, "behind")),
        node("whole", "Concat", ("one", "other"), axis=-1),
    ]


def dft(ask: Ask[Any]) -> Plan | Unsupported:
    """DFT, over x with an axis of one or two parts behind the others."""
    p = ask.op
    if p.norm != "backward":
        return Unsupported("ONNX's DFT has no norm")
    parts = [spec.name for spec in p.inputs()]
    if len(parts) == 2:
        nodes = _two(*parts)
    else:
        nodes = [constant("behind", -1), node("whole", "Unsqueeze", ("x", "behind"))]
    words = {"inverse": int(p.inverse), "onesided": int(p.name == "rfft")}
    nodes += [constant("sizes", p.length), constant("axes", p.axis % len(p.shape))]
    nodes += [node("flat", "Squeeze", ("sizes",)), node("axis", "Squeeze", ("axes",))]
    return answered(ask, [*nodes, node("bins", "DFT", ("whole", "flat", "axis"), **words), *_parts("bins")])


def windows(ask: Ask[Windows]) -> Plan | Unsupported:
    """HannWindow and the like."""
    p = ask.op
    if p.kind == "hamming":
        return Unsupported(_HAMMING)
    words = {"periodic": int(p.periodic), "output_datatype": _TYPES[ask.dtype]}
    nodes = [constant("sizes", p.length), node("size", "Squeeze", ("sizes",))]
    return answered(ask, [*nodes, node("y", _KINDS[p.kind], ("size",), **words)])


def stft(ask: Ask[Stft]) -> Plan | Unsupported:
    """STFT, of a signal that is padded before."""
    p = ask.op
    if p.scale != "none":
        return Unsupported("ONNX's STFT has no scale")
    if p.length != p.frame or p.window == "ones":
        return Unsupported("ONNX's STFT is asked with a window of a frame's length")
    if p.window == "hamming":
        return Unsupported(_HAMMING)
    nodes = [
        constant("ends", 0, p.edge, 0, p.edge),
        node("longer", "Pad", ("x", "ends"), mode=p.pad),
        constant("sizes", p.frame),
        node("size", "Squeeze", ("sizes",)),
        node("w", _KINDS[p.window], ("size",), periodic=int(p.periodic), output_datatype=_TYPES[ask.dtype]),
        constant("steps", p.step),
        node("step", "Squeeze", ("steps",)),
        node("bins", "STFT", ("longer", "step", "w", "size"), onesided=1),
        *_parts("bins"),
    ]
    return answered(ask, nodes, {"real": "ATF", "imag": "ATF"})


TABLE: dict[str, Cell] = {
    "fft": dft,
    "ifft": dft,
    "rfft": dft,
    "irfft": "ONNX's DFT of opset 22 has no inverse of half a spectrum",
    "dct": "ONNX has no cosine transform",
    "windows": windows,
    "stft": stft,
    "istft": "ONNX has no inverse of its STFT",
}

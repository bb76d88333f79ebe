"""A script's arrays: each input in the plan's own layout, as short as it can be said without this package."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping, Sequence

import numpy as np

from conformance.dtypes import decode
from conformance.frameworks.surface import Names
from conformance.ops.base import TensorSpec
from conformance.plan import USUAL
from conformance.repro.arrays import AnyArray, evaluated, into_layout, same_bits, written
from conformance.repro.finding import Finding
from conformance.suite.values import integer_bound, seed_of

# Names that a script gives a meaning of its own; an input of that name gets an underscore.
SCRIPT_NAMES = frozenset(
    "np os sys zlib base64 signal subprocess tempfile tf torch jax keras numpy onnx onnxruntime ml_dtypes stream call "
    "tensors tensor gradients y dy expected actual allowed wrong error bits scale done given left right unpacked "
    "answer first second same array tape pull transposed made command error failed Exported child chosen where "
    "ANSWERS answers differing ended file folder value".split()
) | frozenset(dir(builtins))


def local(name: str) -> str:
    """An input's name in the script."""
    return name + "_" if name in SCRIPT_NAMES or keyword.iskeyword(name) else name


def answer(name: str) -> str:
    """An output's name in the script."""
    return name if name == USUAL else local(name)


def pulled(name: str) -> str:
    """The name of an output's cotangent in the script."""
    return f"d{answer(name)}"


def names_of(found: Finding) -> Names:
    """What the script calls its answers, and what its inputs are of."""
    outputs, pulled = map(answer, found.plan.outputs), (answer(name) for name, _, _ in found.request.cotangents)
    return Names(tuple(outputs), tuple(pulled), tuple(dtype for _, _, dtype in found.request.inputs))


def plain(array: AnyArray, dtype: str) -> AnyArray:
    """An encoded array as NumPy holds its numbers: bfloat16 as the float32 that it is."""
    return np.asarray(decode(array.tobytes(), dtype, array.shape)) if dtype == "bfloat16" else array


def input_lines(found: Finding) -> list[str]:
    """Lines that set each input, with its layout in a comment."""
    arrays = {name: plain(array, dtype) for name, array, dtype in found.request.inputs}
    layouts = dict(found.plan.layouts)
    texts = {name: shortest(found, name, array) for name, array in arrays.items()}
    if any("unpacked(" in text for text in texts.values()) and (drawn := _drawn(found, arrays)):
        texts = drawn
        lines = [f"stream = np.random.RandomState({_seed(found)})  # its numbers are the same in every NumPy (NEP 19)"]
    else:
        lines = []
    lines += [f"{local(name)} = {text}  # {layouts[name]}" for name, text in texts.items()]
    if found.gradient:
        for name, cotangent, dtype in found.request.cotangents:
            lines.append(f"{pulled(name)} = {written(plain(cotangent, dtype))}  # {layouts[name]}: {_sum(found)}")
    return lines


def canonical_lines(found: Finding) -> list[str]:
    """Lines that set each input in the op's own layout, for a script that brings it into two others."""
    lines = []
    for spec in found.prepared.specs:
        if spec.name in found.plan.inputs:
            text = written(storage(found.prepared.arrays[spec.name], found.prepared.dtype(spec.name)))
            lines.append(f"{local(spec.name)} = {text}  # {spec.axes}")
    if found.gradient:
        for name, cotangent in found.prepared.cotangents.items():
            text = written(storage(cotangent, found.dtype))
            lines.append(f"{pulled(name)} = {text}  # {found.prepared.output_axes[name]}: {_sum(found)}")
    return lines


def _sum(found: Finding) -> str:
    """What the gradients are of."""
    terms = [f"sum({answer(name)} * {pulled(name)})" for name, _, _ in found.request.cotangents]
    return f"gradients are those of {' + '.join(terms)}"


def storage(array: AnyArray, dtype: str) -> AnyArray:
    """float64 numbers in a dtype where it holds them exactly (bfloat16: float32), else as they are."""
    kind = np.dtype("float32" if dtype == "bfloat16" else dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = array.astype(kind)
    return narrow if np.array_equal(narrow.astype(array.dtype), array, equal_nan=True) else array


def shortest(found: Finding, name: str, array: AnyArray) -> str:
    """An input in the plan's layout: as it is, or by a formula in the op's layout that is brought into the plan's."""
    here = written(array)
    spec = _spec(found.prepared.specs, name)
    there = written(storage(found.prepared.arrays[name], found.prepared.dtype(name)))
    if "np.arange" not in there or "np.arange" in here:
        return here
    moved = into_layout(there, spec.axes, found.plan.layout(name), spec.sizes, spec.marks)
    result = evaluated(moved)
    return moved if result is not None and same_bits(result, array) else here


def _spec(specs: Sequence[TensorSpec], name: str) -> TensorSpec:
    return next(spec for spec in specs if spec.name == name)


def _seed(found: Finding) -> int:
    return seed_of(found.case) % 2**32


def _drawn(found: Finding, arrays: Mapping[str, AnyArray]) -> dict[str, str]:
    """The inputs as draws of NumPy's frozen generator; empty where those are not the very inputs."""
    case = found.case
    if case.values.kind not in ("integers", "normal") or set(arrays) != {spec.name for spec in found.prepared.specs}:
        return {}
    if any(spec.dtype or spec.draw or spec.kind != "real" for spec in found.prepared.specs):
        return {}  # not all are drawn alike
    kind = "float32" if case.dtype == "bfloat16" else case.dtype
    stream = np.random.RandomState(_seed(found))
    texts = {}
    for spec in found.prepared.specs:
        shape = repr(spec.shape)
        if case.values.kind == "normal":
            text = f"stream.standard_normal({shape})"
        else:
            text = f"(stream.randint(1, {integer_bound(case)[0] + 1}, {shape}) * stream.choice([-1.0, 1.0], {shape}))"
        text = into_layout(f"{text}.astype(np.{kind})", spec.axes, found.plan.layout(spec.name), spec.sizes, spec.marks)
        result = evaluated(text, {"stream": stream})
        if result is None or not same_bits(result, arrays[spec.name]):
            return {}
        texts[spec.name] = text
    return texts

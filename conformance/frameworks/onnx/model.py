"""A model of ONNX as text, and its run by the target's backend.

https://onnx.ai/onnx/repo-docs/Syntax.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from conformance.dtypes import INTEGERS
from conformance.frameworks import Ask
from conformance.layout import parse_layout
from conformance.outcome import Unsupported
from conformance.plan import Plan

# The first opset in which convolutions have bfloat16.
OPSET = 22
HEADER = '<ir_version: 10, opset_import: ["" : %d]>'
TYPES = {"float32": "float", "float64": "double", "float16": "float16", "bfloat16": "bfloat16"}
# Types that a tensor has of its own, by dtype.
_OWN = {
    **TYPES,
    **{name: name for name in INTEGERS},
    "bool": "bool",
    "complex64": "complex64",
    "complex128": "complex128",
}
# By backend, what gives the outputs of a model. Shape inference reads no inputs.
_OUTPUTS = {
    "onnxruntime": "onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])"
    ".run(None, {FEEDS})",
    "reference": "onnx.reference.ReferenceEvaluator(model).run(None, {FEEDS})",
    "shapes": "onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output",
}


def node(output: str, operator: str, inputs: Sequence[str], **attributes: object) -> str:
    """`y = Conv <strides = [2, 2]> (x, w)`"""
    written = ", ".join(f"{name} = {_value(value)}" for name, value in attributes.items())
    return f"{output} = {operator} {f'<{written}> ' if written else ''}({', '.join(inputs)})"


def constant(name: str, *values: int) -> str:
    """A node that gives a list of integers."""
    return node(name, "Constant", (), value_ints=values)


def answered(
    ask: Ask[Any], nodes: Sequence[str], special: Mapping[str, str] | None = None, opset: int = OPSET
) -> Plan | Unsupported:
    """The model of these nodes over the op's tensors, where ONNX has the type."""
    if ask.dtype not in TYPES:
        return Unsupported(f"ONNX has no {ask.dtype}")
    layouts, shapes = {}, []
    for spec in ask.op.inputs():
        layouts[spec.name] = (special or {}).get(spec.name, spec.axes)
        lengths = dict(zip(spec.axes, spec.shape, strict=True))
        axes = parse_layout(layouts[spec.name]).axes
        shapes.append((spec.name, [prod(lengths[letter] for letter in axis) for axis in axes]))
    try:
        outputs = ask.op.outputs()
    except ValueError:
        if ask.op.refusal() is None:
            raise
        # What the definition refuses need have no outputs, and a model declares them.
        return Unsupported("the op's definition rejects these parameters, and a model declares its outputs")
    for spec in outputs:
        layouts[spec.name] = (special or {}).get(spec.name, spec.axes)
    specs = (*ask.op.inputs(), *outputs)
    types = {spec.name: _OWN[spec.travels_as(ask.dtype)] for spec in specs}
    return model(ask, shapes, nodes, layouts, types=types, opset=opset)


def model(
    ask: Ask[Any],
    inputs: Iterable[tuple[str, Sequence[int]]],
    nodes: Sequence[str],
    layouts: Mapping[str, str],
    note: str = "",
    types: Mapping[str, str] | None = None,
    opset: int = OPSET,
) -> Plan:
    """The plan: the model's text around its nodes, and its run.

    `inputs`: their names and shapes; what else has a layout is an output. `types`: of tensors, where they are not the
    case's.
    """
    of = {**dict.fromkeys(layouts, TYPES[ask.dtype]), **(types or {})}
    given = [(name, tuple(shape)) for name, shape in inputs]
    names = tuple(name for name in layouts if name not in dict(given))
    taken = ", ".join(_tensor(of[name], map(str, shape), name) for name, shape in given)
    # Of an output the letters; how long each is, is for the runtime to say.
    made = ", ".join(_tensor(of[name], map("".join, parse_layout(layouts[name]).axes), name) for name in names)
    graph = f"{ask.op.name} ({taken}) => ({made}) {{ {' '.join(nodes)} }}"
    feeds = ", ".join(f"{name!r}: {name}" for name, _ in given)
    outputs = _OUTPUTS[ask.target.backend].replace("FEEDS", feeds)
    run = f"{', '.join(names)} = {outputs}{'' if len(names) > 1 else '[0]'}"
    return Plan.of(f"model = onnx.parser.parse_model({f'{HEADER % opset} {graph}'!r})\n{run}", layouts, note, names)


def _value(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, tuple) else repr(value)


def _tensor(element: str, shape: Iterable[str], name: str) -> str:
    return f"{element}[{','.join(shape)}] {name}"

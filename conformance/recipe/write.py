"""The code for a target: the adapter's plan in the words in which a person would write it, ready to paste.

The geometry is the adapters' alone; `lengths.py` makes one plan of those that they have for several inputs. Here a plan
is only put into another form, statement by statement: tensors get the names that people give them, `stride=(2, 2)`
becomes `stride=2`, what says a framework's default is left out, and the lines that bring x and y from one layout to the
other are added. What comes out is a plan again: `verify.py` runs that very text.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import indent
from typing import TypeAlias

from conformance.exact.trilinear import Geometry
from conformance.frameworks import Ask
from conformance.frameworks.surface import Names, surface
from conformance.layout import Layout
from conformance.ops.conv.convolution import Convolution, Pair, Refused
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.recipe.bench import Statements
from conformance.recipe.blocks import lowered
from conformance.recipe.call import Call
from conformance.recipe.lengths import alike, is_open, others, padded
from conformance.recipe.merge import merged, shape_of
from conformance.recipe.model_text import spread_out
from conformance.recipe.weights import conversion, formula
from conformance.target import Target

IMPORTS = {
    "torch": "import torch",
    "jax": "import jax",
    "tensorflow": "import tensorflow as tf",
    "keras": "import keras",
}


def imports(target: Target, text: str, dtype: str) -> list[str]:
    """What code for a target imports, and of its framework's modules those that it does not bring along itself."""
    roots = target.spec.first_words
    modules = [m for m in surface(target, text, dtype, Names()).modules if m.split(".")[0] in roots]
    if target.framework in IMPORTS:
        return [IMPORTS[target.framework], *(f"import {m}" for m in modules if m.count(".") > 1)]
    return [f"import {m}" for m in modules]


# How each framework turns a NumPy array into its own; functions of TensorFlow and JAX do so themselves.
AS_TENSOR = {"torch": "torch.as_tensor", "keras": "keras.ops.convert_to_tensor"}
_TRANSPOSE = {
    "torch": "{0}.permute{1}",
    "jax": "jax.numpy.transpose({0}, {1})",
    "tensorflow": "tf.transpose({0}, {1})",
    "keras": "keras.ops.transpose({0}, {1})",
}
# Arguments that say the same for every axis where they are one integer, and those of them whose default is 1.
_PER_AXIS = ("stride", "strides", "padding", "output_padding", "dilation", "dilation_rate")
_DEFAULT_ONE = ("stride", "strides", "dilation", "dilation_rate")
# Arguments that the adapters always write, and what people leave out of them.
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "torch": {"bias": True},
    "keras": {"use_bias": True, "data_format": "channels_last", "dtype": "float32"},
}
Padding: TypeAlias = str | tuple[Pair, ...]
_PADDING_WORDS: Mapping[str, tuple[Padding, ...]] = {
    "torch": ("same",),
    "onnx": ("valid", "same_upper", "same_lower"),
}
# A longer statement has its arguments on a line of their own.
MAX_LINE = 100


@dataclass(frozen=True)
class Code:
    """Code for one target, as it is printed and as it runs.

    `ran` are the statements from x and the converted weights to y; x and y have the layout of the call that is
    translated. `weights` are the lines of NumPy that convert the weights. `head` is the call in which the target's
    words are. `only` is the condition on x under which the code holds, and `why` there is one; "" where it holds for
    every x that the call admits.
    """

    target: Target
    ran: Statements
    weights: tuple[str, ...]
    head: str
    note: str = ""
    dtype: str = "float32"
    only: str = ""
    why: str = ""
    alone: bool = False  # the call admits more than `only` does
    # Lines of NumPy that move x before and y after, where the target itself does not.
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """All of it, ready to paste, with what it needs of its framework."""
        numpied = (*self.weights, *self.before, *self.after)
        numpy = ["import numpy as np"] if any("np." in line for line in numpied) else []
        before, after = needed(self.target, self.dtype)
        weights = [*self.weights, ""] if self.weights else []
        body = [*self.before, self.ran.text, *self.after]
        if (self.target.framework, self.target.mode) == ("tensorflow", "xla"):
            names = ", ".join(name for name, _ in self.ran.inputs)
            body = ["@tf.function(jit_compile=True)", f"def run({names}):", indent(self.ran.text, "    ")]
            body += ["    return y", "", "", f"y = run({names})"]
        holds, checked = condition(self.only, self.why)
        return "\n".join(
            [*holds, *before, *numpy, *imports(self.target, "", self.dtype), *after, "", *weights, *checked, *body]
        )


def condition(only: str, why: str) -> tuple[list[str], list[str]]:
    """The first line of code that holds under a condition alone, and the line that checks it; none without one."""
    return ([f"# only where {only}: {why}"], [f'assert {only}, "this code is for another x"']) if only else ([], [])


def needed(target: Target, dtype: str) -> tuple[list[str], list[str]]:
    """What a target needs beside its import: lines that stand before it, and after it."""
    variables = {}
    if target.framework == "keras" and target.backend != "tensorflow":
        variables["KERAS_BACKEND"] = target.backend
    if onednn := target.option("onednn", ""):
        variables["TF_ENABLE_ONEDNN_OPTS"] = onednn
    before = [*(f'os.environ["{name}"] = "{value}"' for name, value in variables.items())]
    after = []
    if dtype == "float64" and "jax" in (target.framework, target.backend):
        after = [
            *(["import jax", ""] if target.framework != "jax" else []),
            'jax.config.update("jax_enable_x64", True)',
        ]
    return ["import os", "", *before, ""] if before else [], after


def forms(call: Call, target: Target) -> tuple[str, ...]:
    """The adapter's `api` in which a target is asked, the best first: a layer for a layer, a function for a function.

    JAX is asked with transpose_kernel=True, which takes the kernel as other frameworks store it.
    """
    if own := target.option("api", ""):
        return (own,)
    if target.framework == "torch":
        return ("module",) if call.kind == "layer" else ("functional",)
    if target.framework == "keras":
        return ("layer", "ops") if call.kind == "layer" else ("ops", "layer")
    if target.framework == "jax" and call.op.transposed and call.op.groups == 1:
        return ("transpose_kernel",)
    return ("",)


def write(call: Call, target: Target, form: str) -> list[Code] | Unsupported:
    """The codes with which `target` computes what the call computes, the best first; or why its adapter has none.

    Those for every x that the call admits come first; the last one may hold for this x only. Raises Refused.
    """
    own_padding = _padding(call, target.framework)
    own = write_params(call, _said(call, own_padding, target.framework), call.op.geometry(), target, form)
    if isinstance(own, Unsupported):
        return own
    found = [_general(call, own_padding, target, form)]
    if not call.op.transposed and target.framework in _PAD:
        found.append(_padded_first(call, target, form))
    codes = list({code.ran: code for code in found if code is not None}.values())
    letters = call.op.spatial
    if not is_open(call):
        only = _is(call, letters if codes else "N" + letters)
        return [replace(code, only=only, why="the call says what length y has") for code in codes or [own]]
    return [*codes, replace(own, only=_is(call, "N" + letters), why="elsewhere it has other numbers", alone=True)]


def _is(call: Call, letters: str) -> str:
    """The condition that x has the call's own lengths along these axes."""
    lengths = _lengths(call)
    axes = enumerate(call.layout("x").letters)
    return " and ".join(f"x.shape[{i}] == {lengths[c]}" for i, c in axes if c in letters)


def _lengths(call: Call) -> dict[str, int]:
    p = call.op
    return {"N": p.batch, "C": p.in_channels, **dict(zip(p.spatial, p.size, strict=True))}


def _general(call: Call, own_padding: Padding | None, target: Target, form: str) -> Code | None:
    """The adapter's plans for several inputs in one, or None where they are too different."""
    plans, read = [], alike(call)
    for c in read:
        plan = _plan(call, _said(c, own_padding, target.framework), c.op.geometry(), target, form)
        if isinstance(plan, Unsupported):
            return None
        plans.append(plan)
    if len(plans) < 2 or len({plan.layouts for plan in plans}) > 1:
        return None
    lengths = [shape_of("x", [_lengths(c)[letter] for letter in plans[0].layout("x").letters]) for c in read]
    axes = {f"x.shape[{i}]": letter for i, letter in enumerate(plans[0].layout("x").letters)}
    text = merged([plan.text for plan in plans], lengths, axes=axes)
    return in_idiom(replace(plans[0], text=text), call, target) if text is not None else None


def _padded_first(call: Call, target: Target, form: str) -> Code | None:
    """A convolution without padding of what a statement of its own has padded."""
    framework, p = target.framework, call.op
    for c in alike(call)[:1]:
        geometry = c.op.geometry()
        # What a kernel reaches; a length that leaves no remainder.
        size = tuple((axis.small - 1) * axis.stride + axis.extent for axis in geometry)
        nothing = ((0, 0),) * p.dims if framework == "torch" else "valid"
        said = replace(
            c.op,
            size=size,
            padding=nothing,
            symmetric=framework == "torch",
            convention=framework,
            data_format=data_format(call, framework),
        )
        plan = _plan(call, said, said.geometry(), target, form)
        if not isinstance(plan, Unsupported) and "x" in plan.inputs:
            text = "\n".join([*_pad_lines(call, plan.layout("x"), framework), plan.text])
            return in_idiom(replace(plan, text=text), call, target)
    return None


_PAD = {
    "torch": "torch.nn.functional.pad",
    "jax": "jax.numpy.pad",
    "tensorflow": "tf.pad",
    "keras": "keras.ops.pad",
}


def _pad_lines(call: Call, layout: Layout, framework: str) -> list[str]:
    """The statements that pad x, and cut it where a convention's padding is negative."""
    lines, ends, cuts = [], {}, {}
    for whole, letter, low, high in padded(call, layout.letters):
        lines += [whole] if whole else []
        ends[letter] = tuple("0" if end.startswith("-") else end for end in (low, high))
        cuts[letter] = (low[1:] if low.startswith("-") else "", high if high.startswith("-") else "")
    if any(any(cut) for cut in cuts.values()):
        lines.append(f"x = x[{', '.join(':'.join(cuts.get(c, ('', ''))) for c in layout.letters)}]")
    pairs = [ends.get(c, ("0", "0")) for c in layout.letters]
    if framework == "torch":
        flat = [end for c in reversed(call.op.spatial) for end in ends[c]]
        return [*lines, f"x = {_PAD[framework]}(x, ({', '.join(flat)}))"]
    return [*lines, f"x = {_PAD[framework]}(x, ({', '.join(f'({low}, {high})' for low, high in pairs)}))"]


def write_params(
    call: Call, said: Convolution, geometry: Geometry | None, target: Target, form: str
) -> Code | Unsupported:
    """The code for parameters that may be others than the call's, between x and y in the call's layouts."""
    plan = _plan(call, said, geometry, target, form)
    return plan if isinstance(plan, Unsupported) else in_idiom(plan, call, target)


def _plan(call: Call, said: Convolution, geometry: Geometry | None, target: Target, form: str) -> Plan | Unsupported:
    asked = target
    if form and not target.option("api", ""):
        asked = replace(target, options=(*target.options, ("api", form)))
    return lowered(Ask(said, geometry, call.dtype, asked))


@lru_cache(maxsize=4096)
def _padding(call: Call, framework: str) -> Padding | None:
    """The padding that means in the target's own convention what the call means, whatever x is; None where none does.

    The one that the call itself has is tried first.
    """
    words: tuple[Padding, ...] = _PADDING_WORDS.get(framework, ("valid", "same"))
    if framework == "onnx" and call.op.transposed:
        words = ()  # a word of ONNX's is another crop than other frameworks' of that name
    if (framework == "onnx" or not call.op.transposed) and not isinstance(call.op.padding, str):
        words = (call.op.padding, *words)
    for padding in sorted(words, key=lambda word: word != call.op.padding):
        if all(_means_the_same(c, padding, framework) for c in (call, *others(call))):
            return padding
    return None


def _means_the_same(call: Call, padding: Padding, framework: str) -> bool:
    said = _said(call, padding, framework)
    try:
        return said.refusal() is None and said.geometry() == call.op.geometry()
    except Refused:
        return False


def _said(call: Call, padding: Padding | None, framework: str) -> Convolution:
    """The call's parameters, in the target's own convention where that has a padding for them."""
    own = replace(call.op, data_format=data_format(call, framework))
    if padding is None:
        return own
    said = replace(own, convention=framework, padding=padding, symmetric=False, output_padding=None, output_size=None)
    if framework == "onnx":
        return replace(said, output_padding=call.op.output_padding)
    if own.transposed and framework == "tensorflow":
        said = replace(said, output_size=tuple(axis.large for axis in call.op.geometry()))
    return said


def data_format(call: Call, framework: str) -> str | None:
    """JAX reads x as it lies, channels first or last; the others are asked in the layout that is their own."""
    if framework == "jax" and "C" in call.layout("x").letters.removeprefix("N")[:1]:
        return "channels_first"
    return None


def in_idiom(plan: Plan, call: Call, target: Target) -> Code:
    """An adapter's plan as people write it, around it the lines that convert x and y."""
    framework = target.framework
    layouts = {name: plan.layout(name) for name in (*plan.inputs, "y")}
    names, weights = conversion(call, framework, layouts)
    tidy = _Tidy(names, framework, call.dtype)
    if framework not in _TRANSPOSE:
        return _between(plan, call, target, names, weights)
    body = [tidy.statement(statement) for statement in ast.parse(plan.text).body]
    as_tensor = AS_TENSOR.get(framework)
    text = [
        *(f"{name} = {as_tensor}({name})" for which, name in names.items() if which != "x" and as_tensor),
        *transposed("x", call.layout("x"), layouts["x"], framework),
        *body,
        *transposed("y", layouts["y"], call.layout("y"), framework),
    ]
    outside = {**layouts, "x": call.layout("x"), "y": call.layout("y")}
    ran = Statements(
        "\n".join(text),
        tuple((name, which) for which, name in names.items()),
        tuple((which, str(layout)) for which, layout in outside.items()),
    )
    return Code(target, ran, weights, tidy.head, plan.note, call.dtype)


def _between(plan: Plan, call: Call, target: Target, names: Mapping[str, str], weights: tuple[str, ...]) -> Code:
    """A plan of ONNX, whose tensors are NumPy's: x is moved before it, and y after."""
    [spec] = call.op.outputs()
    before, after = (
        [f"{tensor.name} = {text}  # {source} to {there}"] if text != tensor.name else []
        for tensor, source, there in (
            (call.op.inputs()[0], call.layout("x"), plan.layout("x")),
            (spec, plan.layout("y"), call.layout("y")),
        )
        for text in [formula(source, there, tensor.sizes, tensor.name)]
    )
    text = "\n".join(spread_out(plan.text))
    for which, name in names.items():
        text = text.replace(f'"{which}": {which}', f'"{which}": {name}')
    ran = Statements(text, tuple((name, which) for which, name in names.items()), plan.layouts)
    return Code(target, ran, weights, "", plan.note, call.dtype, before=tuple(before), after=tuple(after))


def is_transposed(framework: str, source: Layout, target: Layout) -> bool:
    """Whether a framework takes a tensor from one layout to another by the order of its axes alone."""
    same = sorted(source.axes) == sorted(target.axes) and (source.flips, source.orders) == (target.flips, target.orders)
    return framework in _TRANSPOSE and same


def transposed(name: str, source: Layout, target: Layout, framework: str) -> list[str]:
    """The line that takes x or y from one layout to another, or none."""
    if source == target:
        return []
    order = tuple(source.axes.index(axis) for axis in target.axes)
    return [f"{name} = {_TRANSPOSE[framework].format(name, order)}  # {source} to {target}"]


class _Tidy(ast.NodeTransformer):
    """The small changes of form; `head` is the text of the call that makes the layer or computes the convolution."""

    def __init__(self, names: Mapping[str, str], framework: str, dtype: str) -> None:
        self.names = names
        self.framework = framework
        self.dtype = dtype
        self.head = ""

    def statement(self, node: ast.stmt) -> str:
        """One statement's text after the changes."""
        node = ast.fix_missing_locations(self.visit(node))
        text = _text(node)
        if len(text) <= MAX_LINE or not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            return text
        call = node.value
        arguments = ", ".join([*map(_text, call.args), *map(_text, call.keywords)])
        return f"{_text(node.targets[0])} = {_text(call.func)}(\n    {arguments}\n)"

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_Slice(self, node: ast.Slice) -> ast.Slice:
        lower = None if isinstance(node.lower, ast.Constant) and node.lower.value == 0 else node.lower
        return ast.Slice(lower, node.upper, node.step)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node = ast.Call(
            self.visit(node.func),
            [self.visit(a) for a in node.args],
            [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords],
        )
        function = ast.unparse(node.func)
        if function == "layer.build":
            return _expression("layer.build(x.shape)")
        if function == "jax.numpy.reshape" and ast.unparse(node.args[1]) == "(-1,)":
            return node.args[0]
        if "conv" not in function.rpartition(".")[2].lower() or "convert" in function:
            return node
        if self.framework in ("torch", "keras"):
            node.args = [_one(a) for a in node.args]
            node.keywords = [k for k in map(self._keyword, node.keywords) if k is not None]
            if function.startswith("torch.nn.Conv") and self.dtype != "float32":
                node.keywords.append(ast.keyword("dtype", _expression(f"torch.{self.dtype}")))
        self.head = _text(node)
        return node

    def _keyword(self, keyword: ast.keyword) -> ast.keyword | None:
        assert keyword.arg is not None
        value = _one(keyword.value) if keyword.arg in _PER_AXIS else keyword.value
        # The adapter's way around a slow initialisation; the weights are replaced anyhow.
        if keyword.arg == "kernel_initializer":
            return None
        if isinstance(value, ast.Constant):
            if keyword.arg in _DEFAULT_ONE and value.value == 1:
                return None
            default = _DEFAULTS[self.framework].get(keyword.arg)
            if default is not None and value.value == default:
                return None
        return ast.keyword(keyword.arg, value)


def _one(node: ast.expr) -> ast.expr:
    """`(2, 2)` as `2`; anything else as it is."""
    if isinstance(node, ast.Tuple) and node.elts:
        values = {e.value if isinstance(e, ast.Constant) and isinstance(e.value, int) else None for e in node.elts}
        if len(values) == 1 and None not in values:
            return node.elts[0]
    return node


def _text(node: ast.AST) -> str:
    """The text with double quotes; a plan's strings hold words alone."""
    return ast.unparse(node).replace("'", '"')


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body

"""The code for a target: the adapter's plan in the words in which a person would write it, ready to paste.

The geometry is the adapters' alone. Here their plan is only put into another form, statement by statement: tensors get
the names that people give them, `stride=(2, 2)` becomes `stride=2`, what says a framework's default is left out, and
the lines that bring x and y from one layout to the other are added. What comes out is a plan again: `verify.py` runs
that very text.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from conformance.exact.trilinear import Geometry
from conformance.frameworks import Ask
from conformance.layout import Layout
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.recipe.bench import Statements
from conformance.recipe.blocks import lowered
from conformance.recipe.call import Call
from conformance.recipe.weights import conversion
from conformance.target import Target

IMPORTS = {
    "torch": "import torch",
    "jax": "import jax",
    "tensorflow": "import tensorflow as tf",
    "keras": "import keras",
}
# How each framework turns a NumPy array into its own; functions of TensorFlow and JAX do so themselves.
_AS_TENSOR = {"torch": "torch.as_tensor", "keras": "keras.ops.convert_to_tensor"}
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
# A longer statement has its arguments on a line of their own.
MAX_LINE = 100


@dataclass(frozen=True)
class Code:
    """Code for one target, as it is printed and as it runs.

    `ran` are the statements from x and the converted weights to y; x and y have the layout of the call that is
    translated. `weights` are the lines of NumPy that convert the weights. `head` is the call in which the target's
    words are.
    """

    target: Target
    ran: Statements
    weights: tuple[str, ...]
    head: str
    note: str = ""

    @property
    def script(self) -> str:
        """All of it, ready to paste."""
        imports = ["import numpy as np"] if any("np." in line for line in self.weights) else []
        weights = [*self.weights, ""] if self.weights else []
        return "\n".join([*imports, IMPORTS[self.target.framework], "", *weights, self.ran.text])


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


@lru_cache(maxsize=4096)
def write(call: Call, target: Target, form: str) -> Code | Unsupported:
    """The code with which `target` computes what the call computes, or why its adapter has none. Raises Refused."""
    geometry = geometry_of(call)
    return write_params(call, in_words_of(call, geometry, target.framework), geometry, target, form)


def write_params(
    call: Call, said: Convolution, geometry: Geometry | None, target: Target, form: str
) -> Code | Unsupported:
    """The code for parameters that may be others than the call's, between x and y in the call's layouts."""
    asked = target
    if form and not target.option("api", ""):
        asked = replace(target, options=(*target.options, ("api", form)))
    plan = lowered(Ask(said, geometry, call.dtype, asked))
    return plan if isinstance(plan, Unsupported) else in_idiom(plan, call, target)


def geometry_of(call: Call) -> Geometry:
    """What the call means. Raises Refused where its framework's definition rejects it."""
    return call.op.geometry()


def in_words_of(call: Call, geometry: Geometry, framework: str) -> Convolution:
    """The call's parameters, in 'same' or 'valid' where the target's own convention means the same geometry by it.

    The word that the call itself has is tried first.
    """
    own = replace(call.op, data_format=data_format(call, framework))
    known = {"jax": ("valid", "same"), "keras": ("valid", "same"), "tensorflow": ("valid", "same"), "torch": ("same",)}
    words = sorted(known[framework], key=lambda word: word != own.padding)
    for word in words:
        said = replace(own, convention=framework, padding=word, symmetric=False, output_padding=None, output_size=None)
        if own.transposed and framework == "tensorflow":
            said = replace(said, output_size=tuple(axis.large for axis in geometry))
        if said.refusal() is None and said.geometry() == geometry:
            return said
    return own


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
    body = [tidy.statement(statement) for statement in ast.parse(plan.text).body]
    as_tensor = _AS_TENSOR.get(framework)
    text = [
        *(f"{name} = {as_tensor}({name})" for which, name in names.items() if which != "x" and as_tensor),
        *_moved("x", call.layout("x"), layouts["x"], framework),
        *body,
        *_moved("y", layouts["y"], call.layout("y"), framework),
    ]
    outside = {**layouts, "x": call.layout("x"), "y": call.layout("y")}
    ran = Statements(
        "\n".join(text),
        tuple((name, which) for which, name in names.items()),
        tuple((which, str(layout)) for which, layout in outside.items()),
    )
    return Code(target, ran, weights, tidy.head, plan.note)


def _moved(name: str, source: Layout, target: Layout, framework: str) -> list[str]:
    """The line that takes x or y from one layout to another, or none."""
    if source == target:
        return []
    order = tuple(source.letters.index(c) for c in target.letters)
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

"""Reads separable convolutions: each is a depthwise convolution, and a pointwise one of what that gives.

A call is read as the two calls that it makes (keras 3.15.1, tensorflow 2.21.0).

https://keras.io/api/layers/convolution_layers/separable_convolution2d/
https://www.tensorflow.org/api_docs/python/tf/nn/separable_conv2d
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from conformance.exact.num import Num
from conformance.ops.base import Op, TensorSpec
from conformance.ops.conv.convolution import Convolution
from conformance.recipe.call import Call, CallError
from conformance.recipe.read_keras import NO_EFFECT, spelled
from conformance.recipe.reading import Reading, Shape
from conformance.recipe.weights import own_shape

# Reads one of the two calls: its text, the shapes of its x and of its weights.
Read = Callable[[str, Shape | None, Shape | None], Call]


@dataclass(frozen=True)
class Separable(Op):
    """Each channel of x by kernels of its own, and what comes of that by a kernel of length 1 that joins them."""

    name = "separable_conv"
    depthwise: Convolution
    pointwise: Convolution

    def label(self) -> str:
        return f"{self.name}[{self.depthwise.label()} {self.pointwise.label()}]"

    def inputs(self) -> tuple[TensorSpec, ...]:
        _, kernel, *bias = self.pointwise.inputs()
        return (*self.depthwise.inputs(), replace(kernel, name="p"), *bias)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.pointwise.outputs()

    def products(self) -> int:
        return self.depthwise.products() * self.pointwise.products()

    def compute(self, x: Num, w: Num, p: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        return self.pointwise.compute(self.depthwise.compute(x, w), p, b)


@dataclass(frozen=True)
class TwoCalls(Call):
    """A separable convolution: `op` is the depthwise one, by which the lengths go."""

    depthwise: Call | None = None
    pointwise: Call | None = None

    @property
    def halves(self) -> tuple[Call, Call]:
        """The two calls, in the order in which they are made."""
        assert self.depthwise is not None
        assert self.pointwise is not None
        return self.depthwise, self.pointwise

    @property
    def question(self) -> Op:
        return Separable(*(half.op for half in self.halves))


def read_separable(r: Reading, pointwise_shape: Shape | None, read: Read) -> Call:
    """keras.layers.SeparableConv1D/2D, keras.ops.separable_conv or tf.nn.separable_conv2d."""
    layer = r.signature.kind == "layer"
    if not layer and (r.weight_shape is None or pointwise_shape is None):
        raise CallError(
            f"{r.signature.name} does not say the shapes of its two kernels; give them with --weight, first the "
            "depthwise one, in the order HWGO, such as --weight 3,3,4,1/1,1,4,8"
        )
    written = {name: ast.unparse(given.node) for name, given in r.given.items()}
    first_text, second_text = _texts(r, written)
    first = read(first_text, r.input_shape, None if layer else r.weight_shape)
    shape = tuple(first.op.outputs()[0].sizes[c] for c in first.layout("y").letters)
    second = read(second_text, shape, None if layer else pointwise_shape)
    said = [*first.notes, *(note for note in second.notes if "--input" not in note)]
    r.notes += dict.fromkeys(said)
    r.notes.append(f"it is {first_text}, and then {second_text}")
    layouts = {"x": first.layout("x"), "w": first.layout("w"), "p": second.layout("w")}
    weights = {"w": f"depthwise_{first.weight_name('w')}", "p": f"pointwise_{second.weight_name('w')}"}
    if second.op.bias:
        layouts["b"] = second.layout("b")
        weights["b"] = second.weight_name("b")
    layouts["y"] = second.layout("y")
    return TwoCalls(
        text=r.parsed.text,
        framework=r.signature.framework,
        function=r.signature.name,
        kind=r.signature.kind,
        op=first.op,
        layouts=tuple((name, str(layout)) for name, layout in layouts.items()),
        weight_names=tuple(weights.items()),
        dtype=first.dtype,
        plan=_plan(r, own_shape(first, "x"), list(weights)),
        notes=tuple(r.notes),
        depthwise=first,
        pointwise=second,
    )


def _texts(r: Reading, written: Mapping[str, str]) -> tuple[str, str]:
    """The two calls that it makes, as a person would write them."""

    def words(*names: str, **more: str) -> str:
        return ", ".join(
            [*(f"{n}={written[n]}" for n in names if n in written), *(f"{n}={v}" for n, v in more.items())]
        )

    if r.signature.framework == "tensorflow":
        shared = words("strides", "padding", "data_format", "dilations")
        return f"tf.nn.depthwise_conv2d(x, w, {shared})", "tf.nn.conv2d(y, p, 1, 'VALID')"
    where = "strides", "padding", "data_format", "dilation_rate"
    if r.signature.kind == "function":
        second = ", ".join(filter(None, ["keras.ops.conv(y, p", words("data_format")]))
        return f"keras.ops.depthwise_conv(x, w, {words(*where)})".replace(", )", ")"), f"{second})"
    dims = r.signature.dims
    first = words("kernel_size", *where, "depth_multiplier", "dtype", use_bias="False")
    second = f"{written['filters']}, 1, {words('data_format', 'use_bias', 'activation', 'dtype')}"
    return (
        f"keras.layers.DepthwiseConv{dims}D({first})",
        f"keras.layers.Conv{dims}D({second})".replace(", )", ")"),
    )


def _plan(r: Reading, shape: Shape, weights: list[str]) -> str:
    """The call itself, to be run."""
    if r.signature.framework == "tensorflow":
        roles = {"input": "x", "depthwise_filter": "w", "pointwise_filter": "p"}
        return "y = " + r.written(r.signature.name, roles, {}, ("name",))
    data_format = spelled(r)
    if r.signature.kind == "function":
        roles = {"inputs": "x", "depthwise_kernel": "w", "pointwise_kernel": "p"}
        return "y = " + r.written(r.signature.name, roles, {"data_format": data_format})
    zeros = {"depthwise_initializer": "zeros", "pointwise_initializer": "zeros"}
    instead = {"data_format": data_format, "dtype": r.dtype("dtype"), **zeros}
    free = (*NO_EFFECT, "pointwise_regularizer", "pointwise_constraint")
    made = r.written(r.signature.name, {}, instead, [n for n in free if n not in instead])
    return f"layer = {made}\nlayer.build({shape!r})\ny = layer.stateless_call([{', '.join(weights)}], [], x)[0]"

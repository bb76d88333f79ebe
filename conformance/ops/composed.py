"""Blocks of models as people build them: several ops one after the other, asked as one question.

A block's definition is made of the definitions of its ops, so its allowance and its gradients are theirs, composed.
What it shows are conventions that fit each other in one framework and not across two: layouts, crops, an order of
channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.exact.functions import sigmoid
from conformance.exact.moves import concatenate
from conformance.exact.num import Num, stored
from conformance.exact.truth import maximum
from conformance.ops.attention import Attention
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param, real_field, word_field
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.dense import Dense
from conformance.ops.norm import EPSILONS, BatchNorm, LayerNorm
from conformance.ops.pointwise import Gelu


@dataclass(frozen=True)
class _Upward(Op):
    """A block that begins with a transposed convolution of stride 2, which doubles height and width."""

    unsaid = ("batch", "channels", "height", "width")
    batch: int = param(integer_field(2, 1, "batch size N"))
    channels: int = param(integer_field(3, 1, "channels of x"))
    height: int = param(integer_field(3, 1, "height of x"))
    width: int = param(integer_field(4, 1, "width of x"))
    filters: int = param(integer_field(2, 1, "channels of y"))
    kernel: int = param(integer_field(4, 2, "the size of the transposed convolution's kernel, at least its stride"))

    @property
    def up(self) -> ConvTranspose:
        """The transposed convolution, `same` as Keras means it."""
        made: ConvTranspose = self.convolution(ConvTranspose, self.channels, (self.height, self.width), self.kernel, 2)
        return made

    def convolution(self, kind: type[Any], channels: int, size: tuple[int, int], kernel: int, stride: int) -> Any:
        """A convolution of this block."""
        return kind(
            dims=2,
            batch=self.batch,
            in_channels=channels,
            out_channels=self.filters,
            size=size,
            kernel=(kernel, kernel),
            stride=(stride, stride),
            padding="same",
        )

    @property
    def large(self) -> tuple[int, int]:
        """Height and width of y."""
        return 2 * self.height, 2 * self.width

    def inputs(self) -> tuple[TensorSpec, ...]:
        shape = (self.batch, self.channels, self.height, self.width)
        kernel = (self.channels, self.filters, self.kernel, self.kernel)
        return TensorSpec("x", "NCHW", shape), TensorSpec("w", "IOHW", kernel)

    def of_filters(self, *names: str) -> tuple[TensorSpec, ...]:
        """Tensors of one number a filter."""
        return tuple(TensorSpec(name, "C", (self.filters,)) for name in names)

    def second(self, channels: int) -> tuple[TensorSpec, ...]:
        """The kernel and the bias of the convolution behind it."""
        return TensorSpec("w2", "IOHW", (channels, self.filters, 3, 3)), *self.of_filters("b2")

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCHW", (self.batch, self.filters, *self.large)),)

    def meaning(self) -> Mapping[str, Any]:
        # Of the whole transposed convolution, what is kept.
        low = self.up.meaning()[0].lo
        return {
            "low": low,
            "bottom": low + self.large[0],
            "right": low + self.large[1],
            "large": (self.batch, *self.large, self.filters),
            "joined": (self.batch, *self.large, 2 * self.filters),
        }

    def convolved(self, x: Num, w: Num, b: Num) -> Num:
        """The convolution of 3 by 3 behind it, `same`."""
        conv: Op = self.convolution(Conv, x.shape[1], self.large, 3, 1)
        return stored(conv.compute(x=x, w=w.reshape(1, *w.shape), b=b))

    def raised(self, x: Num, w: Num, b: Num | None = None) -> Num:
        """The transposed convolution."""
        return stored(self.up.compute(x, w.reshape(1, *w.shape), b))


@dataclass(frozen=True)
class DecoderEnd(_Upward):
    """The end of a decoder: Conv2DTranspose of stride 2, Conv2D of 3 by 3, both `same` with a bias, and a sigmoid."""

    name = "decoder"
    kernel: int = param(integer_field(3, 2, "the size of the transposed convolution's kernel, at least its stride"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (*super().inputs(), *self.of_filters("b"), *self.second(self.filters))

    def compute(self, x: Num, w: Num, b: Num, w2: Num, b2: Num) -> Num:  # type: ignore[override]
        return sigmoid(self.convolved(self.raised(x, w, b), w2, b2))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.kernel % 2:
            text = "one place more cropped at the start of the transposed convolution, as PyTorch's padding does"
            yield text, _Padded(**{n: getattr(self, n) for n in self.fields()})


@dataclass(frozen=True)
class _Padded(DecoderEnd):
    """With PyTorch's padding and output padding of 1 in place of `same`."""

    @property
    def up(self) -> ConvTranspose:
        half = (self.kernel - 1) // 2
        pads = {"padding": ((half, half),) * 2, "symmetric": True, "output_padding": (1, 1), "convention": "torch"}
        return replace(super().up, **pads)  # type: ignore[arg-type]


@dataclass(frozen=True)
class UpBlock(_Upward):
    """The way up in a U-Net (Ronneberger, Fischer and Brox, 2015).

    A transposed convolution of 2 by 2 and stride 2, the skipped channels before its own, a convolution of 3 by 3 with a
    bias, and relu.
    """

    name = "up_block"
    kernel: int = param(integer_field(2, 2, "the size of the transposed convolution's kernel, at least its stride"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        skip = TensorSpec("skip", "NCHW", (self.batch, self.filters, *self.large))
        return (*super().inputs(), *self.of_filters("b"), skip, *self.second(2 * self.filters))

    def joined(self, up: Num, skip: Num) -> Num:
        """The channels of both."""
        return concatenate([skip, up], 1)

    def compute(self, x: Num, w: Num, b: Num, skip: Num, w2: Num, b2: Num) -> Num:  # type: ignore[override]
        return maximum(self.convolved(self.joined(self.raised(x, w, b), skip), w2, b2), 0.0)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the skipped channels behind the others", _SkipLast(**{n: getattr(self, n) for n in self.fields()})


@dataclass(frozen=True)
class _SkipLast(UpBlock):
    """With the channels in the other order."""

    def joined(self, up: Num, skip: Num) -> Num:
        return concatenate([up, skip], 1)


@dataclass(frozen=True)
class GeneratorBlock(_Upward):
    """A block of a DCGAN's generator (Radford, Metz and Chintala, 2016).

    A transposed convolution of 4 by 4 and stride 2 without a bias, batch normalisation in training, and relu.
    """

    name = "generator_block"
    epsilon: float = param(real_field(1e-5, "added to the variance", near=EPSILONS, above=0.0))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (*super().inputs(), *self.of_filters("scale", "offset"))

    def compute(self, x: Num, w: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        norm = BatchNorm(batch=self.batch, channels=self.filters, space=self.large, epsilon=self.epsilon)
        return maximum(norm.normalised(self.raised(x, w), scale, offset), 0.0)


@dataclass(frozen=True)
class TransformerBlock(Op):
    """A block of a transformer with the norms first (Xiong et al., 2020).

    z = x + attention(norm(x)) wo, in `heads` heads; y = z + gelu(norm(z) w1 + b1) w2 + b2. The weights of queries, keys
    and values are (width, width), their columns head by head.
    """

    name = "transformer_block"
    unsaid = ("batch", "length", "features")
    batch: int = param(integer_field(2, 1, "batch size N"))
    length: int = param(integer_field(5, 1, "steps L"))
    heads: int = param(integer_field(2, 1, "heads"))
    features: int = param(integer_field(3, 1, "features of a head; the width is heads times as much"))
    hidden: int = param(integer_field(8, 1, "units between the dense layers"))
    causal: bool = param(boolean_field(False, "a step sees those before it alone"))
    approximate: str = param(word_field("none", ("none", "tanh"), "gelu by erf (none), or by tanh"))
    epsilon: float = param(real_field(1e-5, "added to the variances", near=EPSILONS, above=0.0))

    @property
    def width(self) -> int:
        """Of a step."""
        return self.heads * self.features

    def inputs(self) -> tuple[TensorSpec, ...]:
        e, f = self.width, self.hidden
        norms = {name: TensorSpec(name, "E", (e,)) for name in ("scale", "offset", "scale2", "offset2", "b2")}
        square = [TensorSpec(name, "EF", (e, e)) for name in ("wq", "wk", "wv", "wo")]
        dense = TensorSpec("w1", "EF", (e, f)), TensorSpec("b1", "F", (f,)), TensorSpec("w2", "FE", (f, e)), norms["b2"]
        x = TensorSpec("x", "NLE", (self.batch, self.length, e))
        return (x, norms["scale"], norms["offset"], *square, norms["scale2"], norms["offset2"], *dense)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def meaning(self) -> Mapping[str, Any]:
        return {"width": self.width, "split": (self.batch, self.length, self.heads, self.features)}

    def compute(self, **t: Any) -> Num:
        z = t["x"] + self.attended(self.normed(t["x"], t["scale"], t["offset"]), t)
        y: Num = z + self.dense(self.normed(z, t["scale2"], t["offset2"]), t)
        return y

    def normed(self, x: Num, scale: Num, offset: Num) -> Num:
        """Each step on its own."""
        return stored(LayerNorm(shape=x.shape, epsilon=self.epsilon).compute(x, scale, offset))

    def attended(self, x: Num, t: Mapping[str, Num]) -> Num:
        """Attention of the steps to one another."""
        whole = (self.batch, self.length, self.width)
        project = Dense(shape=whole, units=self.width, bias=False)

        def heads(w: Num) -> Num:
            made = stored(project.compute(x, w)).reshape(self.batch, self.length, self.heads, self.features)
            return made.swapaxes(1, 2)

        steps, features = self.length, self.features
        past = "top_left" if self.causal else "no"
        op = Attention(self.batch, self.heads, self.heads, steps, steps, features, features, causal=past)
        y = stored(op.compute(heads(t["wq"]), heads(t["wk"]), heads(t["wv"])))
        return stored(project.compute(y.swapaxes(1, 2).reshape(*whole), t["wo"]))

    def dense(self, x: Num, t: Mapping[str, Num]) -> Num:
        """Two dense layers, gelu between them."""
        one = Dense(shape=x.shape, units=self.hidden)
        h = stored(Gelu(approximate=self.approximate).compute(stored(one.compute(x, t["w1"], t["b1"]))))
        return stored(Dense(shape=h.shape, units=self.width).compute(h, t["w2"], t["b2"]))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the norms behind the sums, not first", _NormLast(**{n: getattr(self, n) for n in self.fields()})


@dataclass(frozen=True)
class _NormLast(TransformerBlock):
    """As Vaswani et al. (2017) have it."""

    def compute(self, **t: Any) -> Num:
        z = self.normed(t["x"] + self.attended(t["x"], t), t["scale"], t["offset"])
        return self.normed(z + self.dense(z, t), t["scale2"], t["offset2"])

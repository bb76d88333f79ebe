"""Reads the convolution layers of libraries on JAX as the jax.lax call that each of them makes.

flax 0.12.8 (linen and nnx), dm-haiku 0.0.17 and equinox 0.13.8. None of them flips a transposed convolution's kernel,
unlike torch.nn and Keras; what is read, run and translated is the call of jax.lax with the layer's own weights.

https://flax.readthedocs.io/en/stable/api_reference/flax.linen/layers.html
https://dm-haiku.readthedocs.io/en/latest/api.html
https://docs.kidger.site/equinox/api/nn/conv/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.frameworks.text import bias_shape
from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.recipe.call import Call
from conformance.recipe.read_jax import read_jax
from conformance.recipe.reading import Reading, Shape, bind, shape_text
from conformance.recipe.signatures import signatures
from conformance.recipe.syntax import parse

Padding = str | tuple[Pair, ...]


@dataclass(frozen=True)
class _Names:
    """What a library calls the arguments and the weights."""

    out_channels: str
    kernel: str
    stride: str
    dilation: str
    bias: str
    groups: str
    weights: tuple[str, str]


_NAMES = {
    "flax": _Names(
        "features", "kernel_size", "strides", "kernel_dilation", "use_bias", "feature_group_count", ("kernel", "bias")
    ),
    "haiku": _Names(
        "output_channels", "kernel_shape", "stride", "rate", "with_bias", "feature_group_count", ("w", "b")
    ),
    "equinox": _Names("out_channels", "kernel_size", "stride", "dilation", "use_bias", "groups", ("weight", "bias")),
}
_CHANNELS_FIRST = ("channels_first", "NCHW", "NCW", "NCDHW", "NC...")


def read_jax_layer(r: Reading) -> Call:
    """A flax, haiku or equinox layer."""
    library = r.signature.name.split(".")[0]
    names = _NAMES[library]
    if r.signature.name.startswith("flax.nnx."):
        names = replace(names, out_channels="out_features")
    for name in ("mask", "conv_general_dilated", "conv_general_dilated_cls"):
        if r.value(name) is not None:
            r.fail(name, f"{name} is given; only a plain layer can be translated: leave it out, and mask the kernel")
    transposed = r.signature.op == "conv_transpose"
    kernel = _kernel(r, names)
    dims = len(kernel)
    stride, dilation = (_each(r, name, dims) for name in (names.stride, names.dilation))
    spread = _each(r, "input_dilation", dims)
    groups = r.integer(names.groups) if names.groups in r.signature.parameters else 1
    out_channels = r.integer(names.out_channels)
    bias = r.boolean(names.bias)
    if names.bias not in r.given:
        r.notes.append(f"{names.bias} is True by default, so the layer adds a bias")
    first = library == "equinox" or (library == "haiku" and r.literal("data_format") in _CHANNELS_FIRST)
    spatial = SPATIAL[dims]
    layout = f"NC{spatial}" if first else f"N{spatial}C"
    own = next((r.integer(n) for n in ("in_features", "in_channels") if n in r.signature.parameters), None)
    _with_batch(r, dims, library)
    x = r.input(
        layout, own, tuple(max(8 - i, d * (k - 1) + 1) for i, (k, d) in enumerate(zip(kernel, dilation, strict=True)))
    )
    lengths = {"N": x[0], "C": x[1], **dict(zip(spatial, x[2], strict=True))}
    if x[1] % groups:
        r.fail(names.groups, f"the input has {x[1]} channels, expected a multiple of {groups} groups")

    flips = transposed and "transpose_kernel" in r.signature.parameters and r.boolean("transpose_kernel")
    if library == "equinox":
        w = f"OI{spatial}"
    else:
        w = spatial + ("OI" if flips or (transposed and library == "haiku") else "IO")
    w_shape = {"I": x[1] // groups, "O": out_channels, **dict(zip(spatial, kernel, strict=True))}
    weight = tuple(w_shape[c] for c in w)
    r.owned_weight(weight, w)
    numbers = (layout, w, layout)
    if transposed and library != "equinox":
        padding = _transposed_padding(r, x[2], kernel, stride, dilation)
        # With transpose_kernel the numbers are those of the forward convolution.
        numbers = (layout, spatial + "IO" if flips else w, layout)
        text = (
            f"jax.lax.conv_transpose(x, w, strides={stride!r}, padding={padding!r}, rhs_dilation={dilation!r}, "
            f"dimension_numbers={numbers!r}, transpose_kernel={flips!r})"
        )
    else:
        padding = _forward_padding(r, kernel, stride, dilation)
        if transposed:
            padding, spread, stride = _equinox_padding(r, kernel, stride, dilation, padding), stride, (1,) * dims
        elif isinstance(padding, str) and max(spread) > 1:
            r.fail("padding", f"padding is {padding!r} beside input_dilation, expected (low, high) pairs")
        text = (
            f"jax.lax.conv_general_dilated(x, w, window_strides={stride!r}, padding={padding!r}, "
            f"lhs_dilation={spread!r}, rhs_dilation={dilation!r}, dimension_numbers={numbers!r}, "
            f"feature_group_count={groups})"
        )
    return _as_call(r, text, tuple(lengths[c] for c in layout), weight, names.weights, bias=bias, first=first)


def _as_call(
    r: Reading, text: str, x: Shape, weight: Shape, weights: tuple[str, str], *, bias: bool, first: bool
) -> Call:
    """The call of jax.lax as the layer: with its bias and the names of its weights."""
    parsed = parse(text)
    signature = signatures()[parsed.dotted]
    called = read_jax(Reading(parsed, signature, *bind(parsed, signature), x, weight))
    r.notes.append(
        f"{r.signature.name} is read, and run, as what it calls: {signature.name}; its kernel is not flipped"
    )
    if not bias:
        layouts, plan = called.layouts, called.plan
    else:
        layouts = (*called.layouts[:-1], ("b", "C"), called.layouts[-1])
        added = f"b.reshape({bias_shape(called.op.dims)!r})" if first else "b"
        plan = f"{called.plan}\ny = y + {added}".replace("b.reshape(", "jax.numpy.reshape(b, ")
    return replace(
        called,
        text=r.parsed.text,
        function=r.signature.name,
        kind="layer",
        op=replace(called.op, bias=bias),
        layouts=layouts,
        weight_names=tuple(zip(("w", "b"), weights, strict=True))[: 1 + bias],
        dtype=r.dtype("dtype"),
        plan=plan,
        notes=tuple(r.notes),
    )


def _kernel(r: Reading, names: _Names) -> Shape:
    """One length an axis. flax takes the number of axes from the kernel, and an integer as one axis."""
    if r.signature.dims is None:
        return r.integers(names.kernel, {1, 2, 3}, 1)
    return r.axes(names.kernel, r.signature.dims)


def _each(r: Reading, name: str, dims: int) -> Shape:
    return (1,) * dims if r.value(name) is None else r.axes(name, dims)


def _with_batch(r: Reading, dims: int, library: str) -> None:
    """An input without a batch, as equinox takes it and the others may."""
    if r.input_shape is not None and len(r.input_shape) == dims + 1:
        r.notes.append(f"--input {shape_text(r.input_shape)} has no batch: x is one of a batch of 1")
        r.input_shape = (1, *r.input_shape)
    elif library == "equinox":
        r.notes.append("equinox takes x without its batch; with one here it stands for jax.vmap(layer)(x)")


def _numbers(r: Reading, dims: int, *, one: bool) -> Padding:
    """`padding` as a word, one integer, an integer or a pair an axis; `one`: haiku's (1, 2) is one pair for all."""
    value = r.literal("padding")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return ((value, value),) * dims
    if isinstance(value, list | tuple):
        entries: Sequence[object] = value
        if one and len(value) == 2 and all(isinstance(v, int) for v in value):
            entries = [tuple(value)] * dims
        elif one and len(value) == 1:
            entries = list(value) * dims
        pairs = [(v, v) if isinstance(v, int) else v for v in entries]
        if len(pairs) == dims and all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
            return tuple((p[0], p[1]) for p in pairs)  # type: ignore[index]
    return r.fail("padding", f"padding is {value!r}, expected a word, an integer, or {dims} (low, high) pairs")


def _forward_padding(r: Reading, kernel: Shape, stride: Shape, dilation: Shape) -> Padding:
    library = r.signature.name.split(".")[0]
    mode = "ZEROS" if "padding_mode" not in r.signature.parameters else r.literal("padding_mode")
    padding = _numbers(r, len(kernel), one=library == "haiku")
    word = padding.upper() if isinstance(padding, str) else ""
    if word in ("CIRCULAR", "REFLECT") or mode != "ZEROS":
        r.fail("padding", f"padding is {word or mode!r}; pad x with jax.numpy.pad first, and give padding='VALID' here")
    if word == "CAUSAL" and library == "flax" and len(kernel) == 1:
        return ((dilation[0] * (kernel[0] - 1), 0),)
    if word and word not in ("SAME", "VALID", "SAME_LOWER"):
        r.fail("padding", f"padding is {padding!r}, expected 'SAME', 'VALID' or (low, high) pairs")
    return word or padding


def _transposed_padding(r: Reading, size: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Padding:
    padding = _numbers(r, len(kernel), one=False)
    if padding == "CIRCULAR":
        r.fail("padding", "padding is 'CIRCULAR', which wraps the result around; no other framework has it")
    if r.value("output_shape") is None:
        return padding
    # Haiku's compute_adjusted_padding.
    if padding not in ("SAME", "VALID"):
        r.fail("padding", f"padding is {padding!r}; with output_shape haiku takes 'SAME' or 'VALID'")
    pairs = []
    for n, length, k, s in zip(size, r.axes("output_shape", len(kernel)), kernel, stride, strict=True):
        expected = -(-length // s) if padding == "SAME" else (length - k + s) // s
        if expected != n:
            r.fail("output_shape", f"output_shape is {length}, which comes from an input of {expected}, found {n}")
        before = k - 1 - (max(0, (n - 1) * s + k - length) // 2 if padding == "SAME" else 0)
        pairs.append((before, length + k - 1 - ((n - 1) * s + 1) - before))
    return tuple(pairs)


def _equinox_padding(r: Reading, kernel: Shape, stride: Shape, dilation: Shape, padding: Padding) -> tuple[Pair, ...]:
    """The padding of the spread input, as equinox's ConvTranspose makes it of the forward convolution's."""
    extras = r.axes("output_padding", len(kernel), least=0)
    pairs = []
    for i, (k, s, d, extra) in enumerate(zip(kernel, stride, dilation, extras, strict=True)):
        if extra >= s:
            r.fail("output_padding", f"output_padding is {extra}, expected below the stride, which is {s}")
        more = extra
        if not isinstance(padding, str):
            low, high = padding[i]
        elif padding == "VALID":
            low = high = 0
        else:
            total = d * (k - 1) - s + extra + 1
            more, total = max(-total, 0), max(total, 0)
            low = (total + (padding == "SAME_LOWER")) // 2
            high = total - low
        pairs.append((d * (k - 1) - low, d * (k - 1) - high + more))
    return tuple(pairs)

"""What `conv` and `conv_transpose` share: their parameters, their tensors, and a reference over the trilinear form.

The two ops differ in their geometry alone, that is in what each convention's words mean; see `conv.py` and
`conv_transpose.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np

from conformance.exact.trilinear import (
    Geometry,
    contract_to_kernel,
    contract_to_large,
    contract_to_small,
    gather_exactly,
    kernel_exactly,
    scatter_exactly,
)
from conformance.ops.base import (
    Array,
    Field,
    Op,
    ParamError,
    Reference,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    word_field,
)

CONVENTIONS = ("torch", "tensorflow", "keras", "jax", "onnx")
WORDS = ("valid", "same", "same_upper", "same_lower")
SPATIAL = {1: "W", 2: "HW", 3: "DHW"}

Pair = tuple[int, int]


class Refused(Exception):
    """The op's definition rejects these parameters; the message says why."""


@dataclass(frozen=True)
class ConvParams:
    """Parameters of one (transposed) convolution, everything spatial spelled out per axis.

    `padding` is a word ("valid", "same", "same_upper", "same_lower") or a pair (low, high) an axis; `symmetric` says
    that the pairs were written as single integers.
    """

    dims: int
    batch: int
    in_channels: int
    out_channels: int
    groups: int
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str | tuple[Pair, ...]
    symmetric: bool
    output_padding: tuple[int, ...] | None
    output_size: tuple[int, ...] | None
    bias: bool
    convention: str
    data_format: str | None

    @property
    def spatial(self) -> str:
        """The letters of the spatial axes."""
        return SPATIAL[self.dims]

    @property
    def extent(self) -> tuple[int, ...]:
        """The kernel's length with its gaps, an axis: d*(k-1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def parse_padding(value: Any) -> Any:
    """ "valid", "same", "same_upper", "same_lower", an integer, a list of integers, or a list of [low, high] pairs."""
    if isinstance(value, str) and value in WORDS:
        return value
    if isinstance(value, bool):
        value = None
    if isinstance(value, int):
        return value
    if isinstance(value, list | tuple) and 1 <= len(value) <= 3:
        if all(isinstance(v, int) and not isinstance(v, bool) for v in value):
            return tuple(value)
        if all(
            isinstance(v, list | tuple)
            and len(v) == 2
            and all(isinstance(i, int) and not isinstance(i, bool) for i in v)
            for v in value
        ):
            return tuple((v[0], v[1]) for v in value)
    raise ValueError(
        "valid, same, same_upper, same_lower, an integer, a list of integers, or a list of [low, high] pairs"
    )


def _padding_schema() -> dict[str, Any]:
    pair = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    return {
        "anyOf": [
            {"enum": list(WORDS)},
            {"type": "integer"},
            {"type": "array", "items": {"anyOf": [{"type": "integer"}, pair]}, "minItems": 1, "maxItems": 3},
        ]
    }


# What one tap of a kernel takes besides its products, as multiply-adds and as numbers.
TAP_WORK, TAP_NUMBERS = 2_000, 100

FIELDS: dict[str, Field] = {
    "dims": integer_field(2, 1, "number of spatial axes, 1 to 3"),
    "batch": integer_field(1, 0, "batch size N"),
    "in_channels": integer_field(1, 0, "channels of x, over all groups"),
    "out_channels": integer_field(1, 0, "channels of y, over all groups"),
    "groups": integer_field(1, 1, "groups; in_channels and out_channels are multiples of it"),
    "size": axis_field(4, 0, "spatial size of x"),
    "kernel": axis_field(3, 1, "kernel size"),
    "stride": axis_field(1, 1, "stride"),
    "dilation": axis_field(1, 1, "kernel dilation (atrous rate)"),
    "padding": Field(parse_padding, "valid", "padding, in the meaning of the convention", _padding_schema()),
    "bias": boolean_field(False, "add a bias per output channel"),
    "convention": word_field("keras", CONVENTIONS, "whose meaning of padding and output sizes the case uses"),
    "data_format": word_field(
        None,
        ("channels_first", "channels_last"),
        "the layout in which a framework is asked; null is its own default",
        nullable=True,
    ),
}


def _axes(name: str, value: Any, dims: int) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        if len(value) != dims:
            raise ParamError(name, f"{name} has {len(value)} entries, expected {dims}: one for each spatial axis")
        return value
    return (value,) * dims


def bind_common(params: Mapping[str, Any]) -> ConvParams:
    """Spell out every spatial parameter per axis; ParamError where two contradict each other."""
    dims = params["dims"]
    if dims > 3:
        raise ParamError("dims", f"dims is {dims}, expected 1, 2 or 3")
    groups = params["groups"]
    for name in ("in_channels", "out_channels"):
        if params[name] % groups:
            raise ParamError(name, f"{name} is {params[name]}, expected a multiple of groups, which is {groups}")
    padding = params["padding"]
    symmetric = False
    if not isinstance(padding, str):
        entries = _axes("padding", padding, dims)
        symmetric = all(isinstance(p, int) for p in entries)
        padding = tuple((p, p) if isinstance(p, int) else p for p in entries)
    elif padding in ("same_upper", "same_lower") and params["convention"] != "onnx":
        raise ParamError("padding", f"padding {padding} is ONNX's word; convention is {params['convention']}")
    elif padding == "same" and params["convention"] == "onnx":
        raise ParamError("padding", "convention onnx has no padding 'same', expected same_upper or same_lower")
    output_padding = params.get("output_padding")
    output_size = params.get("output_size")
    # ONNX takes both: the pads follow from a given length, and output_padding is a part of what they cut.
    if output_padding is not None and output_size is not None and params["convention"] != "onnx":
        raise ParamError("output_size", "output_size and output_padding are both given, expected at most one")
    return ConvParams(
        dims=dims,
        batch=params["batch"],
        in_channels=params["in_channels"],
        out_channels=params["out_channels"],
        groups=groups,
        size=_axes("size", params["size"], dims),
        kernel=_axes("kernel", params["kernel"], dims),
        stride=_axes("stride", params["stride"], dims),
        dilation=_axes("dilation", params["dilation"], dims),
        padding=padding,
        symmetric=symmetric,
        output_padding=None if output_padding is None else _axes("output_padding", output_padding, dims),
        output_size=None if output_size is None else _axes("output_size", output_size, dims),
        bias=params["bias"],
        convention=params["convention"],
        data_format=params["data_format"],
    )


def join(values: tuple[int, ...]) -> str:
    """(3, 3) as "3", (3, 2) as "3x2"."""
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def label(name: str, p: ConvParams) -> str:
    """The readable part of an id, such as `conv_transpose2d[4x4 k3 s2 same keras]`."""
    words = ["x".join(map(str, p.size)), f"k{join(p.kernel)}"]
    if set(p.stride) != {1}:
        words.append(f"s{join(p.stride)}")
    if set(p.dilation) != {1}:
        words.append(f"d{join(p.dilation)}")
    if isinstance(p.padding, str):
        words.append(p.padding)
    elif p.symmetric:
        words.append("p" + join(tuple(low for low, _ in p.padding)))
    else:
        words.append("p" + ",".join(f"{low}:{high}" for low, high in p.padding))
    if p.output_padding is not None:
        words.append(f"op{join(p.output_padding)}")
    if p.output_size is not None:
        words.append("to" + "x".join(map(str, p.output_size)))
    if p.batch != 1:
        words.append(f"n{p.batch}")
    if (p.in_channels, p.out_channels) != (1, 1):
        words.append(f"c{p.in_channels}>{p.out_channels}")
    if p.groups != 1:
        words.append(f"g{p.groups}")
    if p.bias:
        words.append("bias")
    if p.data_format:
        words.append({"channels_first": "cf", "channels_last": "cl"}[p.data_format])
    words.append(p.convention)
    return f"{name}{p.dims}d[{' '.join(words)}]"


class Convolution(Op):
    """The base of `conv` and `conv_transpose`. A subclass gives the geometry and says which side x is on."""

    transposed: bool
    derived_names = ("extent_axes", "empty")

    def derived(self, bound: ConvParams) -> Mapping[str, Any]:
        """`extent_axes`: d*(k-1)+1 an axis. `empty`: the output has no element, or had none if it were not refused."""
        lengths = [_length(self.transposed, bound.padding, axis) for axis in per_axis_params(bound)]
        return {"extent_axes": bound.extent, "empty": min(bound.batch, bound.out_channels, *lengths) <= 0}

    @abstractmethod
    def axes(self, bound: ConvParams) -> Geometry:
        """The geometry by the rules of the convention. Raises Refused."""

    def geometry(self, bound: ConvParams) -> Geometry:
        """One Axis a spatial axis, in which `small` is the convolution's output side. Raises Refused."""
        return _geometry(self, bound)

    def bind(self, params: Mapping[str, Any]) -> ConvParams:
        return bind_common(params)

    def label(self, bound: ConvParams) -> str:
        return label(self.name, bound)

    def refusal(self, bound: ConvParams) -> str | None:
        try:
            self.geometry(bound)
        except Refused as refused:
            return str(refused)
        if bound.convention == "keras" and not bound.out_channels:
            # Every layer, on every backend: "Expected a strictly positive value. Received filters=0." (3.15.1)
            return "Keras takes no filters=0: out_channels is 0, expected at least 1"
        return None

    def inputs(self, bound: ConvParams) -> tuple[TensorSpec, ...]:
        g = bound.groups
        a, b = bound.in_channels // g, bound.out_channels // g
        x = TensorSpec("x", "NC" + bound.spatial, (bound.batch, bound.in_channels, *bound.size))
        # The kernel's axes are always (groups, in, out) of one group, whichever order a framework stores.
        w = TensorSpec("w", "GIO" + bound.spatial, (g, a, b, *bound.kernel))
        bias = TensorSpec("b", "C", (bound.out_channels,))
        return (x, w, bias) if bound.bias else (x, w)

    def output(self, bound: ConvParams) -> TensorSpec:
        geometry = self.geometry(bound)
        sizes = (axis.large if self.transposed else axis.small for axis in geometry)
        return TensorSpec("y", "NC" + bound.spatial, (bound.batch, bound.out_channels, *sizes))

    def products(self, bound: ConvParams) -> int:
        geometry = self.geometry(bound)
        taps = prod(axis.kernel for axis in geometry)
        forward = bound.in_channels // bound.groups * taps
        backward = bound.out_channels // bound.groups * taps
        weights = bound.batch * prod(axis.small for axis in geometry)
        return max(forward, backward, weights) + 1

    def effort(self, bound: ConvParams, gradients: bool) -> tuple[int, int]:
        taps, positions, along = 1, bound.batch, 0
        for axis in self.geometry(bound):
            taps *= axis.kernel
            positions *= axis.small
            along += axis.kernel
        # What `_gather` holds: every element of the large side under every tap.
        columns = (bound.out_channels if self.transposed else bound.in_channels) * taps * positions
        sums = (bound.in_channels if self.transposed else bound.out_channels) // bound.groups
        # A tap costs a call of NumPy and a few Python objects, however little it joins.
        work = columns * sums + TAP_WORK * (taps + along)
        held = columns if gradients or not self.transposed else bound.out_channels * positions
        return work, held + TAP_NUMBERS * taps

    def reference(self, bound: ConvParams, arrays: Mapping[str, Array]) -> Reference:
        geometry = self.geometry(bound)
        spec = self.output(bound)
        x, w = self._grouped(arrays["x"], bound.groups), arrays["w"]
        bias = arrays.get("b")
        finite = bool(np.isfinite(x).all() and np.isfinite(w).all())

        def forward(x: Array, w: Array, bias: Array | None) -> Array:
            if self.transposed:
                y = (contract_to_large if finite else scatter_exactly)(x, w, geometry)
            elif finite:
                y = contract_to_small(x, w.swapaxes(1, 2), geometry)
            else:
                y = gather_exactly(x, w.swapaxes(1, 2), geometry)
            y = y.reshape(spec.shape)
            return y if bias is None else y + bias.reshape(-1, *(1 for _ in geometry))

        products = bound.in_channels // bound.groups * prod(bound.kernel) + int(bound.bias)
        return _judged(forward, x, w, bias, products)

    def gradients(self, bound: ConvParams, arrays: Mapping[str, Array], cotangent: Array) -> dict[str, Reference]:
        geometry = self.geometry(bound)
        g = bound.groups
        x, w = self._grouped(arrays["x"], g), arrays["w"]
        dy = self._grouped(cotangent, g)
        x_shape = arrays["x"].shape
        finite = bool(np.isfinite(x).all() and np.isfinite(w).all() and np.isfinite(dy).all())
        large, small, kernel = (
            (contract_to_large, contract_to_small, contract_to_kernel)
            if finite
            else (scatter_exactly, gather_exactly, kernel_exactly)
        )

        def to_input(dy: Array, w: Array, _: Array | None) -> Array:
            if self.transposed:
                return small(dy, w, geometry).reshape(x_shape)
            return large(dy, w.swapaxes(1, 2), geometry).reshape(x_shape)

        def to_kernel(dy: Array, x: Array, _: Array | None) -> Array:
            if self.transposed:
                return kernel(x, dy, geometry)
            return kernel(dy, x, geometry).swapaxes(1, 2)

        taps = prod(bound.kernel)
        positions = bound.batch * prod(axis.small for axis in geometry)
        result = {
            "x": _judged(to_input, dy, w, None, bound.out_channels // g * taps),
            "w": _judged(to_kernel, dy, x, None, positions),
        }
        if bound.bias:
            axes = (0, *range(2, cotangent.ndim))

            def to_bias(dy: Array, _w: Array, _b: Array | None) -> Array:
                return np.asarray(dy.sum(axis=axes))

            everything = bound.batch * prod(cotangent.shape[2:])
            result["b"] = _judged(to_bias, cotangent, np.ones(1), None, everything)
        return result

    @staticmethod
    def _grouped(array: Array, groups: int) -> Array:
        n, c = array.shape[:2]
        return array.reshape(n, groups, c // groups, *array.shape[2:])


@lru_cache(maxsize=1024)
def _geometry(op: Convolution, bound: ConvParams) -> Geometry:
    # Asked for by every step from the reference to the last target's plan.
    return op.axes(bound)


def _judged(
    compute: Callable[[Array, Array, Array | None], Array], left: Array, right: Array, bias: Array | None, products: int
) -> Reference:
    """A bilinear form's value, its magnitude (itself on absolute values) and its energy (itself on squares)."""
    return Reference(
        value=compute(left, right, bias),
        partial=None if bias is None else cache(lambda: np.abs(compute(left, right, None))),
        products=products,
        magnitude=cache(lambda: compute(np.abs(left), np.abs(right), None if bias is None else np.abs(bias))),
        energy=cache(lambda: compute(left**2, right**2, None if bias is None else bias**2)),
    )


def _length(transposed: bool, padding: Any, a: AxisParams) -> int:
    """The length that an axis comes to by its words, whatever a convention makes of the result."""
    if a.output_size is not None:
        return a.output_size
    same = isinstance(padding, str) and padding.startswith("same")
    if transposed:
        return a.n * a.s if same else (a.n - 1) * a.s + a.extent + (a.output_padding or 0) - sum(a.pad or (0, 0))
    return -(-a.n // a.s) if same else (a.n + sum(a.pad or (0, 0)) - a.extent) // a.s + 1


@dataclass(frozen=True)
class AxisParams:
    """One axis of ConvParams, for the convention tables."""

    n: int
    k: int
    s: int
    d: int
    pad: Pair | None  # None where padding is a word
    output_padding: int | None
    output_size: int | None

    @cached_property
    def extent(self) -> int:
        return self.d * (self.k - 1) + 1


def per_axis_params(p: ConvParams) -> list[AxisParams]:
    """ConvParams, axis by axis."""
    return [
        AxisParams(
            n=p.size[i],
            k=p.kernel[i],
            s=p.stride[i],
            d=p.dilation[i],
            pad=None if isinstance(p.padding, str) else p.padding[i],
            output_padding=None if p.output_padding is None else p.output_padding[i],
            output_size=None if p.output_size is None else p.output_size[i],
        )
        for i in range(p.dims)
    ]

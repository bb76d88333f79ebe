"""What `conv` and `conv_transpose` share: their parameters, their tensors, and a reference over the trilinear form.

The two ops differ in their geometry alone, that is in what each convention's words mean; see `conv.py` and
`conv_transpose.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any, ClassVar, Self

from conformance.exact.contraction import convolution
from conformance.exact.num import Num
from conformance.exact.trilinear import (
    Geometry,
)
from conformance.ops.base import (
    SPATIAL,
    Array,
    Field,
    Op,
    ParamError,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    param,
    word_field,
)
from conformance.ops.confusions import Confusion, Problem
from conformance.ops.conv.smaller import SIZES, STEPS, written
from conformance.ops.parameters import Step

CONVENTIONS = ("torch", "tensorflow", "keras", "jax", "onnx")
WORDS = ("valid", "same", "same_upper", "same_lower")

Pair = tuple[int, int]


# Where each convention's words come from, for `notes`.
_SAID = {
    "torch": "padding, output padding and lengths as PyTorch documents them",
    "keras": "padding, output padding and lengths as Keras documents them",
    "tensorflow": "padding and lengths as TensorFlow documents them",
    "jax": "padding and lengths as JAX documents them",
    "onnx": "pads, output_padding and lengths as the ONNX specification has them",
    "canonical": "lengths and crops as the case gives them",
}


class Refused(ValueError):
    """The op's definition rejects these parameters; the message says why."""


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


def _axes(name: str, value: Any, dims: int) -> tuple[Any, ...]:
    return one_an_axis(name, value, dims, "one for each spatial axis")


def join(values: tuple[int, ...]) -> str:
    """(3, 3) as "3", (3, 2) as "3x2"."""
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


@dataclass(frozen=True)
class Convolution(Op):
    """The base of `conv` and `conv_transpose`: everything spatial is spelled out per axis.

    A subclass gives the geometry and says which side x is on. `padding` is a word ("valid", "same", "same_upper",
    "same_lower") or a pair (low, high) an axis; `symmetric` says that the pairs were written as single integers.
    """

    transposed: ClassVar[bool]
    in_words: ClassVar[str]  # the definition as a clause
    derived_names: ClassVar[tuple[str, ...]] = ("extent_axes", "output_axes", "empty")
    unsaid: ClassVar[tuple[str, ...]] = SIZES

    dims: int = param(integer_field(2, 1, "number of spatial axes, 1 to 3"))
    batch: int = param(integer_field(1, 0, "batch size N"))
    in_channels: int = param(integer_field(1, 0, "channels of x, over all groups"))
    out_channels: int = param(integer_field(1, 0, "channels of y, over all groups"))
    groups: int = param(integer_field(1, 1, "groups; in_channels and out_channels are multiples of it"))
    size: tuple[int, ...] = param(axis_field(4, 0, "spatial size of x"), (4, 4))
    kernel: tuple[int, ...] = param(axis_field(3, 1, "kernel size"), (3, 3))
    stride: tuple[int, ...] = param(axis_field(1, 1, "stride"), (1, 1))
    dilation: tuple[int, ...] = param(axis_field(1, 1, "kernel dilation (atrous rate)"), (1, 1))
    padding: str | tuple[Pair, ...] = param(
        Field(parse_padding, "valid", "padding, in the meaning of the convention", _padding_schema())
    )
    symmetric: bool = False
    output_padding: tuple[int, ...] | None = None
    output_size: tuple[int, ...] | None = None
    bias: bool = param(boolean_field(False, "add a bias per output channel"))
    convention: str = param(word_field("keras", CONVENTIONS, "whose meaning of padding and output sizes the case uses"))
    data_format: str | None = param(
        word_field(
            None,
            ("channels_first", "channels_last"),
            "the layout in which a framework is asked; null is its own default",
            nullable=True,
        )
    )

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        """Every spatial parameter spelled out per axis; ParamError where two contradict each other."""
        dims = values["dims"]
        if dims > 3:
            raise ParamError("dims", f"dims is {dims}, expected 1, 2 or 3")
        groups = values["groups"]
        for name in ("in_channels", "out_channels"):
            if values[name] % groups:
                raise ParamError(name, f"{name} is {values[name]}, expected a multiple of groups, which is {groups}")
        padding = values["padding"]
        symmetric = False
        if not isinstance(padding, str):
            entries = _axes("padding", padding, dims)
            symmetric = all(isinstance(p, int) for p in entries)
            padding = tuple((p, p) if isinstance(p, int) else p for p in entries)
        elif padding in ("same_upper", "same_lower") and values["convention"] != "onnx":
            raise ParamError("padding", f"padding {padding} is ONNX's word; convention is {values['convention']}")
        elif padding == "same" and values["convention"] == "onnx":
            raise ParamError("padding", "convention onnx has no padding 'same', expected same_upper or same_lower")
        output_padding = values.get("output_padding")
        output_size = values.get("output_size")
        # ONNX takes both: the pads follow from a given length, and output_padding is a part of what they cut.
        if output_padding is not None and output_size is not None and values["convention"] != "onnx":
            raise ParamError("output_size", "output_size and output_padding are both given, expected at most one")
        spatial = {name: _axes(name, values[name], dims) for name in ("size", "kernel", "stride", "dilation")}
        return cls(
            dims=dims,
            batch=values["batch"],
            in_channels=values["in_channels"],
            out_channels=values["out_channels"],
            groups=groups,
            padding=padding,
            symmetric=symmetric,
            output_padding=None if output_padding is None else _axes("output_padding", output_padding, dims),
            output_size=None if output_size is None else _axes("output_size", output_size, dims),
            bias=values["bias"],
            convention=values["convention"],
            data_format=values["data_format"],
            **spatial,
        )

    @property
    def spatial(self) -> str:
        """The letters of the spatial axes."""
        return SPATIAL[self.dims]

    @property
    def extent(self) -> tuple[int, ...]:
        """The kernel's length with its gaps, an axis: d*(k-1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def derived(self) -> Mapping[str, Any]:
        """`extent_axes`: d*(k-1)+1 an axis. `output_axes`: the output's length an axis, whether it is refused or not.

        `empty`: the output has no element, or had none if it were not refused.
        """
        lengths = tuple(_length(self.transposed, self.padding, axis) for axis in per_axis_params(self))
        empty = min(self.batch, self.out_channels, *lengths) <= 0
        return {"extent_axes": self.extent, "output_axes": lengths, "empty": empty}

    @abstractmethod
    def axes(self) -> Geometry:
        """The geometry by the rules of the convention. Raises Refused."""

    def geometry(self) -> Geometry:
        """One Axis a spatial axis, in which `small` is the convolution's output side. Raises Refused."""
        return _geometry(self)

    def meaning(self) -> Geometry:
        return self.geometry()

    def confusions(self) -> tuple[Confusion[Any], ...]:
        from conformance.ops.conv.confusions import CONFUSIONS  # it is written with this class

        return tuple(confusion for confusion in CONFUSIONS if self.name in confusion.ops)

    def problem(self, arrays: Mapping[str, Array], output: str = "y") -> Problem:
        from conformance.ops.conv.problem import start

        return start(self, arrays)

    def acceptances(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        return iter(())  # another number in one of its words is no more plausible than any other

    def given(self) -> dict[str, Any]:
        return written(self)

    @classmethod
    def smaller(cls) -> tuple[tuple[str, Step], ...]:
        return STEPS

    def notes(self) -> str:
        return f"By definition {self.in_words}; {_SAID[self.convention]}"

    def periods(self) -> Mapping[str, int]:
        return dict(zip(self.spatial, self.stride, strict=True))

    def blocks(self) -> Mapping[str, int]:
        return {"C": self.groups}

    def label(self) -> str:
        """The readable part of an id, such as `conv_transpose2d[4x4 k3 s2 same keras]`."""
        words = ["x".join(map(str, self.size)), f"k{join(self.kernel)}"]
        if set(self.stride) != {1}:
            words.append(f"s{join(self.stride)}")
        if set(self.dilation) != {1}:
            words.append(f"d{join(self.dilation)}")
        if isinstance(self.padding, str):
            words.append(self.padding)
        elif self.symmetric:
            words.append("p" + join(tuple(low for low, _ in self.padding)))
        else:
            words.append("p" + ",".join(f"{low}:{high}" for low, high in self.padding))
        if self.output_padding is not None:
            words.append(f"op{join(self.output_padding)}")
        if self.output_size is not None:
            words.append("to" + "x".join(map(str, self.output_size)))
        if self.batch != 1:
            words.append(f"n{self.batch}")
        if (self.in_channels, self.out_channels) != (1, 1):
            words.append(f"c{self.in_channels}>{self.out_channels}")
        if self.groups != 1:
            words.append(f"g{self.groups}")
        if self.bias:
            words.append("bias")
        if self.data_format:
            words.append({"channels_first": "cf", "channels_last": "cl"}[self.data_format])
        words.append(self.convention)
        return f"{self.name}{self.dims}d[{' '.join(words)}]"

    def refusal(self) -> str | None:
        try:
            self.geometry()
        except Refused as refused:
            return str(refused)
        if self.convention == "keras" and not self.out_channels:
            # Every layer, on every backend: "Expected a strictly positive value. Received filters=0." (3.15.1)
            return "Keras takes no filters=0: out_channels is 0, expected at least 1"
        return None

    def inputs(self) -> tuple[TensorSpec, ...]:
        g = self.groups
        a, b = self.in_channels // g, self.out_channels // g
        x = TensorSpec("x", "NC" + self.spatial, (self.batch, self.in_channels, *self.size))
        # The kernel's axes are always (groups, in, out) of one group, whichever order a framework stores.
        w = TensorSpec("w", "GIO" + self.spatial, (g, a, b, *self.kernel))
        bias = TensorSpec("b", "C", (self.out_channels,))
        return (x, w, bias) if self.bias else (x, w)

    def outputs(self) -> tuple[TensorSpec, ...]:
        sizes = (axis.large if self.transposed else axis.small for axis in self.geometry())
        return (TensorSpec("y", "NC" + self.spatial, (self.batch, self.out_channels, *sizes)),)

    def products(self) -> int:
        geometry = self.geometry()
        taps = prod(axis.kernel for axis in geometry)
        forward = self.in_channels // self.groups * taps
        backward = self.out_channels // self.groups * taps
        weights = self.batch * prod(axis.small for axis in geometry)
        return max(forward, backward, weights) + 1

    def effort(self, gradients: bool) -> tuple[int, int]:
        taps, positions, along = 1, self.batch, 0
        for axis in self.geometry():
            taps *= axis.kernel
            positions *= axis.small
            along += axis.kernel
        # What `_gather` holds: every element of the large side under every tap.
        columns = (self.out_channels if self.transposed else self.in_channels) * taps * positions
        sums = (self.in_channels if self.transposed else self.out_channels) // self.groups
        # A tap costs a call of NumPy and a few Python objects, however little it joins.
        work = columns * sums + TAP_WORK * (taps + along)
        held = columns if gradients or not self.transposed else self.out_channels * positions
        return work, held + TAP_NUMBERS * taps

    def compute(self, x: Num, w: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        return convolution(x, w, b, self.geometry(), self.transposed)


@lru_cache(maxsize=1024)
def _geometry(op: Convolution) -> Geometry:
    # Asked for by every step from the reference to the last target's plan.
    return op.axes()


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
    """One axis of a Convolution, for the convention tables."""

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


def per_axis_params(p: Convolution) -> list[AxisParams]:
    """The parameters, axis by axis."""
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

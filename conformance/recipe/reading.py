"""What the readers of all frameworks share: arguments bound to a signature, shapes, and the finished Call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from conformance.dtypes import DTYPES
from conformance.frameworks.text import Code
from conformance.ops import OPS
from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Convolution, Pair, Refused
from conformance.recipe.call import Call, CallError
from conformance.recipe.literals import Expression, holds_expression
from conformance.recipe.signatures import Signature
from conformance.recipe.syntax import Given, Parsed, cast, failure, moved
from conformance.text.nearest import did_you_mean

Shape = tuple[int, ...]

# What x is taken to be where nobody says: lengths that differ, so that no axis is mistaken for another.
DEFAULT_BATCH, DEFAULT_SIZES = 2, (8, 7, 6)


@dataclass
class Reading:
    """A call on its way to being understood. `given` holds what was written, by parameter."""

    parsed: Parsed
    signature: Signature
    given: Mapping[str, Given]
    order: tuple[str, ...]  # the parameters that were given by position
    input_shape: Shape | None
    weight_shape: Shape | None
    notes: list[str] = field(default_factory=list)

    def value(self, name: str) -> Any:
        """The argument's value, or its default."""
        return self.given[name].value if name in self.given else self.signature.parameters.get(name)

    def fail(self, name: str, message: str) -> NoReturn:
        """Raise CallError at an argument (at the call, where it was not given)."""
        column = self.given[name].node.col_offset + 1 if name in self.given else self.parsed.column
        raise failure(self.parsed.text, column, message)

    def literal(self, name: str) -> Any:
        """The argument's value; CallError where only running the code would tell it."""
        value = self.value(name)
        if holds_expression(value):
            written = Expression(self.given[name].node).text
            self.fail(name, f"{name} is {written}, whose value is not known here; write the value itself")
        return value

    def integer(self, name: str, least: int = 1) -> int:
        """An integer of at least `least`."""
        value = self.literal(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.fail(name, f"{name} is {value!r}, expected an integer of at least {least}")
        return value

    def integers(self, name: str, lengths: Iterable[int], least: int, scalar: bool = True) -> Shape:
        """The argument as a tuple: an integer (where `scalar`) becomes a tuple of one."""
        value = self.literal(name)
        if isinstance(value, int) and not isinstance(value, bool) and scalar:
            value = (value,)
        allowed = sorted(set(lengths))
        expected = f"{' or '.join(map(str, allowed))} integers of at least {least}"
        expected = f"an integer of at least {least}, or {expected}" if scalar else f"a sequence of {expected}"
        if (
            not isinstance(value, list | tuple)
            or (len(value) not in allowed and not (scalar and len(value) == 1 and value is not self.value(name)))
            or any(isinstance(v, bool) or not isinstance(v, int) or v < least for v in value)
        ):
            self.fail(name, f"{name} is {self.value(name)!r}, expected {expected}")
        return tuple(value)

    def axes(self, name: str, dims: int, least: int = 1, one_for_all: bool = False) -> Shape:
        """One integer a spatial axis, from an integer or a sequence (of one too, where the framework repeats it)."""
        found = self.integers(name, {dims, 1} if one_for_all else {dims}, least)
        return found * dims if len(found) == 1 else found

    def boolean(self, name: str) -> bool:
        """True or False."""
        value = self.literal(name)
        if not isinstance(value, bool):
            self.fail(name, f"{name} is {value!r}, expected True or False")
        return value

    def dtype(self, name: str) -> str:
        """A dtype argument (`"float16"`, `torch.half`, `jnp.float32`) in our names; float32 where none is given.

        What is said behind the layer, `.half()`, comes after it.
        """
        value = self.parsed.dtype or self.value(name)
        if value is None:
            return "float32"
        text = value.text if isinstance(value, Expression) else str(value)
        word = text.rpartition(".")[2]
        word = {"half": "float16", "double": "float64", "float": "float32"}.get(word, word)
        if word not in DTYPES:
            self.fail(name, f"{name} is {text}, expected one of: {', '.join(DTYPES)}")
        return word

    def tensor(self, name: str) -> None:
        """Note what stands for a tensor, where it is more than a name."""
        value = self.value(name)
        if not isinstance(value, Expression):
            self.fail(name, f"{name} is {value!r}, expected a tensor such as x")
        inner = value.node
        while (behind := moved(inner)) is not inner:
            inner = behind
        if not re.fullmatch(r"[\w.]+", ast.unparse(inner)):
            self.notes.append(f"{name} stands for what `{value.text}` gives")

    def cast(self, *names: str) -> str:
        """The dtype of a function's tensors: what one of them is cast to where it is given, or float32."""
        return next((found for n in names if n in self.given and (found := cast(self.given[n].node))), "float32")

    def weight(self, layout: str, dims: int | None) -> Shape:
        """The shape of a function's weights; `layout` is for the message. CallError where nobody gave it."""
        if self.weight_shape is None:
            raise CallError(
                f"{self.signature.name} does not say the shape of its weights; give it with --weight, in the order "
                f"{layout}, such as --weight {_example(layout)}"
            )
        if dims is not None and len(self.weight_shape) != dims + 2:
            raise CallError(
                f"--weight is {shape_text(self.weight_shape)}, {len(self.weight_shape)} numbers; "
                f"{self.signature.name} expects {dims + 2}, in the order {layout}"
            )
        if min(self.weight_shape) < 1:
            raise CallError(f"--weight is {shape_text(self.weight_shape)}, expected every length to be at least 1")
        return self.weight_shape

    def owned_weight(self, shape: Shape, layout: str) -> None:
        """A layer says the shape of its weights; CallError where --weight says another."""
        if self.weight_shape is not None and self.weight_shape != shape:
            raise CallError(
                f"--weight is {shape_text(self.weight_shape)}, but the layer's own weights have shape "
                f"{shape_text(shape)} ({layout}); leave --weight out"
            )

    def rank(self, *lengths: int | None) -> int:
        """The number of spatial axes: the signature's, or as the shapes have it; then the first of `lengths`."""
        shapes = [len(s) - 2 for s in (self.input_shape, self.weight_shape) if s is not None]
        found = [self.signature.dims, *shapes, *lengths]
        dims = next((d for d in found if d is not None), None)
        if dims is None:
            raise CallError(
                f"{self.signature.name} takes 1 to 3 spatial axes, and nothing says how many; "
                "give the input's shape with --input, such as --input 1,8,8,3"
            )
        if dims not in SPATIAL:
            raise CallError(
                f"the shapes given have {dims} spatial axes beside batch and channels, expected 1, 2 or 3; "
                "the batch comes first, such as --input 1,8,8,3"
            )
        return dims

    def input(
        self, layout: str, channels: int | None, size: Shape | None = None, batch: int | None = None
    ) -> tuple[int, int, Shape]:
        """Batch, channels and spatial size of x, which is in `layout`.

        Where --input is not given, `channels` (and `size`, `batch`) are what the call itself implies.
        """
        dims = len(layout) - 2
        spatial = SPATIAL[dims]
        if self.input_shape is None:
            if channels is None:
                raise CallError(
                    f"{self.signature.name} does not say how many channels its input has; give the input's shape "
                    f"with --input, in the order {layout}, such as --input {_example(layout)}"
                )
            batch = DEFAULT_BATCH if batch is None else batch
            size = DEFAULT_SIZES[:dims] if size is None else size
            lengths = {"N": batch, "C": channels, **dict(zip(spatial, size, strict=True))}
            self.notes.append(
                f"no --input was given: x is taken as {shape_text(lengths[c] for c in layout)} ({layout})"
            )
            return batch, channels, size
        if len(self.input_shape) != dims + 2:
            hint = "; the batch comes first" if len(self.input_shape) == dims + 1 else ""
            raise CallError(
                f"--input is {shape_text(self.input_shape)}, {len(self.input_shape)} numbers; "
                f"{self.signature.name} expects {dims + 2} here, in the order {layout}{hint}"
            )
        if min(self.input_shape) < 0:
            raise CallError(f"--input is {shape_text(self.input_shape)}, expected no length below 0")
        lengths = dict(zip(layout, self.input_shape, strict=True))
        if lengths["C"] < 1:
            raise CallError(f"--input is {shape_text(self.input_shape)}, expected at least one channel in {layout}")
        if channels is not None and lengths["C"] != channels:
            raise CallError(
                f"--input is {shape_text(self.input_shape)}, in the order {layout}: {lengths['C']} channels; "
                f"the call expects {channels}"
            )
        return lengths["N"], lengths["C"], tuple(lengths[c] for c in spatial)

    def written(
        self, function: str, roles: Mapping[str, str], instead: Mapping[str, object], left_out: Iterable[str] = ()
    ) -> str:
        """The call in plan language: its arguments as they were given.

        `roles` names the tensors (input -> x), `instead` replaces or adds values, `left_out` drops arguments.
        """
        skip = set(left_out)
        parts: list[str] = []
        by_name = False
        for name in [*self.given, *(n for n in instead if n not in self.given)]:
            if name in skip:
                by_name = True  # what follows is no longer at its own position
                continue
            value = Code(roles[name]) if name in roles else instead.get(name, self.value(name))
            positional = name in self.order and not by_name
            parts.append(repr(value) if positional else f"{name}={value!r}")
        return f"{function}({', '.join(parts)})"

    def applied(self, names: tuple[str, ...]) -> dict[str, Given]:
        """What a layer is called with, `layer(...)(x, output_size=[8, 8])`, by name; the first is the input."""
        if self.parsed.applied is None:
            return {}
        arguments, keywords = self.parsed.applied
        if len(arguments) > len(names):
            message = f"the layer is called with {len(arguments)} arguments, expected {', '.join(names)}"
            raise failure(self.parsed.text, arguments[len(names)].node.col_offset + 1, message)
        found = dict(zip(names, arguments, strict=False))
        for name, value in keywords:
            if name not in names:
                message = f"the layer is called with {name!r}, expected {', '.join(names)}"
                raise failure(self.parsed.text, value.node.col_offset + 1, message)
            found[name] = value
        if names[0] in found and not isinstance(found[names[0]].value, Expression):
            message = f"the layer is called with {found[names[0]].value!r}, expected a tensor such as x"
            raise failure(self.parsed.text, found[names[0]].node.col_offset + 1, message)
        return found

    def finish(
        self,
        *,
        op: str | None = None,
        x: tuple[int, int, Shape],
        out_channels: int,
        groups: int,
        kernel: Shape,
        stride: Shape,
        dilation: Shape,
        padding: str | tuple[Pair, ...],
        convention: str,
        layouts: Mapping[str, str],
        weights: Mapping[str, str],
        plan: str,
        dtype: str,
        symmetric: bool = False,
        output_padding: Shape | None = None,
        output_size: Shape | None = None,
        data_format: str | None = None,
    ) -> Call:
        """The Call; CallError where the framework would refuse these parameters."""
        batch, in_channels, size = x
        if in_channels % groups or out_channels % groups:
            raise CallError(
                f"{in_channels} input channels and {out_channels} output channels in {groups} groups: "
                "both must be multiples of the groups"
            )
        asked = OPS[op or self.signature.op]
        assert issubclass(asked, Convolution)
        question = asked(
            dims=len(size),
            batch=batch,
            in_channels=in_channels,
            out_channels=out_channels,
            groups=groups,
            size=size,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            padding=padding,
            symmetric=symmetric,
            output_padding=output_padding,
            output_size=output_size,
            bias="b" in layouts,
            convention=convention,
            data_format=data_format,
        )
        try:
            question.geometry()
        except Refused as refused:
            raise CallError(
                f"{self.signature.name} refuses this for an input of spatial size {shape_text(size)}: {refused}"
            ) from None
        return Call(
            text=self.parsed.text,
            framework=self.signature.framework,
            function=self.signature.name,
            kind=self.signature.kind,
            op=question,
            layouts=tuple(layouts.items()),
            weight_names=tuple(weights.items()),
            dtype=dtype,
            plan=plan,
            notes=tuple(self.notes),
        )


def bind(parsed: Parsed, signature: Signature) -> tuple[dict[str, Given], tuple[str, ...]]:
    """The arguments by parameter, and the parameters given by position; CallError where they don't fit."""
    names = tuple(signature.parameters)
    if len(parsed.arguments) > len(names):
        extra = parsed.arguments[len(names)].node.col_offset + 1
        message = f"{signature.short} takes {len(names)} arguments by position, found {len(parsed.arguments)}"
        raise failure(parsed.text, extra, message)
    order = names[: len(parsed.arguments)]
    given = dict(zip(order, parsed.arguments, strict=True))
    known = (*names, *signature.keywords)
    for name, value in parsed.keywords:
        # The name stands before the value: `name=value`.
        column = max(parsed.text.rfind(name, 0, value.node.col_offset), 0) + 1
        if name not in known:
            hint = did_you_mean(name, known) or f"; it has: {', '.join(names)}"
            raise failure(parsed.text, column, f"{signature.name} has no argument {name!r}{hint}")
        if name in given:
            raise failure(parsed.text, column, f"{name} is given twice")
        given[name] = value
    missing = [name for name in signature.required if name not in given]
    if missing:
        message = f"{signature.name} misses {', '.join(missing)}; expected {', '.join(signature.required)}"
        raise failure(parsed.text, parsed.column, message)
    return given, order


def shape_text(lengths: Iterable[int]) -> str:
    """A shape as --input takes it: 2,8,8,3."""
    return ",".join(map(str, lengths))


def _example(layout: str) -> str:
    """A shape in a layout: 1,8,8,3 for NHWC."""
    lengths = {"N": 1, "C": 3, "I": 3, "O": 8, "D": 3, "H": 3, "W": 3} if "O" in layout else {"N": 1, "C": 3}
    return shape_text(lengths.get(c, 8) for c in layout)

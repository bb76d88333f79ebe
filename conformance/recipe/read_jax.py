"""Reads jax.lax's convolutions (jax 0.10.2).

`lax.conv_general_dilated` with `lhs_dilation` is a transposed convolution where the window itself moves by one: the
input is spread out by the stride. Its kernel is not flipped, so a transposed convolution's is read as flipped.

https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html
https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from conformance.frameworks.text import Code
from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.recipe.call import Call
from conformance.recipe.literals import Expression, evaluate
from conformance.recipe.reading import Reading, Shape

_STRIDES = {"conv_transpose": "strides"}


@dataclass(frozen=True)
class _Numbers:
    """dimension_numbers as three layouts, in which the kernel's spatial axes are D, H, W in their own order."""

    lhs: str
    rhs: str
    out: str
    written: tuple[str, str, str] | None  # for the plan; None where the call leaves them out


def read_jax(r: Reading) -> Call:
    """A jax.lax call."""
    r.tensor("lhs")
    r.tensor("rhs")
    strides = _STRIDES.get(r.signature.short, "window_strides")
    written = r.value(strides)
    dims = r.rank(len(written) if isinstance(written, list | tuple) else None)
    numbers = _numbers(r, dims)
    transposed_call = r.signature.short == "conv_transpose"
    flips_itself = transposed_call and r.boolean("transpose_kernel")
    groups = r.integer("feature_group_count") if "feature_group_count" in r.signature.parameters else 1
    if "batch_group_count" in r.given and r.integer("batch_group_count") != 1:
        r.fail("batch_group_count", "a batch_group_count other than 1 has no counterpart in the other frameworks")
    if r.value("preferred_element_type") is not None and r.dtype("preferred_element_type") != "float32":
        r.fail(
            "preferred_element_type",
            "preferred_element_type makes a result of another dtype than the input, float32; leave it out and cast y",
        )
    weight = dict(zip(numbers.rhs, r.weight(numbers.rhs, dims), strict=True))
    i, o = ("O", "I") if flips_itself else ("I", "O")
    kernel = tuple(weight[c] for c in SPATIAL[dims])
    x = r.input(numbers.lhs, weight[i] * groups, _roomy(r, dims, kernel))
    out_channels = weight[o]
    if out_channels % groups:
        r.fail("feature_group_count", f"the {out_channels} output channels must be a multiple of {groups} groups")

    window = r.integers(strides, {dims}, 1, scalar=False)
    lhs_dilation = _dilation(r, "lhs_dilation", dims)
    dilation = _dilation(r, "rhs_dilation", dims)
    padding: str | tuple[Pair, ...]
    if transposed_call:
        op, stride = "conv_transpose", window
        padding = _transposed_padding(r, kernel, stride, dilation)
    else:
        op = "conv_transpose" if max(lhs_dilation) > 1 else "conv"
        stride = lhs_dilation if op == "conv_transpose" else window
        padding = _padding(r, x[2], kernel, window, dilation, string_ok=op == "conv")
        if op == "conv_transpose" and max(window) > 1:
            r.fail(
                "lhs_dilation",
                f"lhs_dilation {lhs_dilation} beside {strides} {window} is neither a convolution nor a transposed "
                f"convolution, which has {strides} of 1; no other framework has it in one call",
            )
    rhs = numbers.rhs
    if op == "conv_transpose":
        rhs = rhs.replace("I", "i").replace("O", "I").replace("i", "O") if flips_itself else rhs + " flipped"
    if groups > 1:
        rhs = rhs.replace("O", "(GO)")
    instead: dict[str, object] = {}
    if numbers.written is not None:
        instead["dimension_numbers"] = numbers.written
    precision = r.value("precision")
    if isinstance(precision, Expression):
        instead["precision"] = Code(f"jax.lax.Precision.{precision.text.rpartition('.')[2]}")
    left_out = ("preferred_element_type", "out_sharding", *(() if precision else ("precision",)))
    plan = "y = " + r.written(r.signature.name, {"lhs": "x", "rhs": "w"}, instead, left_out)
    first = numbers.lhs == numbers.out == "NC" + SPATIAL[dims]
    return r.finish(
        op=op,
        x=x,
        out_channels=out_channels,
        groups=groups,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        convention="jax",
        layouts={"x": numbers.lhs, "w": rhs, "y": numbers.out},
        weights={"w": "rhs"},
        data_format="channels_first" if first else None,
        plan=plan,
        dtype="float32",
    )


def _roomy(r: Reading, dims: int, kernel: Shape) -> Shape:
    dilation = _dilation(r, "rhs_dilation", dims)
    return tuple(max(n, d * (k - 1) + 1) for n, d, k in zip((8, 7, 6), dilation, kernel, strict=False))


def _dilation(r: Reading, name: str, dims: int) -> Shape:
    if r.value(name) is None:
        return (1,) * dims
    return r.integers(name, {dims}, 1, scalar=False)


def _padding(
    r: Reading, size: Shape, kernel: Shape, stride: Shape, dilation: Shape, *, string_ok: bool
) -> str | tuple[Pair, ...]:
    """The padding of a convolution: a word in either case, or pairs, which may be negative."""
    value = r.literal("padding")
    if isinstance(value, str):
        word = value.lower()
        if word not in ("same", "valid", "same_lower"):
            r.fail("padding", f"padding is {value!r}, expected 'SAME', 'VALID', 'SAME_LOWER' or (low, high) pairs")
        if not string_ok:
            message = f"padding is {value!r}; with lhs_dilation JAX takes (low, high) pairs only"
            r.fail("padding", message)
        return _same_lower(size, kernel, stride, dilation) if word == "same_lower" else word
    return _pairs(r, value, len(size))


def _same_lower(size: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Pair, ...]:
    """SAME with the odd element at the start, as pairs."""
    pairs = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pairs.append((total - total // 2, total // 2))
    return tuple(pairs)


def _transposed_padding(r: Reading, kernel: Shape, stride: Shape, dilation: Shape) -> str | tuple[Pair, ...]:
    """The padding of lax.conv_transpose: that of the forward convolution in words, that of the spread input in pairs.

    With use_consistent_padding pairs are the forward convolution's, too.
    """
    value = r.literal("padding")
    consistent = r.boolean("use_consistent_padding")
    extents = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if value in ("SAME", "VALID"):
        return str(value).lower()
    if isinstance(value, str):
        word = value.lower()
        if word not in ("same", "valid", "same_lower") or max(stride) > 1 or consistent:
            r.fail("padding", f"padding is {value!r}, expected 'SAME' or 'VALID' (in capitals) or (low, high) pairs")
        # Observed with 0.10.2: at stride 1 any other word goes through to conv_general_dilated, where it means a
        # convolution's padding of x.
        r.notes.append(f"padding {value!r} pads x as a convolution does, unlike 'SAME' and 'VALID' in capitals")
        if word == "valid":
            return ((0, 0),) * len(kernel)
        halves = [((e - 1) // 2, e - 1 - (e - 1) // 2) for e in extents]
        return tuple((high, low) if word == "same_lower" else (low, high) for low, high in halves)
    pairs = _pairs(r, value, len(kernel))
    if consistent:
        if not all(isinstance(pair, tuple) for pair in value):
            r.fail("padding", f"padding is {value!r}; with use_consistent_padding JAX takes tuples, not lists")
        return tuple((e - 1 - low, e - 1 - high) for e, (low, high) in zip(extents, pairs, strict=True))
    return pairs


def _pairs(r: Reading, value: Any, dims: int) -> tuple[Pair, ...]:
    fits = isinstance(value, list | tuple) and len(value) == dims
    if not fits or not all(
        isinstance(p, list | tuple) and len(p) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in p)
        for p in value
    ):
        r.fail("padding", f"padding is {value!r}, expected 'SAME', 'VALID' or {dims} (low, high) pairs")
    return tuple((p[0], p[1]) for p in value)


def _numbers(r: Reading, dims: int) -> _Numbers:
    spatial = SPATIAL[dims]
    value = r.value("dimension_numbers")
    if isinstance(value, Expression) and isinstance(value.node, ast.Call):
        value = _of_call(r, value.node)
    if value is None:
        if r.signature.short == "conv_transpose":
            return _Numbers(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C", None)
        return _Numbers(f"NC{spatial}", f"OI{spatial}", f"NC{spatial}", None)
    if not isinstance(value, list | tuple) or len(value) != 3:
        _refuse_numbers(r, dims)
    if all(isinstance(v, str) for v in value):
        texts = [str(v) for v in value]
    else:
        texts = [_from_positions(r, v, pair, dims) for v, pair in zip(value, ("NC", "OI", "NC"), strict=True)]
    letters = [c for c in texts[1] if c not in "OI"]
    for text, pair in zip(texts, ("NC", "OI", "NC"), strict=True):
        if len(text) != dims + 2 or set(text) != {*pair, *letters} or len(set(text)) != len(text):
            _refuse_numbers(r, dims)
    # JAX orders the spatial axes, and with them strides and padding, as the kernel has them.
    renamed = str.maketrans(dict(zip(letters, spatial, strict=True)))
    lhs, rhs, out = (_rename(text, pair, renamed) for text, pair in zip(texts, ("NC", "OI", "NC"), strict=True))
    return _Numbers(lhs, rhs, out, (texts[0], texts[1], texts[2]))


def _rename(text: str, pair: str, table: dict[int, str]) -> str:
    return "".join(c if c in pair else c.translate(table) for c in text)


def _of_call(r: Reading, node: ast.Call) -> object:
    """ConvDimensionNumbers(lhs, rhs, out), or conv_dimension_numbers(x.shape, w.shape, numbers)."""
    word = ast.unparse(node.func).rpartition(".")[2]
    if word == "ConvDimensionNumbers":
        named = {k.arg: k.value for k in node.keywords}
        parts = [*node.args, *(named[n] for n in ("lhs_spec", "rhs_spec", "out_spec") if n in named)]
        return [evaluate(part) for part in parts]
    if word == "conv_dimension_numbers":
        given = [*node.args, *(k.value for k in node.keywords if k.arg == "dimension_numbers")]
        if len(given) == 3:
            found = evaluate(given[2])
            return (
                _of_call(r, found.node) if isinstance(found, Expression) and isinstance(found.node, ast.Call) else found
            )
    return r.fail("dimension_numbers", f"dimension_numbers is {ast.unparse(node)}; write three strings instead")


def _from_positions(r: Reading, positions: object, pair: str, dims: int) -> str:
    """(0, 3, 1, 2) as NHWC: where the batch, the channels and the spatial axes stand."""
    if not isinstance(positions, list | tuple) or sorted(_sortable(positions)) != list(range(dims + 2)):
        _refuse_numbers(r, dims)
    letters = dict(zip(positions, pair + SPATIAL[dims], strict=True))
    return "".join(letters[place] for place in range(dims + 2))


def _sortable(values: Sequence[object]) -> list[int]:
    return [v if isinstance(v, int) and not isinstance(v, bool) else -1 for v in values]


def _refuse_numbers(r: Reading, dims: int) -> NoReturn:
    spatial = SPATIAL[dims]
    written = Expression(r.given["dimension_numbers"].node).text
    r.fail(
        "dimension_numbers",
        f"dimension_numbers is {written}, expected three strings for {dims} spatial axes, such as "
        f"('N{spatial}C', '{spatial}IO', 'N{spatial}C')",
    )

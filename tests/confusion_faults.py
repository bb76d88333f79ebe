"""Wrong answers of known cause, made without the confusions' own code: a plain scatter and gather, NumPy on the inputs.

`FAULTS` maps a confusion's name to a generator of the wrong outputs that it can give for a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from conformance.dtypes import rounded
from conformance.ops import OPS
from conformance.ops.conv.convolution import Convolution

Array = np.ndarray


def bind(op: str, **given: Any) -> Convolution:
    fields = OPS[op].fields()
    values = {name: field.default for name, field in fields.items()}
    values.update({name: fields[name].parse(value) for name, value in given.items()})
    return OPS[op].bind(values)


@dataclass(frozen=True)
class Plain:
    """A convolution spelled out: the crop or padding at the start and the output's length, an axis."""

    op: Convolution
    x: Array
    w: Array
    b: Array | None
    lo: tuple[int, ...]
    length: tuple[int, ...]

    def but(self, **changes: Any) -> Plain:
        return replace(self, **changes)

    def read(self, **changes: Any) -> Plain | None:
        """With the parameters read differently, the geometry following from them."""
        return plain(replace(self.op, **changes), self.x, self.w, self.b)

    @property
    def stride(self) -> tuple[int, ...]:
        return self.op.stride

    @property
    def dilation(self) -> tuple[int, ...]:
        return self.op.dilation

    def full(self) -> tuple[int, ...]:
        return tuple(
            (n - 1) * s + d * (k - 1) + 1
            for n, s, d, k in zip(self.x.shape[2:], self.stride, self.dilation, self.w.shape[3:], strict=True)
        )

    def end(self) -> tuple[int, ...]:
        """The crop or padding at the end."""
        if self.op.transposed:
            return tuple(f - a - m for f, a, m in zip(self.full(), self.lo, self.length, strict=True))
        return tuple(
            (m - 1) * s + d * (k - 1) + 1 - a - n
            for m, s, d, k, a, n in zip(
                self.length, self.stride, self.dilation, self.w.shape[3:], self.lo, self.x.shape[2:], strict=True
            )
        )

    def y(self) -> Array:
        if 0 in self.length:
            return np.zeros((self.x.shape[0], self.w.shape[0] * self.w.shape[2], *self.length))
        y = _scatter(self) if self.op.transposed else _gather(self)
        return y if self.b is None else y + self.b.reshape(-1, *(1 for _ in self.lo))


def plain(op: Convolution, x: Array, w: Array, b: Array | None) -> Plain | None:
    if op.refusal() is not None:
        return None
    geometry = op.geometry()
    length = tuple(axis.large if op.transposed else axis.small for axis in geometry)
    return Plain(op, x, w, b, tuple(axis.lo for axis in geometry), length)


def _scatter(p: Plain) -> Array:
    """The full scatter in a roomy buffer, then the crop."""
    g, i, o = p.w.shape[:3]
    n = p.x.shape[2:]
    full = p.full()
    room = tuple(max(f, a + m, 0) + max(-a, 0) + 2 for f, a, m in zip(full, p.lo, p.length, strict=True))
    before = tuple(max(-a, 0) for a in p.lo)
    out = np.zeros((p.x.shape[0], g, o, *room))
    x = p.x.reshape(p.x.shape[0], g, i, *n)
    for taps in product(*(range(k) for k in p.w.shape[3:])):
        places = tuple(
            slice(v + t * d, v + t * d + (m - 1) * s + 1, s)
            for v, t, d, m, s in zip(before, taps, p.dilation, n, p.stride, strict=True)
        )
        out[(slice(None), slice(None), slice(None), *places)] += np.einsum(
            "ngi...,gio->ngo...", x, p.w[(slice(None), slice(None), slice(None), *taps)]
        )
    crop = tuple(slice(v + a, v + a + m) for v, a, m in zip(before, p.lo, p.length, strict=True))
    return out[(slice(None), slice(None), slice(None), *crop)].reshape(p.x.shape[0], g * o, *p.length)


def _gather(p: Plain) -> Array:
    """The input put into zeros that reach as far as any tap, then strided slices."""
    g, i, o = p.w.shape[:3]
    n = p.x.shape[2:]
    reach = tuple(d * (k - 1) + 1 for d, k in zip(p.dilation, p.w.shape[3:], strict=True))
    before = tuple(max(a, 0) for a in p.lo)
    room = tuple(
        v + max(m_in, (m - 1) * s + r - a) + 1
        for v, m_in, m, s, r, a in zip(before, n, p.length, p.stride, reach, p.lo, strict=True)
    )
    x = np.zeros((p.x.shape[0], g, i, *room))
    inside = tuple(slice(v, v + m) for v, m in zip(before, n, strict=True))
    x[(slice(None), slice(None), slice(None), *inside)] = p.x.reshape(p.x.shape[0], g, i, *n)
    y = np.zeros((p.x.shape[0], g, o, *p.length))
    for taps in product(*(range(k) for k in p.w.shape[3:])):
        places = tuple(
            slice(v - a + t * d, v - a + t * d + (m - 1) * s + 1, s)
            for v, a, t, d, m, s in zip(before, p.lo, taps, p.dilation, p.length, p.stride, strict=True)
        )
        y += np.einsum(
            "ngi...,gio->ngo...",
            x[(slice(None), slice(None), slice(None), *places)],
            p.w[(slice(None), slice(None), slice(None), *taps)],
        )
    return y.reshape(p.x.shape[0], g * o, *p.length)


Outputs = Iterator[Array]


def _some_axes(dims: int) -> Iterator[tuple[int, ...]]:
    for chosen in product((False, True), repeat=dims):
        if any(chosen):
            yield tuple(i for i, c in enumerate(chosen) if c)


def _maybe(p: Plain | None) -> Outputs:
    if p is not None and all(m >= 0 for m in p.length):
        yield p.y()


def kernel_flipped(p: Plain) -> Outputs:
    for axes in _some_axes(p.op.dims):
        yield p.but(w=np.flip(p.w, [3 + a for a in axes])).y()


def another_convention(p: Plain) -> Outputs:
    padding = p.op.padding
    for name in ("torch", "tensorflow", "keras", "jax", "onnx"):
        word = padding
        if isinstance(padding, str) and padding.startswith("same"):
            word = "same_upper" if name == "onnx" else "same"
        if name != p.op.convention:
            yield from _maybe(p.read(convention=name, padding=word))
            yield from _maybe(p.read(convention=name, padding=word, output_padding=None, output_size=None))


def symmetric_same(p: Plain) -> Outputs:
    if p.op.symmetric and np.any(p.op.padding) and max(p.stride) > 1:
        same = {"convention": "keras", "padding": "same", "symmetric": False}
        yield from _maybe(p.read(**same, output_padding=None, output_size=None))
    if not str(p.op.padding).startswith("same"):
        return
    for half in (0, 1):
        pads = tuple((e - half) // 2 for e in p.op.extent)
        if p.op.transposed:
            for extra in range(max(p.stride)):
                length = tuple(f - 2 * a + extra for f, a in zip(p.full(), pads, strict=True))
                yield from _maybe(p.but(lo=pads, length=length))
        else:
            sizes = zip(p.x.shape[2:], pads, p.op.extent, p.stride, strict=True)
            yield from _maybe(p.but(lo=pads, length=tuple((n + 2 * a - e) // s + 1 for n, a, e, s in sizes)))


def odd_pixel(p: Plain) -> Outputs:
    for axes in _some_axes(p.op.dims):
        if all(p.lo[i] != p.end()[i] for i in axes):
            yield p.but(lo=tuple(e if i in axes else a for i, (a, e) in enumerate(zip(p.lo, p.end(), strict=True)))).y()


def padding_around_input(p: Plain) -> Outputs:
    if isinstance(p.op.padding, str) or not p.op.transposed or not np.any(p.op.padding):
        return
    x = np.pad(p.x, [(0, 0), (0, 0), *((max(a, 0), max(b, 0)) for a, b in p.op.padding)])
    if all(min(pair) >= 0 for pair in p.op.padding):
        wider = p.but(x=x, lo=(0,) * p.op.dims)
        yield wider.but(length=wider.full()).y()
        # Around the dilated input: the full scatter between zeros.
        full = p.but(lo=(0,) * p.op.dims, length=p.full(), b=None).y()
        y = np.pad(full, [(0, 0), (0, 0), *p.op.padding])
        yield y if p.b is None else y + p.b.reshape(-1, *(1 for _ in p.lo))


def output_padding_at_start(p: Plain) -> Outputs:
    extra = p.op.output_padding
    if extra is not None:
        yield p.but(lo=tuple(a - e for a, e in zip(p.lo, extra, strict=True))).y()


def output_padding_elsewhere(p: Plain) -> Outputs:
    extra = p.op.output_padding
    if extra is None or not any(extra):
        return
    short = p.but(length=tuple(m - e for m, e in zip(p.length, extra, strict=True)))
    yield np.pad(short.y(), [(0, 0), (0, 0), *((0, e) for e in extra)])
    for starts in ((0,) * p.op.dims, extra):
        x = np.pad(p.x, [(0, 0), (0, 0), *zip(starts, extra, strict=True)])
        more = tuple((a + e) * s for a, e, s in zip(starts, extra, p.stride, strict=True))
        yield short.but(x=x, length=tuple(m + n for m, n in zip(short.length, more, strict=True))).y()


def groups_ignored(p: Plain) -> Outputs:
    """The stored kernel, one group's channels in it, read as a dense one, or several times beside itself."""
    g, i, o = p.w.shape[:3]
    if g == 1:
        return
    if p.op.transposed:  # stored (in, out/g)
        stored = np.concatenate(list(p.w))[None]
        b = None if p.b is None else p.b[:o]
        yield p.but(w=stored, b=b, op=replace(p.op, groups=1)).y()
        yield p.but(w=np.tile(stored, (1, 1, g, *(1 for _ in p.lo))), op=replace(p.op, groups=1)).y()
    else:  # stored (out, in/g)
        stored = np.concatenate([w.swapaxes(0, 1) for w in p.w]).swapaxes(0, 1)[None]
        yield p.but(w=stored, x=p.x[:, :i], op=replace(p.op, groups=1)).y()
        yield p.but(w=np.tile(stored, (1, g, 1, *(1 for _ in p.lo))), op=replace(p.op, groups=1)).y()


def output_padding_misread(p: Plain) -> Outputs:
    if not p.op.transposed:
        return
    for value in (None, 0, 1, 2):
        given = None if value is None else (value,) * p.op.dims
        if value is None or value < max(p.stride):
            yield from _maybe(p.read(output_padding=given, output_size=None))


def padding_misread(p: Plain) -> Outputs:
    padding = p.op.padding
    if isinstance(padding, str):
        other = "same_upper" if p.op.convention == "onnx" else "same"
        yield from _maybe(p.read(padding=other if padding == "valid" else "valid"))
        return
    yield from _maybe(p.read(padding=((0, 0),) * p.op.dims))
    yield from _maybe(p.read(padding=padding[::-1]))
    yield from _maybe(p.read(padding=tuple((b, a) for a, b in padding)))
    yield from _maybe(p.read(padding=tuple((2 * a, 2 * b) for a, b in padding)))


def _steps(p: Plain, name: str) -> Outputs:
    right = getattr(p.op, name)
    for values in {right[::-1], *((v,) * len(right) for v in right)} - {right}:
        yield from _maybe(p.read(**{name: values}))
        yield p.but(op=replace(p.op, **{name: values})).y()


def stride_of_another_axis(p: Plain) -> Outputs:
    return _steps(p, "stride")


def dilation_of_another_axis(p: Plain) -> Outputs:
    return _steps(p, "dilation")


def stride_ignored(p: Plain) -> Outputs:
    ones = (1,) * p.op.dims
    yield from _maybe(p.read(stride=ones))
    yield p.but(op=replace(p.op, stride=ones)).y()


def dilation_ignored(p: Plain) -> Outputs:
    ones = (1,) * p.op.dims
    yield from _maybe(p.read(dilation=ones))
    yield p.but(op=replace(p.op, dilation=ones)).y()


def stride_and_dilation(p: Plain) -> Outputs:
    yield from _maybe(p.read(stride=p.dilation, dilation=p.stride))


def groups_and_dilation(p: Plain) -> Outputs:
    """What a framework makes of the two numbers exchanged, with as much of the stored kernel as it then takes."""
    d, g = p.dilation[0], p.op.groups
    inside, outside = p.op.in_channels, p.op.out_channels
    if set(p.dilation) != {d} or inside % d or outside % d:
        return
    space = p.w.shape[3:]
    if p.op.transposed:  # stored (in, out/g)
        stored = np.concatenate(list(p.w))
        stored = stored[:, : outside // d]
        parts = [part for part in np.split(stored, d) if part.shape[1] == outside // d]
    else:  # stored (out, in/g)
        stored = np.concatenate([w.swapaxes(0, 1) for w in p.w])
        stored = stored[:, : inside // d]
        parts = [part.swapaxes(0, 1) for part in np.split(stored, d) if part.shape[1] == inside // d]
    if parts:
        w = np.stack(parts).reshape(d, inside // d, outside // d, *space)
        op = replace(p.op, groups=d, dilation=(g,) * p.op.dims)
        yield from _maybe(plain(op, p.x, w, p.b))


def the_other_direction(p: Plain) -> Outputs:
    kind = OPS["conv" if p.op.transposed else "conv_transpose"]
    same = kind(**{**vars(p.op), "output_padding": None, "output_size": None})
    turned = replace(same, in_channels=p.op.out_channels, out_channels=p.op.in_channels)
    for op, w in ((turned, p.w.swapaxes(1, 2)), (same, p.w)):
        if op.in_channels == p.x.shape[1] and (p.b is None or p.b.size == op.out_channels):
            yield from _maybe(plain(op, p.x, w, p.b))


def dilation_off_by_one(p: Plain) -> Outputs:
    for change in (1, -1):
        off = tuple(d + change for d in p.dilation)
        if min(off) > 0:
            yield from _maybe(p.read(dilation=off))
            yield p.but(op=replace(p.op, dilation=off)).y()


def shifted(p: Plain) -> Outputs:
    for axes in _some_axes(p.op.dims):
        for amount in (1, -1):
            yield p.but(lo=tuple(a + amount * (i in axes) for i, a in enumerate(p.lo))).y()


def off_by_one(p: Plain) -> Outputs:
    """From an output two elements longer at either end, everything but what the fault leaves out."""
    for axes in _some_axes(p.op.dims):
        step = tuple(1 if p.op.transposed else s for s in p.stride)
        sign = 1 if p.op.transposed else -1
        wide = p.but(
            lo=tuple(a - sign * s for a, s in zip(p.lo, step, strict=True)), length=tuple(m + 2 for m in p.length)
        ).y()
        for start, stop in ((2, -1), (0, -1), (1, -2), (1, None)):
            cut = tuple(slice(start, stop) if i in axes else slice(1, -1) for i in range(p.op.dims))
            yield wide[(slice(None), slice(None), *cut)]


def border_padding(p: Plain) -> Outputs:
    if p.op.transposed or any(a < 0 or e < 0 for a, e in zip(p.lo, p.end(), strict=True)):
        return
    for mode in ("edge", "symmetric", "wrap"):
        x = np.pad(p.x, [(0, 0), (0, 0), *zip(p.lo, p.end(), strict=True)], mode=mode)
        yield p.but(x=x, lo=(0,) * p.op.dims).y()


def repeated_input(p: Plain) -> Outputs:
    if not p.op.transposed or set(p.stride) == {1}:
        return
    x = p.x
    for i, s in enumerate(p.stride):
        x = np.repeat(x, s, axis=2 + i)
    yield p.but(x=x, op=replace(p.op, stride=(1,) * p.op.dims)).y()


def overlaps_overwritten(p: Plain) -> Outputs:
    if not p.op.transposed or p.op.dims != 1:
        return
    g, i, o = p.w.shape[:3]
    full = np.zeros((p.x.shape[0], g, o, max(p.full()[0], p.lo[0] + p.length[0]) + 1))
    x = p.x.reshape(p.x.shape[0], g, i, -1)
    for t in range(p.w.shape[3]):
        for j in range(x.shape[3]):
            full[..., j * p.stride[0] + t * p.dilation[0]] = np.einsum("ngi,gio->ngo", x[..., j], p.w[..., t])
    if p.lo[0] >= 0:
        y = full[..., p.lo[0] : p.lo[0] + p.length[0]].reshape(p.x.shape[0], g * o, -1)
        yield y if p.b is None else y + p.b[:, None]


def channels_swapped(p: Plain) -> Outputs:
    if p.w.shape[1] > 1 and p.w.shape[2] > 1:
        spatial = p.w.shape[3:]
        if p.w.shape[0] == 1:
            yield p.but(w=p.w[0].swapaxes(0, 1).reshape(p.w.shape)).y()
            yield p.but(w=p.w[0].reshape(p.w.shape[2], p.w.shape[1], *spatial).swapaxes(0, 1)[None]).y()
        elif p.w.shape[1] == p.w.shape[2]:
            yield p.but(w=p.w.swapaxes(1, 2)).y()


def kernel_misread(p: Plain) -> Outputs:
    yield p.but(w=np.ravel(p.w).reshape(p.w.shape, order="F")).y()
    if p.w.shape[0] > 1:
        return
    i, o = p.w.shape[1:3]
    spatial = p.w.shape[3:]
    w = p.w[0]
    hwio = np.ascontiguousarray(np.moveaxis(w, (0, 1), (-2, -1)))
    yield p.but(w=hwio.reshape(o, i, *spatial).swapaxes(0, 1)[None]).y()
    yield p.but(w=hwio.reshape(i, o, *spatial)[None]).y()
    oihw = np.ascontiguousarray(w.swapaxes(0, 1))
    yield p.but(w=np.moveaxis(oihw.reshape(*spatial, i, o), (-2, -1), (0, 1))[None]).y()


def channels_first_as_last(p: Plain) -> Outputs:
    last = np.ascontiguousarray(np.moveaxis(p.x, 1, -1))
    yield p.but(x=last.reshape(p.x.shape)).y()
    yield p.but(x=np.moveaxis(p.x.reshape(last.shape), -1, 1)).y()
    yield p.but(x=np.ravel(p.x).reshape(p.x.shape, order="F")).y()
    y = p.y()
    yield np.ravel(y).reshape(y.shape, order="F")
    yield np.moveaxis(y.reshape(y.shape[0], *y.shape[2:], y.shape[1]), -1, 1)
    yield np.ascontiguousarray(np.moveaxis(y, 1, -1)).reshape(y.shape)
    yield np.moveaxis(y, 1, -1)


def space_swapped(p: Plain) -> Outputs:
    if p.op.dims < 2:
        return
    y = p.y()
    for a, b in ((0, 1),) if p.op.dims == 2 else ((0, 1), (1, 2), (0, 2)):
        if p.w.shape[3 + a] == p.w.shape[3 + b]:
            yield p.but(w=p.w.swapaxes(3 + a, 3 + b)).y()
        if p.x.shape[2 + a] == p.x.shape[2 + b]:
            yield p.but(x=p.x.swapaxes(2 + a, 2 + b)).y()
        yield y.swapaxes(2 + a, 2 + b)


def group_order(p: Plain) -> Outputs:
    g, i, o = p.w.shape[:3]
    if g == 1:
        return
    y = p.y()
    n, space = y.shape[0], y.shape[2:]
    if o > 1:
        yield y.reshape(n, g, o, *space).swapaxes(1, 2).reshape(y.shape)
        yield y.reshape(n, o, g, *space).swapaxes(1, 2).reshape(y.shape)
    if i > 1:
        shape = p.x.shape
        yield p.but(x=p.x.reshape(n, g, i, *shape[2:]).swapaxes(1, 2).reshape(shape)).y()
        yield p.but(x=p.x.reshape(n, i, g, *shape[2:]).swapaxes(1, 2).reshape(shape)).y()
        yield p.but(w=p.w.reshape(i, g, o, *p.w.shape[3:]).swapaxes(0, 1).reshape(p.w.shape)).y()


def one_groups_kernel(p: Plain) -> Outputs:
    for k in range(p.w.shape[0] if p.w.shape[0] > 1 else 0):
        yield p.but(w=np.stack([p.w[k]] * p.w.shape[0])).y()


def bias_missing(p: Plain) -> Outputs:
    if p.b is not None:
        yield p.but(b=None).y()


def bias_twice(p: Plain) -> Outputs:
    if p.b is not None:
        yield p.y() + p.b.reshape(-1, *(1 for _ in p.lo))


def bias_misplaced(p: Plain) -> Outputs:
    if p.b is not None and p.b.size > 1:
        for b in (-p.b, p.b[::-1], np.roll(p.b, 1), np.full_like(p.b, p.b[0])):
            yield p.but(b=b).y()


def data_flipped(p: Plain) -> Outputs:
    y = p.y()
    for axes in _some_axes(p.op.dims):
        places = [2 + i for i in axes]
        yield p.but(x=np.flip(p.x, places)).y()
        yield np.flip(y, places)


def channels_reversed(p: Plain) -> Outputs:
    if p.x.shape[1] > 1:
        yield p.but(x=p.x[:, ::-1]).y()
        yield p.but(w=p.w[:, ::-1]).y()
    if p.op.out_channels > 1:
        yield p.y()[:, ::-1]
        yield p.but(w=p.w[:, :, ::-1]).y()


def batch_item_reused(p: Plain) -> Outputs:
    if p.x.shape[0] > 1:
        for i in range(1, p.x.shape[0]):
            y = p.y()
            y[i] = y[i - 1]
            yield y
        yield p.y()[::-1]
        yield np.stack([p.y()[0]] * p.x.shape[0])


def output_moved(p: Plain) -> Outputs:
    y = p.y()
    for axes in _some_axes(p.op.dims):
        for amount in (1, -1):
            rolled = np.roll(y, [amount] * len(axes), axis=[2 + i for i in axes])
            yield rolled
            kept = rolled.copy()
            for i in axes:
                kept[(slice(None),) * (2 + i) + (0 if amount > 0 else -1,)] = 0.0
            yield kept


def tap_dropped(p: Plain) -> Outputs:
    for axis in range(3, p.w.ndim):
        for index in (0, -1):
            if p.w.shape[axis] > 1:
                w = p.w.copy()
                w[(slice(None),) * axis + (index,)] = 0.0
                yield p.but(w=w).y()


def edge_dropped(p: Plain) -> Outputs:
    for axis in range(2, p.x.ndim):
        for index in (0, -1):
            x = p.x.copy()
            x[(slice(None),) * axis + (index,)] = 0.0
            yield p.but(x=x).y()
            y = p.y()
            if y.shape[axis]:
                y[(slice(None),) * axis + (index,)] = 0.0
                yield y


def scaled(p: Plain) -> Outputs:
    stride = float(np.prod(p.stride))
    for factor in (2.0, -1.0, 0.5, 1.0 / np.prod(p.w.shape[3:]), 0.0, stride, 1 / stride, 1 / p.w.shape[1]):
        yield factor * p.y()


def input_given_back(p: Plain) -> Outputs:
    if p.y().shape == p.x.shape:
        yield p.x.copy()


def channel_reused(p: Plain) -> Outputs:
    for i in range(1, p.x.shape[1]):
        x = p.x.copy()
        x[:, i] = x[:, i - 1]
        yield p.but(x=x).y()
    for i in range(1, p.op.out_channels):
        y = p.y()
        y[:, i] = y[:, i - 1]
        yield y


def element_reused(p: Plain) -> Outputs:
    for name in ("x", "w"):
        array = getattr(p, name)
        for i in range(1, array.size):
            for source, target in ((i - 1, i), (i, i - 1)):
                flat = array.copy().reshape(-1)
                if flat[source] != flat[target]:
                    flat[target] = flat[source]
                    yield p.but(**{name: flat.reshape(array.shape)}).y()


def narrow_inputs(p: Plain) -> Outputs:
    for dtype in ("bfloat16", "float16"):
        yield p.but(x=rounded(p.x, dtype), w=rounded(p.w, dtype)).y()
    # TF32: the lower 13 bits of a float32 rounded away.
    yield p.but(x=_tf32(p.x), w=_tf32(p.w)).y()


def _tf32(array: Array) -> Array:
    bits = array.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x0FFF + ((bits >> 13) & 1)) & ~np.uint64(0x1FFF)).astype(np.uint32).view(np.float32).astype(float)


def narrow_output(p: Plain) -> Outputs:
    for dtype in ("bfloat16", "float16"):
        yield rounded(p.y(), dtype)


def another_dtype(p: Plain) -> Outputs:
    for dtype in ("bfloat16", "float16"):
        b = None if p.b is None else rounded(p.b, dtype)
        yield rounded(p.but(x=rounded(p.x, dtype), w=rounded(p.w, dtype), b=b).y(), dtype)


FAULTS: dict[str, Callable[[Plain], Outputs]] = {
    "kernel flipped": kernel_flipped,
    "another convention": another_convention,
    "symmetric same": symmetric_same,
    "odd pixel at the other end": odd_pixel,
    "padding around the input": padding_around_input,
    "output_padding at the start": output_padding_at_start,
    "output_padding done elsewhere": output_padding_elsewhere,
    "output_padding misread": output_padding_misread,
    "padding misread": padding_misread,
    "stride of another axis": stride_of_another_axis,
    "dilation of another axis": dilation_of_another_axis,
    "dilation ignored": dilation_ignored,
    "stride ignored": stride_ignored,
    "stride and dilation exchanged": stride_and_dilation,
    "groups and dilation exchanged": groups_and_dilation,
    "the other direction": the_other_direction,
    "dilation off by one": dilation_off_by_one,
    "shifted by one": shifted,
    "off by one at an end": off_by_one,
    "border padding": border_padding,
    "repeated input": repeated_input,
    "overlaps overwritten": overlaps_overwritten,
    "channels swapped": channels_swapped,
    "space swapped": space_swapped,
    "channels first as last": channels_first_as_last,
    "kernel misread": kernel_misread,
    "group order": group_order,
    "one group's kernel for all": one_groups_kernel,
    "groups ignored": groups_ignored,
    "bias missing": bias_missing,
    "bias added twice": bias_twice,
    "bias misplaced": bias_misplaced,
    "data flipped": data_flipped,
    "channels reversed": channels_reversed,
    "batch item reused": batch_item_reused,
    "output moved by one": output_moved,
    "kernel tap dropped": tap_dropped,
    "edge dropped": edge_dropped,
    "scaled": scaled,
    "input given back": input_given_back,
    "channel reused": channel_reused,
    "element reused": element_reused,
    "narrow inputs": narrow_inputs,
    "narrow output": narrow_output,
    "computed in another dtype": another_dtype,
}

# These need real values: small integers are exact in every format.
NEED_REAL_VALUES = {"narrow inputs", "narrow output", "computed in another dtype"}


def random_problem(rng: np.random.RandomState, real: bool) -> Plain:
    """A random convolution of either kind with integer or real inputs, small enough to try everything on."""
    while True:
        op = ("conv", "conv_transpose")[rng.randint(2)]
        dims = int(rng.choice([1, 2, 2, 2, 3]))
        groups = int(rng.choice([1, 1, 2, 3]))
        convention = str(rng.choice(["torch", "tensorflow", "keras", "jax", "onnx"]))
        explicit = convention != "keras" and rng.rand() < 0.5
        word = str(rng.choice(["same", "valid"]))
        if convention == "onnx" and word == "same":
            word = "same_upper"
        padding: Any = word
        if explicit:
            padding = [int(v) for v in rng.randint(0, 3, dims)]
            if convention in ("jax", "tensorflow", "onnx") and rng.rand() < 0.5:
                padding = [[int(a), int(b)] for a, b in rng.randint(0, 3, (dims, 2))]
        size = 6 if dims < 3 else 4
        given = {
            "dims": dims,
            "batch": int(rng.randint(1, 4)),
            "groups": groups,
            "in_channels": groups * int(rng.randint(1, 4)),
            "out_channels": groups * int(rng.randint(1, 4)),
            "size": [int(v) for v in rng.randint(2, size, dims)],
            "kernel": [int(v) for v in rng.randint(1, 5 if dims < 3 else 4, dims)],
            "stride": [int(v) for v in rng.randint(1, 4, dims)] if rng.rand() < 0.5 else int(rng.randint(1, 4)),
            "dilation": [int(v) for v in rng.randint(1, 3, dims)] if rng.rand() < 0.3 else 1,
            "padding": padding,
            "bias": bool(rng.rand() < 0.5),
            "convention": convention,
        }
        if op == "conv_transpose" and convention in ("torch", "keras", "onnx") and rng.rand() < 0.4:
            given["output_padding"] = int(rng.randint(0, 3))
        params = bind(op, **given)
        if params.refusal() is None and all(params.outputs()[0].shape):
            break
    arrays = {}
    for spec in params.inputs():
        if real:
            arrays[spec.name] = rounded(rng.standard_normal(spec.shape), "float32")
        else:
            arrays[spec.name] = rng.randint(1, 5, spec.shape) * rng.choice([-1.0, 1.0], spec.shape)
    found = plain(params, arrays["x"], arrays["w"], arrays.get("b"))
    assert found is not None
    return found

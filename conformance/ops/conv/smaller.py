"""What `minimize` tries of a convolution, and its parameters as a case file gives them.

Sizes and kernels shrink together, too, channels by the group, and an output length follows what it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.ops.parameters import Step, fewer

if TYPE_CHECKING:
    from conformance.ops.conv.convolution import Convolution

Axes = tuple[int, ...]
Found = Iterator["Convolution"]


def written(p: Convolution) -> dict[str, Any]:
    """The parameters as a case file gives them, what is the default everywhere left out."""
    given: dict[str, Any] = {"convention": p.convention}
    if p.dims != 2:
        given["dims"] = p.dims
    for name in ("batch", "in_channels", "out_channels", "groups"):
        if getattr(p, name) != 1:
            given[name] = getattr(p, name)
    given["size"] = _joined(p.size)
    given["kernel"] = _joined(p.kernel)
    for name in ("stride", "dilation"):
        if set(getattr(p, name)) != {1}:
            given[name] = _joined(getattr(p, name))
    if isinstance(p.padding, str):
        given["padding"] = p.padding
    elif p.symmetric:
        given["padding"] = _joined(tuple(low for low, _ in p.padding))
    else:
        given["padding"] = p.padding
    for name in ("output_padding", "output_size"):
        if getattr(p, name) is not None:
            given[name] = _joined(getattr(p, name))
    if p.bias:
        given["bias"] = True
    if p.data_format:
        given["data_format"] = p.data_format
    return given


def _joined(values: Axes) -> int | Axes:
    return values[0] if len(set(values)) == 1 else values


def _changed(p: Convolution, name: str, value: Any) -> Convolution:
    changes: dict[str, Any] = {name: value}
    return replace(p, **changes)


def _per_axis(name: str, p: Convolution) -> Found:
    values = getattr(p, name)
    for smaller in fewer(values, 1):
        if smaller != values:
            yield from _with_output(p, _changed(p, name, smaller))


def _with_output(old: Convolution, new: Convolution) -> Found:
    """The new parameters, and, where an output length is asked for, with it following the full scatter's length."""
    if new.output_size is None or new.output_size != old.output_size:
        yield new
        return
    shift = [before - after for before, after in zip(_full(old), _full(new), strict=True)]
    moved = tuple(max(length - by, 0) for length, by in zip(new.output_size, shift, strict=True))
    yield replace(new, output_size=moved)
    if moved != new.output_size:
        yield new


def _full(p: Convolution) -> Iterator[int]:
    """The full scatter's length, an axis."""
    for n, k, s, d in zip(p.size, p.kernel, p.stride, p.dilation, strict=True):
        yield (n - 1) * s + d * (k - 1) + 1


def together(p: Convolution) -> Found:
    """Size and kernel less by the same, as much as can be first: how they stand to each other stays."""
    for less in range(min(*p.size, *p.kernel) - 1, 0, -1):
        size = tuple(n - less for n in p.size)
        kernel = tuple(k - less for k in p.kernel)
        yield from _with_output(p, replace(p, size=size, kernel=kernel))


def channels(p: Convolution) -> Found:
    """Fewer channels: one a group, then half, then one less."""
    g = p.groups
    pair = (p.in_channels // g, p.out_channels // g)
    for a, b in fewer(pair, 1):
        if (a, b) != pair:
            yield replace(p, in_channels=a * g, out_channels=b * g)


def batch(p: Convolution) -> Found:
    """A smaller batch."""
    for (smaller,) in fewer((p.batch,), 1):
        if smaller != p.batch:
            yield replace(p, batch=smaller)


def groups(p: Convolution) -> Found:
    """Fewer groups, with as many channels a group or as many altogether."""
    if p.groups == 1:
        return
    for (less,) in fewer((p.groups,), 1):
        inside, outside = p.in_channels // p.groups, p.out_channels // p.groups
        yield replace(p, groups=less, in_channels=inside * less, out_channels=outside * less)
        if less == 1:
            yield replace(p, groups=1)


def padding(p: Convolution) -> Found:
    """No padding, then less of it."""
    if p.padding != "valid":
        yield replace(p, padding="valid")
    if isinstance(p.padding, str):
        return
    zero = ((0, 0),) * p.dims
    if not p.symmetric and all(low == high for low, high in p.padding):
        yield replace(p, symmetric=True)
    if p.padding != zero:
        yield replace(p, padding=zero)
    ends = tuple(e for pair in p.padding for e in pair)
    if p.symmetric:
        smaller = [tuple((e, e) for e in lows) for lows in fewer(ends[::2], 0)]
    else:
        smaller = [tuple(zip(s[::2], s[1::2], strict=True)) for s in fewer(ends, 0)]
    for pairs in smaller:
        if pairs != p.padding:
            yield replace(p, padding=pairs)


def output(p: Convolution) -> Found:
    """Without an output length or output_padding, then with less."""
    for name in ("output_padding", "output_size"):
        values = getattr(p, name)
        if values is None:
            continue
        yield _changed(p, name, None)
        for smaller in fewer(values, 0):
            if smaller != values:
                yield _changed(p, name, smaller)


def bias(p: Convolution) -> Found:
    """Without a bias."""
    if p.bias:
        yield replace(p, bias=False)


def dims(p: Convolution) -> Found:
    """One spatial axis less."""
    if p.dims == 1:
        return
    for axis in range(p.dims):

        def without(values: Any, axis: int = axis) -> Any:
            return values if values is None or isinstance(values, str) else (*values[:axis], *values[axis + 1 :])

        names = ("size", "kernel", "stride", "dilation", "padding", "output_padding", "output_size")
        less: dict[str, Any] = {name: without(getattr(p, name)) for name in names}
        yield replace(p, dims=p.dims - 1, **less)


def layout(p: Convolution) -> Found:
    """Each framework's own layout."""
    if p.data_format:
        yield replace(p, data_format=None)


# In the order in which they are tried.
STEPS: tuple[tuple[str, Step], ...] = (
    ("size", partial(_per_axis, "size")),
    ("kernel", partial(_per_axis, "kernel")),
    ("size and kernel", together),
    ("channels", channels),
    ("batch", batch),
    ("stride", partial(_per_axis, "stride")),
    ("dilation", partial(_per_axis, "dilation")),
    ("groups", groups),
    ("padding", padding),
    ("output", output),
    ("bias", bias),
    ("dims", dims),
    ("data_format", layout),
)
SIZES = ("size", "kernel", "size and kernel", "channels", "batch")

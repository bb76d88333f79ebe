"""Smaller parameters: for each parameter the candidates that may replace a case, the smallest first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.ops.call import Call
from conformance.ops.conv.convolution import Convolution
from conformance.suite.case import Case, Expect
from conformance.suite.settings import DEFAULT_CHECKS
from conformance.suite.write import thaw

Cases = Iterator[Case]
Step = Callable[[Case], Cases]
Axes = tuple[int, ...]


def convolution(case: Case) -> Convolution | None:
    """The convolution that a case asks for: its parameters, or those of a `call`'s reference."""
    op = case.op.definition()
    return op if isinstance(op, Convolution) else None


def given_of(p: Convolution) -> dict[str, Any]:
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


def with_convolution(case: Case, p: Convolution) -> Case:
    """The case with other parameters. They are only written (`given`): reading them again binds and checks them."""
    given = tuple(given_of(p).items())
    if not isinstance(case.op, Call):
        return replace(case, given=given)
    written = thaw(case.given)
    reference = (("op", written["reference"]["op"]), ("params", given))
    return with_given(case, "reference", reference)


def with_given(case: Case, name: str, value: Any) -> Case:
    """The case with one written parameter replaced."""
    return replace(case, given=tuple((key, value if key == name else old) for key, old in case.given))


# --- what is said besides parameters ------------------------------------------------------------------------------


def statement(case: Case) -> Cases:
    """Without what the case says beyond its question."""
    if isinstance(case.op, Call):
        yield from _fewer_plans(case)
    if case.expect != Expect():
        yield replace(case, expect=Expect())
        if case.expect.refused is not None:
            yield replace(case, expect=Expect(refused=case.expect.refused))
    if case.seed:
        yield replace(case, seed=0)
    if case.permits:
        yield replace(case, permits=frozenset())
        for one in sorted(case.permits):
            yield replace(case, permits=case.permits - {one})


def _fewer_plans(case: Case) -> Cases:
    plans = dict(case.given)["plans"]
    if len(plans) > 1:
        for name, _ in plans:
            yield with_given(case, "plans", tuple(p for p in plans if p[0] != name))


def dtype(case: Case) -> Cases:
    """float32."""
    if case.dtype != "float32":
        yield replace(case, dtype="float32")


def checks(case: Case) -> Cases:
    """Without the checks that do not fail."""
    extra = [check for check in case.checks if check not in DEFAULT_CHECKS]
    if extra:
        yield replace(case, checks=DEFAULT_CHECKS)
    if len(extra) > 1:
        for one in extra:
            yield replace(case, checks=(*DEFAULT_CHECKS, one))


# --- parameters -----------------------------------------------------------------------------------------------------


def _smaller(values: Axes, least: int) -> Iterator[Axes]:
    """Every axis at the least, then at half, then one axis at a time: least, half, one less."""

    def toward(value: int, way: str) -> int:
        if value <= least:
            return value
        return {"least": least, "half": max((value + least) // 2, least), "less": value - 1}[way]

    for way in ("least", "half"):
        yield tuple(toward(v, way) for v in values)
    for axis in range(len(values)):
        for way in ("least", "half", "less"):
            yield (*values[:axis], toward(values[axis], way), *values[axis + 1 :])


def _changed(p: Convolution, name: str, value: Any) -> Convolution:
    changes: dict[str, Any] = {name: value}
    return replace(p, **changes)


def _per_axis(name: str, least: int) -> Step:
    def step(case: Case) -> Cases:
        p = convolution(case)
        values = getattr(p, name) if p is not None else None
        if p is None or values is None or not _may(case, name):
            return
        for smaller in _smaller(values, least):
            if smaller != values:
                for changed in _with_output(p, _changed(p, name, smaller)):
                    yield with_convolution(case, changed)

    return step


def _with_output(old: Convolution, new: Convolution) -> Iterator[Convolution]:
    """The new parameters, and, where an output length is asked for, with it following the full scatter's length."""
    if new.output_size is None or new.output_size != old.output_size:
        yield new
        return
    shift = [(o.size - n.size) for o, n in zip(_axes(old), _axes(new), strict=True)]
    moved = tuple(max(length - by, 0) for length, by in zip(new.output_size, shift, strict=True))
    yield replace(new, output_size=moved)
    if moved != new.output_size:
        yield new


class _Axis:
    def __init__(self, n: int, k: int, s: int, d: int) -> None:
        self.size = (n - 1) * s + d * (k - 1) + 1


def _axes(p: Convolution) -> list[_Axis]:
    return [_Axis(*values) for values in zip(p.size, p.kernel, p.stride, p.dilation, strict=True)]


def together(case: Case) -> Cases:
    """Size and kernel less by the same, as much as can be first: how they stand to each other stays."""
    p = convolution(case)
    if p is None or not (_may(case, "size") and _may(case, "kernel")):
        return
    for less in range(min(*p.size, *p.kernel) - 1, 0, -1):
        size = tuple(n - less for n in p.size)
        kernel = tuple(k - less for k in p.kernel)
        for changed in _with_output(p, replace(p, size=size, kernel=kernel)):
            yield with_convolution(case, changed)


def channels(case: Case) -> Cases:
    """Fewer channels: one a group, then half, then one less."""
    p = convolution(case)
    if p is None or not _may(case, "channels"):
        return
    g = p.groups
    pair = (p.in_channels // g, p.out_channels // g)
    for a, b in _smaller(pair, 1):
        if (a, b) != pair:
            yield with_convolution(case, replace(p, in_channels=a * g, out_channels=b * g))


def batch(case: Case) -> Cases:
    """A smaller batch."""
    p = convolution(case)
    if p is None or not _may(case, "batch"):
        return
    for (smaller,) in _smaller((p.batch,), 1):
        if smaller != p.batch:
            yield with_convolution(case, replace(p, batch=smaller))


def groups(case: Case) -> Cases:
    """Fewer groups, with as many channels a group or as many altogether."""
    p = convolution(case)
    if p is None or p.groups == 1 or isinstance(case.op, Call):
        return
    for (fewer,) in _smaller((p.groups,), 1):
        inside, outside = p.in_channels // p.groups, p.out_channels // p.groups
        yield with_convolution(case, replace(p, groups=fewer, in_channels=inside * fewer, out_channels=outside * fewer))
        if fewer == 1:
            yield with_convolution(case, replace(p, groups=1))


def padding(case: Case) -> Cases:
    """No padding, then less of it."""
    p = convolution(case)
    if p is None or isinstance(case.op, Call):
        return
    if p.padding != "valid":
        yield with_convolution(case, replace(p, padding="valid"))
    if isinstance(p.padding, str):
        return
    zero = ((0, 0),) * p.dims
    if not p.symmetric and all(low == high for low, high in p.padding):
        yield with_convolution(case, replace(p, symmetric=True))
    if p.padding != zero:
        yield with_convolution(case, replace(p, padding=zero))
    ends = tuple(e for pair in p.padding for e in pair)
    if p.symmetric:
        smaller = [tuple((e, e) for e in lows) for lows in _smaller(ends[::2], 0)]
    else:
        smaller = [tuple(zip(s[::2], s[1::2], strict=True)) for s in _smaller(ends, 0)]
    for pairs in smaller:
        if pairs != p.padding:
            yield with_convolution(case, replace(p, padding=pairs))


def output(case: Case) -> Cases:
    """Without an output length or output_padding, then with less."""
    p = convolution(case)
    if p is None or isinstance(case.op, Call):
        return
    for name in ("output_padding", "output_size"):
        values = getattr(p, name)
        if values is None:
            continue
        yield with_convolution(case, _changed(p, name, None))
        for smaller in _smaller(values, 0):
            if smaller != values:
                yield with_convolution(case, _changed(p, name, smaller))


def bias(case: Case) -> Cases:
    """Without a bias."""
    p = convolution(case)
    if p is not None and p.bias and not isinstance(case.op, Call):
        yield with_convolution(case, replace(p, bias=False))


def dims(case: Case) -> Cases:
    """One spatial axis less."""
    p = convolution(case)
    if p is None or p.dims == 1 or isinstance(case.op, Call):
        return
    for axis in range(p.dims):

        def without(values: Any, axis: int = axis) -> Any:
            return values if values is None or isinstance(values, str) else (*values[:axis], *values[axis + 1 :])

        names = ("size", "kernel", "stride", "dilation", "padding", "output_padding", "output_size")
        fewer: dict[str, Any] = {name: without(getattr(p, name)) for name in names}
        yield with_convolution(case, replace(p, dims=p.dims - 1, **fewer))


def options(case: Case) -> Cases:
    """Each framework's own layout."""
    p = convolution(case)
    if p is not None and p.data_format and not isinstance(case.op, Call):
        yield with_convolution(case, replace(p, data_format=None))


def inputs(case: Case) -> Cases:
    """For a `call` with inputs of its own: a letter of their layouts at length 1, half or one less."""
    if not isinstance(case.op, Call) or not _may(case, "size"):
        return
    written = dict(case.given).get("inputs")
    if not written:
        return
    for letter in dict.fromkeys(c for _, body in written for c in dict(body)["layout"]):
        lengths = {
            name: dict(body)["shape"][dict(body)["layout"].index(letter)]
            for name, body in written
            if letter in dict(body)["layout"]
        }
        for chosen in (set(lengths), *({name} for name in lengths)):
            longest = max(lengths[name] for name in chosen)
            for (smaller,) in _smaller((longest,), 1):
                if smaller < longest:
                    yield with_given(case, "inputs", _cut(written, letter, chosen, smaller))


def _cut(written: Any, letter: str, chosen: set[str], length: int) -> Any:
    result = []
    for name, body in written:
        entry = dict(body)
        if name in chosen and letter in entry["layout"]:
            at = entry["layout"].index(letter)
            entry["shape"] = tuple(min(n, length) if i == at else n for i, n in enumerate(entry["shape"]))
        result.append((name, tuple(entry.items())))
    return tuple(result)


def _may(case: Case, name: str) -> bool:
    """Whether a parameter may be changed: what a `call`'s plans spell out may not, or the two would contradict."""
    if not isinstance(case.op, Call):
        return True
    return name in ("size", "kernel", "channels", "batch") and not any(
        _names_sizes(plan.text) for _, plan in case.op.plans
    )


def _names_sizes(text: str) -> bool:
    """Whether a plan spells out a shape: three or more integers in a row, or a slice that ends at a number."""
    for node in ast.walk(ast.parse(text)):
        listed = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        if len(listed) >= 3 and all(isinstance(e, ast.Constant) and isinstance(e.value, int) for e in listed):
            return True
        if isinstance(node, ast.Slice) and (node.lower is not None or node.upper is not None):
            return True
    return False


# In the order in which they are tried.
STEPS: tuple[tuple[str, Step], ...] = (
    ("statement", statement),
    ("size", _per_axis("size", 1)),
    ("kernel", _per_axis("kernel", 1)),
    ("size and kernel", together),
    ("inputs", inputs),
    ("channels", channels),
    ("batch", batch),
    ("stride", _per_axis("stride", 1)),
    ("dilation", _per_axis("dilation", 1)),
    ("groups", groups),
    ("padding", padding),
    ("output", output),
    ("bias", bias),
    ("dtype", dtype),
    ("checks", checks),
    ("dims", dims),
    ("options", options),
)

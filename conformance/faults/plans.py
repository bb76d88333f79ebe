"""Faults in what is asked: the geometry that is lowered, the plan's text, its layouts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from conformance.faults.asked import Asked, Fault, lowered, run
from conformance.layout import Layout
from conformance.outcome import Outcome
from conformance.plan import Plan

# --- the geometry that is lowered -----------------------------------------------------------------------------------


def geometry_fault(change: Callable[[dict[str, int]], dict[str, int]], axis: int, asked: Asked) -> Iterator[Outcome]:
    """Another geometry on one spatial axis; the inputs stay as they are."""
    if axis >= len(asked.geometry):
        return
    axes = list(asked.geometry)
    axes[axis] = replace(axes[axis], **change(dict(axes[axis].__dict__)))
    if min(axes[axis].small, axes[axis].large) < 0:
        return
    plan = lowered(asked.case, asked.op, tuple(axes))
    if isinstance(plan, Plan):
        yield run(replace(asked, plan=plan))


def output_length(delta: int, asked: Asked) -> Iterator[Outcome]:
    """The output is longer or shorter at its end."""
    side = "large" if getattr(asked.op, "transposed", False) else "small"
    yield from geometry_fault(lambda a: {side: a[side] + delta}, 0, asked)


# --- the text of the plan -------------------------------------------------------------------------------------------


def text_fault(pattern: str, replacement: str | Callable[[re.Match[str]], str], asked: Asked) -> Iterator[Outcome]:
    """The plan with one thing written differently."""
    if asked.plan is None:
        return
    text = re.sub(pattern, replacement, asked.plan.text, count=1)
    if text != asked.plan.text:
        yield run(replace(asked, plan=replace(asked.plan, text=text)))


def bumped(group: int) -> Callable[[re.Match[str]], str]:
    """The match with the integer in a group one larger."""

    def change(match: re.Match[str]) -> str:
        start, stop = match.span(group)
        text = match.group(0)
        return text[: start - match.start()] + str(int(match[group]) + 1) + text[stop - match.start() :]

    return change


# --- layouts --------------------------------------------------------------------------------------------------------


def flip_fault(name: str, letter: str, asked: Asked) -> Iterator[Outcome]:
    """An input or the output is flipped along one axis when it should not be, or is not when it should."""
    layout = layout_of(asked, name)
    if layout is not None and letter in layout.letters:
        yield run(with_layout(asked, name, replace(layout, flips=layout.flips ^ {letter})))


def letters_fault(name: str, one: str, other: str, asked: Asked) -> Iterator[Outcome]:
    """Two axes of a layout change places."""
    layout = layout_of(asked, name)
    if layout is not None and one in layout.letters and other in layout.letters:
        table = str.maketrans({one: other, other: one})
        swapped = Layout(tuple(a.translate(table) for a in layout.axes), layout.flips)
        yield run(with_layout(asked, name, swapped))


def layout_of(asked: Asked, name: str) -> Layout | None:
    """A tensor's layout in the plan, where there is one."""
    return asked.plan.layout(name) if asked.plan is not None else None


def with_layout(asked: Asked, name: str, layout: Layout) -> Asked:
    """The plan with another layout for one tensor."""
    assert asked.plan is not None
    layouts = {**dict(asked.plan.layouts), name: str(layout)}
    return replace(asked, plan=Plan.of(asked.plan.text, layouts))


SPATIAL = ("D", "H", "W")
GEOMETRY, LAYOUT, TEXT = "geometry", "layouts and flips", "the plan's text"


def geometry_faults() -> Iterator[Fault]:
    """One line a fault."""
    for i in range(3):
        word = f"spatial axis {i}"
        for name, change in (
            ("stride one more", lambda a: {"stride": a["stride"] + 1}),
            ("stride ignored", lambda a: {"stride": 1}),
            ("dilation one more", lambda a: {"dilation": a["dilation"] + 1}),
            ("dilation ignored", lambda a: {"dilation": 1}),
            ("start one more", lambda a: {"lo": a["lo"] + 1}),
            ("start one less", lambda a: {"lo": a["lo"] - 1}),
            ("padding ignored", lambda a: {"lo": 0}),
        ):
            yield Fault(f"{name} on {word}", GEOMETRY, partial(geometry_fault, change, i))
    for delta in (1, -1):
        yield Fault(f"output length {delta:+d}", GEOMETRY, partial(output_length, delta))


def layout_faults() -> Iterator[Fault]:
    """One line a fault."""
    for letter in SPATIAL:
        for name in ("w", "x", "y"):
            yield Fault(f"{name} flipped along {letter}", LAYOUT, partial(flip_fault, name, letter))
    for name, one, other in (
        ("w", "I", "O"), ("w", "H", "W"), ("w", "D", "W"), ("w", "G", "I"), ("w", "G", "O"), ("w", "O", "W"),
        ("w", "I", "W"), ("x", "H", "W"), ("x", "N", "C"), ("x", "C", "W"), ("y", "H", "W"), ("y", "N", "C"),
        ("y", "C", "W"), ("y", "D", "H"),
    ):  # fmt: skip
        yield Fault(f"{one} and {other} of {name} exchanged", LAYOUT, partial(letters_fault, name, one, other))


def text_faults() -> Iterator[Fault]:
    """One line a fault."""
    yield Fault("bias line lost", TEXT, partial(text_fault, r"\ny = y \+ numpy\.reshape\(b.*", ""))
    yield Fault("bias subtracted", TEXT, partial(text_fault, r"y = y \+ ", "y = y - "))
    yield Fault("bias added twice", TEXT, partial(text_fault, r"(\ny = y \+ numpy\.reshape\(b.*\))", r"\1\1"))
    yield Fault("answer doubled", TEXT, partial(text_fault, r"\Z", "\ny = y + y"))
    yield Fault("answer negated", TEXT, partial(text_fault, r"\Z", "\ny = -y"))
    yield Fault(
        "one element more of padding", TEXT, partial(text_fault, r"padded = numpy\.pad\(.*\((\d+), \d+\)", bumped(1))
    )
    yield Fault("stride of the windows", TEXT, partial(text_fault, r"windows\[[^\n]*?::(\d+)", bumped(1)))
    yield Fault("space of the windows exchanged", TEXT, partial(text_fault, r"->(n\w*?)hw", r"->\1wh"))
    yield Fault("taps of the kernel exchanged", TEXT, partial(text_fault, r"ab(i?)jk->", r"ab\1kj->"))
    yield Fault("channels of the kernel exchanged", TEXT, partial(text_fault, r",(g?)ab(\w+)->", r",\1ba\2->"))
    yield Fault("groups summed", TEXT, partial(text_fault, r",gab(\w+)->n(g?)", r",ggab\1->n\2"))
    yield Fault("answer in float64", TEXT, partial(text_fault, r"\Z", "\ny = y.astype(numpy.float64)"))
    yield Fault("answer in float16", TEXT, partial(text_fault, r"\Z", "\ny = y.astype(numpy.float16)"))
    yield Fault("answer of one axis less", TEXT, partial(text_fault, r"\Z", "\ny = y[0]"))
    yield Fault("answer cropped", TEXT, partial(text_fault, r"\Z", "\ny = y[..., 1:]"))

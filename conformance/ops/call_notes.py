"""What a `call` probably does not mean: tensors that a plan takes in an order that its framework is not used to."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from conformance.ops.call_fields import Written

# The frameworks whose layers take images one way where nothing is said; JAX and NumPy have no habit.
CHANNELS_LAST = ("tensorflow", "keras")
CHANNELS_FIRST = ("torch", "onnx")
_SPATIAL = "DHW"


def unread(text: str, names: list[str]) -> list[str]:
    """The inputs that no statement of a plan reads."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # reported as what it is
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return [name for name in names if name not in read]


def layout_notes(
    plans: tuple[Written, ...], axes: Mapping[str, str], outputs: Collection[str]
) -> Iterator[tuple[str, str]]:
    """For each plan that gets an image in an order that its framework is not used to, without a word about it: the
    framework and a note. `axes`: the canonical letters of each tensor.
    """
    for framework, text, _, layouts in plans:
        said = dict(layouts)
        if framework not in (*CHANNELS_LAST, *CHANNELS_FIRST) or "data_format" in text:
            continue
        odd = [
            name
            for name, letters in axes.items()
            if name not in said
            and "N" in letters
            and "C" in letters
            and any(letter in letters for letter in _SPATIAL)
            and letters.endswith("C") is (framework in CHANNELS_FIRST)
        ]
        if odd:
            given = ", ".join(f"{'gives' if name in outputs else 'takes'} {name} as {axes[name]}" for name in odd)
            habit = "channels last" if framework in CHANNELS_LAST else "channels first"
            yield (
                framework,
                f"the plan for {framework} {given}, since no layout is said, and {framework} is used to {habit}; "
                f"expected `layouts: {{{', '.join(f'{name}: {_usual(axes[name], framework)}' for name in odd)}}}`, "
                f"or the same with {axes[odd[0]]}, if that is meant",
            )


def _usual(letters: str, framework: str) -> str:
    rest = letters.replace("N", "").replace("C", "")
    return f"N{rest}C" if framework in CHANNELS_LAST else f"NC{rest}"

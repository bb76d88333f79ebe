"""Words of boxes by hand, where a framework interpolates at places: the places of y in x, and which of them lie in x.

Shared by the rooms; knows no framework.
"""

from __future__ import annotations

from conformance.frameworks.words import Word

# Of `down` and `along`, the places of y in a box as shares of it.
PLACES = (
    "down = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * down)[:, None, :, None] * {lasts|first}\n"
    "along = (boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * along)[:, None, None, :] * {lasts|last}\n"
)
OWN: dict[str, Word] = {"order": {"nearest": 0, "linear": 1}.get, "last": lambda pair: pair[1]}


def inside(module: str) -> str:
    """Lines that make `inside`, in the functions of NumPy, or of a module that has the same ones."""
    m = module
    return (
        f"inside = {m}.logical_and({m}.greater_equal(down, 0), {m}.less_equal(down, {{lasts|first}}))\n"
        f"inside = {m}.logical_and(inside, {m}.greater_equal(along, 0))\n"
        f"inside = {m}.logical_and(inside, {m}.less_equal(along, {{lasts|last}}))\n"
    )

"""How JAX is asked: resizing.

https://docs.jax.dev/en/latest/jax.image.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_WAYS = {
    "nearest half_pixel prefer_ceil": "nearest",
    "linear half_pixel": "linear",
    "linear half_pixel antialias": "linear",
    "cubic half_pixel -0.5 within": "cubic",
    "cubic half_pixel -0.5 antialias": "cubic",
    "cubic half_pixel -0.75": "cubic-pytorch",
    "area": "area",
}
# By a scale and a shift, and the kernel that they take.
_MOVED = {
    **dict.fromkeys(("linear half_pixel", "linear half_pixel antialias"), "linear"),
    **dict.fromkeys(("cubic half_pixel -0.5 within", "cubic half_pixel -0.5 antialias"), "cubic"),
    "linear asymmetric": "linear",
    "linear align_corners": "linear",
    "cubic asymmetric -0.5 within": "cubic",
    "cubic align_corners -0.5 within": "cubic",
}
_OWN: dict[str, Word] = {
    "known": lambda way: way in _WAYS,
    "moved": lambda way: way in _MOVED,
    "method": _WAYS.get,
    "kernel": _MOVED.get,
    "space": lambda size: tuple(range(2, 2 + len(size))),
    "still": lambda size: (0.0,) * len(size),
    "shift": lambda scales: tuple((1 - s) / 2 for s in scales),
}
_NONE = (
    "jax.image rounds to the nearest element in one way (the centre of a place), and its cubic kernels are of -0.5 "
    "without what is outside of x, and of -0.75 with the border repeated"
)
_NOTE = "jax.image.resize has neither: by the scale and the shift that give the same places"

TABLE: dict[str, Cell] = {
    "resize": (
        Words(
            "y = jax.image.resize(x, {shape}, {way|method}, antialias={antialias})",
            unless={"not known(way)": _NONE, "scaled": "by the scale"},
            own=_OWN,
        ),
        Words(
            "y = jax.image.scale_and_translate(x, {shape}, {size|space}, jax.numpy.asarray({steps}), "
            "jax.numpy.asarray({size|still}), {way|kernel}, antialias={antialias})",
            unless={"not moved(way)": _NONE, "coordinates != 'half_pixel'": "shifted"},
            own=_OWN,
        ),
        Words(
            "y = jax.image.scale_and_translate(x, {shape}, {size|space}, jax.numpy.asarray({steps}), "
            "jax.numpy.asarray({steps|shift}), {way|kernel}, antialias=False)",
            unless={
                "not moved(way)": _NONE,
                "min(steps) == 0": "places that are all one have no scale",
                "max(steps) > 2 and coordinates == 'asymmetric'": "jax.image.scale_and_translate gives "
                "0 at a place more than half an element beyond the last one",
            },
            note=_NOTE,
            own=_OWN,
        ),
    ),
}

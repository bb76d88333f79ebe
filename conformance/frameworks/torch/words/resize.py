"""How PyTorch is asked: resizing."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

# What `mode` and `align_corners` say, by what the op means.
_WAYS = {
    "nearest asymmetric floor": "'nearest'",
    "nearest half_pixel prefer_ceil": "'nearest-exact'",
    "linear half_pixel": "LINEAR",
    "linear align_corners": "LINEAR, align_corners=True",
    "linear half_pixel antialias": "LINEAR, antialias=True",
    "cubic half_pixel -0.75": "'bicubic'",
    "cubic align_corners -0.75": "'bicubic', align_corners=True",
    "cubic half_pixel -0.5 antialias": "'bicubic', antialias=True",
    "area": "'area'",
}
_OWN: dict[str, Word] = {
    "known": lambda way: way in _WAYS,
    "line": lambda way: Verbatim(_WAYS[way].replace("LINEAR", "'linear'")),
    "plane": lambda way: Verbatim(_WAYS[way].replace("LINEAR", "'bilinear'")),
    "space": lambda way: Verbatim(_WAYS[way].replace("LINEAR", "'trilinear'")),
    "row": lambda lengths: (1, *lengths),
}
_UNLESS = {
    "not known(way)": "torch.nn.functional.interpolate rounds to the nearest element in two ways, has a = -0.75 "
    "(-0.5 with antialias), repeats the border (leaves it out with antialias), and takes align_corners for linear and "
    "cubic alone",
    "method == 'area' and not whole": "mode='area' of PyTorch is the adaptive pool, whose bins are whole elements",
}
_PLANES = {"antialias or method == 'cubic'": "of planes alone"}
_CALL = "torch.nn.functional.interpolate("


def _words(how: str, row: str) -> tuple[Words, ...]:
    """In lines, planes and spaces, and lines as planes of one row; the lengths or the scale given."""
    by = {"scaled": "by the scale"} if "size" in how else {"not scaled": "by the lengths"}
    dims = {"line": "dims(size) != 1", "plane": "dims(size) != 2", "space": "dims(size) != 3"}
    found = [
        Words(
            f"y = {_CALL}x, {how}, mode={{way|{name}}})",
            unless={**_UNLESS, **by, unlike: "of other rank", **(_PLANES if name != "plane" else {})},
            own=_OWN,
        )
        for name, unlike in dims.items()
    ]
    line = Words(
        f"y = torch.squeeze({_CALL}torch.unsqueeze(x, 2), {row}, mode={{way|plane}}), 2)",
        unless={
            **_UNLESS,
            **by,
            "dims(size) == 3": "antialias and bicubic of torch.nn.functional.interpolate are of planes ('requires a "
            "4-D tensor as input')",
            "dims(size) != 1": "of other rank",
        },
        note="antialias and bicubic take planes alone: x is one of a single row",
        own=_OWN,
    )
    return (*found, line)


TABLE: dict[str, Cell] = {
    "resize": (
        *_words("size={lengths}", "size={lengths|row}"),
        *_words("scale_factor={scale}", "scale_factor={scale|row}"),
    ),
}

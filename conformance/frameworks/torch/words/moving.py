"""How PyTorch is asked: moves, and numbers in a row."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_PAD = "y = torch.nn.functional.pad(x, {pads|backwards}, "
_MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}
_RANKS = (
    "PyTorch pads by elements of x along one to three axes behind one or two: "
    "'Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now'"
)

TABLE: dict[str, Cell] = {
    "pad": (
        Words(_PAD + "value={value})", unless={"mode != 'constant'": "by elements of x"}),
        Words(
            _PAD + "mode={mode|theirs})",
            unless={
                "mode == 'symmetric'": "PyTorch has no symmetric padding: 'Unrecognised padding mode symmetric'",
                "dims(shape) - dims(pads) < 1 or dims(shape) - dims(pads) > 2": _RANKS,
            },
            own={"theirs": lambda mode: _MODES.get(mode, "")},
        ),
    ),
    "roll": Words("y = torch.roll(x, {shift}, {axis})"),
    "repeat": Words("y = torch.repeat_interleave(x, {times}, {axis})", trusted=True),
    "tile": Words("y = torch.tile(x, {times})"),
    "pixel_shuffle": Words("y = torch.nn.functional.pixel_shuffle(x, {block})"),
    "depth_to_space": (
        Words("y = torch.nn.functional.pixel_shuffle(x, {block})", unless={"mode == 'DCR'": "in another order"}),
        Words(
            "y = torch.reshape(torch.permute(torch.reshape(x, {split}), {order}), {joined})",
            note="torch.nn.functional.pixel_shuffle has the other order: by hand",
        ),
    ),
    "space_to_depth": (
        Words("y = torch.nn.functional.pixel_unshuffle(x, {block})", unless={"mode == 'DCR'": "in another order"}),
        Words(
            "y = torch.reshape(torch.permute(torch.reshape(x, {split}), {order}), {joined})",
            note="torch.nn.functional.pixel_unshuffle has the other order: by hand",
        ),
    ),
    "linspace": Words(
        "y = torch.linspace({start}, {stop}, {count}, dtype=torch.{on_dtype|text})",
        unless={"not endpoint": "torch.linspace always ends with stop"},
    ),
    "arange": Words("y = torch.arange({start}, {stop}, {step}, dtype=torch.{on_dtype|text})"),
}

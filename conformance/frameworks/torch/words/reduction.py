"""How PyTorch is asked: reductions, and what runs along an axis."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.reductions import OWN_DTYPE, orders, running
from conformance.frameworks.words import Words

_REDUCED = "x, {axes}, {keepdims}"
_ONE = {"single == null": "of several axes"}
# What takes one axis is asked of several as of one.
_MERGED = "x = torch.reshape(torch.permute(x, {order}), {merged})\ny = torch.reshape(%s, {result})"
_NONE = {"axes == []": "an empty list of axes means all of them to PyTorch (2.13.0)"}
_MEAN = {"even != 'mean'": "one of the two in the middle"}
_LOWER = {"even == 'higher'": "torch.median gives the lower of the two in the middle"}


def _running(name: str) -> tuple[Words, ...]:
    typed = f"torch.{name}(x, {{axis}}, dtype=torch.{{of|text}})"
    return running(f"torch.{name}(x, {{axis}})", typed, "torch.flip({}, ({{axis}},))", "2.13.0")


def _place(name: str) -> Words:
    any_one = {"ties != 'any'": f"torch.{name} names any of equal elements, by its documentation"}
    return Words(f"indices = torch.{name}(x, {{axis}}, {{keepdims}})", unless=any_one)


def _one_axis(call: str, unless: dict[str, str], after: str = "", refuses: bool = False) -> tuple[Words, ...]:
    """Of a function of one axis: `%s` are the axis, and whether it is kept. `refuses`: it looks at its x itself."""
    merged = _MERGED % (call % "-1" + after)
    one = Words(f"y = {call % '{single}, {keepdims}'}{after}", unless={**_ONE, **unless}, refuses=refuses)
    return one, Words(merged, unless=unless)


TABLE: dict[str, Cell] = {
    "sum": (
        Words(f"y = torch.sum({_REDUCED})", unless={**_NONE, **OWN_DTYPE}),
        Words(f"y = torch.sum({_REDUCED}, dtype=torch.{{of|text}})", unless=_NONE),
    ),
    "mean": (
        Words(f"y = torch.mean({_REDUCED})", unless={**_NONE, "of != 'real'": "of integers"}),
        Words(f"y = torch.mean({_REDUCED}, dtype=torch.{{on_dtype|text}})", unless=_NONE),
    ),
    "prod": (
        *_one_axis("torch.prod(x, %s)", OWN_DTYPE),
        *_one_axis("torch.prod(x, %s, dtype=torch.{of|text})", {"wide": "in int64"}),
    ),
    "max": Words("y = torch.amax(x, {over}, {keepdims})", unless=_NONE),
    "min": Words("y = torch.amin(x, {over}, {keepdims})", unless=_NONE),
    "var": Words("y = torch.var(x, {axes}, correction={ddof}, keepdim={keepdims})", unless=_NONE),
    "std": Words("y = torch.std(x, {axes}, correction={ddof}, keepdim={keepdims})", unless=_NONE),
    "logsumexp": Words("y = torch.logsumexp(x, {over}, {keepdims})"),
    "norm": (
        Words(
            "y = torch.linalg.matrix_norm(x, {order|p}, {over}, {keepdims})",
            unless={"not matrix": "of vectors"},
            own=orders("torch.inf"),
        ),
        Words("y = torch.linalg.vector_norm(x, {order|p}, {axes}, {keepdims})", unless=_NONE, own=orders("torch.inf")),
    ),
    "cumsum": _running("cumsum"),
    "cumprod": _running("cumprod"),
    "argmax": _place("argmax"),
    "argmin": _place("argmin"),
    "median": (
        *_one_axis("torch.quantile(x, 0.5, %s)", _MEAN, refuses=True),
        *_one_axis("torch.median(x, %s)", _LOWER, "[0]"),
    ),
    "quantile": _one_axis("torch.quantile(x, {q}, %s, interpolation={interpolation})", {}, refuses=True),
    "any": Words("y = torch.any(x, {over}, {keepdims})"),
    "all": Words("y = torch.all(x, {over}, {keepdims})"),
}

"""How PyTorch is asked, an op a line; its convolutions are in convolution.py.

https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.torch.convolution import conv, conv_transpose
from conformance.frameworks.words import Words

_POOL = "torch.nn.functional.max_pool{size|dims}d(x, {window}, {stride}, {pads|lows}, {dilation}, {ceil}"
_UNEVEN = {
    "not even": "PyTorch pads both ends alike",
    "not halved": "PyTorch pads by at most half of the window: 'pad should be at most half of effective kernel size'",
}
# What max_pool can't say itself: x padded first.
_FIRST = "x = torch.nn.functional.pad(x, {covered|backwards}, value=-torch.inf)\n"
_LSTM = (
    "layer = torch.nn.LSTM({features}, {units}, batch_first=True)\n"
    "y, (h, c) = torch.func.functional_call("
    'layer, {"weight_ih_l0": w, "weight_hh_l0": r, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}, '
    "(x, (h0.unsqueeze(0), c0.unsqueeze(0))))\n"
    "h = h[0]\n"
    "c = c[0]"
)

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": Words("y = torch.nn.functional.gelu(x, approximate={approximate})"),
    "topk": Words("values, indices = torch.topk(x, {k}, largest={largest})", refuses=True),
    "max_pool": (
        Words(
            f"y, indices = {_POOL}, return_indices=True)",
            unless={"not indices": "not asked for", **_UNEVEN},
            refuses=True,
        ),
        Words(f"y = {_POOL})", unless={"indices": "asked for", **_UNEVEN}, refuses=True),
        Words(
            _FIRST + "y = torch.nn.functional.max_pool{size|dims}d(x, {window}, {stride}, 0, {dilation})",
            unless={"indices": "PyTorch's indices of an x that was padded first count the padded plane"},
        ),
    ),
    "batch_norm": Words(
        "new_mean = mean.clone()\n"
        "new_variance = variance.clone()\n"
        "y = torch.nn.functional.batch_norm("
        "x, new_mean, new_variance, scale, offset, True, {momentum|rest}, {epsilon})",
        unless={"not unbiased": "PyTorch's running variance is the unbiased one"},
        refuses=True,
    ),
    "layer_norm": Words("y = torch.nn.functional.layer_norm(x, {scale_shape}, scale, offset, {epsilon})"),
    "lstm": Words(_LSTM, layouts={"w": "(GH)I", "r": "(GH)K", "b": "(GH)"}, trusted=True),
}

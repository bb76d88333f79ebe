"""How PyTorch is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

# Those that take x alone: the op and the function.
_ALONE = {
    **{name: name for name in ("relu", "relu6", "selu", "silu", "softsign", "mish")},
    **{"hard_swish": "hardswish", "log_sigmoid": "logsigmoid"},
}

TABLE: dict[str, Cell] = {
    **{op: Words(f"y = torch.nn.functional.{name}(x)") for op, name in _ALONE.items()},
    "sigmoid": Words("y = torch.sigmoid(x)"),
    "tanh": Words("y = torch.tanh(x)"),
    "leaky_relu": Words("y = torch.nn.functional.leaky_relu(x, {slope})"),
    "elu": Words("y = torch.nn.functional.elu(x, {alpha})"),
    "celu": Words("y = torch.nn.functional.celu(x, {alpha})"),
    "hard_sigmoid": (
        Words("y = torch.nn.functional.hardsigmoid(x)", unless={"slope != 1 / 6": "of another slope"}),
        Words(
            "y = torch.clamp({slope} * x + 0.5, 0.0, 1.0)",
            note="torch.nn.functional.hardsigmoid has the slope 1/6 alone: by hand",
        ),
    ),
    "hard_tanh": Words("y = torch.nn.functional.hardtanh(x, {low}, {high})"),
    "softplus": Words("y = torch.nn.functional.softplus(x, {beta})"),
    "softmax": Words("y = torch.nn.functional.softmax(x, {axis})"),
    "log_softmax": Words("y = torch.nn.functional.log_softmax(x, {axis})"),
    "glu": Words("y = torch.nn.functional.glu(x, {axis})"),
    "clip": Words("y = torch.clamp(x, {low}, {high})"),
    "gelu": Words("y = torch.nn.functional.gelu(x, approximate={approximate})"),
}

"""How PyTorch is asked: blocks of models."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_UP = "z = torch.nn.functional.conv_transpose2d(x, w, {0}, 2)[:, :, {{low}}:{{bottom}}, {{low}}:{{right}}]\n"
_SECOND = {"w2": "OIHW"}

TABLE: dict[str, Cell] = {
    "decoder": Words(_UP.format("b") + "y = torch.sigmoid(torch.nn.functional.conv2d(z, w2, b2, padding=1))", _SECOND),
    "up_block": Words(
        _UP.format("b") + "z = torch.cat((skip, z), 1)\n"
        "y = torch.nn.functional.relu(torch.nn.functional.conv2d(z, w2, b2, padding=1))",
        _SECOND,
    ),
    "generator_block": Words(
        _UP.format("None") + "z = torch.nn.functional.batch_norm(z, None, None, scale, offset, True, 0.1, {epsilon})\n"
        "y = torch.nn.functional.relu(z)"
    ),
    # It trusts that there are as many values as keys.
    "transformer_block": Words(
        "h = torch.nn.functional.layer_norm(x, ({width},), scale, offset, {epsilon})\n"
        "q = torch.matmul(h, wq).reshape({split}).transpose(1, 2)\n"
        "k = torch.matmul(h, wk).reshape({split}).transpose(1, 2)\n"
        "v = torch.matmul(h, wv).reshape({split}).transpose(1, 2)\n"
        "a = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal={causal})\n"
        "z = x + torch.matmul(a.transpose(1, 2).reshape({x_shape}), wo)\n"
        "h = torch.nn.functional.layer_norm(z, ({width},), scale2, offset2, {epsilon})\n"
        "h = torch.nn.functional.gelu(torch.matmul(h, w1) + b1, approximate={approximate})\n"
        "y = z + torch.matmul(h, w2) + b2",
        trusted=True,
    ),
}

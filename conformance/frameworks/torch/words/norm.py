"""How PyTorch is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "batch_norm": Words(
        "new_mean = mean.clone()\n"
        "new_variance = variance.clone()\n"
        "y = torch.nn.functional.batch_norm("
        "x, new_mean, new_variance, scale, offset, True, {momentum|rest}, {epsilon})",
        unless={"not unbiased": "PyTorch's running variance is the unbiased one"},
        refuses=True,
    ),
    "layer_norm": Words("y = torch.nn.functional.layer_norm(x, {scale_shape}, scale, offset, {epsilon})"),
}

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
    "batch_norm_inference": Words(
        "y = torch.nn.functional.batch_norm(x, mean, variance, scale, offset, False, eps={epsilon})"
    ),
    "group_norm": Words("y = torch.nn.functional.group_norm(x, {groups}, scale, offset, {epsilon})"),
    "instance_norm": Words("y = torch.nn.functional.instance_norm(x, weight=scale, bias=offset, eps={epsilon})"),
    "rms_norm": Words("y = torch.nn.functional.rms_norm(x, {scale_shape}, scale, {epsilon})"),
    "l2_normalize": (
        Words(
            "y = torch.nn.functional.normalize(x, 2.0, -1, {epsilon})",
            unless={"least != 'norm'": "of the square"},
        ),
        Words("y = x * torch.rsqrt(torch.clamp(torch.sum(x * x, -1, keepdim=True), {epsilon}))"),
    ),
    "lrn": Words(
        "y = torch.nn.functional.local_response_norm(x, {size}, {mean}, {beta}, {k})",
        unless={"ends[0] < ends[1]": "PyTorch's window of an even size reaches one channel further before (2.13.0)"},
    ),
}

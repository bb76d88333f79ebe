"""The signatures of PyTorch's functions, as they are in 2.13.0."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_POOL = "kernel_size, stride=kernel_size, padding=0, dilation=1"
_NORM = "running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05"
_REDUCTION = "size_average=None, reduce=None, reduction='mean'"

CALLS: dict[str, Known] = {
    "torch.nn.functional.gelu": known("input, approximate='none'"),
    "torch.nn.GELU": known("approximate='none'", like="torch.nn.functional.gelu"),
    "torch.topk": known("input, k, dim=-1, largest=True, sorted=True"),
    **{
        f"torch.nn.functional.max_pool{dims}d": known(f"input, {_POOL}, ceil_mode=False, return_indices=False")
        for dims in (1, 2, 3)
    },
    **{
        f"torch.nn.MaxPool{dims}d": known(
            f"{_POOL}, return_indices=False, ceil_mode=False", like=f"torch.nn.functional.max_pool{dims}d"
        )
        for dims in (1, 2, 3)
    },
    "torch.nn.functional.batch_norm": known(f"input, {_NORM}"),
    "torch.nn.functional.layer_norm": known("input, normalized_shape, weight=None, bias=None, eps=1e-05"),
    "torch.nn.functional.group_norm": known("input, num_groups, weight=None, bias=None, eps=1e-05"),
    "torch.nn.functional.instance_norm": known(
        "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, "
        "eps=1e-05"
    ),
    "torch.nn.functional.rms_norm": known("input, normalized_shape, weight=None, eps=None"),
    "torch.nn.functional.normalize": known("input, p=2.0, dim=1, eps=1e-12"),
    "torch.nn.functional.local_response_norm": known("input, size, alpha=0.0001, beta=0.75, k=1.0"),
    "torch.nn.functional.mse_loss": known(f"input, target, {_REDUCTION}, weight=None"),
    "torch.nn.functional.huber_loss": known("input, target, reduction='mean', delta=1.0, weight=None"),
    "torch.nn.functional.smooth_l1_loss": known(f"input, target, {_REDUCTION}, beta=1.0"),
    "torch.nn.functional.binary_cross_entropy": known(f"input, target, weight=None, {_REDUCTION}"),
    "torch.nn.functional.binary_cross_entropy_with_logits": known(
        f"input, target, weight=None, {_REDUCTION}, pos_weight=None"
    ),
    "torch.nn.functional.kl_div": known(f"input, target, {_REDUCTION}, log_target=False"),
    "torch.nn.functional.cross_entropy": known(
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0"
    ),
    "torch.nn.LSTM": known(
        "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, "
        "proj_size=0, device=None, dtype=None"
    ),
}

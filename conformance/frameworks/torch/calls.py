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
    **{
        f"torch.nn.BatchNorm{dims}d": known(
            "num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, "
            "bias=True",
            like="torch.nn.functional.batch_norm",
            lengths={"num_features": "channels"},
            fixed={"training": True},
        )
        for dims in (1, 2, 3)
    },
    "torch.nn.LayerNorm": known(
        "normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, device=None, dtype=None",
        like="torch.nn.functional.layer_norm",
    ),
    "torch.nn.functional.embedding": known(
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False"
    ),
    "torch.nn.Embedding": known(
        "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        "sparse=False, _weight=None, _freeze=False, device=None, dtype=None",
        like="torch.nn.functional.embedding",
        lengths={"num_embeddings": "rows", "embedding_dim": "features"},
    ),
    **{
        f"torch.nn.functional.{name}": known("input, inplace=False")
        for name in ("relu", "relu6", "selu", "silu", "hardsigmoid", "hardswish", "mish")
    },
    **{
        f"torch.nn.{layer}": known("inplace=False", like=f"torch.nn.functional.{layer.lower()}")
        for layer in ("ReLU", "ReLU6", "SELU", "SiLU", "Hardsigmoid", "Hardswish", "Mish")
    },
    "torch.nn.functional.leaky_relu": known("input, negative_slope=0.01, inplace=False"),
    "torch.nn.LeakyReLU": known("negative_slope=0.01, inplace=False", like="torch.nn.functional.leaky_relu"),
    "torch.nn.functional.elu": known("input, alpha=1.0, inplace=False"),
    "torch.nn.ELU": known("alpha=1.0, inplace=False", like="torch.nn.functional.elu"),
    "torch.nn.functional.celu": known("input, alpha=1.0, inplace=False"),
    "torch.nn.CELU": known("alpha=1.0, inplace=False", like="torch.nn.functional.celu"),
    "torch.nn.functional.hardtanh": known("input, min_val=-1.0, max_val=1.0, inplace=False"),
    "torch.nn.functional.softsign": known("input"),
    "torch.nn.functional.adaptive_avg_pool2d": known("input, output_size"),
    "torch.nn.AdaptiveAvgPool2d": known("output_size", like="torch.nn.functional.adaptive_avg_pool2d"),
}

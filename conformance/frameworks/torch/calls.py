"""The signatures of PyTorch's functions, as they are in 2.13.0."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_POOL = "kernel_size, stride=kernel_size, padding=0, dilation=1"
_NORM = "running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05"

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
}

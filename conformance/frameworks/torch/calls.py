"""The signatures of PyTorch's functions, as they are in 2.13.0."""

from __future__ import annotations

from conformance.frameworks.calls import UNIQUE, Known, known, methods

_POOL = "kernel_size, stride=kernel_size, padding=0, dilation=1"
_NORM = "running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05"
_REDUCTION = "size_average=None, reduce=None, reduction='mean'"

_AVERAGED = "kernel_size, stride=kernel_size, padding=0, ceil_mode=False, count_include_pad=True"
_PATCHES = "kernel_size, dilation=1, padding=0, stride=1"
_POWER = "input, norm_type, kernel_size, stride=kernel_size, ceil_mode=False"

TENSOR = "torch.Tensor"
OLDER = {"axis": "dim={}", "keepdims": "keepdim={}", "unbiased": "correction=int({})"}
_ADAM = "params, lr=0.001, betas=(0.9, 0.999), eps=1e-08"
_MORE = "amsgrad=False, *, foreach=None, maximize=False, capturable=False, differentiable=False, fused=None"
_RESIZED = "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None"
_SCALED = "where a scale_factor gives whole lengths it is the same as size=... with them: give the size"
_METHODS = (
    "sum mean prod amax amin all any argmax argmin var std logsumexp quantile cumsum cumprod sort argsort topk "
    "softmax log_softmax sigmoid tanh relu clamp clip abs neg round remainder fmod floor_divide add sub mul div "
    "matmul dot tile repeat_interleave roll index_select take_along_dim max min inverse det unique"
).split()

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
    "torch.nn.functional.ctc_loss": known(
        "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False"
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
    "torch.nn.functional.glu": known("input, dim=-1"),
    "torch.nn.GLU": known("dim=-1", like="torch.nn.functional.glu"),
    "torch.nn.functional.logsigmoid": known("input"),
    "torch.nn.LogSigmoid": known("", like="torch.nn.functional.logsigmoid"),
    "torch.nn.Softsign": known("", like="torch.nn.functional.softsign"),
    "torch.nn.Hardtanh": known(
        "min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None", like="torch.nn.functional.hardtanh"
    ),
    "torch.nn.functional.softplus": known("input, beta=1, threshold=20"),
    "torch.nn.Softplus": known("beta=1.0, threshold=20.0", like="torch.nn.functional.softplus"),
    **{f"torch.{name}": known("input") for name in ("sigmoid", "tanh")},
    **{f"torch.nn.{name.capitalize()}": known("", like=f"torch.{name}") for name in ("sigmoid", "tanh")},
    **{f"torch.nn.functional.{name}": known("input", like=f"torch.{name}") for name in ("sigmoid", "tanh")},
    **{
        f"torch.nn.functional.{name}": known("input, dim=None, _stacklevel=3, dtype=None")
        for name in ("softmax", "log_softmax")
    },
    "torch.nn.Softmax": known("dim=None", like="torch.nn.functional.softmax"),
    "torch.nn.LogSoftmax": known("dim=None", like="torch.nn.functional.log_softmax"),
    "torch.softmax": known("input, dim, dtype=None", like="torch.nn.functional.softmax"),
    "torch.log_softmax": known("input, dim, dtype=None", like="torch.nn.functional.log_softmax"),
    **{f"torch.{name}": known("input, dim=None, keepdim=False, *, dtype=None") for name in ("sum", "mean", "prod")},
    **{f"torch.{name}": known("input, dim=(), keepdim=False") for name in ("amax", "amin")},
    **{f"torch.{name}": known("input, dim=None, keepdim=False") for name in ("all", "any", "argmax", "argmin")},
    **{f"torch.{name}": known("input, dim=None, *, correction=1, keepdim=False") for name in ("var", "std")},
    "torch.logsumexp": known("input, dim, keepdim=False"),
    "torch.quantile": known("input, q, dim=None, keepdim=False, *, interpolation='linear'"),
    "torch.linalg.vector_norm": known("x, ord=2, dim=None, keepdim=False, *, dtype=None"),
    "torch.linalg.matrix_norm": known("A, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None"),
    **{f"torch.{name}": known("input, dim, *, dtype=None") for name in ("cumsum", "cumprod")},
    "torch.sort": known("input, dim=-1, descending=False, stable=False"),
    "torch.argsort": known("input, dim=-1, descending=False, stable=False"),
    "torch.searchsorted": known("sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None"),
    "torch.bucketize": known("input, boundaries, *, out_int32=False, right=False"),
    "torch.index_select": known("input, dim, index"),
    "torch.take_along_dim": known("input, indices, dim=None"),
    "torch.nn.functional.one_hot": known("tensor, num_classes=-1"),
    "torch.tile": known("input, dims"),
    "torch.repeat_interleave": known("input, repeats, dim=None, *, output_size=None"),
    "torch.roll": known("input, shifts, dims=None"),
    "torch.nn.functional.pad": known("input, pad, mode='constant', value=0.0"),
    "torch.nn.functional.pixel_shuffle": known("input, upscale_factor"),
    "torch.nn.PixelShuffle": known("upscale_factor", like="torch.nn.functional.pixel_shuffle"),
    "torch.nn.functional.pixel_unshuffle": known("input, downscale_factor"),
    "torch.nn.PixelUnshuffle": known("downscale_factor", like="torch.nn.functional.pixel_unshuffle"),
    "torch.nn.functional.unfold": known(f"input, {_PATCHES}"),
    "torch.nn.Unfold": known(_PATCHES, like="torch.nn.functional.unfold"),
    "torch.nn.functional.fold": known(f"input, output_size, {_PATCHES}"),
    "torch.nn.Fold": known(f"output_size, {_PATCHES}", like="torch.nn.functional.fold"),
    "torch.clamp": known("input, min=None, max=None"),
    "torch.nn.functional.linear": known("input, weight, bias=None"),
    "torch.nn.Linear": known(
        "in_features, out_features, bias=True, device=None, dtype=None",
        like="torch.nn.functional.linear",
        lengths={"in_features": "features", "out_features": "units"},
    ),
    "torch.matmul": known("input, other"),
    "torch.dot": known("input, tensor"),
    "torch.nn.functional.scaled_dot_product_attention": known(
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False"
    ),
    "torch.nn.functional.avg_pool1d": known(f"input, {_AVERAGED}"),
    "torch.nn.AvgPool1d": known(_AVERAGED, like="torch.nn.functional.avg_pool1d"),
    **{f"torch.nn.functional.avg_pool{dims}d": known(f"input, {_AVERAGED}, divisor_override=None") for dims in (2, 3)},
    **{
        f"torch.nn.AvgPool{dims}d": known(
            f"{_AVERAGED}, divisor_override=None", like=f"torch.nn.functional.avg_pool{dims}d"
        )
        for dims in (2, 3)
    },
    **{f"torch.nn.functional.adaptive_avg_pool{dims}d": known("input, output_size") for dims in (1, 3)},
    **{
        f"torch.nn.AdaptiveAvgPool{dims}d": known("output_size", like=f"torch.nn.functional.adaptive_avg_pool{dims}d")
        for dims in (1, 3)
    },
    **{f"torch.nn.functional.lp_pool{dims}d": known(_POWER) for dims in (1, 2, 3)},
    **{
        f"torch.nn.LPPool{dims}d": known(_POWER.removeprefix("input, "), like=f"torch.nn.functional.lp_pool{dims}d")
        for dims in (1, 2, 3)
    },
    "torch.nn.MSELoss": known(_REDUCTION, like="torch.nn.functional.mse_loss"),
    "torch.nn.HuberLoss": known("reduction='mean', delta=1.0", like="torch.nn.functional.huber_loss"),
    "torch.nn.SmoothL1Loss": known(f"{_REDUCTION}, beta=1.0", like="torch.nn.functional.smooth_l1_loss"),
    "torch.nn.BCELoss": known(f"weight=None, {_REDUCTION}", like="torch.nn.functional.binary_cross_entropy"),
    "torch.nn.BCEWithLogitsLoss": known(
        f"weight=None, {_REDUCTION}, pos_weight=None", like="torch.nn.functional.binary_cross_entropy_with_logits"
    ),
    "torch.nn.KLDivLoss": known(f"{_REDUCTION}, log_target=False", like="torch.nn.functional.kl_div"),
    "torch.nn.CrossEntropyLoss": known(
        "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', label_smoothing=0.0",
        like="torch.nn.functional.cross_entropy",
    ),
    "torch.nn.CTCLoss": known("blank=0, reduction='mean', zero_infinity=False", like="torch.nn.functional.ctc_loss"),
    "torch.nn.GroupNorm": known(
        "num_groups, num_channels, eps=1e-05, affine=True, device=None, dtype=None, *, bias=True",
        like="torch.nn.functional.group_norm",
        lengths={"num_channels": "channels"},
    ),
    "torch.nn.RMSNorm": known(
        "normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None",
        like="torch.nn.functional.rms_norm",
    ),
    "torch.nn.LocalResponseNorm": known(
        "size, alpha=0.0001, beta=0.75, k=1.0", like="torch.nn.functional.local_response_norm"
    ),
    **{
        f"torch.nn.{name}": known(
            f"input_size, hidden_size, num_layers=1, {own}bias=True, batch_first=False, dropout=0.0, "
            f"bidirectional=False, {last}device=None, dtype=None",
            like=f"torch.nn.{name}",
            fixed={"batch_first": True},
        )
        for name, own, last in (
            ("LSTM", "", "proj_size=0, "),
            ("GRU", "", ""),
            ("RNN", "nonlinearity='tanh', ", ""),
        )
    },
    "torch.optim.SGD": known(
        "params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, foreach=None, "
        "differentiable=False, fused=None",
        of=("sgd",),
    ),
    "torch.optim.Adam": known(f"{_ADAM}, weight_decay=0, {_MORE}, decoupled_weight_decay=False", of=("adam",)),
    "torch.optim.AdamW": known(
        f"{_ADAM}, weight_decay=0.01, amsgrad=False, *, maximize=False, foreach=None, capturable=False, "
        "differentiable=False, fused=None",
        of=("adamw",),
    ),
    "torch.optim.RMSprop": known(
        "params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False, capturable=False, "
        "foreach=None, maximize=False, differentiable=False",
        of=("rmsprop",),
    ),
    "torch.optim.Adagrad": known(
        "params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, foreach=None, *, "
        "maximize=False, differentiable=False, fused=None",
        of=("adagrad",),
    ),
    **{f"torch.{name}": known("input") for name in ("neg", "abs")},
    **{f"torch.{name}": known("input, other, *, alpha=1") for name in ("add", "sub")},
    "torch.mul": known("input, other"),
    "torch.div": known("input, other, *, rounding_mode=None", way="rounded by 'floor' it is torch.floor_divide"),
    **{
        f"torch.{name}": known("input, other")
        for name in ("floor_divide", "remainder", "fmod", "bitwise_left_shift", "bitwise_right_shift")
    },
    "torch.round": known("input, *, decimals=0"),
    **{
        f"torch.{name}": known("input", says=f"torch.{of}({{input}})")
        for name, of in (("negative", "neg"), ("absolute", "abs"), ("relu", "nn.functional.relu"))
    },
    "torch.subtract": known("input, other, *, alpha=1", says="torch.sub({input}, {other}, alpha={alpha})"),
    "torch.multiply": known("input, other", says="torch.mul({input}, {other})"),
    "torch.divide": known(
        "input, other, *, rounding_mode=None", says="torch.div({input}, {other}, rounding_mode={rounding_mode})"
    ),
    "torch.true_divide": known("dividend, divisor", says="torch.div({dividend}, {divisor})"),
    "torch.clip": known("input, min=None, max=None", says="torch.clamp({input}, {min}, {max})"),
    "torch.linalg.solve": known("A, B, *, left=True"),
    **{f"torch.linalg.{name}": known("A") for name in ("inv", "det")},
    "torch.linalg.cholesky": known("A, *, upper=False"),
    "torch.linalg.qr": known("A, mode='reduced'"),
    "torch.linalg.svd": known("A, full_matrices=True, *, driver=None"),
    "torch.linalg.eigh": known("A, UPLO='L'"),
    "torch.linalg.lstsq": known("A, B, rcond=None, *, driver=None"),
    "torch.linalg.pinv": known("A, *, atol=None, rtol=None, hermitian=False"),
    "torch.inverse": known("input", says="torch.linalg.inv({input})"),
    "torch.det": known("input", says="torch.linalg.det({input})"),
    "torch.cholesky": known("input, upper=False", says="torch.linalg.cholesky({input}, upper={upper})"),
    "torch.svd": known(
        "input, some=True, compute_uv=True",
        instead="torch.linalg.svd(x, full_matrices=not some) gives v transposed: write that, whose words are read",
    ),
    **{
        f"torch.fft.{name}": known("input, n=None, dim=-1, norm='backward'")
        for name in ("fft", "ifft", "rfft", "irfft")
    },
    **{
        f"torch.{name}_window": known(
            f"window_length, periodic=True, *, dtype=None, layout=None, device=None, {pinned}requires_grad=False"
        )
        for name, pinned in (("hann", ""), ("hamming", "pin_memory=False, "), ("blackman", ""))
    },
    "torch.stft": known(
        "input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', "
        "normalized=False, onesided=None, return_complex=None, align_to_window=None"
    ),
    "torch.nn.functional.interpolate": known(f"input, {_RESIZED}, antialias=False", way=_SCALED),
    "torch.nn.Upsample": known(_RESIZED, like="torch.nn.functional.interpolate", way=_SCALED),
    "torch.nn.functional.upsample": known(
        "input, size=None, scale_factor=None, mode='nearest', align_corners=None",
        says="torch.nn.functional.interpolate({input}, {size}, {scale_factor}, {mode}, {align_corners})",
    ),
    **{
        f"torch.nn.Upsampling{name}2d": known(
            "size=None, scale_factor=None", says=f"torch.nn.Upsample({{size}}, {{scale_factor}}, {mode})"
        )
        for name, mode in (("Nearest", "'nearest'"), ("Bilinear", "'bilinear', True"))
    },
    "torch.nn.functional.grid_sample": known("input, grid, mode='bilinear', padding_mode='zeros', align_corners=False"),
    "torch.nn.functional.affine_grid": known("theta, size, align_corners=False"),
    **{
        f"torch.{name}": known(
            "input, dim=None, keepdim=False",
            says={
                "": f"torch.a{name}({{input}})",
                **dict.fromkeys(("0", "values"), f"torch.a{name}({{input}}, {{dim}}, {{keepdim}})"),
                **dict.fromkeys(("1", "indices"), f"torch.arg{name}({{input}}, {{dim}}, {{keepdim}})"),
            },
            way=f"with a dim it gives two: give torch.{name}(...)[0] and [1], or torch.a{name} and torch.arg{name}",
        )
        for name in ("max", "min")
    },
    "torch.unique": known(
        "input, sorted=True, return_inverse=False, return_counts=False, dim=None",
        instead=UNIQUE,
    ),
    "torch.Tensor.to": known("self, dtype, non_blocking=False, copy=False", like="torch.Tensor.to"),
    **{
        f"torch.Tensor.{name}": known("self", says=f"{{self}}.to(torch.{of})")
        for name, of in (
            ("long", "int64"),
            ("int", "int32"),
            ("short", "int16"),
            ("bool", "bool"),
            ("float", "float32"),
            ("half", "float16"),
            ("double", "float64"),
            ("bfloat16", "bfloat16"),
        )
    },
}
CALLS |= methods(CALLS, TENSOR, map("torch.{}".format, _METHODS))

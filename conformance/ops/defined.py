"""The ops that have a definition of their own, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.indexing import Embedding
from conformance.ops.loss import BinaryCrossEntropy, Cosine, Hinge, Huber, KlDiv, Mse, SmoothL1
from conformance.ops.loss_classes import CrossEntropy
from conformance.ops.norm import BatchNorm, BatchNormInference, LayerNorm
from conformance.ops.norm_groups import GroupNorm, InstanceNorm
from conformance.ops.norm_lengths import L2Normalize, Lrn, RmsNorm
from conformance.ops.pointwise import Gelu
from conformance.ops.pool import MaxPool
from conformance.ops.recurrent import Lstm
from conformance.ops.sorting import TopK

DEFINED: dict[str, type[Op]] = {
    op.name: op
    for op in (
        Conv,
        ConvTranspose,
        MaxPool,
        Gelu,
        Lstm,
        TopK,
        BatchNorm,
        LayerNorm,
        Embedding,
        BatchNormInference,
        GroupNorm,
        InstanceNorm,
        RmsNorm,
        L2Normalize,
        Lrn,
        Mse,
        Huber,
        SmoothL1,
        Hinge,
        BinaryCrossEntropy,
        KlDiv,
        Cosine,
        CrossEntropy,
    )
}

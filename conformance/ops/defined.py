"""The ops that have a definition of their own, in one explicit table."""

from __future__ import annotations

from conformance.ops.base import Op
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.indexing import Embedding
from conformance.ops.moving import Arange, DepthToSpace, Linspace, Pad, PixelShuffle, Repeat, Roll, Tile
from conformance.ops.norm import BatchNorm, LayerNorm
from conformance.ops.pointwise import ACTIVATIONS, Gelu, Glu
from conformance.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, LpPool, MaxPool
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
        Glu,
        AvgPool,
        LpPool,
        AdaptiveAvgPool,
        AdaptiveMaxPool,
        Pad,
        Roll,
        Repeat,
        Tile,
        PixelShuffle,
        DepthToSpace,
        Linspace,
        Arange,
    )
} | {op.name: op for op in ACTIVATIONS}

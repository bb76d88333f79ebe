"""The ops that have a definition of their own, in one explicit table."""

from __future__ import annotations

from conformance.ops.attention import Attention
from conformance.ops.base import Op
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.dense import Dense, Dot, Einsum, Matmul
from conformance.ops.indexing import DynamicSlice, Embedding, Gather, OneHot, ScatterAdd, TakeAlongAxis
from conformance.ops.norm import BatchNorm, LayerNorm
from conformance.ops.optimiser import Adagrad, Adam, AdamW, RmsProp, Sgd
from conformance.ops.pointwise import Gelu
from conformance.ops.pool import MaxPool
from conformance.ops.recurrent import Gru, Lstm, SimpleRnn
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
        Attention,
        Matmul,
        Dot,
        Dense,
        Einsum,
        Sgd,
        Adam,
        AdamW,
        RmsProp,
        Adagrad,
        Gru,
        SimpleRnn,
        Gather,
        TakeAlongAxis,
        OneHot,
        ScatterAdd,
        DynamicSlice,
    )
}

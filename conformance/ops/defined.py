"""The ops that have a definition of their own, in one explicit table."""

from __future__ import annotations

from conformance.ops.along import ArgMax, ArgMin, CumProd, CumSum
from conformance.ops.attention import Attention
from conformance.ops.attention_heads import MultiHeadAttention
from conformance.ops.base import Op
from conformance.ops.bidirectional import Bidirectional
from conformance.ops.boxes import CropAndResize
from conformance.ops.composed import DecoderEnd, GeneratorBlock, TransformerBlock, UpBlock
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.conv.depthwise import DepthwiseConv, SeparableConv
from conformance.ops.ctc import Ctc
from conformance.ops.dense import Dense, Dot, Einsum, Matmul
from conformance.ops.frames import Istft, Stft
from conformance.ops.image import RgbToGrayscale, RgbToHsv
from conformance.ops.indexing import DynamicSlice, Embedding, Gather, OneHot, ScatterAdd, TakeAlongAxis
from conformance.ops.integers import (
    Abs,
    Add,
    Cast,
    Divide,
    LeftShift,
    Multiply,
    Negative,
    Remainder,
    RightShift,
    Round,
    Subtract,
)
from conformance.ops.linalg import Cholesky, Det, Eigh, Inv, Lstsq, Pinv, Qr, Solve, Svd
from conformance.ops.loss import BinaryCrossEntropy, Cosine, Hinge, Huber, KlDiv, Mse, SmoothL1
from conformance.ops.loss_classes import CrossEntropy
from conformance.ops.moving import Arange, DepthToSpace, Linspace, Pad, PixelShuffle, Repeat, Roll, SpaceToDepth, Tile
from conformance.ops.nms import NonMaxSuppression
from conformance.ops.norm import BatchNorm, BatchNormInference, LayerNorm
from conformance.ops.norm_groups import GroupNorm, InstanceNorm
from conformance.ops.norm_lengths import L2Normalize, Lrn, RmsNorm
from conformance.ops.optimiser import Adagrad, Adam, AdamW, RmsProp, Sgd
from conformance.ops.patches import Fold, Unfold
from conformance.ops.pointwise import ACTIVATIONS, Gelu, Glu
from conformance.ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, LpPool, MaxPool
from conformance.ops.recurrent import Gru, Lstm, SimpleRnn
from conformance.ops.reduction import (
    AllTrue,
    AnyTrue,
    LogSumExp,
    Max,
    Mean,
    Median,
    Min,
    Norm,
    Prod,
    Quantile,
    Std,
    Sum,
    Var,
)
from conformance.ops.resize import Resize
from conformance.ops.sampling import AffineGrid, GridSample
from conformance.ops.signal import Dct, Fft, Ifft, Irfft, Rfft, Windows
from conformance.ops.sorting import ArgSort, Bucketize, SearchSorted, Sort, TopK, Unique

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
        Sum,
        Mean,
        Prod,
        Max,
        Min,
        Var,
        Std,
        LogSumExp,
        Norm,
        CumSum,
        CumProd,
        ArgMax,
        ArgMin,
        Median,
        Quantile,
        AnyTrue,
        AllTrue,
        Sort,
        ArgSort,
        SearchSorted,
        Bucketize,
        Unique,
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
        Ctc,
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
        Bidirectional,
        DepthwiseConv,
        SeparableConv,
        Gather,
        TakeAlongAxis,
        OneHot,
        ScatterAdd,
        DynamicSlice,
        Divide,
        Remainder,
        Round,
        Cast,
        LeftShift,
        RightShift,
        Negative,
        Abs,
        Add,
        Subtract,
        Multiply,
        Resize,
        GridSample,
        AffineGrid,
        CropAndResize,
        NonMaxSuppression,
        RgbToGrayscale,
        RgbToHsv,
        MultiHeadAttention,
        Solve,
        Inv,
        Det,
        Cholesky,
        Qr,
        Svd,
        Eigh,
        Lstsq,
        Pinv,
        Fft,
        Ifft,
        Rfft,
        Irfft,
        Dct,
        Windows,
        Stft,
        Istft,
        DecoderEnd,
        UpBlock,
        GeneratorBlock,
        TransformerBlock,
        SpaceToDepth,
        Unfold,
        Fold,
    )
} | {op.name: op for op in ACTIVATIONS}

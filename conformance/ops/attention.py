"""Attention: averages of values, weighted by how queries and keys agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.contraction import einsum
from conformance.exact.functions import exp
from conformance.exact.moves import repeat
from conformance.exact.num import Num, broadcast, stopped, stored, total
from conformance.exact.truth import where
from conformance.ops.base import (
    Field,
    Op,
    ParamError,
    TensorSpec,
    integer_field,
    optional,
    param,
    real_field,
    word_field,
)

_SCALE = real_field(1.0, "", above=0.0)
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Attention(Op):
    """Scaled dot product attention (Vaswani et al., 2017), section 3.2.1.

    y = softmax(scale * q k^T + mask) v, over the keys that a query may see; scale is 1 / sqrt(features) where it is
    null. `heads` queries share each of `kv_heads` keys and values in turn, as in grouped query attention. Query i sees
    key j only where j <= i (`causal: top_left`) or j <= i + keys - queries (`bottom_right`). A boolean mask is true
    where a key may be seen; an additive one is added to the scores, and -inf hides. What no key is left for is 0.
    """

    name = "attention"
    unsaid = ("batch", "queries", "keys", "features", "value_features")
    batch: int = param(integer_field(2, 1, "batch size N"))
    heads: int = param(integer_field(2, 1, "heads of the queries A"))
    kv_heads: int = param(integer_field(2, 1, "heads of keys and values B, which divide those of the queries"))
    queries: int = param(integer_field(3, 1, "queries Q"))
    keys: int = param(integer_field(9, 1, "keys K"))
    features: int = param(integer_field(4, 1, "features of queries and keys E"))
    value_features: int = param(integer_field(4, 1, "features of values V"))
    causal: str = param(word_field("no", ("no", "top_left", "bottom_right"), "from which corner the past is counted"))
    mask: str = param(word_field("no", ("no", "boolean", "additive"), "the mask (batch, 1, queries, keys)"))
    scale: float | None = param(
        Field(
            optional(_SCALE.parse),
            None,
            "what the products are multiplied with; null is 1 / sqrt(features)",
            {"anyOf": [dict(_SCALE.schema), {"type": "null"}]},
        )
    )

    def __post_init__(self) -> None:
        if self.heads % self.kv_heads:
            raise ParamError("kv_heads", f"found {self.kv_heads}, expected a divisor of heads, which is {self.heads}")

    def inputs(self) -> tuple[TensorSpec, ...]:
        n, b, k = self.batch, self.kv_heads, self.keys
        found = (
            TensorSpec("q", "NAQE", (n, self.heads, self.queries, self.features)),
            TensorSpec("k", "NBKE", (n, b, k, self.features)),
            TensorSpec("v", "NBKV", (n, b, k, self.value_features)),
        )
        if self.mask == "no":
            return found
        kind = "boolean" if self.mask == "boolean" else "real"
        return (*found, TensorSpec("mask", "NAQK", (n, 1, self.queries, k), kind=kind))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NAQV", (self.batch, self.heads, self.queries, self.value_features)),)

    def meaning(self) -> dict[str, Any]:
        return {
            "by": 1 / math.sqrt(self.features) if self.scale is None else self.scale,
            "last": {"no": self.keys, "top_left": 0, "bottom_right": self.keys - self.queries}[self.causal],
            "group": self.heads // self.kv_heads,
            "grouped": self.heads != self.kv_heads,
        }

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None) -> Num:  # type: ignore[override]
        weights, empty = self.weighed(q, k, mask)
        y = einsum("naqk,nakv->naqv", weights, repeat(v, self.meaning()["group"], 1))
        return self.unseen(y, broadcast(total(v, 2, keepdims=True) / float(self.keys), v.shape), empty)

    def weighed(self, q: Num, k: Num, mask: Any) -> tuple[Num, Bools]:
        """How much of each key a query takes, and which of them sees none: their weights are those of all keys."""
        meant = self.meaning()
        scores = einsum("naqe,nake->naqk", q, repeat(k, meant["group"], 1)) * meant["by"]
        seen = np.broadcast_to(self.past(), scores.shape)
        if self.mask != "no":
            scores, shown = self.masked(scores, mask)
            seen = seen & shown
        # A row that sees nothing is computed as if it saw all, and left out at the end: so its gradient is 0.
        empty = np.asarray(~seen.any(-1, keepdims=True))
        scores = stored(where(seen | empty, scores, 0.0))
        seen = seen | empty
        top = np.where(seen, scores.value, -np.inf).max(-1, keepdims=True)
        e = where(seen, exp(where(seen, scores, 0.0) - stopped(Num(np.where(np.isfinite(top), top, 0.0)))), 0.0)
        return stored(e / total(e, -1, keepdims=True)), empty

    def past(self) -> Bools:
        """What is no future, (queries, keys)."""
        return np.asarray(np.tri(self.queries, self.keys, self.meaning()["last"], dtype=bool))

    def masked(self, scores: Num, mask: Any) -> tuple[Num, Bools]:
        """The scores with what a mask adds, and what it lets through."""
        if self.mask == "boolean":
            return scores, np.asarray(mask, dtype=bool)
        hides = mask.value == -np.inf
        return scores + where(hides, 0.0, mask), ~hides

    def unseen(self, y: Num, mean: Num, empty: Bools) -> Num:
        """y where a query has no key to see."""
        return where(empty, 0.0, y)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "a query that no key is left for gets the average of all values", _Average(**given)
        yield "a query that no key is left for gets NaN", _NoAnswer(**given)
        yield "the products as they are, not scaled", replace(self, scale=1.0)
        yield "scaled by 1 / features, not by its root", replace(self, scale=1 / self.features)
        if self.mask == "boolean":
            yield "the mask's true hides a key, where it should show it", _Inverted(**given)
        if self.mask != "no":
            yield "the mask added as numbers, 1 and 0 where it is boolean", _Added(**given)
            yield "the mask left out", _Unmasked(**given)
        if self.mask == "additive":
            yield "the mask read as boolean: whatever is not 0 shows a key", _AsBoolean(**given)
        if self.features == self.value_features:
            yield "keys and values swapped: the order (query, value, key)", _Swapped(**given)


@dataclass(frozen=True)
class _Average(Attention):
    """With the average of all values for a query that sees none."""

    def unseen(self, y: Num, mean: Num, empty: Bools) -> Num:
        return where(empty, repeat(mean, self.heads // self.kv_heads, 1)[:, :, :1], y)


@dataclass(frozen=True)
class _NoAnswer(Attention):
    """With NaN for a query that sees nothing."""

    def unseen(self, y: Num, mean: Num, empty: Bools) -> Num:
        return where(empty, np.nan, y)


@dataclass(frozen=True)
class _Inverted(Attention):
    """With a mask that is true where a key is hidden."""

    def masked(self, scores: Num, mask: Any) -> tuple[Num, Bools]:
        return scores, ~np.asarray(mask, dtype=bool)


@dataclass(frozen=True)
class _Added(Attention):
    """With a mask that is added, whatever its kind."""

    def masked(self, scores: Num, mask: Any) -> tuple[Num, Bools]:
        added = mask if isinstance(mask, Num) else Num(np.asarray(mask, dtype=np.float64))
        return scores + added, np.asarray(added.value != -np.inf)


@dataclass(frozen=True)
class _Unmasked(Attention):
    """With no mask."""

    def masked(self, scores: Num, mask: Any) -> tuple[Num, Bools]:
        return scores, np.ones(scores.shape, dtype=bool)


@dataclass(frozen=True)
class _AsBoolean(Attention):
    """With numbers taken for booleans."""

    def masked(self, scores: Num, mask: Any) -> tuple[Num, Bools]:
        return scores, np.asarray(mask.value != 0)


@dataclass(frozen=True)
class _Swapped(Attention):
    """With the values in the place of the keys."""

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None) -> Num:  # type: ignore[override]
        return super().compute(q, v, k, mask)

"""Attention with the weights of its projections: multi-head attention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.exact.contraction import einsum
from conformance.exact.num import Num, add_up, stored
from conformance.exact.reduce import mean
from conformance.exact.truth import where
from conformance.ops.attention import Attention, Bools
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param, word_field

_LETTERS = {"q": "Q", "k": "K", "v": "K"}


@dataclass(frozen=True)
class MultiHeadAttention(Op):
    """Multi-head attention (Vaswani et al., 2017), section 3.2.2: projections, attention of each head, a projection.

    A head's query is q wq + bq, its key k wk + bk and its value v wv + bv; y is what all heads give, times wo, plus bo.
    A boolean mask is true where a key may be seen: (queries, keys), or (batch, keys) where it is of `keys`, as for
    padding. An additive one is added to the scores. `weights` asks for those of the keys, too: of each of the heads, or
    their mean. A query that no key is left for gets 0 from every head.
    """

    name = "multi_head_attention"
    unsaid = ("batch", "queries", "keys")
    batch: int = param(integer_field(2, 1, "batch size N"))
    heads: int = param(integer_field(2, 1, "heads A"))
    queries: int = param(integer_field(3, 1, "queries Q"))
    keys: int = param(integer_field(9, 1, "keys K"))
    features: int = param(integer_field(4, 1, "features E of the queries, keys, values and of y"))
    head_features: int = param(integer_field(2, 1, "features F of each head"))
    bias: bool = param(boolean_field(True, "add a bias to each projection"))
    mask: str = param(word_field("no", ("no", "boolean", "keys", "additive"), "the mask"))
    weights: str = param(word_field("no", ("no", "mean", "each"), "whether the weights are given, too"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        e, a, f = self.features, self.heads, self.head_features
        rows = {"Q": self.queries, "K": self.keys}
        given = [TensorSpec(x, f"N{r}E", (self.batch, rows[r], e)) for x, r in _LETTERS.items()]
        given += [TensorSpec(f"w{x}", "EAF", (e, a, f)) for x in _LETTERS] + [TensorSpec("wo", "AFE", (a, f, e))]
        if self.bias:
            given += [TensorSpec(f"b{x}", "AF", (a, f)) for x in _LETTERS] + [TensorSpec("bo", "E", (e,))]
        first = ("N", self.batch) if self.mask == "keys" else ("Q", self.queries)
        kind = "real" if self.mask == "additive" else "boolean"
        mask = TensorSpec("mask", first[0] + "K", (first[1], self.keys), kind=kind)
        return (*given, mask) if self.mask != "no" else tuple(given)

    def outputs(self) -> tuple[TensorSpec, ...]:
        n, q, k = self.batch, self.queries, self.keys
        y = TensorSpec("y", "NQE", (n, q, self.features))
        of_all, of_each = TensorSpec("seen", "NQK", (n, q, k)), TensorSpec("seen", "NAQK", (n, self.heads, q, k))
        return {"no": (y,), "mean": (y, of_all), "each": (y, of_each)}[self.weights]

    def meaning(self) -> dict[str, Any]:
        return {"width": self.heads * self.head_features, "by": self.head_features**-0.5}

    def core(self) -> Attention:
        """The attention of the heads."""
        sizes = (self.batch, self.heads, self.heads, self.queries, self.keys, self.head_features, self.head_features)
        return Attention(*sizes, mask="boolean" if self.mask == "keys" else self.mask)

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        heads = [self.projected(x, name, w) for x, name in ((q, "q"), (k, "k"), (v, "v"))]
        asked, known, value = heads
        seen, empty = self.core().weighed(asked, known, mask[:, None, None] if self.mask == "keys" else mask)
        seen = self.left(seen, empty)
        y = einsum("nqaf,afe->nqe", stored(einsum("naqk,nakf->nqaf", seen, value)), w["wo"])
        y = add_up(y, w["bo"]) if self.bias else y
        return {"no": y, "mean": (y, mean(seen, 1)), "each": (y, seen)}[self.weights]

    def projected(self, x: Num, name: str, w: dict[str, Num]) -> Num:
        """What the heads get of an input."""
        made = einsum("nqe,eaf->nqaf", x, w[f"w{name}"])
        return stored(add_up(made, w[f"b{name}"]) if self.bias else made).swapaxes(1, 2)

    def left(self, seen: Num, empty: Bools) -> Num:
        """The weights where a query has no key to see."""
        return where(empty, 0.0, seen)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "a query that no key is left for gets the average of all values", _Average(**given)
        yield "a query that no key is left for gets NaN", _NoAnswer(**given)
        if self.mask in ("boolean", "keys"):
            yield "the mask's true hides a key, where it should show it", _Hiding(**given)
        if self.mask == "boolean":
            yield "the mask added as numbers, 1 and 0", _Adding(**given)
        if self.mask != "no":
            yield "the mask left out", _Open(**given)
        yield "the order (query, value, key)", _ValueFirst(**given)
        if self.features == self.heads * self.head_features:
            yield "each projection's weights transposed", _Transposed(**given)
            yield "the heads cut out the other way: features of all heads in turn", _Interleaved(**given)


@dataclass(frozen=True)
class _Average(MultiHeadAttention):
    """With the same weight of all keys for a query that sees none."""

    def left(self, seen: Num, empty: Bools) -> Num:
        return where(empty, 1 / self.keys, seen)


@dataclass(frozen=True)
class _NoAnswer(MultiHeadAttention):
    """With NaN for a query that sees nothing."""

    def left(self, seen: Num, empty: Bools) -> Num:
        return where(empty, np.nan, seen)


@dataclass(frozen=True)
class _Hiding(MultiHeadAttention):
    """With a mask that is true where a key is hidden."""

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        return super().compute(q, k, v, ~np.asarray(mask, dtype=bool), **w)


@dataclass(frozen=True)
class _Adding(MultiHeadAttention):
    """With truths added as numbers."""

    def core(self) -> Attention:
        return replace(super().core(), mask="additive")

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        return super().compute(q, k, v, Num(np.asarray(mask, dtype=np.float64)), **w)


@dataclass(frozen=True)
class _Open(MultiHeadAttention):
    """With no mask."""

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        shown = Num(np.zeros(mask.shape)) if self.mask == "additive" else np.ones(mask.shape, dtype=bool)
        return super().compute(q, k, v, shown, **w)


@dataclass(frozen=True)
class _ValueFirst(MultiHeadAttention):
    """With the values in the place of the keys."""

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        return super().compute(q, v, k, mask, **w)


@dataclass(frozen=True)
class _Transposed(MultiHeadAttention):
    """With weights that were not transposed on their way from or to the rows of a packed matrix."""

    def compute(self, q: Num, k: Num, v: Num, mask: Any = None, **w: Num) -> Any:  # type: ignore[override]
        turned = {n: a.reshape(self.features, -1).transpose().reshape(*a.shape) for n, a in w.items() if n[0] == "w"}
        return super().compute(q, k, v, mask, **{**w, **turned})


@dataclass(frozen=True)
class _Interleaved(MultiHeadAttention):
    """With heads that were the last axis of a packed matrix."""

    def projected(self, x: Num, name: str, w: dict[str, Num]) -> Num:
        e, a, f = self.features, self.heads, self.head_features
        cut = {n: m.reshape(e, f, a).transpose(0, 2, 1) for n, m in w.items() if n[0] == "w" and n != "wo"}
        return super().projected(x, name, {**w, **cut})

"""Words of losses around what a framework has of them: the loss of an element or a place, and its reduction.

Shared by the rooms; knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from conformance.frameworks.words import Words


def elementwise(
    each: str, reduce: str, before: str = "", unless: Mapping[str, str] | None = None, note: str = ""
) -> tuple[Words, ...]:
    """Words of a loss whose element is written `each`, and reduced by functions such as `numpy.{}`."""
    said = dict(unless or {})
    whole = reduce.format("{reduction|text}")
    return (
        Words(f"{before}y = {each}", unless={**said, "reduction != 'none'": "reduced"}, note=note, own=OWN),
        Words(
            f"{before}y = {reduce.format('sum')}({each}) / {{shape|first}}",
            unless={**said, "reduction != 'batchmean'": "not over the batch"},
            note=note,
            own=OWN,
        ),
        Words(f"{before}y = {whole}({each})", unless=said, note=note, own=OWN),
    )


OWN = {"squared": lambda epsilon: epsilon * epsilon}


@dataclass(frozen=True)
class Classes:
    """How a framework writes the cross entropy, the classes in the last axis.

    `sparse` and `dense`: the loss of each place, of labels and of shares (`labels`). `one_hot`: the shares of labels.
    `before`: lines that both begin with. `smoothed`: as `dense`, of shares that it smooths itself; "" where it does
    not. `taken`: the weight of each label; `kept`: 1 where a label counts and 0 where it is ignored. `reduce`: as
    `numpy.{}`. `weightless`: why `dense` can't have a weight for each class; "" where it can.
    """

    sparse: str
    dense: str
    one_hot: str
    taken: str
    kept: str
    reduce: str
    before: str = ""
    smoothed: str = ""
    weightless: str = ""
    note: str = ""

    def words(self, unless: Mapping[str, str] | None = None) -> tuple[Words, ...]:
        """Words for every way to ask; the plainest first."""
        found = [replace(one, unless={**(unless or {}), **(one.unless or {})}) for one in self._every()]
        if self.weightless:
            last = {"weighted and (smoothing > 0 or target == 'probability')": self.weightless}
            found[-1] = replace(found[-1], unless={**last, **(found[-1].unless or {})})
        return tuple(found)

    def _every(self) -> Iterator[Words]:
        for label, smooth, weighted, ignoring in product((True, False), (False, True), (False, True), (False, True)):
            dense = smooth or not label
            if (ignoring and not label) or (dense and weighted and self.weightless):
                continue
            unless = {
                f"target {'!=' if label else '=='} 'label'": "another target",
                f"smoothing {'==' if smooth else '>'} 0": "smoothed otherwise",
                ("not weighted" if weighted else "weighted"): "weighted otherwise",
                ("not ignoring" if ignoring else "ignoring"): "of other labels",
            }
            lines, loss = self._loss(label, smooth, weighted)
            parts = [self.taken] * weighted + [self.kept] * ignoring if label else []
            own = [self.kept] * ignoring if dense else parts
            for reduction in ("none", "mean", "rest"):
                said = {**unless}
                if reduction != "rest":
                    said[f"reduction != '{reduction}'"] = "reduced otherwise"
                text = self._reduced(loss, parts, own, reduction)
                layouts = {"x": "{axes|last|text}", **({} if label else {"target": "{axes|last|text}"})}
                yield Words(
                    self.before + lines + text,
                    layouts,
                    said,
                    self.note,
                    {"last": lambda axes: f"N{axes[0]}C", **_WORDS},
                )

    def _loss(self, label: bool, smooth: bool, weighted: bool) -> tuple[str, str]:
        if label and not smooth:
            return "", self.sparse
        shares, dense = self.one_hot if label else "target", self.dense
        if smooth and self.smoothed:
            dense = self.smoothed
        elif smooth:
            shares = f"{shares} * {{smoothing|rest}} + {{smoothing_each}}"
        if weighted:
            shares = f"({shares}) * weight" if smooth else f"{shares} * weight"
        return ("", dense.replace("labels", shares)) if shares == "target" else (f"labels = {shares}\n", dense)

    def _reduced(self, loss: str, parts: list[str], own: list[str], reduction: str) -> str:
        """`parts`: what a weighted mean is over; `own`: by which of them the loss itself is to be multiplied."""
        if own:
            loss = f"{loss} * {' * '.join(own)}"
        if reduction == "none":
            return f"y = {loss}"
        if reduction == "mean" and parts:
            sums = self.reduce.format("sum")
            return f"y = {sums}({loss}) / {sums}({' * '.join(parts)})"
        return f"y = {self.reduce.format('{reduction|averaged|text}')}({loss})"


_WORDS = {"averaged": lambda reduction: "mean" if reduction == "count" else reduction}

"""The code of a separable convolution: those of its two calls in a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from conformance.recipe.bench import Statements
from conformance.recipe.write import Code

_PARTS = {"w": "depthwise_", "p": "pointwise_"}


def composed(first: Code, second: Code) -> Code:
    """The two codes in a row; what both call the same has a name for each."""
    names = {name: which for name, which in first.ran.inputs if which != "x"}
    one = {**{name: _PARTS[which] + name for name, which in names.items()}, "layer": "depthwise"}
    theirs = {name: which for name, which in second.ran.inputs if which != "x"}
    two = {name: _PARTS["p"] + name for name, which in theirs.items() if which == "w"} | {"layer": "pointwise"}
    own = ("kernel", "filters", "weight")  # what the call's two are called
    lines = [_named(line, {n: _PARTS["w"] + n for n in own}) for line in first.weights]
    lines += [_named(line, {n: _PARTS["p"] + n for n in own}) for line in second.weights]
    before = _named(first.ran.text, one).split("\n")
    model = first.target.framework == "onnx"  # whose text has names of its own
    after = _named(second.ran.text, two if model else {**two, "x": "y"}).split("\n")
    after = ["x = y", *after] if model else after
    # y is brought into the call's layout and at once back again.
    back = re.search(r"# (\S+) to (\S+)$", before[-1])
    again = next((line for line in after if back and line.endswith(f"# {back[2]} to {back[1]}")), "")
    if again and not any(line.startswith("y") for line in after[: after.index(again)]):
        before, after = before[:-1], [line for line in after if line != again]
    layouts = dict(first.ran.layouts) | {"p": dict(second.ran.layouts)["w"]}
    layouts |= {name: layout for name, layout in second.ran.layouts if name in ("b", "y")}
    inputs = [("x", "x"), *((one[name], "w") for name in names)]
    inputs += [(two.get(name, name), "p" if which == "w" else which) for name, which in theirs.items()]
    order = [name for name in ("x", "w", "p", "b", "y") if name in layouts]
    ran = Statements("\n".join([*before, *after]), tuple(inputs), tuple((name, layouts[name]) for name in order))
    note = "; ".join(dict.fromkeys(filter(None, (first.note, second.note))))
    first = replace(first, after=second.after)  # between the two y goes into the call's layout and out of it
    return replace(first, ran=ran, weights=tuple(lines), head=f"{first.head}, {second.head}", note=note)


def _named(text: str, names: Mapping[str, str]) -> str:
    """Code with other names for some of its variables; no argument's name is one, and nothing in quotes."""
    pattern = "|".join(map(re.escape, names))
    return re.sub(rf"(?<![\w.\"'])({pattern})(?![\w\"'=])", lambda match: names[match[1]], text)

"""Hypothesis strategies and small builders that several tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.exact.graph import Sum
from conformance.exact.num import Num
from conformance.ops import OPS
from conformance.ops.reference import Reference
from conformance.suite.case import Case, Source, Values

DTYPE_NAMES = ("float16", "bfloat16", "float32", "float64")


def parameters(op: str, **given: Any) -> Any:
    """The op's parameter object from what a case file would say; the rest are its defaults."""
    fields = OPS[op].fields()
    unknown = set(given) - set(fields)
    assert not unknown, unknown
    return OPS[op].bind({name: f.parse(given[name]) if name in given else f.default for name, f in fields.items()})


def a_case(op: str, dtype: str = "float32", values: Values | str = "integers", seed: int = 0, **given: Any) -> Case:
    """A case as the loader would make it, with the checks that every case has."""
    bound = parameters(op, **given)
    recipe = Values(values) if isinstance(values, str) else values
    return Case(
        id=f"test.yaml::{bound.label()} {recipe.kind} {dtype}",
        op=bound,
        given=tuple(sorted(given.items(), key=lambda item: item[0])),
        dtype=dtype,
        values=recipe,
        seed=seed,
        checks=("shape", "dtype", "value"),
        source=Source("test.yaml", 1),
    )


def a_sum(values: Any, products: int = 4, magnitude: Any = None) -> Reference:
    """A sum of products with given values; its magnitude is theirs unless it is given, its energy follows from both."""
    value = np.asarray(values, dtype=np.float64)
    size = np.abs(value) if magnitude is None else np.broadcast_to(np.asarray(magnitude, dtype=np.float64), value.shape)
    channels = {"err": products * size, "tiny": np.full(value.shape, float(products)), "energy": size**2 / products}
    return Reference.of(Num(value, own=channels.get, steps=products, sum=Sum(products, lambda: size, True)))


@st.composite
def conv_parameters(draw: st.DrawFn, op: str, largest: int = 6) -> dict[str, Any]:
    """Small parameters of a (transposed) convolution, as a case file gives them; the definition may refuse them."""
    dims = draw(st.integers(1, 2))
    groups = draw(st.integers(1, 2))
    convention = draw(st.sampled_from(["torch", "tensorflow", "keras", "jax", "onnx"]))

    def per_axis(low: int, high: int) -> Any:
        return draw(st.one_of(st.integers(low, high), st.lists(st.integers(low, high), min_size=dims, max_size=dims)))

    words = ["valid", "same_upper", "same_lower"] if convention == "onnx" else ["valid", "same"]
    padding = draw(st.sampled_from([*words, "numbers"]))
    given: dict[str, Any] = {
        "dims": dims,
        "batch": draw(st.integers(0, 2)),
        "in_channels": groups * draw(st.integers(0, 2)),
        "out_channels": groups * draw(st.integers(1, 2)),
        "groups": groups,
        "size": per_axis(0, largest),
        "kernel": per_axis(1, 4),
        "stride": per_axis(1, 3),
        "dilation": per_axis(1, 3),
        "padding": per_axis(0, 2) if padding == "numbers" else padding,
        "bias": draw(st.booleans()),
        "convention": convention,
    }
    if op == "conv_transpose" and draw(st.booleans()):
        given["output_padding"] = per_axis(0, 2)
    return given

"""The condition that tells the cases that a divergence covers from those it does not, for all kinds of parameters.

The conditions themselves are held against `conditions.tsv`; made anew by `python -m tests.known.test_conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from conformance.known.condition import Separator
from conformance.suite.case import Case
from tests.figures import changed, rewrite
from tests.strategies import a_case

TABLE = Path(__file__).with_name("conditions.tsv")


def grid() -> list[Case]:
    """Numbers, words, booleans, nothing and lists an axis."""
    cases = []
    for stride, bias, padding, size in product((1, 2, 3), (False, True), ("same", "valid"), (5, [5, 6], [7, 4])):
        cases.append(a_case("conv", stride=stride, bias=bias, padding=padding, size=size, kernel=3))
    for output_padding, stride, kernel in product((None, 0, 1), (2, [2, 3]), (3, [3, 4])):
        given: dict[str, Any] = {"output_padding": output_padding, "stride": stride, "kernel": kernel, "size": 4}
        cases.append(a_case("conv_transpose", convention="keras", padding="valid", **given))
    for momentum, unbiased in product((0.1, 0.9), (False, True)):
        cases.append(a_case("batch_norm", values="normal", momentum=momentum, unbiased=unbiased))
    return cases


GRID = grid()
WHICH: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "one stride": ("conv", lambda p: p["stride"] == (2, 2)),
    "strides above 1": ("conv", lambda p: min(p["stride"]) > 1),
    "with a bias": ("conv", lambda p: p["bias"]),
    "without a bias": ("conv", lambda p: not p["bias"]),
    "a word": ("conv", lambda p: p["padding"] == "same"),
    "a bias at stride 2": ("conv", lambda p: p["bias"] and p["stride"] == (2, 2)),
    "same above stride 1": ("conv", lambda p: p["padding"] == "same" and p["stride"] != (1, 1)),
    "long first": ("conv", lambda p: p["size"][0] > p["size"][-1]),
    "a size of 7": ("conv", lambda p: 7 in p["size"]),
    "nothing said": ("conv_transpose", lambda p: p["output_padding"] is None),
    "something said": ("conv_transpose", lambda p: p["output_padding"] is not None),
    "zero said": ("conv_transpose", lambda p: p["output_padding"] == (0, 0)),
    "uneven strides": ("conv_transpose", lambda p: len(set(p["stride"])) > 1),
    "uneven kernels and nothing said": (
        "conv_transpose",
        lambda p: len(set(p["kernel"])) > 1 and p["output_padding"] is None,
    ),
    "a momentum": ("batch_norm", lambda p: p["momentum"] == 0.9),
    "unbiased": ("batch_norm", lambda p: p["unbiased"]),
    "one of four": ("batch_norm", lambda p: p["unbiased"] and p["momentum"] == 0.1),
    "three of four": ("batch_norm", lambda p: p["unbiased"] or p["momentum"] == 0.1),
    "all": ("batch_norm", lambda p: True),
}


def parts() -> Iterator[tuple[str, list[Any], list[Any]]]:
    for name, (op, holds) in WHICH.items():
        # As in a record, where the recipe of values is a name.
        of_op: list[Any] = [replace(case, values=case.values.kind) for case in GRID if case.op_name == op]  # type: ignore[arg-type]
        inside = [case for case in of_op if holds({**vars(case.op)})]
        assert inside, name
        yield name, inside, [case for case in of_op if case not in inside]


def all_rows() -> dict[str, str]:
    rows = {}
    for name, inside, outside in parts():
        found = Separator().separate(inside, outside)
        rows[name] = f"cases {list(found.cases)} params {found.params!r} dtypes {list(found.dtypes)}"
    return rows


def test_no_condition_changed() -> None:
    found = changed(TABLE, all_rows())
    assert not found, "\n".join(found)


if __name__ == "__main__":
    print("\n".join(rewrite(TABLE, all_rows())))

"""ONNX's node tests: the inputs and expected outputs that the `onnx` package makes for its operators.

https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx.backend.test.loader import load_model_tests

from tests.others.onnx_readers import READERS, Node
from tests.others.points import AnyArray, Found, NotExpressible, Point

_DOMAINS = ("", "ai.onnx", "ai.onnx.preview.training")

# Points of which it is known why they don't agree: a pattern of their names, and whose fault it is.
KNOWN: dict[str, str] = {
    r"test_resize_downsample_scales_(linear|cubic)_align_corners": "ONNX's node test puts scale * n, which is no "
    "integer, for the length of y; the operator's text has the length, which is rounded down",
    "test_hammingwindow.*": "ONNX's Hamming window has 25/46 for 0.54: a definition of its own",
}


def points(some: int = 0, seed: int = 0) -> Found:
    """Every node test of an operator that is read here, or of `some` operators, drawn by the seed.

    What can't be said comes as (operator, name, reason).
    """
    drawn = random.Random(seed).sample(sorted(READERS), min(some, len(READERS))) if some else READERS
    for test in _tests():
        nodes = test.model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in drawn or nodes[0].domain not in _DOMAINS:
            continue
        (node,) = nodes
        for given, expected in test.data_sets:
            try:
                yield _point(
                    test.name,
                    node,
                    _named(test.model.graph.input, node.input, given),
                    _named(test.model.graph.output, node.output, expected),
                )
            except NotExpressible as reason:
                yield node.op_type, test.name, str(reason)


@cache
def _tests() -> list[Any]:
    return list(load_model_tests(kind="node"))


def functions() -> int:
    """How many operators have node tests of their own."""
    every = [test.model.graph.node for test in _tests()]
    return len({nodes[0].op_type for nodes in every if len(nodes) == 1})


def _named(declared: Sequence[Any], names: Sequence[str], arrays: Sequence[Any]) -> list[AnyArray | None]:
    """The tensors in the order in which the node names them; None for one that it leaves out."""
    by_name = dict(zip((value.name for value in declared), arrays, strict=True))
    if any(isinstance(array, list) or array is None for array in by_name.values()):
        raise NotExpressible("a sequence or an optional tensor")
    found = [_array(by_name.get(name)) for name in names]
    if any(array is not None and not isinstance(array, np.ndarray | np.generic) for array in found):
        raise NotExpressible("of a dtype that NumPy has not")
    return [None if array is None else np.asarray(array) for array in found]


def _array(value: Any) -> Any:
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else value


def _point(name: str, node: NodeProto, given: list[AnyArray | None], expected: list[AnyArray | None]) -> Point:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}
    asked = Node(attributes, given, len(expected))
    try:
        read = READERS[node.op_type](asked)
    except NotExpressible:
        raise
    except Exception as error:
        raise NotExpressible(f"no reading: {type(error).__name__}: {error}") from None
    if unread := asked.unread():
        raise NotExpressible(unread)
    dtypes = {array.dtype.name for array in read.inputs.values() if array.dtype.kind not in "iub"}
    if len(dtypes) > 1:
        raise NotExpressible(f"of {' and '.join(sorted(dtypes))}")
    if not dtypes <= {"float16", "bfloat16", "float32", "float64"}:
        raise NotExpressible(f"of {dtypes.pop()}")
    answers = [array if array is not None else np.zeros(0) for array in expected]
    return Point(name, read, answers, "onnx", dtype=dtypes.pop() if dtypes else "float32")

"""The reference against onnx.reference and onnxruntime, on the same inputs, in one run, one thread."""

from __future__ import annotations

import numpy as np
from common import Row, median_seconds, median_seconds_alternating, show

from conformance.ops import OPS

# (in, out, size, kernel, stride); the first has the aims.
SIZES = [
    (32, 32, 32, 4, 2),
    (1, 1, 8, 3, 1),
    (8, 8, 16, 3, 2),
    (64, 32, 16, 3, 1),
    (32, 32, 64, 4, 2),
]


def bench() -> bool:
    good = True
    for position, (cin, cout, size, kernel, stride) in enumerate(SIZES):
        good &= _one(cin, cout, size, kernel, stride, aims=position == 0)
    return good


def _one(cin: int, cout: int, size: int, kernel: int, stride: int, *, aims: bool) -> bool:
    op = OPS["conv_transpose"]
    given = {name: field.default for name, field in op.fields().items()}
    given |= {
        "convention": "onnx",
        "in_channels": cin,
        "out_channels": cout,
        "size": (size, size),
        "kernel": kernel,
        "stride": stride,
        "padding": 0,
    }
    bound = op.bind(given)
    stream = np.random.RandomState(0)
    arrays = {spec.name: stream.standard_normal(spec.shape) for spec in bound.inputs()}
    right = bound.evaluate(arrays)["y"].value

    model, feeds = _onnx_model(arrays, right.shape, stride)
    session = _onnxruntime(model)
    from onnx.reference import ReferenceEvaluator

    slow = ReferenceEvaluator(model)
    answers = [session.run(None, feeds)[0], slow.run(None, feeds)[0]]
    for answer in answers:
        # A benchmark of two different things would say nothing.
        np.testing.assert_allclose(answer, right, rtol=1e-3, atol=1e-3)

    ours, fast = median_seconds_alternating(
        [lambda: bound.evaluate(arrays)["y"].value, lambda: session.run(None, feeds)], repeats=40 if size < 64 else 15
    )
    theirs = median_seconds(lambda: slow.run(None, feeds), repeats=3 if aims or size > 16 else 5, warm_up=0)
    rows = [
        Row("conformance reference, float64", f"{ours * 1e3:.3f} ms"),
        Row("onnxruntime, float32", f"{fast * 1e3:.3f} ms"),
        Row("onnx.reference, float32", f"{theirs * 1e3:.1f} ms"),
        _ratio("onnx.reference / ours", f"{theirs / ours:.0f}", ">= 200", theirs / ours >= 200, aims),
        _ratio("ours / onnxruntime", f"{ours / fast:.2f}", "<= 4", ours / fast <= 4, aims),
    ]
    return show(f"Reference: 1x{cin}x{size}x{size} to {cout} channels, k{kernel} s{stride}", "reference", rows)


def _ratio(what: str, figure: str, aim: str, holds: bool, aims: bool) -> Row:
    return Row(what, figure, aim, holds) if aims else Row(what, figure)


def _onnx_model(arrays: dict[str, np.ndarray], output: tuple[int, ...], stride: int) -> tuple:
    from onnx import TensorProto, helper

    x = arrays["x"].astype(np.float32)
    w = arrays["w"][0].astype(np.float32)
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[stride, stride])

    def value(name: str, shape: tuple[int, ...]) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    graph = helper.make_graph([node], "g", [value("x", x.shape), value("w", w.shape)], [value("y", output)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, {"x": x, "w": w}


def _onnxruntime(model: object) -> object:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

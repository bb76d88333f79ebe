"""ONNX's plans: what they say, what a stranger's may not, and that both backends answer as the op is defined."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import pytest

from conformance.frameworks.check import check_plan
from conformance.frameworks.onnx.words import TABLE
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import parse_target
from conformance.worker.environment import Config
from conformance.worker.runtime import Refused, build, load
from tests.frameworks.exercise import asked, in_its_own_process, unlike

HEADER = '<ir_version: 10, opset_import: ["" : 22]>'
GRAPH = "g (float[3] x) => (float[N] y) { y = Relu (x) }"
MODEL = f"model = onnx.parser.parse_model('{HEADER} {GRAPH}')"
SHAPES = "y = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output[0]"
REFERENCE = "y = onnx.reference.ReferenceEvaluator(model).run(None, {'x': x})[0]"
SESSION = (
    "y = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])"
    ".run(None, {'x': x})[0]"
)


def plan(op: str, target: str = "onnx", **params: Any) -> Plan:
    found = TABLE[op](asked(target, op, **params))
    assert isinstance(found, Plan), found
    return found


def model_of(found: Plan) -> str:
    """The nodes of a plan's model."""
    match = re.search(r"\{ (y|full|starts|zeros) .*? \}'\)", found.text)
    assert match, found.text
    return match[0][2:-4]


# --- what plans say


def test_own_words_pass_as_they_are() -> None:
    found = plan(
        "conv_transpose",
        convention="onnx",
        in_channels=4,
        out_channels=6,
        groups=2,
        stride=2,
        padding="same_lower",
        output_padding=1,
        bias=True,
    )
    assert found.text.splitlines() == [
        'model = onnx.parser.parse_model(\'<ir_version: 10, opset_import: ["" : 22]> conv_transpose '
        "(float[1,4,4,4] x, float[4,3,3,3] w, float[6] b) => (float[N,C,H,W] y) "
        '{ y = ConvTranspose <strides = [2, 2], group = 2, auto_pad = "SAME_LOWER", output_padding = [1, 1]> '
        "(x, w, b) }')",
        "y = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])"
        ".run(None, {'x': x, 'w': w, 'b': b})[0]",
    ]
    assert dict(found.layouts) == {"x": "NCHW", "w": "(GI)OHW", "b": "C", "y": "NCHW"}


def test_the_backend_decides_who_runs_the_model() -> None:
    found = plan("conv", "onnx/reference", convention="onnx")
    assert found.text.splitlines()[1] == ("y = onnx.reference.ReferenceEvaluator(model).run(None, {'x': x, 'w': w})[0]")
    assert dict(found.layouts)["w"] == "OIHW"


def test_shape_inference_reads_no_inputs() -> None:
    found = plan("conv", "onnx/shapes", convention="onnx")
    inferred = "onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output[0]"
    assert found.text.splitlines()[1] == f"y = {inferred}"


def test_pads_list_the_starts_first() -> None:
    given: dict[str, Any] = {"convention": "onnx", "padding": [[1, 2], [0, 3]]}
    assert model_of(plan("conv", **given)) == "y = Conv <pads = [1, 0, 2, 3]> (x, w)"
    assert "<pads = [1, 0, 2, 3], output_shape = [9, 9]>" in plan("conv_transpose", output_size=9, **given).text


def test_own_words_pass_even_where_the_definition_refuses_them() -> None:
    assert "output_padding = [5, 5]" in plan("conv_transpose", convention="onnx", output_padding=5).text
    assert "pads = [-1, -1, -1, -1]" in plan("conv", convention="onnx", padding=-1).text


def test_another_conventions_padding_is_computed() -> None:
    given: dict[str, Any] = {"convention": "keras", "size": 4, "kernel": 3, "stride": 2, "padding": "same"}
    assert model_of(plan("conv", **given)) == "y = Conv <strides = [2, 2], pads = [0, 0, 1, 1]> (x, w)"
    assert model_of(plan("conv_transpose", **given)) == (
        "y = ConvTranspose <strides = [2, 2], pads = [0, 0, 1, 1]> (x, w)"
    )


def test_what_no_attribute_can_say_follows_in_the_graph() -> None:
    found = plan("conv_transpose", convention="jax", size=3, kernel=4, padding=[[4, 0]], dims=1, bias=True)
    assert model_of(found) == (
        "full = ConvTranspose (x, w) zeros = Constant <value_ints = [0, 0, 1, 0, 0, 0]> () "
        "extended = Pad (full, zeros) starts = Constant <value_ints = [0]> () stops = Constant <value_ints = [-3]> () "
        "axes = Constant <value_ints = [2]> () cropped = Slice (extended, starts, stops, axes) "
        "others = Constant <value_ints = [0, 2]> () column = Unsqueeze (b, others) y = Add (cropped, column)"
    )
    assert "extended" in found.note
    found = plan("conv", convention="jax", size=7, kernel=3, padding=[[-1, 2]], dims=1)
    assert model_of(found) == (
        "starts = Constant <value_ints = [1]> () stops = Constant <value_ints = [9223372036854775807]> () "
        "axes = Constant <value_ints = [2]> () kept = Slice (x, starts, stops, axes) "
        "y = Conv <pads = [0, 2]> (kept, w)"
    )


def test_what_can_not_be_asked() -> None:
    for params, reason in (
        ({"data_format": "channels_last"}, "channels first"),
        ({"convention": "keras", "stride": 2, "output_padding": 2}, "the keras convention rejects"),
    ):
        found = TABLE["conv_transpose"](asked("onnx", "conv_transpose", **params))
        assert isinstance(found, Unsupported)
        assert reason in found.reason
    for dtype, written in (("float64", "double[1,1,4,4] x"), ("bfloat16", "bfloat16[1,1,4,4] x")):
        answer = TABLE["conv"](asked("onnx", "conv", dtype))
        assert isinstance(answer, Plan)
        assert written in answer.text


@pytest.mark.parametrize("target", ["onnx", "onnx/reference", "onnx/shapes"])
def test_every_plan_passes_the_check(target: str) -> None:
    for op in ("conv", "conv_transpose"):
        for params in (
            {"convention": "onnx", "padding": "same_upper", "bias": True},
            {"convention": "jax", "padding": [[-1, 2], [4, 0]], "bias": True},
            {"convention": "keras", "dims": 3, "padding": "same", "stride": 3, "kernel": 2},
        ):
            found = plan(op, target, **params)
            assert check_plan(found.text, "onnx", found.inputs) == [], found.text


# --- what a stranger's plan may not

FORMS = "a plan of onnx parses a model"
ATTACKS = [
    # A file instead of a model.
    ("y = onnx.reference.ReferenceEvaluator('/etc/model.onnx').run(None, {'x': x})[0]", FORMS),
    ("y = onnxruntime.InferenceSession('/etc/model.onnx').run(None, {'x': x})[0]", "takes the bytes of a model"),
    ("y = onnxruntime.InferenceSession(x).run(None, {'x': x})[0]", "takes the bytes of a model"),
    ("y = onnx.reference.ReferenceEvaluator(x).run(None, {'x': x})[0]", "expected a model, found a tensor"),
    (f"{MODEL}\ny = onnxruntime.InferenceSession(model).run(None, {{'x': x}})[0]", "takes the bytes of a model"),
    (f"{MODEL}\nmodel = x\n{REFERENCE}", "expected a model, found a tensor"),
    (SHAPES.replace("(model", "('/etc/model.onnx'"), FORMS),
    (SHAPES.replace("(model", "(x"), "expected a model, found a tensor"),
    (f"{MODEL}\n{SHAPES.replace(', data_prop=True', '')}", FORMS),
    (f"{MODEL}\n{SHAPES.replace('graph.output', 'graph.node')}", FORMS),
    (f"{MODEL}\n{SHAPES.replace('shape_inference.infer_shapes', 'shape_inference.infer_shapes_path')}", FORMS),
    ("model = onnx.load('model.onnx')\n" + REFERENCE, FORMS),
    ("model = onnx.hub.load('mnist')\n" + REFERENCE, FORMS),
    ("model = onnx.load_from_string(x)\n" + REFERENCE, FORMS),
    ("model = onnx.parser.parse_model(x)\n" + REFERENCE, "takes one literal text"),
    ("model = onnx.parser.parse_model('a' + 'b')\n" + REFERENCE, "takes one literal text"),
    (f"{MODEL}\ny = onnx.save(model, 'model.onnx')", FORMS),
    (f"{MODEL}\ny = onnx.reference.ReferenceEvaluator(model, new_ops=[]).run(None, {{'x': x}})[0]", FORMS),
    # Options that name libraries, files or other providers.
    (
        f"{MODEL}\ny = onnxruntime.InferenceSession(model.SerializeToString(), x).run(None, {{'x': x}})[0]",
        FORMS,
    ),
    (
        f"{MODEL}\ny = onnxruntime.InferenceSession(model.SerializeToString(), providers=['OpenVINOExecutionProvider'])"
        ".run(None, {'x': x})[0]",
        "no other option",
    ),
    (
        f"{MODEL}\ny = onnxruntime.InferenceSession(model.SerializeToString(), sess_options=x)"
        ".run(None, {'x': x})[0]",
        "no other option",
    ),
    ("options = onnxruntime.SessionOptions()", FORMS),
    # Values that are no tensors, and everything that is no such form.
    (f"{MODEL}\ny = model", "never assigns its output"),
    (f"{MODEL}\ny = model.graph", FORMS),
    (f"{MODEL}\ny = model.ParseFromString(x)", FORMS),
    (f"{MODEL}\n{REFERENCE.replace('.run', '.eval')}", FORMS),
    (f"{MODEL}\n{REFERENCE.replace('None', '[]')}", FORMS),
    (f"{MODEL}\n{REFERENCE.replace(': x', ': model')}", "expected a tensor, found a model"),
    (f"{MODEL}\n{REFERENCE.replace(': x', ': z')}", "unknown name 'z'"),
    (f"{MODEL}\n{REFERENCE.replace('{' + chr(39) + 'x' + chr(39) + ': x}', '{**x}')}", "keys of a dict"),
    (f"{MODEL}\nonnx = x", "may not assign to 'onnx'"),
    (f"{MODEL}\n_y = x", "may not assign to '_y'"),
    (f"{MODEL}\nx.tofile('a')", "assignments to names only"),
    ("import onnx", "assignments to names only"),
    ("y = numpy.load('a')", FORMS),
    ("y = x[0]", FORMS),
]
MODELS = [
    # Weights in a file, which the text of a model can name.
    (
        f'{HEADER} g (float[3] x) => (float[3] y) <float[3] w = ["location": "/etc/passwd"]> {{ y = Add (x, w) }}',
        "read",
    ),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ y = Relu <location = 1> (x) }}", "may name a file"),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ external_data = Relu (x) }}", "may name a file"),
    # Another domain, a function, a subgraph, a stored tensor.
    ('<ir_version: 10, opset_import: ["" : 22, "com.microsoft" : 1]> ' + GRAPH, "read as"),
    ('<ir_version: 10, opset_import: ["custom" : 1]> ' + GRAPH, "read as"),
    ('<ir_version: 10, opset_import: ["" : 22], metadata_props: ["a" : "b"]> ' + GRAPH, "read as"),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ y = com.microsoft.Gelu (x) }}", "without a domain's name"),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ y = custom . Op (x) }}", "without a domain's name"),
    (f'{HEADER} g (float[3] x) => (float[3] y) {{ y = "custom" (x) }}', "outside of an attribute"),
    (f'{HEADER} {GRAPH} <opset_import: ["" : 22], domain: "f"> f (x) => (y) {{ y = Relu (x) }}', "read as"),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ y = If (x) <then_branch = t () => () {{ }}> }}", "read as"),
    (f"{HEADER} g (float[3] x, float[3] w = {{1, 2, 3}}) => (float[3] y) {{ y = Relu (x) }}", "read as"),
    # What decodes a stranger's bytes, or sets the locale; what is no word.
    (f"{HEADER} g (uint8[3] x) => (uint8[N,M,C] y) {{ y = ImageDecoder (x) }}", "may name a file or change"),
    (f'{HEADER} g (string[3] x) => (string[3] y) {{ y = StringNormalizer <locale = "C"> (x) }}', "may name a file"),
    (f'{HEADER} g (float[3] x) => (float[3] y) {{ y = Relu <a = "/etc/passwd"> (x) }}', "more than a word"),
    (f"{HEADER} g (float[3] x) => (float[3] y) {{ y = Relu (x) # }}", "no operator or attribute needs"),
    ("model.onnx", "read as"),
    ("", "read as"),
]


@pytest.mark.parametrize(("text", "reason"), ATTACKS)
def test_a_plan_that_may_not_run(text: str, reason: str) -> None:
    found = [finding.message for finding in check_plan(text, "onnx", ["x"])]
    assert any(reason in message for message in found), found


@pytest.mark.parametrize(("text", "reason"), MODELS)
def test_a_model_that_may_not_be_parsed(text: str, reason: str) -> None:
    found = check_plan(f"model = onnx.parser.parse_model({text!r})\n{REFERENCE}", "onnx", ["x"])
    assert found
    assert reason in found[0].message
    assert (found[0].line, found[0].column) == (1, 33)


@pytest.mark.parametrize(
    "text",
    [
        f"{MODEL}\n{REFERENCE}",
        f"{MODEL}\n{SESSION}",
        f"{MODEL}\nsession = onnx.reference.ReferenceEvaluator(model)\ny = session.run(None, {{'x': x}})[0]",
        MODEL.replace("Relu (x)", 'Einsum <equation = "i, i -> i"> (x, x)') + "\n" + REFERENCE,
        MODEL.replace("Relu (x)", "LeakyRelu <alpha = 0.5> (x)") + "\n" + REFERENCE,
        f"{MODEL}\n{SHAPES}",
    ],
)
def test_a_plan_that_may_run(text: str) -> None:
    assert check_plan(text, "onnx", ["x"]) == []


TWO = MODEL.replace("=> (float[N] y) { y = Relu (x) }", "=> (float[N] y, float[N] z) { y = Relu (x) z = Neg (x) }")


def test_a_plan_of_two_outputs_takes_the_session_apart() -> None:
    both = REFERENCE.replace("y =", "y, z =").removesuffix("[0]")
    assert check_plan(f"{TWO}\n{both}", "onnx", ["x"], ["y", "z"]) == []
    one = check_plan(f"{TWO}\n{REFERENCE}", "onnx", ["x"], ["y", "z"])
    assert [finding.message for finding in one] == ["the plan never assigns its output 'z'"]


@pytest.mark.parametrize(
    "text",
    [
        f"{TWO}\ny, z = model",
        f"{TWO}\ny, z = x",
        f"{TWO}\ny, z = onnx.reference.ReferenceEvaluator(model)",
        f"{TWO}\ny, z = onnx.reference.ReferenceEvaluator('/etc/model.onnx').run(None, {{'x': x}})",
        f"{TWO}\ny, _z = {REFERENCE[4:-3]}",
        f"{TWO}\ny, onnx = {REFERENCE[4:-3]}",
        f"{TWO}\ny, x.z = {REFERENCE[4:-3]}",
        f"{TWO}\ny, *z = {REFERENCE[4:-3]}",
        f"{TWO}\n() = {REFERENCE[4:-3]}",
        f"{TWO}\n{REFERENCE[:-3]}\nz = y",
    ],
)
def test_a_plan_of_two_outputs_that_may_not_run(text: str) -> None:
    assert check_plan(text, "onnx", ["x"], ["y", "z"])


def test_inputs_can_not_be_called_as_the_modules() -> None:
    assert check_plan("y = x", "onnx", ["onnxruntime"])
    assert check_plan("y = x", "onnx", ["x"], outputs=["onnx"])


# --- the real backends

needs_onnx = pytest.mark.skipif(find_spec("onnx") is None, reason="onnx is not installed")
needs_onnxruntime = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None, reason="onnx or onnxruntime is not installed"
)


@needs_onnx
def test_a_plan_for_the_other_backend_is_refused() -> None:
    runtime = load(Config({"framework": "onnx", "backend": "reference"}))
    function = build(f"{MODEL}\n{SESSION}", ["x"], ["y"], runtime)
    with pytest.raises(Refused, match="the plan asks onnx/onnxruntime; this target is onnx/reference"):
        runtime.run(function, [runtime.from_numpy(array(3), "float32")])
    assert "backend_version" not in runtime.info()


@needs_onnx
def test_what_is_inferred_is_a_shape_and_a_dtype() -> None:
    runtime = load(Config({"framework": "onnx", "backend": "shapes"}))

    def inferred(model: str) -> Any:
        text = f"{MODEL.replace('Relu (x)', model)}\n{SHAPES}"
        return runtime.to_numpy(runtime.run(build(text, ["x"], ["y"], runtime), [array(3)])["y"])

    assert inferred("Relu (x)") == ("float32", (3,), None)
    with pytest.raises(ValueError, match="no shape is inferred for y"):
        inferred("Compress (x, x)")
    with pytest.raises(Refused, match="the plan asks onnx/reference; this target is onnx/shapes"):
        runtime.run(build(f"{MODEL}\n{REFERENCE}", ["x"], ["y"], runtime), [array(3)])


@needs_onnxruntime
def test_a_runtime_without_a_kernel_says_so() -> None:
    runtime = load(Config({"framework": "onnx", "backend": "onnxruntime", "options": {"threads": "2"}}))
    function = build(f"{MODEL}\n{SESSION}", ["x"], ["y"], runtime)
    dtype, shape, values = runtime.to_numpy(runtime.run(function, [runtime.from_numpy(array(3) - 1, "float32")])["y"])
    assert (dtype, shape) == ("float32", (3,))
    assert values is not None
    assert values.tolist() == [0.0, 0.0, 1.0]
    assert runtime.info()["flags"]["threads"] == 2
    found = TABLE["conv"](asked("onnx", "conv", "float64"))
    assert isinstance(found, Plan)
    function = build(found.text, found.inputs, ["y"], runtime)
    with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
        runtime.run(function, [array(1, 1, 4, 4), array(1, 1, 3, 3)])


def array(*shape: int) -> Any:
    import numpy as np

    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


# What ONNX Runtime 1.31.1 refuses though the definition answers.
LIMITS = (
    r"Conv node.*Invalid input shape",  # no element to answer with
    r"ConvTranspose node.*Computed output dimension is",  # likewise
    r"ConvTranspose node.*Explicit output (size|dimension)",
    r"Dilation not supported for AutoPadType::SAME",
    r"output_padding \(\d+\) may be too large for stride",  # though below the dilation
    r"Explicit output_shape is inconsistent with input spatial dimensions",  # reached by no output_padding
    r"output_padding\[\d\] \(\d+\) must be less",
)
# What it answers otherwise: auto_pad with an axis that must be extended, and output_shape likewise.
OTHERWISE = re.compile(r"conv_transpose.* (same_upper|same_lower|to\d\S*) .*onnx\]")


@needs_onnxruntime
@pytest.mark.parametrize(
    ("op", "convention", "seed"), [("", "", 1), ("conv", "onnx", 2), ("conv_transpose", "keras", 3)]
)
def test_onnxruntime_answers_as_defined(op: str, convention: str, seed: int) -> None:
    count = 400
    found = in_its_own_process("onnx", count, seed, op, convention)
    assert [note for note in found["mismatches"] if not OTHERWISE.search(note["label"])] == []
    assert found["whitelist"] == []
    assert unlike(found["raised"], *LIMITS) == []
    assert found["accepted"] == []
    assert found["agreed"] > count / 4


# What the reference evaluator of onnx 1.23.2 refuses.
REFERENCE_LIMITS = (
    r"cannot reshape array of size \d+ into shape",  # groups; an empty input
    r"could not broadcast input array from shape",  # groups
    r"Given n_input_plane=",  # output_shape without SAME, and output_padding of at least the stride
    r"Issues with types .* and attributes",  # an empty batch
)


@needs_onnx
@pytest.mark.parametrize(("op", "convention", "seed"), [("", "", 1), ("conv", "onnx", 2)])
def test_the_reference_evaluator_answers_as_defined(op: str, convention: str, seed: int) -> None:
    count = 300
    found = in_its_own_process("onnx/reference", count, seed, op, convention)
    odd = re.compile(r"conv_transpose.* (to\d|g\d.* bias)")
    assert [note for note in found["mismatches"] if not odd.search(note["label"])] == []
    assert found["whitelist"] == []
    assert unlike(found["raised"], *REFERENCE_LIMITS) == []
    assert unlike(found["accepted"], r"the kernel reaches over \d+ elements") == []
    assert found["agreed"] > count / 4


def test_targets() -> None:
    assert str(parse_target("onnx")) == "onnx/onnxruntime"
    assert str(parse_target("onnx/reference+threads=2")) == "onnx/reference+threads=2"

"""What is printed, pasted: a fresh interpreter with the printed lines alone, at several lengths, and its gradients."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.dtypes import encode
from conformance.environments.installed import missing
from conformance.layout import to_layout
from conformance.ops.base import TensorSpec
from conformance.recipe import told
from conformance.recipe.answers import Answer, Answers
from conformance.recipe.call import Call
from conformance.recipe.lengths import grown, others, spread
from conformance.recipe.meant import Meant, read_words
from conformance.recipe.read import read_call
from conformance.recipe.syntax import parse
from conformance.recipe.verify import Recipe, Recipes
from conformance.target import parse_target
from tests.patience import LONG

FRAMEWORKS = ("keras", "tensorflow", "torch", "jax")
TARGETS = (*FRAMEWORKS, "onnx")
CALLS = {
    "floor": ("nn.Conv2d(3, 4, kernel_size=4, stride=2, padding=1)", None, None),
    "stem": ("nn.Conv2d(3, 4, kernel_size=7, stride=2, padding=3, bias=False)", (1, 3, 64, 64), None),
    "same": ('keras.layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)', (1, 9, 8, 3), None),
    "same, short kernel": ('keras.layers.Conv2D(4, 2, strides=3, padding="same")', (1, 9, 8, 3), None),
    "same, one by one": ("tf.nn.conv2d(x, w, 2, 'SAME')", (1, 9, 8, 3), (1, 1, 3, 4)),
    "pairs": ("tf.nn.conv2d(x, w, 3, [[0, 0], [2, 1], [0, 1], [0, 0]])", (1, 9, 8, 3), (3, 4, 3, 4)),
    "cut": ("jax.lax.conv(x, w, (2,), 'SAME')", (2, 3, 9), (4, 3, 5)),
    "upsampling": ('keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")', (1, 5, 6, 3), None),
    "beyond": ("nn.ConvTranspose1d(3, 4, 3, stride=3, padding=1, output_padding=2)", (1, 3, 5), None),
    "by x": (
        "tf.nn.conv2d_transpose(x, w, (x.shape[0], 2 * x.shape[1] - 1, 2 * x.shape[2], 4), 2)",
        (1, 5, 6, 3),
        (3, 3, 4, 3),
    ),
    "lax": ("jax.lax.conv_transpose(x, w, (2, 3), 'VALID')", (1, 5, 4, 3), (2, 4, 3, 2)),
}
# The printed text is given x, as the framework's own, and the weights as arrays; y is its answer.
RUN = {
    "torch": """
import numpy, torch
def pulled(run, x, dy):
    x = torch.tensor(x, requires_grad=True)
    y = run(x)
    y.backward(torch.tensor(dy))
    return y.detach().numpy(), x.grad.numpy()
""",
    "tensorflow": """
import numpy
def pulled(run, x, dy):
    import tensorflow as tf
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = run(x)
    return y.numpy(), tape.gradient(y, x, dy).numpy()
""",
    "jax": """
import numpy
def pulled(run, x, dy):
    import jax
    y, back = jax.vjp(run, jax.numpy.asarray(x))
    return numpy.asarray(y), numpy.asarray(back(jax.numpy.asarray(dy))[0])
""",
}
RUN["keras"] = RUN["tensorflow"]
RUN["onnx"] = """
import numpy
def pulled(run, x, dy):
    return run(x), numpy.zeros(())  # ONNX has no gradients
"""
BODY = """
import sys
asked = numpy.load(sys.argv[1])
for number in range(int(asked["count"])):
    def of(name):
        return asked[f"{number} {name}"]
    names = {key.split(" ", 1)[1].removeprefix("weight ") for key in asked.files if key.startswith(f"{number} weight ")}
    def run(x):
        found = {"x": x, **{name: of(f"weight {name}") for name in names}}
        exec(str(of("text")), found)
        return found["y"]
    if str(of("before")):
        exec(str(of("before")), {})
    y, dx = pulled(run, of("x"), of("dy"))
    assert y.dtype == of("y").dtype and y.shape == of("y").shape, (of("title"), y.shape, of("y").shape)
    for found, expected in ((y, of("y")), (dx, of("dx"))):
        # Integers are summed without an error.
        close = numpy.allclose(found, expected, 1e-3, 1e-4) if (expected % 1).any() else (found == expected).all()
        assert close or not expected.ndim, (of("title"), found, expected)
"""

pytestmark = pytest.mark.skipif(
    any(missing(parse_target(name)) for name in TARGETS), reason="needs keras, tensorflow, torch, jax and onnx"
)


def paste(recipes: Recipes, found: list[Recipe], folder: Path) -> None:
    """Run what is printed of recipes for one framework, at every length that their calls are asked for."""
    arrays: dict[str, object] = {}
    count = 0
    for recipe in found:
        for call in (recipe.call, *others(recipe.call)):
            data = recipes.bench.data(call, call.op.geometry(), "integers", gradient=True)

            def native(array: object, name: str, call: Call = call) -> object:
                spec = next(s for s in (*call.op.inputs(), *call.op.outputs()) if s.name == name)
                return to_layout(encode(np.asarray(array), call.dtype), spec.axes, call.layout(name), name)

            script = recipe.code.script
            entry = {
                "title": f"{call.text} at {call.op.size}:\n{script}",
                "text": script,
                "before": script.split("\n\n")[0] if "config.update" in script else "",
                "x": native(data.arrays["x"], "x"),
                "dx": native(data.expectation.gradients["x"].value, "x") if recipe.gradients else 0,
                "y": native(data.expectation.outputs["y"].value, "y"),
                "dy": native(data.cotangents["y"], "y"),
            }
            for which, name in call.weight_names:
                entry[f"weight {name}"] = native(data.arrays[which], which)
            arrays |= {f"{count} {key}": value for key, value in entry.items()}
            count += 1
    pasted(found[0].target.target.framework, arrays, count, folder)


def pasted(framework: str, arrays: dict[str, object], count: int, folder: Path) -> None:
    """Run `count` printed texts in an interpreter of their own, on these arrays."""
    assert count
    np.savez(folder / "asked.npz", count=count, **arrays)  # type: ignore[arg-type]
    text = RUN[framework] + BODY
    done = subprocess.run(
        [sys.executable, "-I", "-c", text, str(folder / "asked.npz")],
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


# Calls that are read by words, and the shape of x.
WORDS = {
    "same": ('keras.layers.MaxPooling2D(3, strides=2, padding="same")', (1, 8, 9, 3)),
    "rounded up": ("F.max_pool2d(x, 3, 2, 1, ceil_mode=True)", (1, 3, 8, 9)),
    "lstm": ("nn.LSTM(3, 4, batch_first=True)", (2, 5, 3)),
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_printed_of_words_is_right_at_every_length_where_nothing_else_is_loaded(
    target: str, recipes: Recipes, tmp_path: Path
) -> None:
    arrays: dict[str, object] = {}
    count = 0
    for text, shape in WORDS.values():
        meant = read_words(parse(text), {}, shape)
        if meant.framework == target or (target == "onnx" and meant.op.name == "lstm"):
            continue  # of ONNX Runtime's LSTM a divergence is declared
        answer = Answers(meant, recipes.bench).answer(target)
        assert isinstance(answer, Answer), answer
        assert answer.only == ""
        script = told.script(answer)
        for op in (meant.op, *spread(meant.op, grown(meant.op, meant.says), meant.says)):
            data = recipes.bench.drawn(op, "float32", "normal", gradient=True)
            y = op.outputs()[0]

            def native(array: object, spec: TensorSpec, meant: Meant = meant) -> object:
                layout = meant.words.layout(spec.name)
                return to_layout(np.asarray(array, np.float32), spec.axes, layout, spec.name, spec.marks)

            entry: dict[str, object] = {"title": f"{text} of {op}:\n{script}", "text": script, "before": ""}
            entry |= {"y": native(data.expectation.outputs[y.name].value, y), "dy": native(data.cotangents[y.name], y)}
            for number, spec in enumerate(op.inputs()):
                entry[f"weight {spec.name}" if number else "x"] = native(data.arrays[spec.name], spec)
            one = len(op.outputs()) == 1 and target != "onnx"
            # The gradient of one output alone is not what the others' cotangents would add to.
            entry["dx"] = native(data.expectation.gradients["x"].value, op.inputs()[0]) if one else 0
            arrays |= {f"{count} {key}": value for key, value in entry.items()}
            count += 1
    pasted(target, arrays, count, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_printed_is_right_at_every_length_where_nothing_else_is_loaded(
    target: str, recipes: Recipes, tmp_path: Path
) -> None:
    calls = [read_call(*words) for words in CALLS.values()]
    found = recipes.many([(call, target) for call in calls if call.framework != target], compare_naive=False)
    assert [recipe for recipe in found if not isinstance(recipe, Recipe) or recipe.code.only] == []
    assert all(isinstance(recipe, Recipe) and len(recipe.inputs) >= 4 for recipe in found)
    assert {recipe.gradients for recipe in found if isinstance(recipe, Recipe)} == {target != "onnx"}
    paste(recipes, [recipe for recipe in found if isinstance(recipe, Recipe)], tmp_path)


@pytest.mark.parametrize(
    ("target", "dtype", "text", "says"),
    [
        ("jax", "float64", CALLS["floor"][0], 'jax.config.update("jax_enable_x64", True)'),
        ("keras/jax", "float64", CALLS["floor"][0], 'os.environ["KERAS_BACKEND"] = "jax"'),
        ("tensorflow:xla", "float32", "nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2)", "jit_compile=True"),
        ("tensorflow+onednn=0", "float32", CALLS["floor"][0], 'os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"'),
    ],
)
def test_what_a_place_needs_is_printed(
    target: str, dtype: str, text: str, says: str, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    recipe = recipes.recipe(replace(read_call(text, None), dtype=dtype), target, compare_naive=False)
    assert isinstance(recipe, Recipe), recipe
    assert says in recipe.code.script
    if target != "keras/jax":
        paste(recipes, [recipe], tmp_path)


def test_code_for_one_length_says_so_and_refuses_others(recipes: Recipes) -> None:
    call = read_call("tf.nn.conv2d_transpose(x, w, (2, 9, 10, 4), 2)", (2, 5, 5, 3), (3, 3, 4, 3))
    recipe = recipes.recipe(call, "torch")
    assert isinstance(recipe, Recipe)
    first = recipe.code.script.splitlines()[0]
    assert (
        first == "# only where x.shape[0] == 2 and x.shape[1] == 5 and x.shape[2] == 5: the call says what length y has"
    )
    x, filters = np.zeros((2, 6, 5, 3), np.float32), np.zeros((3, 3, 4, 3), np.float32)
    with pytest.raises(AssertionError, match="another x"):
        exec(recipe.code.script, {"x": x, "filters": filters})

"""Separable convolutions: read as two calls, written as two, and run as one whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.environments.installed import missing
from conformance.recipe import verify
from conformance.recipe.call import CallError
from conformance.recipe.lengths import others
from conformance.recipe.read import read_call
from conformance.recipe.read_separable import TwoCalls
from conformance.recipe.separable import composed
from conformance.recipe.verify import NoRecipe, Recipe, Recipes
from conformance.recipe.write import Code
from conformance.target import parse_target

CALLS: list[tuple[Any, ...]] = [
    ("layers.SeparableConv2D(5, (3, 2), strides=2, padding='same', depth_multiplier=2)(x)", (1, 8, 9, 3)),
    ("tf.nn.separable_conv2d(x, dw, pw, [1, 2, 2, 1], 'VALID')", (1, 8, 9, 3), (3, 3, 3, 1), None, (1, 1, 3, 4)),
]
FRAMEWORKS = ("torch", "jax", "tensorflow", "keras", "onnx")
needs = pytest.mark.skipif(
    any(missing(parse_target(name)) for name in FRAMEWORKS), reason="needs keras, tensorflow, torch and jax"
)


@needs
@pytest.mark.parametrize("target", FRAMEWORKS)
def test_both_are_written_and_run_as_one_at_every_length(target: str, recipes: Recipes) -> None:
    for entry in CALLS:
        call = read_call(*entry)
        if call.framework == target:
            continue
        found = recipes.recipe(call, target)
        assert isinstance(found, Recipe), found
        assert found.gradients is (target != "onnx")
        assert found.code.only == ""
        assert len(found.inputs) == len(others(call)) + 1 >= 4
        assert found.code.script.count("conv") >= 2 or found.code.script.count("Conv") >= 2
        assert [name for name, _ in found.code.ran.inputs][1].startswith("depthwise_")
        # What goes out of one layout and back into it is left out.
        assert found.code.script.count(" to N") <= 2


@needs
def test_a_half_that_is_wrong_is_found(recipes: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_stride(first: Code, second: Code) -> Code:
        code = composed(first, second)
        return replace(code, ran=replace(code.ran, text=code.ran.text.replace("stride=2, ", "stride=1, ")))

    monkeypatch.setattr(verify, "composed", without_stride)
    found = recipes.recipe(read_call(*CALLS[0]), "torch")
    assert isinstance(found, NoRecipe)
    assert found.kind == "wrong"


def test_the_two_calls_are_named() -> None:
    call = read_call("layers.SeparableConv1D(5, 3, padding='same', activation='relu', use_bias=False)", (1, 8, 3))
    assert isinstance(call, TwoCalls)
    assert [half.function for half in call.halves] == ["keras.layers.DepthwiseConv1D", "keras.layers.Conv1D"]
    assert any("keras.layers.Conv1D(5, 1, use_bias=False, activation='relu')" in note for note in call.notes)
    assert dict(call.weight_names) == {"w": "depthwise_kernel", "p": "pointwise_kernel"}
    assert [other.question.outputs()[0].shape[2] for other in others(call)] == [
        other.op.size[0] for other in others(call)
    ]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (("tf.nn.separable_conv2d(x, d, p, [1, 1, 1, 1], 'SAME')", (1, 8, 8, 3)), "--weight 3,3,4,1/1,1,4,8"),
        (("layers.SeparableConv2D(5, 3, strides=2, dilation_rate=2)", (1, 8, 8, 3)), "strides > 1 is not supported"),
        (("layers.SeparableConv2D(5, 3)", None), "--input"),
        (("nn.Conv2d(3, 4, 3)", None, (4, 3, 3, 3), None, (4, 3, 3, 3)), "torch.nn.Conv2d has one kernel"),
        (("hk.SeparableDepthwiseConv2D(2, (3, 3))", (1, 8, 8, 3)), "is three convolutions"),
    ],
)
def test_what_can_not_be_read_is_said(entry: tuple[Any, ...], says: str) -> None:
    with pytest.raises(CallError) as caught:
        read_call(*entry)
    assert says in str(caught.value)

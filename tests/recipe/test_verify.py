"""Recipes on real frameworks: a fixed sample of the grid of benchmarks/recipe_sweep.py, and what a wrong one meets."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from conformance.environments.installed import missing
from conformance.outcome import Unsupported
from conformance.recipe import verify, write
from conformance.recipe.bench import places
from conformance.recipe.call import Call
from conformance.recipe.read import read_call
from conformance.recipe.verify import NoRecipe, Recipe, Recipes
from conformance.target import Target, parse_target
from conformance.verdict import Status

FRAMEWORKS = ("keras", "tensorflow", "torch", "jax")
KERAS = 'keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")'

pytestmark = pytest.mark.skipif(
    any(missing(parse_target(name)) for name in FRAMEWORKS), reason="needs keras, tensorflow, torch and jax"
)


@pytest.fixture(scope="module")
def grid() -> Iterator[ModuleType]:
    folder = str(Path(__file__).resolve().parents[2] / "benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        import recipe_sweep

        yield recipe_sweep
        sys.modules.pop("recipe_sweep", None)


def found(recipes: Recipes, text: str, shape: tuple[int, ...], target: str, weight: Any = None) -> Recipe:
    recipe = recipes.recipe(read_call(text, shape, weight), target)
    assert isinstance(recipe, Recipe), recipe
    return recipe


def test_a_sample_of_the_grid_at_other_lengths_and_with_gradients(recipes: Recipes, grid: Any) -> None:
    points = random.Random(20).sample([p for p in grid.grid() if p.dims < 3], 4)
    outcomes = list(grid.sweep(recipes, points, chunk=len(points)))
    assert len(outcomes) == 12 * len(points)
    assert [o for o in outcomes if o.status == "failed"] == []
    # What has no equivalent is what the frameworks refuse in their own words, and nothing else.
    reasons = {grid.summary(o.reason) for o in outcomes if o.status == "none"}
    assert all(reason.startswith("the call itself: ") for reason in reasons), reasons
    assert sum(o.status == "verified" for o in outcomes) > 0.7 * len(outcomes)


def test_same_becomes_a_full_scatter_and_a_crop(recipes: Recipes) -> None:
    recipe = found(recipes, KERAS, (1, 5, 6, 3), "torch")
    assert recipe.output_shape == (1, 10, 12, 4)
    assert recipe.elements == 480
    assert 0 < recipe.target.error < 1
    assert recipe.naive is not None
    assert not recipe.naive.right
    assert recipe.naive.says == (
        'padding "same" has no counterpart; torch.nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1) gives 9x11 '
        "instead of 10x12"
    )


def test_the_naive_call_in_jax_is_named_for_what_it_lacks(recipes: Recipes) -> None:
    naive = found(recipes, KERAS, (1, 5, 6, 3), "jax").naive
    assert naive is not None
    assert "the same shape, but" in naive.says
    assert "the kernel flipped along H and W" in naive.explanation


def test_the_naive_call_may_be_right(recipes: Recipes) -> None:
    naive = found(recipes, 'keras.layers.Conv2D(4, 3, padding="same")', (1, 5, 6, 3), "tensorflow").naive
    assert naive is not None
    assert naive.right


def test_the_naive_call_is_not_right_where_it_is_wrong_at_another_length(recipes: Recipes) -> None:
    naive = found(recipes, 'keras.layers.Conv2D(4, 3, strides=2, padding="same")', (1, 5, 7, 3), "torch").naive
    assert naive is not None
    assert not naive.right
    assert "padding=1) gives the same shape, but" in naive.says
    assert "though it is right for (1, 5, 7, 3)" in naive.says
    numbers = found(recipes, KERAS, (1, 5, 6, 3), "tensorflow").naive
    assert numbers is not None
    assert not numbers.right
    assert "is right for this x alone: its lengths are numbers" in numbers.says


def test_weights_that_are_only_permuted_stay_flipped_as_the_call_has_them(recipes: Recipes) -> None:
    recipe = found(recipes, "jax.lax.conv_transpose(x, w, (2, 2), 'SAME')", (1, 4, 5, 3), "keras", (3, 3, 3, 2))
    assert recipe.naive is not None
    assert not recipe.naive.right
    assert "the kernel flipped along H and W" in recipe.naive.explanation
    right = found(recipes, "jax.lax.conv_transpose(x, w, (2, 2), 'SAME')", (1, 4, 5, 3), "jax", (3, 3, 3, 2)).naive
    assert right is not None
    assert right.right


def test_groups_and_a_convolution(recipes: Recipes) -> None:
    text = "torch.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, groups=2)"
    assert "feature_group_count=2" in found(recipes, text, (2, 4, 5, 6), "jax").code.script
    refused = recipes.recipe(read_call("nn.Conv2d(4, 6, 3, 2, dilation=2)", (2, 4, 7, 7)), "keras/tensorflow")
    assert isinstance(refused, NoRecipe)
    assert refused.kind == "target"
    assert "in conjunction with dilation_rate" in refused.reason
    recipe = found(recipes, 'keras.layers.Conv2D(4, 3, padding="same", strides=2)', (1, 8, 8, 3), "torch")
    # TensorFlow pads (0, 1) here, the port with padding=1 pads (1, 1).
    assert "torch.nn.functional.pad" in recipe.code.script
    assert recipe.naive is not None
    assert not recipe.naive.right
    assert "elements differ" in recipe.naive.says


def test_where_one_backend_has_no_kernel_another_is_asked(recipes: Recipes) -> None:
    recipe = found(recipes, "keras.layers.Conv2DTranspose(4, 3, dilation_rate=2)", (1, 5, 6, 3), "jax")
    if recipe.source.target.backend == "tensorflow":
        assert recipe.remarks == ()  # a processor on which TensorFlow has it
    else:
        assert "Current CPU implementations do not yet support dilation" in recipe.remarks[0]


def test_float64_and_bfloat16(recipes: Recipes) -> None:
    for dtype in ("float64", "bfloat16"):
        call = replace(read_call("torch.nn.ConvTranspose2d(3, 4, 3, stride=2)", (1, 3, 4, 4)), dtype=dtype)
        for target in ("keras", "jax"):
            recipe = recipes.recipe(call, target)
            assert isinstance(recipe, Recipe), recipe
            assert recipe.target.error > 0


def test_code_that_gives_something_else_is_never_shown(recipes: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    call = read_call('keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")', (1, 6, 5, 3))

    def shifted(call: Call, target: Any, form: str) -> Any:
        written = write.write(call, target, form)
        assert not isinstance(written, Unsupported)
        moved = [code.ran.text.replace("y[:, :, :", "y[:, :, 1:1 + ") for code in written]
        return [replace(c, ran=replace(c.ran, text=text)) for c, text in zip(written, moved, strict=True)]

    monkeypatch.setattr(verify, "write", shifted)
    wrong = recipes.recipe(call, "torch")
    assert isinstance(wrong, NoRecipe)
    assert wrong.kind == "wrong"
    assert "elements differ" in wrong.reason


def test_a_wrong_line_for_the_weights_is_never_shown(recipes: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    def unflipped(call: Call, target: Any, form: str) -> Any:
        written = write.write(call, target, form)
        assert not isinstance(written, Unsupported)
        return [replace(c, weights=tuple(line.replace("[::-1, ::-1]", "") for line in c.weights)) for c in written]

    monkeypatch.setattr(verify, "write", unflipped)
    call = read_call("jax.lax.conv_transpose(x, w, (2, 2), 'SAME')", (1, 4, 4, 3), (3, 3, 3, 2))
    wrong = recipes.recipe(call, "torch")
    assert isinstance(wrong, NoRecipe)
    assert wrong.kind == "wrong"
    assert "the line that converts" in wrong.reason


def test_a_place_that_is_not_there(recipes: Recipes) -> None:
    gone = recipes.recipe(read_call(KERAS, (1, 5, 6, 3)), "jax@gpu")
    if isinstance(gone, Recipe):
        assert gone.target.target.device == "gpu"  # there is one
    else:
        assert gone.kind == "missing"
        assert "jax@gpu can't run here" in gone.reason


def test_a_framework_that_is_not_installed_leaves_the_others_alone(
    recipes: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_jax(target: Target) -> str:
        return "jax" if target.framework == "jax" else missing(target)

    monkeypatch.setattr(verify, "missing", without_jax)
    call = read_call(KERAS, (1, 5, 6, 3))
    gone, there = recipes.recipe(call, "jax"), recipes.recipe(call, "torch")
    assert gone == NoRecipe("jax", "missing", "jax: not installed (needs the module 'jax')")
    assert isinstance(there, Recipe)
    other = read_call("jax.lax.conv_transpose(x, w, (2, 2), 'VALID')", (1, 4, 5, 3), (3, 3, 3, 2))
    untold = recipes.recipe(other, "torch")
    assert isinstance(untold, NoRecipe)
    assert untold.kind == "missing"
    assert "the call itself can't be verified: jax: not installed" in untold.reason


def test_real_weights_are_checked_against_what_they_were_converted_to(recipes: Recipes) -> None:
    recipe = found(recipes, KERAS, (1, 5, 6, 3), "torch")
    stream = np.random.RandomState(0)
    arrays = {"w": stream.standard_normal((3, 3, 4, 3)), "b": stream.standard_normal(4)}
    source, target = recipes.check_weights(recipe, arrays)
    assert (source.status, target.status) == (Status.PASS, Status.PASS)
    shifted = replace(
        recipe, code=replace(recipe.code, ran=replace(recipe.code.ran, text=recipe.code.ran.text + "\ny = y + 1"))
    )
    source, target = recipes.check_weights(shifted, arrays)
    assert (source.status, target.status) == (Status.PASS, Status.VALUE)


def test_the_frameworks_are_started_only_when_needed() -> None:
    with Recipes() as recipes:
        call = read_call("torch.nn.ConvTranspose2d(3, 4, 3, stride=2)", (1, 3, 4, 4))
        assert isinstance(recipes.recipe(call, "torch"), Recipe)
        assert [str(t) for t in recipes.bench.started] == ["torch"]
    assert places("torch") == (parse_target("torch"),)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)", (1, 4, 5, 6)),
        ("nn.ConvTranspose1d(6, 3, 4, stride=3, groups=3, bias=False)", (2, 6, 5)),
    ],
)
def test_groups_become_blocks_where_keras_has_none(recipes: Recipes, text: str, shape: tuple[int, ...]) -> None:
    recipe = found(recipes, text, shape, "keras")
    assert "keras.ops.tile(kernel" in recipe.code.script
    assert "the kernel is spread out" in recipe.code.note
    assert 0 < recipe.target.error < 1

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.recipe.verify import Recipes


@pytest.fixture(scope="module")
def recipes() -> Iterator[Recipes]:
    """A bench whose workers stay for a module: the four frameworks between which convolutions are translated."""
    with pytest.MonkeyPatch.context() as patch, Recipes() as recipes:
        # XLA compiles every shape anew: half of a module's time without it.
        patch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
        recipes.start(("keras", "tensorflow", "torch", "jax"))
        yield recipes

"""Layers of libraries on JAX: what they are read as gives what they themselves give, where they are installed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest

from conformance.recipe.call import CallError
from conformance.recipe.read import read_call
from tests.recipe.spread import JAX_LAYERS

# Runs each layer with drawn weights, and the plan it is read as with the same; prints the largest difference of each.
_BOTH = """
import json, sys
import jax, jax.numpy as jnp, numpy as np
library, calls = sys.argv[1], json.loads(sys.argv[2])
stream = np.random.RandomState(3)
draw = lambda shape: jnp.asarray(stream.randint(-4, 5, shape), jnp.float32)
key = jax.random.key(0)
found = []
for text, plan, shape, w_shape, bias in calls:
    x, w, b = draw(shape), draw(w_shape), draw((bias,)) if bias else None
    if library == "flax.linen":
        import flax.linen as nn
        layer = eval(text, {"nn": nn, "jnp": jnp})
        y = layer.apply({"params": {"kernel": w, **({"bias": b} if bias else {})}}, x)
    elif library == "flax.nnx":
        from flax import nnx
        layer = eval(text, {"nnx": nnx, "rngs": nnx.Rngs(0)})
        assert layer.kernel.value.shape == w.shape, (text, layer.kernel.value.shape)
        layer.kernel.value = w
        if bias:
            layer.bias.value = b
        y = layer(x)
    elif library == "haiku":
        import haiku as hk
        net = hk.without_apply_rng(hk.transform(lambda x: eval(text, {"hk": hk})(x)))
        params = net.init(key, x)
        [[name, own]] = params.items()
        assert own["w"].shape == w.shape, (text, own["w"].shape)
        y = net.apply({name: {"w": w, **({"b": b.reshape(own["b"].shape)} if bias else {})}}, x)
    else:
        import equinox as eqx
        layer = eval(text, {"eqx": eqx, "key": key})
        assert layer.weight.shape == w.shape, (text, layer.weight.shape)
        layer = eqx.tree_at(lambda l: l.weight, layer, w)
        if bias:
            layer = eqx.tree_at(lambda l: l.bias, layer, b.reshape(layer.bias.shape))
        y = jax.vmap(layer)(x)
    space = {"jax": jax, "x": x, "w": w, "b": b}
    exec(plan, space)
    same = y.shape == space["y"].shape
    found.append(float(jnp.abs(y - space["y"]).max()) if same else [y.shape, space["y"].shape])
print(json.dumps(found))
"""


@pytest.mark.parametrize("library", ["flax.linen", "flax.nnx", "haiku", "equinox.nn"])
def test_a_layer_is_read_as_what_it_computes(library: str) -> None:
    if importlib.util.find_spec(library.split(".", maxsplit=1)[0]) is None:
        pytest.skip(f"{library} is not installed")
    calls = [(text, x, read_call(text, x, None)) for text, x, _ in JAX_LAYERS]
    asked = [
        (text, c.plan, x, c.op.inputs() and _own(c, "w"), c.op.out_channels if c.op.bias else 0)
        for text, x, c in calls
        if c.function.startswith(library)
    ]
    assert asked
    done = subprocess.run(
        [sys.executable, "-c", _BOTH, library, json.dumps(asked)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    differences = json.loads(done.stdout.splitlines()[-1])
    assert differences == [0.0] * len(asked), list(zip(asked, differences, strict=True))


def _own(call: object, name: str) -> tuple[int, ...]:
    from conformance.recipe.weights import own_shape

    return own_shape(call, name)  # type: ignore[arg-type]


def test_their_transposed_kernels_are_not_flipped() -> None:
    shape = (1, 4, 4, 3)
    for text in ("nn.ConvTranspose(8, (3, 3), strides=(2, 2))", "hk.Conv2DTranspose(8, 3, 2)"):
        assert dict(read_call(text, shape).layouts)["w"].endswith(" flipped"), text
    assert dict(read_call("eqx.nn.ConvTranspose2d(3, 8, 3, 2)", (1, 3, 4, 4)).layouts)["w"] == "OIHW flipped"
    flipped = read_call("nn.ConvTranspose(8, (3, 3), strides=(2, 2), transpose_kernel=True)", shape)
    assert dict(flipped.layouts)["w"] == "HWOI"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nn.Conv(8, (3, 3), padding='CIRCULAR')", "pad x with jax.numpy.pad first"),
        ("nn.ConvTranspose(8, (3, 3), padding='CIRCULAR')", "which wraps the result around"),
        ("nn.Conv(8, (3, 3), mask=m)", "leave it out, and mask the kernel"),
        ("hk.Conv2DTranspose(8, 3, 2, output_shape=9)", "which comes from an input of 5, found 4"),
        ("flax.linen.Conv2d(3, 4, 3)", "flax.linen.Conv2d is not known"),
        ("hk.ConvNd(3, 4, 3)", "hk.ConvNd is no call that is known here"),
    ],
)
def test_what_can_not_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(CallError, match=said.replace("(", r"\(")):
        read_call(text, (1, 4, 4, 3))

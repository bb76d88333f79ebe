"""How JAX is asked: blocks of models."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_UP = (
    "z = jax.lax.conv_transpose(x, w, (2, 2), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'), "
    "transpose_kernel=True)\n"
)
_CONV = "jax.lax.conv_general_dilated(z, w2, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))"
_SPACE = {"x": "NHWC", "w": "HWOI", "y": "NHWC"}
_BOTH = {**_SPACE, "w2": "HWIO"}

TABLE: dict[str, Cell] = {
    "decoder": Words(_UP + f"z = z + b\ny = jax.nn.sigmoid({_CONV} + b2)", _BOTH),
    "up_block": Words(
        _UP + f"z = jax.numpy.concatenate((skip, z + b), -1)\ny = jax.nn.relu({_CONV} + b2)", {**_BOTH, "skip": "NHWC"}
    ),
    "generator_block": Words(
        _UP + "z = jax.nn.standardize(z, (0, 1, 2), epsilon={epsilon}) * scale + offset\ny = jax.nn.relu(z)", _SPACE
    ),
    "transformer_block": Words(
        "h = jax.nn.standardize(x, -1, epsilon={epsilon}) * scale + offset\n"
        "q = jax.numpy.matmul(h, wq).reshape({split})\n"
        "k = jax.numpy.matmul(h, wk).reshape({split})\n"
        "v = jax.numpy.matmul(h, wv).reshape({split})\n"
        "a = jax.nn.dot_product_attention(q, k, v, is_causal={causal})\n"
        "z = x + jax.numpy.matmul(a.reshape({x_shape}), wo)\n"
        "h = jax.nn.standardize(z, -1, epsilon={epsilon}) * scale2 + offset2\n"
        "h = jax.nn.gelu(jax.numpy.matmul(h, w1) + b1, approximate={approximate|by_tanh})\n"
        "y = z + jax.numpy.matmul(h, w2) + b2",
        own={"by_tanh": lambda a: a == "tanh"},
    ),
}

"""How TensorFlow is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "grid_sample": "TensorFlow has none (tf.raw_ops.ImageProjectiveTransformV3 takes an affine map, not a grid)",
    "affine_grid": Words(
        "high = tf.constant({high}, theta.dtype)\n"
        "wide = tf.constant({wide}, theta.dtype)\n"
        "along, down = tf.meshgrid(tf.linspace(-wide, wide, {width}), tf.linspace(-high, high, {height}))\n"
        "places = tf.stack((along, down, tf.ones_like(along)), axis=-1)\n"
        "grid = tf.einsum('abq,nrq->nabr', places, theta)",
        note="TensorFlow has no such function: by hand, from the places along both axes",
    ),
}

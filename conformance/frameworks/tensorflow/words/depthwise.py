"""How TensorFlow is asked: depthwise and separable convolutions.

https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d
https://www.tensorflow.org/api_docs/python/tf/nn/separable_conv2d
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_SAID = "{strides|around}, {padding|capitals}, dilations={dilations})"
_UNLESS = {
    "dims(size) != 2": "tf.nn.depthwise_conv2d and separable_conv2d have two spatial axes, and there is no other",
    "stride > 1 and dilation > 1": "tf.nn.depthwise_conv2d takes no stride beside a dilation",
}


def _cell(call: str, layouts: dict[str, str], bias: str) -> tuple[Words, ...]:
    layouts = {"x": "NHWC", "w": "HWCM", **layouts}
    own = {"capitals": str.upper}
    return (
        Words(
            f"y = tf.nn.bias_add({call}{_SAID}, b)",
            {**layouts, "b": bias},
            {"not bias": "without", **_UNLESS},
            own=own,
        ),
        Words(f"y = {call}{_SAID}", layouts, {"bias": "with", **_UNLESS}, own=own),
    )


TABLE: dict[str, Cell] = {
    "depthwise_conv": _cell("tf.nn.depthwise_conv2d(x, w, ", {"y": "NHW(CM)"}, "(CM)"),
    "separable_conv": _cell(
        "tf.nn.separable_conv2d(x, w, tf.reshape(p, {joining_last}), ", {"y": "NHWO", "p": "(CM)O"}, "O"
    ),
}

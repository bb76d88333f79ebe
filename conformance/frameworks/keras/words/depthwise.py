"""How Keras is asked: depthwise and separable convolutions.

https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
https://keras.io/api/layers/convolution_layers/separable_convolution2d/
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = "N{size|letters|text}"
_REST = "{stride}, {padding}, 'channels_last', {dilation})"
_LAYER = (
    "layer = keras.layers.{0}{{windows}}, {{stride}}, {{padding}}, depth_multiplier={{multiplier}}, "
    "dilation_rate={{dilation}}, use_bias={{bias}}, depthwise_initializer='zeros', dtype={{on_dtype}})\n"
    "layer.build({{x_shape}})\n"
    "y = layer.stateless_call([{1}], [], x)[0]"
)
_BOTH = {"stride > 1 and dilation > 1": "Keras takes no strides beside a dilation_rate"}
_FUNCTION, _NONE = {"'api=ops' not in on_options": "a layer"}, {"'api=ops' in on_options": "a function"}


def _cell(layer: str, function: str, kernels: tuple[str, ...], own: dict[str, str], bias: str) -> tuple[Words, ...]:
    layouts = {"x": _LAST + "C", "w": "{size|letters|text}CM", **own}
    biased = {**layouts, "b": bias}
    without, having = {"bias": "with", **_BOTH}, {"not bias": "without", **_BOTH}
    call = f"keras.ops.{function}(x, {', '.join(kernels)}, {_REST}"
    return (
        Words(_LAYER.format(layer, ", ".join([*kernels, "b"])), biased, {**_NONE, **having}),
        Words(_LAYER.format(layer, ", ".join(kernels)), layouts, {**_NONE, **without}),
        Words(f"y = keras.ops.add({call}, b)", biased, {**_FUNCTION, **having}),
        Words(f"y = {call}", layouts, {**_FUNCTION, **without}),
    )


_DIMS = "Conv{size|dims}D("

TABLE: dict[str, Cell] = {
    "depthwise_conv": _cell(f"Depthwise{_DIMS}", "depthwise_conv", ("w",), {"y": _LAST + "(CM)"}, "(CM)"),
    "separable_conv": _cell(
        f"Separable{_DIMS}{{filters}}, ",
        "separable_conv",
        ("w", "keras.ops.reshape(p, {joining_last})"),
        {"y": _LAST + "O", "p": "(CM)O"},
        "O",
    ),
}

"""Which calls are known: their real signatures, and the names under which people's code has them.

The signatures are those of torch 2.13.0, keras 3.15.1, tensorflow 2.21.0 and jax 0.10.2; a test compares them with the
installed frameworks' own. Those of libraries on JAX are of flax 0.12.8, dm-haiku 0.0.17 and equinox 0.13.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from conformance.frameworks.calls import REQUIRED, known

_INITIALISED = (
    "use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', kernel_regularizer=None, "
    "bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None"
)
# What keras.layers.Layer itself takes beside them.
_LAYER = ("name", "dtype", "trainable", "autocast", "input_shape")
_TORCH_END = "padding_mode='zeros', device=None, dtype=None"
_TF_END = "dilations=None, name=None"


@dataclass(frozen=True)
class Signature:
    """One known function or layer. `dims` is its number of spatial axes, None where the arrays decide."""

    name: str
    framework: str
    kind: str
    op: str
    dims: int | None
    parameters: Mapping[str, object]  # name -> default, or `REQUIRED`; in order
    keywords: tuple[str, ...] = ()  # taken by name alone

    @property
    def short(self) -> str:
        """The last word of the name."""
        return self.name.rpartition(".")[2]

    @property
    def required(self) -> tuple[str, ...]:
        """The parameters that have no default."""
        return tuple(name for name, default in self.parameters.items() if default is REQUIRED)


# Libraries whose layers are calls of jax.lax.
ON_JAX = ("flax", "haiku", "equinox")


def _signature(name: str, op: str, dims: int | None, text: str, keywords: tuple[str, ...] = ()) -> Signature:
    root = name.split(".", maxsplit=1)[0]
    kind = "layer" if name.startswith(("keras.layers.", "torch.nn.Conv")) or root in ON_JAX else "function"
    framework = "tensorflow" if root == "tf" else "jax" if root in ON_JAX else root
    return Signature(name, framework, kind, op, dims, known(text).parameters, keywords)


def _torch(dims: int) -> list[Signature]:
    sizes = "in_channels, out_channels, kernel_size, stride=1, padding=0"
    call = "input, weight, bias=None, stride=1, padding=0"
    return [
        _signature(f"torch.nn.Conv{dims}d", "conv", dims, f"{sizes}, dilation=1, groups=1, bias=True, {_TORCH_END}"),
        _signature(
            f"torch.nn.ConvTranspose{dims}d",
            "conv_transpose",
            dims,
            f"{sizes}, output_padding=0, groups=1, bias=True, dilation=1, {_TORCH_END}",
        ),
        _signature(f"torch.nn.functional.conv{dims}d", "conv", dims, f"{call}, dilation=1, groups=1"),
        _signature(
            f"torch.nn.functional.conv_transpose{dims}d",
            "conv_transpose",
            dims,
            f"{call}, output_padding=0, groups=1, dilation=1",
        ),
    ]


def _keras(dims: int) -> list[Signature]:
    start = "filters, kernel_size, strides=1, padding='valid'"
    # The 3-D layer alone has data_format before output_padding.
    middle = "data_format=None, output_padding=None" if dims == 3 else "output_padding=None, data_format=None"
    return [
        _signature(
            f"keras.layers.Conv{dims}D",
            "conv",
            dims,
            f"{start}, data_format=None, dilation_rate=1, groups=1, activation=None, {_INITIALISED}",
            _LAYER,
        ),
        _signature(
            f"keras.layers.Conv{dims}DTranspose",
            "conv_transpose",
            dims,
            f"{start}, {middle}, dilation_rate=1, activation=None, {_INITIALISED}",
            _LAYER,
        ),
    ]


def _tensorflow(dims: int) -> list[Signature]:
    axes = {1: "NWC", 2: "NHWC", 3: "NDHWC"}[dims]
    stride = "stride" if dims == 1 else "strides"
    return [
        _signature(
            f"tf.nn.conv{dims}d", "conv", dims, f"input, filters, {stride}, padding, data_format='{axes}', {_TF_END}"
        ),
        _signature(
            f"tf.nn.conv{dims}d_transpose",
            "conv_transpose",
            dims,
            f"input, filters, output_shape, strides, padding='SAME', data_format='{axes}', {_TF_END}",
        ),
    ]


def _depthwise() -> list[Signature]:
    initialised = (
        "use_bias=True, depthwise_initializer='glorot_uniform', bias_initializer='zeros', depthwise_regularizer=None, "
        "bias_regularizer=None, activity_regularizer=None, depthwise_constraint=None, bias_constraint=None"
    )
    start = "kernel_size, strides=1, padding='valid', depth_multiplier=1, data_format=None, dilation_rate=1"
    layers = [
        _signature(
            f"keras.layers.DepthwiseConv{dims}D", "conv", dims, f"{start}, activation=None, {initialised}", _LAYER
        )
        for dims in (1, 2)
    ]
    return [
        *layers,
        _signature(
            "keras.ops.depthwise_conv",
            "conv",
            None,
            "inputs, kernel, strides=1, padding='valid', data_format=None, dilation_rate=1",
        ),
        _signature(
            "tf.nn.depthwise_conv2d",
            "conv",
            2,
            f"input, filter, strides, padding, data_format=None, {_TF_END}",
        ),
        _signature("tf.nn.atrous_conv2d", "conv", 2, "value, filters, rate, padding, name=None"),
        _signature(
            "tf.nn.atrous_conv2d_transpose",
            "conv_transpose",
            2,
            "value, filters, output_shape, rate, padding, name=None",
        ),
    ]


def _separable() -> list[Signature]:
    parts = ("initializer", "regularizer", "constraint")
    ends = ", ".join(
        [
            "activation=None, use_bias=True",
            f"depthwise_{parts[0]}='glorot_uniform', pointwise_{parts[0]}='glorot_uniform', bias_{parts[0]}='zeros'",
            *(f"{which}_{parts[1]}=None" for which in ("depthwise", "pointwise", "bias", "activity")),
            *(f"{which}_{parts[2]}=None" for which in ("depthwise", "pointwise", "bias")),
        ]
    )
    start = "filters, kernel_size, strides=1, padding='valid', data_format=None, dilation_rate=1, depth_multiplier=1"
    ops = "inputs, depthwise_kernel, pointwise_kernel, strides=1, padding='valid', data_format=None, dilation_rate=1"
    of_tensorflow = "input, depthwise_filter, pointwise_filter, strides, padding, data_format=None, dilations=None"
    return [
        *(
            _signature(f"keras.layers.SeparableConv{dims}D", "conv", dims, f"{start}, {ends}", _LAYER)
            for dims in (1, 2)
        ),
        _signature("keras.ops.separable_conv", "conv", None, ops),
        _signature("tf.nn.separable_conv2d", "conv", 2, f"{of_tensorflow}, name=None"),
    ]


_FLAX_END = "mask=None, dtype=None, param_dtype=None, precision=None, kernel_init=None, bias_init=None"
_FLAX_BY_NAME = tuple(
    "promote_dtype conv_general_dilated conv_general_dilated_cls preferred_element_type rngs parent name "
    "kernel_metadata bias_metadata".split()
)


def _on_jax() -> list[Signature]:
    found = []
    for module, channels in (("linen", "features"), ("nnx", "in_features, out_features")):
        sizes = f"{channels}, kernel_size"
        middle = "padding='SAME', input_dilation=1, kernel_dilation=1, feature_group_count=1, use_bias=True"
        found += [
            _signature(
                f"flax.{module}.Conv", "conv", None, f"{sizes}, strides=1, {middle}, {_FLAX_END}", _FLAX_BY_NAME
            ),
            _signature(
                f"flax.{module}.ConvTranspose",
                "conv_transpose",
                None,
                f"{sizes}, strides=None, padding='SAME', kernel_dilation=None, use_bias=True, {_FLAX_END}, "
                "transpose_kernel=False",
                _FLAX_BY_NAME,
            ),
        ]
    for dims in (1, 2, 3):
        axes = {1: "NWC", 2: "NHWC", 3: "NDHWC"}[dims]
        start, end = (
            "output_channels, kernel_shape, stride=1",
            f"w_init=None, b_init=None, data_format='{axes}', mask=None",
        )
        found += [
            _signature(
                f"haiku.Conv{dims}D",
                "conv",
                dims,
                f"{start}, rate=1, padding='SAME', with_bias=True, {end}, feature_group_count=1, name=None",
            ),
            _signature(
                f"haiku.Conv{dims}DTranspose",
                "conv_transpose",
                dims,
                f"{start}, output_shape=None, padding='SAME', with_bias=True, {end}, name=None",
            ),
        ]
        start = "in_channels, out_channels, kernel_size, stride=1"
        end = "dilation=1, groups=1, use_bias=True, padding_mode='ZEROS', dtype=None"
        found += [
            _signature(f"equinox.nn.Conv{dims}d", "conv", dims, f"{start}, padding=0, {end}", ("key",)),
            # The layers of one rank have output_padding before padding, the general one after it.
            _signature(
                f"equinox.nn.ConvTranspose{dims}d",
                "conv_transpose",
                dims,
                f"{start}, output_padding=0, padding=0, {end}",
                ("key",),
            ),
        ]
    return found


def _onnx() -> list[Signature]:
    attributes = "auto_pad dilations group kernel_shape pads strides output_padding output_shape"
    start = "op_type, inputs, outputs, name=None, doc_string=None, domain=None"
    return [_signature("onnx.helper.make_node", "conv", None, start, tuple(attributes.split()))]


def _of_any_rank() -> list[Signature]:
    ops = "inputs, kernel, strides=1, padding='valid'"
    precision = "precision=None, preferred_element_type=None"
    return [
        _signature("keras.ops.conv", "conv", None, f"{ops}, data_format=None, dilation_rate=1"),
        _signature(
            "keras.ops.conv_transpose",
            "conv_transpose",
            None,
            f"{ops}, output_padding=None, data_format=None, dilation_rate=1",
        ),
        _signature(
            "tf.nn.convolution",
            "conv",
            None,
            f"input, filters, strides=None, padding='VALID', data_format=None, {_TF_END}",
        ),
        _signature(
            "tf.nn.conv_transpose",
            "conv_transpose",
            None,
            f"input, filters, output_shape, strides, padding='SAME', data_format=None, {_TF_END}",
        ),
        _signature(
            "jax.lax.conv_transpose",
            "conv_transpose",
            None,
            "lhs, rhs, strides, padding, rhs_dilation=None, dimension_numbers=None, transpose_kernel=False, "
            f"{precision}, use_consistent_padding=False",
        ),
        _signature(
            "jax.lax.conv_general_dilated",
            "conv",
            None,
            "lhs, rhs, window_strides, padding, lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, "
            f"feature_group_count=1, batch_group_count=1, {precision}, out_sharding=None",
        ),
        _signature("jax.lax.conv", "conv", None, f"lhs, rhs, window_strides, padding, {precision}"),
        _signature(
            "jax.lax.conv_with_general_padding",
            "conv",
            None,
            f"lhs, rhs, window_strides, padding, lhs_dilation, rhs_dilation, {precision}",
        ),
    ]


@cache
def signatures() -> Mapping[str, Signature]:
    """Every known call, by its canonical name."""
    found = [s for dims in (1, 2, 3) for s in (*_torch(dims), *_keras(dims), *_tensorflow(dims))]
    return {s.name: s for s in (*found, *_of_any_rank(), *_depthwise(), *_separable(), *_on_jax(), *_onnx())}


# The module of a canonical name -> what stands before the last word in people's code.
MODULES: Mapping[str, tuple[str, ...]] = {
    "torch.nn": ("torch.nn", "nn", "th.nn", "pt.nn", "tnn", "torch_nn", "torch.nn.modules.conv", "nn.modules.conv"),
    "torch.nn.functional": (
        *("torch.nn.functional", "nn.functional", "functional", "F", "torch", "th", "nnf", "tF", "nn.F"),
        *("th.nn.functional", "torch_F", "torch.functional"),
    ),
    "keras.layers": (
        *("keras.layers", "tf.keras.layers", "tensorflow.keras.layers", "layers", "keras", "tf.compat.v1.keras.layers"),
        *(
            "L",
            "kl",
            "KL",
            "KLayers",
            "tfl",
            "tfkl",
            "tkl",
            "keras.layers.convolutional",
            "keras.src.layers",
            "tk.layers",
        ),
    ),
    "keras.ops": ("keras.ops", "keras.ops.nn", "tf.keras.ops", "tensorflow.keras.ops", "ops", "K.ops"),
    "tf.nn": ("tf.nn", "tensorflow.nn", "nn", "tf.compat.v2.nn", "tf2.nn"),
    "jax.lax": ("jax.lax", "lax"),
    "onnx.helper": ("onnx.helper", "helper", "oh"),
    "flax.linen": ("flax.linen", "linen", "nn", "fnn", "fnl"),
    "flax.nnx": ("flax.nnx", "nnx"),
    "haiku": ("haiku", "hk"),
    "equinox.nn": ("equinox.nn", "eqx.nn", "enn"),
}


def candidates(dotted: str) -> list[Signature]:
    """The calls that a name in somebody's code can mean: none, one, or several for a bare or shared word."""
    module, _, word = dotted.rpartition(".")
    # Keras has each layer under both names.
    word = word.replace("Convolution", "Conv", 1)
    return [
        s
        for s in signatures().values()
        if s.short == word
        and (
            module in MODULES[s.name.rpartition(".")[0]] if module else s.name.split(".")[0] not in ("haiku", "equinox")
        )
    ]

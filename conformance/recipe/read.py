"""From a line of somebody's code to a Call."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from conformance.recipe.call import Call, CallError
from conformance.recipe.literals import Expression, holds_expression, unknown
from conformance.recipe.read_depthwise import read_atrous, read_depthwise
from conformance.recipe.read_jax import read_jax
from conformance.recipe.read_jax_layers import read_jax_layer
from conformance.recipe.read_keras import read_keras
from conformance.recipe.read_onnx import as_call, read_onnx
from conformance.recipe.read_separable import read_separable
from conformance.recipe.read_tensorflow import read_tensorflow
from conformance.recipe.read_torch import read_torch
from conformance.recipe.reading import Reading, bind
from conformance.recipe.signatures import ON_JAX, Signature, candidates, signatures
from conformance.recipe.spoken import known_names
from conformance.recipe.syntax import Given, Parsed, failure, parse
from conformance.text.nearest import near

READERS: Mapping[str, Callable[[Reading], Call]] = {
    "torch": read_torch,
    "keras": read_keras,
    "tensorflow": read_tensorflow,
    "jax": read_jax,
    "onnx": read_onnx,
}


# Arguments that are tensors, or that no answer depends on; those of functions alone come after.
_FREE = frozenset(
    "input inputs value lhs rhs device name trainable autocast activation kernel_initializer bias_initializer "
    "depthwise_initializer depthwise_regularizer depthwise_constraint kernel_regularizer bias_regularizer "
    "pointwise_initializer pointwise_regularizer pointwise_constraint "
    "activity_regularizer kernel_constraint bias_constraint precision preferred_element_type out_sharding "
    "kernel_init bias_init w_init b_init param_dtype promote_dtype parent rngs key kernel_metadata bias_metadata "
    "mask conv_general_dilated conv_general_dilated_cls".split()
)
_WEIGHTS = frozenset(
    "weight bias kernel filters filter rhs depthwise_kernel pointwise_kernel depthwise_filter pointwise_filter".split()
)


def read_call(
    text: str,
    input_shape: tuple[int, ...] | None,
    weight_shape: tuple[int, ...] | None = None,
    values: Mapping[str, ast.expr] | None = None,
    pointwise_shape: tuple[int, ...] | None = None,
) -> Call:
    """What a call means. Shapes are in the call's own layouts; CallError says what is missing or wrong.

    `values` are those of names and of other code in the call, by `read_values`. `pointwise_shape`: of the second kernel
    of a separable convolution.
    """
    text = as_call(text)
    parsed = parse(text, values)
    if parsed.taken:
        raise failure(parsed.text, 1, f"one output is taken of what {parsed.dotted} gives; expected the call alone")
    signature = _signature(parsed)
    if input_shape is not None and (own := _lengths(parsed, input_shape)):
        parsed = parse(text, {**own, **(values or {})})
    if parsed.applied is not None and signature.kind == "function":
        message = f"{signature.name} is a function, and its result is called; expected the call alone"
        raise failure(parsed.text, 1, message)
    given, order = bind(parsed, signature)
    _refuse_unknown(parsed, signature, given, input_shape)
    reading = Reading(parsed, signature, given, order, input_shape, weight_shape, list(parsed.notes))
    if "eparable" in signature.short:
        call = read_separable(reading, pointwise_shape, read_call)
    elif pointwise_shape is not None:
        raise CallError(f"--weight has two shapes, and {signature.name} has one kernel; expected one")
    else:
        call = _reader(signature)(reading)
    return replace(call, values=tuple((values or {}).items()))


def _reader(signature: Signature) -> Callable[[Reading], Call]:
    if signature.name.split(".")[0] in ON_JAX:
        return read_jax_layer
    if "epthwise" in signature.short:
        return read_depthwise
    return read_atrous if "atrous" in signature.short else READERS[signature.framework]


def _lengths(parsed: Parsed, shape: tuple[int, ...]) -> dict[str, ast.expr]:
    """What the code calls the shape of the call's input: `x.shape`, `x.size(0)`, `tf.shape(x)`."""
    first = [*(parsed.applied[0] if parsed.applied else parsed.arguments)[:1]]
    first += [value for name, value in parsed.keywords if name in ("input", "inputs", "lhs", "value")]
    written = [Expression(given.node).text for given in first if isinstance(given.value, Expression)]
    found: dict[str, ast.expr] = {}
    whole = ast.parse(repr(shape), mode="eval").body
    for x in written[-1:]:
        names = (".shape", ".size()", ".get_shape()", ".shape.as_list()", ".get_shape().as_list()")
        found |= dict.fromkeys((*(x + name for name in names), f"tf.shape({x})", f"keras.ops.shape({x})"), whole)
        for axis in range(-len(shape), len(shape)):
            found[f"{x}.size({axis})"] = ast.Constant(shape[axis])
    return found


def _refuse_unknown(
    parsed: Parsed, signature: Signature, given: Mapping[str, Given], shape: tuple[int, ...] | None
) -> None:
    """CallError with every name in the call whose value is not known, and how to give them."""
    free = _FREE | _WEIGHTS if signature.kind == "function" else _FREE
    asked = [value for name, value in given.items() if name not in free and not _stands(name, value)]
    if parsed.applied is not None:
        arguments, keywords = parsed.applied
        asked += [*arguments[1:], *(value for name, value in keywords if name == "output_size")]
    missing = list(dict.fromkeys(text for value in asked for text in unknown(value.node)))
    if not missing:
        return
    first = next(value.node for value in asked if holds_expression(value.value))
    *others, last = missing
    names = f"{', '.join(others)} and {last}" if others else last
    example = " ".join(shlex.quote(f"{name}={_example(name, given)}") for name in missing)
    lengths = ""
    if shape is None and re.search(r"shape\b|\.size\(", names):
        lengths = "; the input's own lengths are known with --input"
    message = f"{names}: no value is known here; write it in, or give it (with your numbers): --let {example}{lengths}"
    raise failure(parsed.text, first.col_offset + 1, message)


_EXAMPLES = {"bias": "True", "dtype": "'float32'", "stride": "1", "padding": "1", "dilation": "1", "groups": "1"}


def _example(name: str, given: Mapping[str, Given]) -> str:
    """A value that what is missing may have, by the argument in which it stands."""
    if name.endswith((".size()", ".shape")):
        return "(1, 8, 16, 16)"
    argument = next((a for a, value in given.items() if name in unknown(value.node)), "")
    return next((value for word, value in _EXAMPLES.items() if word in argument), "3" if "kernel" in argument else "8")


def _stands(name: str, value: Given) -> bool:
    """Whether an argument that is no value may stay code: `torch.half`, ConvDimensionNumbers(...)."""
    if name == "dimension_numbers":
        return not isinstance(value.node, ast.Name)
    return name == "dtype" and (not isinstance(value.value, Expression) or "." in value.value.text)


def _signature(parsed: Parsed) -> Signature:
    found = candidates(parsed.dotted)
    if not found:
        raise failure(parsed.text, parsed.column, _unknown(parsed))
    _refuse_first_flax(parsed, found)
    fitting = []
    errors = []
    for signature in found:
        try:
            bind(parsed, signature)
            fitting.append(signature)
        except CallError as error:
            errors.append(error)
    if len(found) == 1 and errors:
        raise errors[0]
    if len(fitting) != 1:
        names = " or ".join(s.name for s in found)
        message = f"{parsed.dotted} may be {names}; write out which one"
        raise failure(parsed.text, parsed.column, message)
    return fitting[0]


def _refuse_first_flax(parsed: Parsed, found: list[Signature]) -> None:
    """CallError where a layer is called with x at once, as those of flax were before linen."""
    first = [given.value for given in parsed.arguments[:1] if isinstance(given.value, Expression)]
    of_flax = all(signature.name.startswith("flax.") for signature in found)
    if not (first and of_flax and "features" in dict(parsed.keywords)):
        return
    rest = ", ".join(f"{name}={Expression(value.node).text}" for name, value in parsed.keywords)
    message = f"{parsed.dotted} of flax before linen is given x; write {parsed.dotted}({rest})({first[0].text})"
    raise failure(parsed.text, parsed.column, message)


# What is no one call here, and what to write instead.
_INSTEAD = (
    (
        r"(hk|haiku)\.SeparableDepthwiseConv2D",
        "is three convolutions, along H, along W and one that joins the channels: give each as hk.Conv2D(...)",
    ),
    (
        r"(hk|haiku)\.DepthwiseConv(?P<d>[123])D",
        "is hk.Conv{d}D(channels * multiplier, kernel, feature_group_count=channels)",
    ),
    (
        r"(tf|tf1|tf\.compat\.v1)\.layers\.(?P<l>\w+)",
        "is of TensorFlow 1: write tf.keras.layers.{layer}(...)(x), whose first argument is not x",
    ),
    (r"tf\.nn\.deconv2d", "is of TensorFlow 1: it is tf.nn.conv2d_transpose today, with the same arguments"),
    (
        r"(eqx|equinox)\.nn\.(?!Conv)(?P<l>\w+)|(hk|haiku)\.(?!Conv)(?P<k>\w+)",
        "is no layer that is read: of that library the convolutions are; give the call of jax that it makes",
    ),
    (
        r"(tf\.contrib\.|slim|tf\.contrib\.slim|layers_lib).*\w+",
        "is of TensorFlow 1: write the tf.nn call that it makes",
    ),
    (
        r"(tf\.compat\.v1\.nn|tf1\.nn)\.(?P<l>\w+)",
        "is tf.nn.{l} of TensorFlow 1: write tf.nn.{l} with the names of today",
    ),
    (
        r"(K|backend|keras\.backend|tf\.keras\.backend)\.(?P<l>conv\w*)",
        "is gone in Keras 3: write keras.ops.conv or conv_transpose",
    ),
    (
        r"(K|backend|keras\.backend|tf\.keras\.backend)\.(?P<l>\w+)",
        "is gone in Keras 3: write keras.ops.{l} with every argument, since defaults are others there",
    ),
    (r".*LocallyConnected\dD", "has a kernel for every place, which is no convolution"),
    (r".*(SubpixelConv|PixelShuffle)\w*", "moves elements about; give the convolution before it"),
)


def _unknown(parsed: Parsed) -> str:
    word = parsed.dotted.rpartition(".")[2]
    for pattern, instead in _INSTEAD:
        if match := re.fullmatch(pattern, parsed.dotted):
            layer = "".join(part.capitalize() for part in word.split("_"))
            said = {**match.groupdict(), "layer": re.sub(r"(\d)d", r"\1D", layer)}
            return f"{parsed.dotted} {instead.format(**said)}"
    if word.startswith("LazyConv"):
        eager = word.removeprefix("Lazy")
        return f"{word} takes its input channels from its first input; write torch.nn.{eager}(in_channels, ...) instead"
    same = [s.name for s in candidates(word)]
    if same:
        return (
            f"{parsed.dotted} is not known, and libraries differ in padding, layouts and whether a kernel is flipped; "
            f"known are {', '.join(same)}: write the one that it is"
        )
    inner = [a.value.text for a in parsed.arguments if isinstance(a.value, Expression) and "onv" in a.value.text]
    hint = f"; give the convolution inside it alone: {inner[0]}" if inner else ""
    if not inner and re.fullmatch(r"(self\.)?[a-z_]\w*", parsed.dotted):
        return (
            f"{parsed.dotted} is your own name; give the line that makes it, such as {parsed.dotted} = nn.Conv2d(...)"
        )
    known = list(signatures())
    shorts = {s.short: s.name for s in reversed(list(signatures().values()))}
    # Of functions with one name, that of the module that was written; a tensor's method comes last.
    module = parsed.dotted.rpartition(".")[0]
    ranked = sorted(known_names(), key=lambda name: (name.rpartition(".")[0] == module, ".Tensor." not in name))
    others = {name.rpartition(".")[2]: name for name in ranked}
    if close := near(word, {**others, **shorts}, cutoff=0.75):
        hint = f"; did you mean {shorts.get(close) or others[close]}{hint}"
    return (
        f"{parsed.dotted} is no call that is known here{hint}; known are: {', '.join(_families(known))}; "
        f"and, by the words of the ops: {', '.join(_families(known_names()))}"
    )


def _families(names: list[str]) -> list[str]:
    """torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d as torch.nn.Conv1d/2d/3d."""
    folded = []
    for name in names:
        module, _, word = name.rpartition(".")
        if "1" in word:
            letter = word[word.index("1") + 1]
            dims = [n for n in "123" if name.replace("1", n, 1) in names]
            folded.append(f"{module}.{word.replace(f'1{letter}', '/'.join(n + letter for n in dims), 1)}")
        elif not any(digit in word for digit in "23"):
            folded.append(name)
    return folded

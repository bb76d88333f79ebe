"""Calls of every family as people paste them: what each is read as, or the way out that its refusal names.

A row fails when an answer changes. What a signature says in other words is run beside those words in the framework.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.environments.installed import missing
from conformance.recipe.call import CallError
from conformance.recipe.meant import read_words
from conformance.recipe.syntax import parse
from conformance.target import parse_target
from tests.recipe.own_words import own_words

READ: dict[str, str] = {
    # Methods of tensors; those of several frameworks where they mean the same.
    "x.mean(1)": "mean[axes=1]",
    "x.mean(dim=1)": "mean[axes=1]",
    "x.sum(dim=-1, keepdim=True)": "sum[keepdims=yes]",
    "x.softmax(-1)": "softmax[]",
    "x.clamp(0, 6)": "clip[low=0 high=6]",
    "h[0].argmax(dim=1)": "argmax[axis=1]",
    "(a - b).abs().mean()": "mean[axes=None]",
    "x.max(1).values": "max[]",
    "x.long()": "cast[to=int64]",
    "x.to(torch.int32)": "cast[to=int32]",
    "x.astype(jnp.int8)": "cast[]",
    "x.var(dim=1, unbiased=False)": "var[axes=1]",
    # Of two outputs one, older keywords, older names.
    "torch.max(x)": "max[axes=None]",
    "torch.max(x, 1)[0]": "max[]",
    "torch.min(x, dim=1, keepdim=True)[1]": "argmin[axis=1 keepdims=yes]",
    "torch.var(x, unbiased=False)": "var[axes=None]",
    "torch.std(x, dim=1, unbiased=True)": "std[axes=1 ddof=1]",
    "torch.sum(x, axis=1, keepdims=True)": "sum[axes=1 keepdims=yes]",
    "torch.inverse(x)": "inv[]",
    "torch.true_divide(a, b)": "divide[]",
    # Optimisers.
    "torch.optim.Adam(params, lr=1e-3)": "adam[rate=0.001]",
    "optim.Adam(net.parameters(), lr=3e-4, betas=(0.9, 0.98), eps=1e-9)": "adam[rate=0.0003 beta2=0.98 epsilon=1e-09]",
    "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)": "sgd[momentum=0.9 decay=0.0001]",
    "torch.optim.AdamW(params)": "adamw[rate=0.001]",
    "torch.optim.RMSprop(params)": "rmsprop[rate=0.01 decay=0.99]",
    "torch.optim.Adagrad(params, lr=0.01)": "adagrad[rate=0.01]",
    "keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)": "sgd[momentum=0.9 nesterov=yes scaled=yes]",
    "tf.keras.optimizers.Adam()": "adam[rate=0.001 epsilon=1e-07 epsilon_at=uncorrected]",
    "keras.optimizers.RMSprop(0.001)": "rmsprop[rate=0.001 epsilon=1e-07 inside=yes]",
    # Classes of losses.
    "keras.losses.MeanSquaredError()": "mse[]",
    "tf.keras.losses.Huber(delta=0.5)": "huber[delta=0.5]",
    "keras.losses.BinaryCrossentropy(from_logits=True)": "binary_cross_entropy[]",
    "keras.losses.BinaryCrossentropy()": "binary_cross_entropy[logits=no]",
    "keras.losses.CategoricalCrossentropy(from_logits=True)": "cross_entropy[target=probability]",
    "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)": (
        "cross_entropy[target=probability smoothing=0.1]"
    ),
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True)": "cross_entropy[]",
    # Integers.
    "torch.div(a, b, rounding_mode='trunc')": "divide[rounding=trunc]",
    "np.mod(a, b)": "remainder[]",
    "np.round(x, 2)": "round[decimals=2]",
    "tf.cast(x, 'int32')": "cast[to=int32]",
    # Linear algebra.
    "torch.linalg.qr(x, mode='complete')": "qr[mode=complete]",
    "tf.linalg.qr(x)": "qr[]",
    "np.linalg.svd(x)": "svd[]",
    "tf.linalg.svd(x)": "svd[full_matrices=no]",
    "torch.linalg.cholesky(x, upper=True)": "cholesky[upper=yes]",
    "jnp.linalg.cholesky(x)": "cholesky[]",
    "np.linalg.lstsq(a, b, rcond=None)": "lstsq[]",
    # Transforms and windows.
    "torch.fft.rfft(x, dim=0, norm='ortho')": "rfft[axis=0 norm=ortho]",
    "np.fft.fft(x, axis=0)": "fft[axis=0]",
    "tf.signal.dct(x, norm='ortho')": "dct[norm=ortho]",
    "torch.hann_window(16, False)": "windows[length=16 periodic=no]",
    # Images.
    "tf.image.rgb_to_hsv(x)": "rgb_to_hsv[]",
    "F.grid_sample(x, grid)": "grid_sample[]",
    "tf.image.crop_and_resize(x, boxes, image, (7, 7), 'nearest')": "crop_and_resize[output=7x7 method=nearest]",
    "keras.layers.UpSampling2D(2)": "resize[method=nearest]",
    "tf.image.resize(x, (8, 9))": "resize[output=8x9]",
}

# Further calls that are read in other words.
SAME = (
    "torch.det(x)",
    "torch.absolute(x)",
    "torch.negative(x)",
    "torch.relu(x)",
    "torch.clip(x, 0.2, 0.7)",
    "torch.subtract(a, b)",
    "torch.multiply(a, b)",
    "torch.divide(a, b, rounding_mode='trunc')",
    "torch.min(x, 0).values",
    "np.amax(x, axis=1)",
    "np.absolute(x)",
    "np.around(x, 1)",
    "np.true_divide(a, b)",
    "np.percentile(x, 50, axis=1)",
    "keras.losses.Hinge()",
)

REFUSED = {
    "torch.max(x, dim=1)": r"with a dim it gives two: give torch.max\(...\)\[0\] and \[1\]",
    "x.var(1)": "may be torch.Tensor.var .* or jax.Array.var .*; write out which one",
    "torch.unique(x)": "as many values as differ",
    "tf.image.non_max_suppression(boxes, scores, 20)": "as many boxes as remain",
    "torch.div(a, b, rounding_mode='floor')": "it is torch.floor_divide",
    "nn.Upsample(scale_factor=2)": "give the size",
    "torch.svd(x)": "torch.linalg.svd",
    "torch.add(a, b, alpha=2)": "alpha is 2, expected 1",
    "tf.linalg.lstsq(a, b)": "give fast=False",
    "keras.losses.MeanSquaredError(reduction='sum')": "reduction is 'sum', expected 'sum_over_batch_size'",
    "keras.losses.BinaryCrossentropy(label_smoothing=0.1)": "label_smoothing is 0.1, expected 0.0",
    "keras.losses.CosineSimilarity()": "the negative of the cosine",
    "keras.optimizers.Adam(1e-3, weight_decay=0.01)": "keras.optimizers.AdamW",
    "torch.optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.5)": "dampening is 0.5, expected 0",
    "torch.nn.functional.relu(x)[0]": "give the call alone",
    "tf.cast(x, dtype)": "dtype is dtype",
}


def read(text: str) -> Any:
    return read_words(parse(text), {})


@pytest.mark.parametrize(("text", "label"), READ.items(), ids=list(READ))
def test_what_people_paste_is_read(text: str, label: str) -> None:
    assert read(text).op.label() == label


@pytest.mark.parametrize(("text", "way"), REFUSED.items(), ids=list(REFUSED))
def test_what_is_refused_names_the_way_out(text: str, way: str) -> None:
    with pytest.raises(CallError, match=way) as caught:
        read(text)
    assert "\n\n" not in str(caught.value)


# Prints for every `call => words` how far the two are apart, in the framework's own process.
_BESIDE = """
import importlib, json, sys, numpy
module, *pairs = sys.argv[1:]
space = {module: importlib.import_module(module), "np": numpy}
draw = numpy.random.default_rng(0).random
target = draw((4, 4))
given = {"x": draw((4, 4)) + numpy.eye(4), "a": draw((4, 4)), "b": 1 + draw((4, 4))}
given["target"] = target / target.sum(1)[:, None]
if module == "torch":
    given = {name: space[module].from_numpy(value) for name, value in given.items()}
found = {}
for pair in pairs:
    one, two = (numpy.asarray(eval(text, {**space, **given})) for text in pair.split(" => "))
    found[pair] = float(abs(one - two).max()) if one.shape == two.shape else f"{one.shape}, {two.shape}"
print(json.dumps(found))
"""


@pytest.mark.parametrize("framework", ["numpy", "torch", "keras"])
def test_what_a_call_is_read_as_gives_the_same(framework: str) -> None:
    if missing(parse_target(framework)):
        pytest.skip(f"needs {framework}")
    pairs = []
    for text in (*READ, *SAME):
        # A label is a number, and is drawn as none here.
        if "Sparse" not in text and (found := read(text)).framework == framework:
            said = [note.removeprefix("it is read as ") for note in found.notes if note.startswith("it is read as ")]
            written = text.replace("tf.keras", "keras").replace("np.", "numpy.")
            pairs += [f"{written}{'(target, x)' * text.endswith(')') * ('losses.' in text)} => {w}" for w in said]
    assert len(pairs) > 1
    apart = own_words(_BESIDE, framework, pairs)
    assert len(apart) == len(pairs)
    assert all(isinstance(gap, float) and gap < 1e-6 for gap in apart.values()), apart

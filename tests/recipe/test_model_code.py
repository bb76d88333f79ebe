"""Layer calls of the forms that stand in public model code: each is read right, or refused with the way out.

For each: where its form was seen (a repository and a path in it; the rest are forms that people paste), a call of that
form, the values of its names and the input as a person would give them, and the output's shape by the framework's own
formula (worked out by hand).
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.recipe.call import CallError
from conformance.recipe.meant import read_words
from conformance.recipe.read import read_call
from conformance.recipe.syntax import parse, read_values
from conformance.recipe.weights import own_shape

Shape = tuple[int, ...] | None

# (where it stands, call, --let, --input, --weight, function, the output in the call's own layout)
READ: list[tuple[str, str, list[str], Shape, Shape, str, tuple[int, ...]]] = [
    (
        "milesial/Pytorch-UNet unet/unet_parts.py",
        "self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)",
        ["in_channels=16"],
        (1, 16, 9, 7),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 8, 18, 14),
    ),
    (
        "pytorch/examples dcgan/main.py, upwards",
        "nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False),",
        ["ngf=2"],
        (1, 16, 4, 4),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 8, 8, 8),
    ),
    (
        "pytorch/examples dcgan/main.py, the first layer",
        "nn.ConvTranspose2d( nz, ngf * 8, 4, 1, 0, bias=False),",
        ["nz=10", "ngf=2"],
        (1, 10, 1, 1),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 16, 4, 4),
    ),
    (
        "a stem",
        "self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)",
        ["self.inplanes=8"],
        (1, 3, 33, 32),
        None,
        "torch.nn.Conv2d",
        (1, 8, 17, 16),
    ),
    (
        "a function that makes a layer",
        "return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups, "
        "bias=False, dilation=dilation,)",
        ["in_planes=4", "out_planes=8", "stride=1", "dilation=2", "groups=2"],
        (1, 4, 9, 9),
        None,
        "torch.nn.Conv2d",
        (1, 8, 9, 9),
    ),
    (
        "jik876/hifi-gan models.py, upsampling",
        "self.ups.append(weight_norm(\n    ConvTranspose1d(h.upsample_initial_channel//(2**i), "
        "h.upsample_initial_channel//(2**(i+1)),\n                    k, u, padding=(k-u)//2)))",
        ["h.upsample_initial_channel=32", "i=1", "k=16", "u=8"],
        (1, 16, 5),
        None,
        "torch.nn.ConvTranspose1d",
        (1, 8, 40),
    ),
    (
        "jik876/hifi-gan models.py, residual block",
        "weight_norm(Conv1d(channels, channels, kernel_size, 1, dilation=dilation[0],\n"
        "                   padding=get_padding(kernel_size, dilation[0]))),",
        ["channels=4", "kernel_size=3", "dilation=(1, 3, 5)", "get_padding(kernel_size, dilation[0])=1"],
        (1, 4, 12),
        None,
        "torch.nn.Conv1d",
        (1, 4, 12),
    ),
    (
        "wkentaro/pytorch-fcn torchfcn/models/fcn32s.py",
        "self.up32 = nn.ConvTranspose2d(\n    classes, classes, 64, stride=32,\n    bias=False)",
        ["classes=3"],
        (1, 3, 2, 3),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 3, 96, 128),
    ),
    (
        "pytorch/examples super_resolution/model.py",
        "self.conv4 = nn.Conv2d(32, upscale_factor ** 2, (3, 3), (1, 1), (1, 1))",
        ["upscale_factor=3"],
        (1, 32, 6, 7),
        None,
        "torch.nn.Conv2d",
        (1, 9, 6, 7),
    ),
    (
        "modulated weights, a group for each item of the batch",
        "out = F.conv_transpose2d(\n    input, weight, padding=0, stride=2, groups=batch\n)",
        ["batch=2"],
        (1, 8, 4, 4),
        (8, 3, 3, 3),
        "torch.nn.functional.conv_transpose2d",
        (1, 6, 9, 9),
    ),
    (
        "causal, dilated",
        "x = tf.keras.layers.Conv1D(filters=n_filters, kernel_size=2, padding='causal', dilation_rate=2 ** 3)(x)",
        ["n_filters=4"],
        (1, 20, 3),
        None,
        "keras.layers.Conv1D",
        (1, 20, 4),
    ),
    (
        "downsampling without padding",
        "self.conv = torch.nn.Conv2d(in_channels,\n    in_channels,\n    kernel_size=3,\n    stride=2,\n    padding=0)",
        ["in_channels=4"],
        (1, 4, 9, 9),
        None,
        "torch.nn.Conv2d",
        (1, 4, 4, 4),
    ),
    (
        "numbers from a configuration",
        'self.quant_conv = torch.nn.Conv2d(2*ddconfig["z_channels"], 2*embed_dim, 1)',
        ["ddconfig['z_channels']=4", "embed_dim=4"],
        (1, 8, 4, 4),
        None,
        "torch.nn.Conv2d",
        (1, 8, 4, 4),
    ),
    (
        "a list that grows",
        "model += [nn.ConvTranspose2d(ngf * mult, int(ngf * mult / 2),\n"
        "                             kernel_size=3, stride=2,\n"
        "                             padding=1, output_padding=1,\n"
        "                             bias=use_bias)]",
        ["ngf=4", "mult=4", "use_bias=False"],
        (1, 16, 5, 6),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 8, 10, 12),
    ),
    (
        "a skip's size",
        "x = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1)(x, output_size=skip.size())",
        ["skip.size()=(1, 4, 14, 13)"],
        (1, 8, 7, 7),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 4, 14, 13),
    ),
    (
        "model.add",
        "model.add(layers.Conv2DTranspose(64, (5, 5), strides=(2, 2), padding='same', use_bias=False))",
        [],
        (1, 7, 7, 8),
        None,
        "keras.layers.Conv2DTranspose",
        (1, 14, 14, 64),
    ),
    (
        "padding by a condition",
        "x = layers.DepthwiseConv2D((3, 3), padding='same' if strides == (1, 1) else 'valid',\n"
        "    depth_multiplier=depth_multiplier, strides=strides, use_bias=False, name='conv_dw_%d' % block_id)(inputs)",
        ["strides=(2, 2)", "depth_multiplier=1", "'conv_dw_%d' % block_id='conv_dw_1'"],
        (1, 9, 9, 4),
        None,
        "keras.layers.DepthwiseConv2D",
        (1, 4, 4, 4),
    ),
    (
        "keras-team/keras-io examples/vision/oxford_pets_image_segmentation.py, upwards",
        'x = layers.Conv2DTranspose(filters, 3, padding="same")(x)',
        ["filters=4"],
        (1, 6, 6, 8),
        None,
        "keras.layers.Conv2DTranspose",
        (1, 6, 6, 4),
    ),
    (
        "an output shape of the input's",
        "tf.nn.conv2d_transpose(x, W, output_shape=tf.stack([tf.shape(x)[0], tf.shape(x)[1]*2, tf.shape(x)[2]*2, c]), "
        "strides=[1, 2, 2, 1], padding='SAME')",
        ["c=4"],
        (2, 5, 6, 3),
        (3, 3, 4, 3),
        "tf.nn.conv2d_transpose",
        (2, 10, 12, 4),
    ),
    (
        "atrous",
        "net = tf.nn.atrous_conv2d(net, weights, rate=2, padding='SAME')",
        [],
        (1, 9, 9, 3),
        (3, 3, 3, 4),
        "tf.nn.atrous_conv2d",
        (1, 9, 9, 4),
    ),
    (
        "flax, upwards",
        "x = nn.ConvTranspose(features=32, kernel_size=(3, 3), strides=(2, 2))(x)",
        [],
        (1, 4, 4, 8),
        None,
        "flax.linen.ConvTranspose",
        (1, 8, 8, 32),
    ),
    (
        "facebookresearch/ConvNeXt models/convnext.py",
        "self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim) # depthwise conv",
        ["dim=4"],
        (1, 4, 8, 9),
        None,
        "torch.nn.Conv2d",
        (1, 4, 8, 9),
    ),
    (
        "patches",
        "self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size, bias=bias)",
        ["in_chans=3", "embed_dim=8", "patch_size=(4, 4)", "bias=True"],
        (1, 3, 16, 12),
        None,
        "torch.nn.Conv2d",
        (1, 8, 4, 3),
    ),
    (
        "openai/whisper whisper/model.py",
        "self.conv2 = nn.Conv1d(n_state, n_state, kernel_size=3, stride=2, padding=1)",
        ["n_state=4"],
        (1, 4, 11),
        None,
        "torch.nn.Conv1d",
        (1, 4, 6),
    ),
    (
        "mattmacy/vnet.pytorch vnet.py",
        "self.up_conv = nn.ConvTranspose3d(inChans, outChans // 2, kernel_size=2, stride=2).to(device).half()",
        ["inChans=4", "outChans=4"],
        (1, 4, 3, 4, 5),
        None,
        "torch.nn.ConvTranspose3d",
        (1, 2, 6, 8, 10),
    ),
    (
        "google-deepmind/dm-haiku examples/vqvae_example.ipynb",
        "self._dec_2 = hk.Conv2DTranspose(output_channels=3, kernel_shape=(4, 4), stride=(2, 2), name='dec_2')",
        [],
        (1, 8, 8, 4),
        None,
        "haiku.Conv2DTranspose",
        (1, 16, 16, 3),
    ),
    (
        "jik876/hifi-gan models.py, discriminator",
        "norm_f(Conv2d(1, 32, (k, 1), (step, 1), padding=(pad_of(5, 1), 0))),",
        ["k=5", "step=3", "pad_of(5, 1)=2"],
        (1, 1, 17, 3),
        None,
        "torch.nn.Conv2d",
        (1, 32, 6, 3),
    ),
    (
        "AntixK/PyTorch-VAE models/vanilla_vae.py, upwards",
        "nn.ConvTranspose2d(widths[i], widths[i + 1], kernel_size=3, stride = 2, padding=1, output_padding=1),",
        ["widths=[8, 4]", "i=0"],
        (1, 8, 4, 5),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 4, 8, 10),
    ),
    (
        "ultralytics/yolov5 models/common.py",
        "self.conv = nn.Conv2d(a, b, k, s, same_pad(k, p), groups=g, dilation=d, bias=False)",
        ["a=4", "b=6", "k=3", "s=2", "same_pad(k, p)=1", "g=2", "d=1"],
        (1, 4, 9, 8),
        None,
        "torch.nn.Conv2d",
        (1, 6, 5, 4),
    ),
    (
        "keras-team/keras-io examples/vision/oxford_pets_image_segmentation.py, residual",
        'skip = layers.Conv2D(n, 1, strides=2, padding="same")(\n    before\n)',
        ["n=4"],
        (1, 7, 8, 3),
        None,
        "keras.layers.Conv2D",
        (1, 4, 4, 4),
    ),
    (
        "keras-team/keras-io examples/vision/oxford_pets_image_segmentation.py, separable",
        'x = layers.SeparableConv2D(n, 3, padding="same")(x)',
        ["n=4"],
        (1, 7, 8, 3),
        None,
        "keras.layers.SeparableConv2D",
        (1, 7, 8, 4),
    ),
    (
        "keras-team/keras keras/src/applications/xception.py",
        'x = layers.SeparableConv2D(\n    16,\n    (3, 3),\n    padding="same",\n    use_bias=False,\n'
        '    name=f"{stem}_conv",\n)(x)',
        [],
        (1, 7, 8, 4),
        None,
        "keras.layers.SeparableConv2D",
        (1, 7, 8, 16),
    ),
    (
        "keras-team/keras-io examples/generative/vae.py",
        'x = layers.Conv2DTranspose(16, 3, activation="relu", strides=2, padding="same")(x)',
        [],
        (1, 7, 7, 4),
        None,
        "keras.layers.Conv2DTranspose",
        (1, 14, 14, 16),
    ),
    (
        "an example of Equinox",
        "eqx.nn.Conv2d(1, 3, kernel_size=4, key=k1),",
        [],
        (1, 1, 8, 9),
        None,
        "equinox.nn.Conv2d",
        (1, 3, 5, 6),
    ),
    (
        "carpedm20/DCGAN-tensorflow ops.py",
        "conv = tf.nn.conv2d(x_, w, strides=[1, dh, dw, 1], padding='SAME')",
        ["dh=2", "dw=2"],
        (1, 9, 8, 3),
        (5, 5, 3, 4),
        "tf.nn.conv2d",
        (1, 5, 4, 4),
    ),
    (
        "ibab/tensorflow-wavenet wavenet/ops.py",
        "again = tf.nn.conv1d(value, kernel_, stride=1, padding='VALID')",
        [],
        (1, 9, 3),
        (2, 3, 4),
        "tf.nn.conv1d",
        (1, 8, 4),
    ),
]

# (where it stands, call, --let, --input, the op's parameters)
WORDS: list[tuple[str, str, list[str], tuple[int, ...], dict[str, Any]]] = [
    (
        "milesial/Pytorch-UNet unet/unet_parts.py",
        "nn.MaxPool2d(2),",
        [],
        (1, 3, 7, 6),
        {"window": (2, 2), "ceil": False},
    ),
    (
        "wkentaro/pytorch-fcn torchfcn/models/fcn32s.py",
        "self.p1 = nn.MaxPool2d(2, stride=2, ceil_mode=True)  # half",
        [],
        (1, 2, 7, 8),
        {"window": (2, 2), "stride": (2, 2), "ceil": True},
    ),
    (
        "ultralytics/yolov5 models/common.py",
        "self.pool = nn.MaxPool2d(kernel_size=k, stride=1, padding=k // 2)",
        ["k=5"],
        (1, 2, 9, 8),
        {"window": (5, 5), "stride": (1, 1)},
    ),
    (
        "keras-team/keras-io examples/vision/oxford_pets_image_segmentation.py",
        'x = layers.MaxPooling2D(3, strides=2, padding="same")(x)',
        [],
        (1, 7, 8, 3),
        {"window": (3, 3), "stride": (2, 2), "padding": "same"},
    ),
    (
        "facebookresearch/ConvNeXt models/convnext.py",
        "return F.layer_norm(x, self.shape_, self.weight, self.bias, self.eps)",
        ["self.shape_=(4,)", "self.eps=1e-6"],
        (1, 5, 6, 4),
        {"axes": 1, "epsilon": 1e-6},
    ),
    ("karpathy/nanoGPT model.py", "self.act    = nn.GELU()", [], (2, 5, 4), {"approximate": "none"}),
]

# (call, what the refusal says to do)
REFUSED = [
    # affinelayer/pix2pix-tensorflow pix2pix.py
    (
        "tf.layers.conv2d_transpose(x_, n, kernel_size=4, strides=(2, 2))",
        "write tf.keras.layers.Conv2DTranspose(...)(x)",
    ),
    (
        'tf.layers.separable_conv2d(x_, n, kernel_size=4, padding="same")',
        "write tf.keras.layers.SeparableConv2D(...)(x)",
    ),
    # carpedm20/DCGAN-tensorflow ops.py
    ("return tf.nn.deconv2d(x_, w, output_shape=shape, strides=[1, 2, 2, 1])", "it is tf.nn.conv2d_transpose today"),
    # google/flax examples/mnist/train.py, of before linen
    (
        "x = nn.Conv(x, features=16, kernel_size=(3, 3))",
        "is given x; write nn.Conv(features=16, kernel_size=(3, 3))(x)",
    ),
    # descriptinc/melgan-neurips mel2wav/modules.py, and an example of Equinox
    ("WNConvTranspose1d(n, n // 2, kernel_size=r * 2, stride=r),", "did you mean torch.nn.ConvTranspose1d"),
    ("eqx.nn.MaxPool2d(kernel_size=2),", "of that library the convolutions are; give the call of jax"),
    # A whole block at once
    (
        "nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, padding=1))",
        "holds 2 convolutions, expected one at a time:\n    nn.Conv2d(3, 8, 3, padding=1)\n    nn.Conv2d(8, 8, 3, pad",
    ),
    # Reflection
    ("nn.Conv2d(3, 8, kernel_size=7, padding=3, padding_mode='reflect')", "pad x with torch.nn.functional.pad first"),
    # The layer's own name in forward()
    ("x = self.up1(x)", "self.up1 is your own name; give the line that makes it"),
    # Nothing given
    (
        "weight_norm(nn.Conv1d(in_ch, out_ch, k, dilation=d, padding=pad))",
        "in_ch, out_ch, k, d and pad: no value is known here; write it in, or give it (with your numbers): "
        "--let in_ch=8 out_ch=8 k=3 d=1 pad=1",
    ),
    ("conv_block(nn.Conv2d(3, 8, 3))", "give the convolution inside it alone: nn.Conv2d(3, 8, 3)"),
    ("nn.LazyConv2d(8, 3)", "write torch.nn.Conv2d(in_channels, ...) instead"),
    ("out = F.conv2d(x, w)[:, :, 1:]", "give the call alone: F.conv2d(x, w)"),
]


@pytest.mark.parametrize("entry", READ, ids=[entry[0] for entry in READ])
def test_it_is_read_right(entry: tuple[str, str, list[str], Shape, Shape, str, tuple[int, ...]]) -> None:
    _, text, let, x, w, function, y = entry
    call = read_call(text, x, w, read_values(let))
    assert call.function == function
    [spec] = call.question.outputs()
    letters = dict(call.layouts)["y"]
    assert tuple(spec.sizes[c] for c in letters) == y
    assert own_shape(call, "x") == x
    assert call.dtype == ("float16" if ".half()" in text else "float32")


@pytest.mark.parametrize("entry", WORDS, ids=[entry[0] for entry in WORDS])
def test_it_is_read_right_by_words(entry: tuple[str, str, list[str], tuple[int, ...], dict[str, Any]]) -> None:
    _, text, let, x, parameters = entry
    op = read_words(parse(text, read_values(let)), {}, x).op
    assert {name: getattr(op, name) for name in parameters} == parameters


def test_what_only_the_code_knows_is_asked_for() -> None:
    # karpathy/nanoGPT model.py
    with pytest.raises(CallError) as caught:
        read_words(parse("F.layer_norm(x_, self.weight.shape, self.weight, self.bias, 1e-5)"), {}, (2, 5, 4))
    assert "give it, such as --let 'self.weight.shape=(4,)'" in str(caught.value)


def test_they_are_of_many_projects() -> None:
    seen = {entry[0].split()[0] for entry in (*READ, *WORDS) if "/" in entry[0]}
    assert len(seen) >= 15


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_it_is_refused_with_the_way_out(text: str, said: str) -> None:
    with pytest.raises(CallError) as caught:
        read_call(text, None)
    assert said in str(caught.value)

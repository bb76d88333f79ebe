"""Layer calls as they stand in public model code: each is read right, or refused with the way out.

For each: the call as pasted, the values of its names and the input as a person would give them, and the output's shape
by the framework's own formula (worked out by hand).
"""

from __future__ import annotations

import re

import pytest

from conformance.recipe.call import CallError
from conformance.recipe.read import read_call
from conformance.recipe.syntax import read_values
from conformance.recipe.weights import own_shape

Shape = tuple[int, ...] | None

# (where it stands, call, --let, --input, --weight, function, the output in the call's own layout)
READ: list[tuple[str, str, list[str], Shape, Shape, str, tuple[int, ...]]] = [
    (
        "U-Net (milesial/Pytorch-UNet)",
        "self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)",
        ["in_channels=16"],
        (1, 16, 9, 7),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 8, 18, 14),
    ),
    (
        "DCGAN (pytorch/examples)",
        "nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False),",
        ["ngf=2"],
        (1, 16, 4, 4),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 8, 8, 8),
    ),
    (
        "DCGAN, first layer",
        "nn.ConvTranspose2d( nz, ngf * 8, 4, 1, 0, bias=False),",
        ["nz=10", "ngf=2"],
        (1, 10, 1, 1),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 16, 4, 4),
    ),
    (
        "ResNet (torchvision), the stem",
        "self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)",
        ["self.inplanes=8"],
        (1, 3, 33, 32),
        None,
        "torch.nn.Conv2d",
        (1, 8, 17, 16),
    ),
    (
        "ResNet (torchvision), conv3x3",
        "return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups, "
        "bias=False, dilation=dilation,)",
        ["in_planes=4", "out_planes=8", "stride=1", "dilation=2", "groups=2"],
        (1, 4, 9, 9),
        None,
        "torch.nn.Conv2d",
        (1, 8, 9, 9),
    ),
    (
        "HiFi-GAN, upsampling",
        "self.ups.append(weight_norm(\n    ConvTranspose1d(h.upsample_initial_channel//(2**i), "
        "h.upsample_initial_channel//(2**(i+1)),\n                    k, u, padding=(k-u)//2)))",
        ["h.upsample_initial_channel=32", "i=1", "k=16", "u=8"],
        (1, 16, 5),
        None,
        "torch.nn.ConvTranspose1d",
        (1, 8, 40),
    ),
    (
        "HiFi-GAN, residual block",
        "weight_norm(Conv1d(channels, channels, kernel_size, 1, dilation=dilation[0],\n"
        "                   padding=get_padding(kernel_size, dilation[0]))),",
        ["channels=4", "kernel_size=3", "dilation=(1, 3, 5)", "get_padding(kernel_size, dilation[0])=1"],
        (1, 4, 12),
        None,
        "torch.nn.Conv1d",
        (1, 4, 12),
    ),
    (
        "FCN (pytorch-fcn)",
        "self.upscore8 = nn.ConvTranspose2d(\n    n_class, n_class, 16, stride=8, bias=False)",
        ["n_class=3"],
        (1, 3, 4, 5),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 3, 40, 48),
    ),
    (
        "ESPCN (pytorch/examples super_resolution)",
        "self.conv4 = nn.Conv2d(32, upscale_factor ** 2, (3, 3), (1, 1), (1, 1))",
        ["upscale_factor=3"],
        (1, 32, 6, 7),
        None,
        "torch.nn.Conv2d",
        (1, 9, 6, 7),
    ),
    (
        "StyleGAN2 (rosinality), upsampling with modulated weights",
        "out = F.conv_transpose2d(\n    input, weight, padding=0, stride=2, groups=batch\n)",
        ["batch=2"],
        (1, 8, 4, 4),
        (8, 3, 3, 3),
        "torch.nn.functional.conv_transpose2d",
        (1, 6, 9, 9),
    ),
    (
        "WaveNet (Keras)",
        "x = tf.keras.layers.Conv1D(filters=n_filters, kernel_size=2, padding='causal', dilation_rate=2 ** 3)(x)",
        ["n_filters=4"],
        (1, 20, 3),
        None,
        "keras.layers.Conv1D",
        (1, 20, 4),
    ),
    (
        "Stable Diffusion (CompVis), the autoencoder's downsampling",
        "self.conv = torch.nn.Conv2d(in_channels,\n    in_channels,\n    kernel_size=3,\n    stride=2,\n    padding=0)",
        ["in_channels=4"],
        (1, 4, 9, 9),
        None,
        "torch.nn.Conv2d",
        (1, 4, 4, 4),
    ),
    (
        "Stable Diffusion (CompVis), quant_conv",
        'self.quant_conv = torch.nn.Conv2d(2*ddconfig["z_channels"], 2*embed_dim, 1)',
        ["ddconfig['z_channels']=4", "embed_dim=4"],
        (1, 8, 4, 4),
        None,
        "torch.nn.Conv2d",
        (1, 8, 4, 4),
    ),
    (
        "CycleGAN (junyanz), the generator",
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
        "SegNet-like unpooling with a skip's size",
        "x = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1)(x, output_size=skip.size())",
        ["skip.size()=(1, 4, 14, 13)"],
        (1, 8, 7, 7),
        None,
        "torch.nn.ConvTranspose2d",
        (1, 4, 14, 13),
    ),
    (
        "TensorFlow's DCGAN tutorial",
        "model.add(layers.Conv2DTranspose(64, (5, 5), strides=(2, 2), padding='same', use_bias=False))",
        [],
        (1, 7, 7, 8),
        None,
        "keras.layers.Conv2DTranspose",
        (1, 14, 14, 64),
    ),
    (
        "Keras's MobileNet",
        "x = layers.DepthwiseConv2D((3, 3), padding='same' if strides == (1, 1) else 'valid',\n"
        "    depth_multiplier=depth_multiplier, strides=strides, use_bias=False, name='conv_dw_%d' % block_id)(inputs)",
        ["strides=(2, 2)", "depth_multiplier=1", "'conv_dw_%d' % block_id='conv_dw_1'"],
        (1, 9, 9, 4),
        None,
        "keras.layers.DepthwiseConv2D",
        (1, 4, 4, 4),
    ),
    (
        "Keras's U-Net example",
        'x = layers.Conv2DTranspose(filters, 3, padding="same")(x)',
        ["filters=4"],
        (1, 6, 6, 8),
        None,
        "keras.layers.Conv2DTranspose",
        (1, 6, 6, 4),
    ),
    (
        "TensorFlow 2 low level, an output shape of the input's",
        "tf.nn.conv2d_transpose(x, W, output_shape=tf.stack([tf.shape(x)[0], tf.shape(x)[1]*2, tf.shape(x)[2]*2, c]), "
        "strides=[1, 2, 2, 1], padding='SAME')",
        ["c=4"],
        (2, 5, 6, 3),
        (3, 3, 4, 3),
        "tf.nn.conv2d_transpose",
        (2, 10, 12, 4),
    ),
    (
        "DeepLab (TensorFlow), atrous",
        "net = tf.nn.atrous_conv2d(net, weights, rate=2, padding='SAME')",
        [],
        (1, 9, 9, 3),
        (3, 3, 3, 4),
        "tf.nn.atrous_conv2d",
        (1, 9, 9, 4),
    ),
    (
        "flax's examples (VAE decoder)",
        "x = nn.ConvTranspose(features=32, kernel_size=(3, 3), strides=(2, 2))(x)",
        [],
        (1, 4, 4, 8),
        None,
        "flax.linen.ConvTranspose",
        (1, 8, 8, 32),
    ),
    (
        "ConvNeXt, depthwise",
        "self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim) # depthwise conv",
        ["dim=4"],
        (1, 4, 8, 9),
        None,
        "torch.nn.Conv2d",
        (1, 4, 8, 9),
    ),
    (
        "ViT (timm), patches",
        "self.proj = nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size, bias=bias)",
        ["in_chans=3", "embed_dim=8", "patch_size=(4, 4)", "bias=True"],
        (1, 3, 16, 12),
        None,
        "torch.nn.Conv2d",
        (1, 8, 4, 3),
    ),
    (
        "Whisper, the encoder's second convolution",
        "self.conv2 = nn.Conv1d(n_state, n_state, kernel_size=3, stride=2, padding=1)",
        ["n_state=4"],
        (1, 4, 11),
        None,
        "torch.nn.Conv1d",
        (1, 4, 6),
    ),
    (
        "V-Net, upwards",
        "self.up_conv = nn.ConvTranspose3d(inChans, outChans // 2, kernel_size=2, stride=2).to(device).half()",
        ["inChans=4", "outChans=4"],
        (1, 4, 3, 4, 5),
        None,
        "torch.nn.ConvTranspose3d",
        (1, 2, 6, 8, 10),
    ),
    (
        "Haiku's VQ-VAE decoder",
        "self._dec_2 = hk.Conv2DTranspose(output_channels=3, kernel_shape=(4, 4), stride=(2, 2), name='dec_2')",
        [],
        (1, 8, 8, 4),
        None,
        "haiku.Conv2DTranspose",
        (1, 16, 16, 3),
    ),
]

# (call, what the refusal says to do)
REFUSED = [
    # pix2pix in TensorFlow 1
    ("tf.layers.conv2d_transpose(batch_input, out_channels, kernel_size=4, strides=(2, 2))", "is of TensorFlow 1"),
    # A whole block at once
    (
        "nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 8, 3, padding=1))",
        "holds 2 convolutions, expected one at a time:\n    nn.Conv2d(3, 8, 3, padding=1)\n    nn.Conv2d(8, 8, 3, pad",
    ),
    # CycleGAN's own reflection
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
    [spec] = call.op.outputs()
    letters = dict(call.layouts)["y"]
    assert tuple(spec.sizes[c] for c in letters) == y
    assert own_shape(call, "x") == x
    assert call.dtype == ("float16" if ".half()" in text else "float32")


def test_there_are_25_projects_of_them() -> None:
    assert len(READ) >= 25
    assert len({re.split(r"[,(]", entry[0])[0].strip() for entry in READ}) + len(REFUSED) >= 25


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_it_is_refused_with_the_way_out(text: str, said: str) -> None:
    with pytest.raises(CallError) as caught:
        read_call(text, None)
    assert said in str(caught.value)

"""Calls as people write them, over every known function: (call, shape of x, shape of w)."""

from __future__ import annotations

Shape = tuple[int, ...] | None

X1, X2, X3 = (2, 4, 8), (2, 4, 8, 7), (2, 4, 4, 5, 3)  # channels first
L1, L2, L3 = (2, 8, 4), (2, 8, 7, 4), (2, 4, 5, 3, 4)  # channels last

TORCH: list[tuple[str, Shape, Shape]] = [
    ("nn.Conv1d(4, 6, 3)", X1, None),
    ("nn.Conv1d(4, 6, 3, padding='same', dilation=2, bias=False)(x)", X1, None),
    ("self.down = nn.Conv2d(4, 6, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), groups=2),", X2, None),
    ("torch.nn.Conv2d(4, 6, 3, 2, 1, 1, 1, False, 'zeros')", X2, None),
    ("nn.Conv3d(4, 2, 2, stride=2, padding='valid')", X3, None),
    ("nn.ConvTranspose1d(4, 6, 4, stride=2, padding=1)", X1, None),
    ("nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)", X2, None),
    ("nn.ConvTranspose2d(4, 6, 3, 2, 1, (1, 0), 1, False, 2)", X2, None),
    ("y = nn.ConvTranspose2d(4, 6, 3, stride=2)(x, output_size=[18, 15])", X2, None),
    ("nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1)(x, [2, 6, 17, 15])", X2, None),
    ("nn.ConvTranspose3d(4, 2, 2, stride=(2, 1, 2), device='cpu', dtype=torch.float64)", X3, None),
    ("nn.ConvTranspose2d(4, 6, 3, stride=[2] * 2)", None, None),
    ("F.conv1d(x, w, b, 2)", X1, (6, 4, 3)),
    ("return F.conv2d(input, self.weight, self.bias, padding='same')", X2, (6, 4, 3, 2)),
    ("torch.nn.functional.conv2d(x, weight=k, groups=2, stride=(2,), bias=None)", X2, (6, 2, 3, 3)),
    ("F.conv3d(x, w, padding=1, dilation=(1, 2, 1))", X3, (2, 4, 2, 2, 2)),
    ("conv_transpose1d(x, w, stride=3, output_padding=2)", X1, (4, 5, 3)),
    ("F.conv_transpose2d(x, w, None, 2, 1, 1, 2, 2)", X2, (4, 3, 3, 3)),
    ("torch.conv_transpose2d(x, w, bias=b, stride=2)", None, (4, 3, 3, 2)),
    ("F.conv_transpose3d(x, w, b, stride=2, padding=(1, 0, 1))", X3, (4, 2, 3, 2, 3)),
]

KERAS: list[tuple[str, Shape, Shape]] = [
    ("layers.Conv1D(6, 3, padding='causal', strides=2)", L1, None),
    ("Conv1D(6, 3, padding='causal', dilation_rate=2, activation='relu')(inputs)", L1, None),
    ("keras.layers.Conv2D(6, (3, 2), 2, 'SAME', groups=2, use_bias=False)", L2, None),
    ("tf.keras.layers.Convolution2D(6, 3, input_shape=(8, 7, 4), data_format='channels_last')", None, None),
    ("layers.Conv2D(6, 3, data_format='channels_first', strides=(2, 1), padding='same')", X2, None),
    ("layers.Conv3D(2, 2, strides=2)", L3, None),
    ("layers.Conv1DTranspose(6, 4, strides=2, padding='same')", L1, None),
    ("x = Conv2DTranspose(6, 3, strides=2, padding='same', output_padding=1)(x)", L2, None),
    ("keras.layers.Conv2DTranspose(6, (3, 3), (2, 2), 'same', (1, 0), 'channels_first')", X2, None),
    ("layers.Convolution2DTranspose(6, 2, strides=3, name='up', kernel_initializer='he_normal')", L2, None),
    ("layers.Conv2DTranspose(6, 3, dilation_rate=(2, 1))", L2, None),
    ("layers.Conv3DTranspose(2, 3, 2, 'same', 'channels_last', 1, use_bias=False)", L3, None),
    ("keras.ops.conv(x, w, 2, 'same')", L2, (3, 3, 2, 6)),
    ("ops.conv(x, kernel=w, dilation_rate=2, data_format='channels_first')", X1, (3, 4, 6)),
    ("keras.ops.conv(x, w)", None, (2, 2, 2, 4, 3)),
    ("keras.ops.conv_transpose(x, w, strides=2, padding='same', output_padding=1)", L2, (3, 3, 5, 4)),
    ("keras.ops.conv_transpose(x, w, 3)", L1, (2, 5, 4)),
    ("layers.DepthwiseConv1D(3, strides=2, padding='same', use_bias=False)", L1, None),
    ("layers.DepthwiseConv2D(3, strides=2, padding='same', depth_multiplier=2)", L2, None),
    ("x = tf.keras.layers.DepthwiseConv2D((3, 2), dilation_rate=2, depthwise_regularizer=r)(x)", L2, None),
    ("keras.ops.depthwise_conv(x, w, 2, 'same')", L2, (3, 3, 4, 3)),
]

TENSORFLOW: list[tuple[str, Shape, Shape]] = [
    ("tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], 'SAME')", L2, (3, 3, 4, 2)),
    ("tf.nn.depthwise_conv2d(x, filter=w, strides=(1, 1, 1, 1), padding='VALID', dilations=(2, 1))", L2, (3, 2, 4, 1)),
    ("tf.nn.atrous_conv2d(x, w, 2, 'SAME')", L2, (3, 2, 4, 6)),
    ("tf.nn.atrous_conv2d(value=x, filters=w, rate=3, padding='VALID')", L2, (2, 2, 4, 6)),
    ("tf.nn.atrous_conv2d_transpose(x, w, [2, 8, 7, 6], 2, 'SAME')", L2, (3, 3, 6, 4)),
    ("tf.nn.atrous_conv2d_transpose(x, w, [tf.shape(x)[0], 12, 9, 6], rate=2, padding='VALID')", L2, (3, 2, 6, 4)),
    ("tf.nn.conv1d(x, w, 2, 'SAME')", L1, (3, 4, 6)),
    ("tf.nn.conv1d(x, w, stride=[1, 2, 1], padding='VALID', data_format='NWC')", L1, (3, 4, 6)),
    ("tf.nn.conv2d(x, w, strides=[1, 2, 1, 1], padding='SAME')", L2, (3, 3, 4, 6)),
    ("tf.nn.conv2d(x, w, 2, [[0, 0], [1, 2], [0, 1], [0, 0]], name='c')", L2, (3, 2, 4, 6)),
    ("tf.nn.conv2d(x, w, 1, 'SAME')", L2, (3, 3, 2, 6)),
    ("tf.nn.conv3d(x, w, [1, 2, 1, 2, 1], 'SAME')", L3, (2, 2, 2, 4, 3)),
    ("tf.nn.convolution(x, w, dilations=2)", L2, (2, 3, 4, 6)),
    ("tf.nn.convolution(input=x, filters=w, strides=2, padding='SAME', data_format='NWC')", None, (3, 4, 6)),
    ("tf.nn.conv1d_transpose(x, w, [2, 16, 5], 2)", L1, (3, 5, 4)),
    ("tf.nn.conv2d_transpose(x, w, output_shape=[2, 15, 14, 5], strides=2)", L2, (3, 3, 5, 4)),
    ("tf.nn.conv2d_transpose(x, w, (tf.shape(x)[0], 16, x.shape[2] * 2, 5), 2)", L2, (3, 3, 5, 4)),
    ("tf.nn.conv2d_transpose(x, w, tf.stack([tf.shape(x)[0], 17, 15, 5]), [1, 2, 2, 1], 'VALID')", L2, (3, 3, 5, 4)),
    ("tf.nn.conv2d_transpose(x, w, [2, 16, 13, 5], 2, [[0, 0], [1, 1], [1, 1], [0, 0]])", L2, (3, 3, 5, 4)),
    ("tf.nn.conv2d_transpose(x, w, [16, 14], 2, 'SAME')", L2, (3, 3, 5, 4)),
    ("tf.nn.conv3d_transpose(x, w, [2, 8, 5, 6, 3], [1, 2, 1, 2, 1])", L3, (2, 2, 2, 3, 4)),
    ("tf.nn.conv_transpose(x, w, [2, 16, 14, 5], strides=2)", None, (2, 3, 5, 4)),
]

CL = "dimension_numbers=('NHWC', 'HWIO', 'NHWC')"
JAX: list[tuple[str, Shape, Shape]] = [
    ("lax.conv(x, w, (2, 1), 'SAME')", X2, (6, 4, 3, 2)),
    ("jax.lax.conv(x, w, window_strides=[1, 1], padding='VALID')", None, (6, 4, 3, 2)),
    ("lax.conv_with_general_padding(x, w, (1, 2), [(1, 2), (0, -1)], None, (2, 1))", X2, (6, 4, 3, 2)),
    ("lax.conv_with_general_padding(x, w, (1, 1), [(1, 2), (0, 1)], (2, 3), None)", X2, (6, 4, 3, 2)),
    (f"lax.conv_general_dilated(x, w, (2, 2), 'SAME', {CL}, precision=lax.Precision.HIGHEST)", L2, (3, 3, 4, 6)),
    (f"lax.conv_general_dilated(x, w, (2, 2), 'same_lower', {CL})", L2, (2, 3, 4, 6)),
    (f"lax.conv_general_dilated(x, w, (1, 1), 'VALID', None, (2, 1), {CL}, feature_group_count=2)", L2, (3, 3, 2, 6)),
    ("lax.conv_general_dilated(x, w, (2, 1), 'VALID', dimension_numbers=('NHWC', 'WHIO', 'NCHW'))", L2, (3, 2, 4, 5)),
    (
        "lax.conv_general_dilated(x, w, (1, 1), [(2, 2), (1, 2)], (2, 3), (1, 2), "
        "lax.ConvDimensionNumbers((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)), 2)",
        L2,
        (3, 3, 2, 6),
    ),
    (
        "jax.lax.conv_general_dilated(x, w, (1,), ((1, 1),), lhs_dilation=(3,), "
        "dimension_numbers=lax.conv_dimension_numbers(x.shape, w.shape, ('NXC', 'XIO', 'NCX')))",
        L1,
        (3, 4, 5),
    ),
    ("lax.conv_transpose(x, w, (2, 2), 'SAME')", L2, (3, 3, 4, 5)),
    ("lax.conv_transpose(x, w, strides=(3, 2), padding='VALID', transpose_kernel=True)", L2, (2, 3, 5, 4)),
    ("jax.lax.conv_transpose(x, w, (2, 2), [(1, 2), (0, -1)], rhs_dilation=(1, 2))", L2, (3, 2, 4, 5)),
    ("lax.conv_transpose(x, w, (2, 2), [(1, 1), (0, 1)], use_consistent_padding=True)", L2, (4, 3, 4, 5)),
    (
        "lax.conv_transpose(x, w, (2, 2), 'SAME', None, ('NCHW', 'OIHW', 'NCHW'), True, "
        "preferred_element_type=jnp.float32)",
        X2,
        (4, 5, 3, 3),
    ),
    ("lax.conv_transpose(x, w, (1, 1), 'same')", L2, (2, 4, 4, 5)),
    ("lax.conv_transpose(x, w, (1, 1), 'valid')", L2, (2, 4, 4, 5)),
    ("lax.conv_transpose(x, w, (2,), 'SAME')", None, (3, 4, 5)),
    ("lax.conv_transpose(x, w, (2, 1, 2), 'SAME')", L3, (3, 2, 2, 4, 2)),
]

# Layers of libraries on JAX, which are read as calls of jax.lax.
JAX_LAYERS: list[tuple[str, Shape, Shape]] = [
    ("nn.Conv(6, (3, 3))", L2, None),
    ("nn.Conv(features=6, kernel_size=(3, 2), strides=(2, 1), padding='VALID', use_bias=False)", L2, None),
    ("nn.Conv(6, kernel_size=(3,), padding='CAUSAL', kernel_dilation=2, feature_group_count=2)", L1, None),
    ("nn.Conv(6, (3, 3), padding=[(1, 2), 1], strides=2)", L2, None),
    ("nn.Conv(6, (3, 3), padding=((2, 2), (2, 2)), input_dilation=2)", L2, None),
    ("nn.ConvTranspose(6, (3, 3))", L2, None),
    ("nn.ConvTranspose(6, (4, 4), strides=(2, 2))", L2, None),
    ("nn.ConvTranspose(6, kernel_size=(3, 2), strides=(2, 3), padding='VALID', use_bias=False)", L2, None),
    ("nn.ConvTranspose(6, (3,), strides=(2,), padding=((1, 1),), kernel_dilation=(2,))", L1, None),
    ("nn.ConvTranspose(6, (3, 3), strides=(2, 2), transpose_kernel=True)", L2, None),
    ("nnx.Conv(4, 6, (3, 3), strides=2, rngs=rngs)", L2, None),
    ("nnx.Conv(4, 6, kernel_size=3, padding='VALID', feature_group_count=2, rngs=rngs)", L1, None),
    ("nnx.ConvTranspose(4, 6, kernel_size=(4, 4), strides=(2, 2), padding='SAME', rngs=rngs)", L2, None),
    ("nnx.ConvTranspose(4, 2, (2, 3), 2, use_bias=False, padding='VALID', rngs=rngs)", L2, None),
    ("hk.Conv1D(6, 3, rate=2, padding='VALID')", L1, None),
    ("hk.Conv2D(6, 3, 2, feature_group_count=2)", L2, None),
    ("hk.Conv2D(6, [3, 2], padding=(1, 2), with_bias=False, data_format='NCHW')", X2, None),
    ("hk.Conv3D(output_channels=2, kernel_shape=2, stride=2)", L3, None),
    ("hk.Conv1DTranspose(6, 3, 2)", L1, None),
    ("hk.Conv2DTranspose(6, kernel_shape=4, stride=2, padding='VALID')", L2, None),
    ("hk.Conv2DTranspose(6, 3, 2, output_shape=[15, 13])", L2, None),
    ("hk.Conv2DTranspose(6, 3, stride=(2, 1), data_format='NCHW')", X2, None),
    ("hk.Conv3DTranspose(2, 2, 2, with_bias=False)", L3, None),
    ("eqx.nn.Conv1d(4, 6, 3, padding='SAME', key=key)", X1, None),
    ("eqx.nn.Conv2d(4, 6, kernel_size=3, stride=2, padding=1, groups=2, key=key)", X2, None),
    ("eqx.nn.Conv2d(4, 6, 3, dilation=2, padding=((1, 2), (0, 1)), use_bias=False, key=key)", X2, None),
    ("eqx.nn.Conv3d(4, 2, 2, key=key)", X3, None),
    ("eqx.nn.ConvTranspose1d(4, 6, 4, 2, padding='SAME', key=key)", X1, None),
    ("eqx.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, key=key)", X2, None),
    ("eqx.nn.ConvTranspose2d(4, 6, kernel_size=2, stride=3, padding='SAME_LOWER', use_bias=False, key=key)", X2, None),
    ("eqx.nn.ConvTranspose3d(4, 2, 3, 2, 1, 1, key=key)", X3, None),
]

# Separable convolutions: (call, shape of x, of the depthwise kernel, values, shape of the pointwise kernel).
SEPARABLE_KERAS: list[tuple[str, Shape, Shape, None, Shape]] = [
    ("layers.SeparableConv1D(6, 3, strides=2, padding='same')", L1, None, None, None),
    ("x = SeparableConv2D(6, (3, 2), padding='same', depth_multiplier=2, use_bias=False)(x)", L2, None, None, None),
    ("layers.SeparableConvolution2D(5, 3, 2, activation='relu', pointwise_regularizer=r)", L2, None, None, None),
    ("keras.layers.SeparableConv2D(5, 3, dilation_rate=2, data_format='channels_last')(x)", L2, None, None, None),
    ("keras.ops.separable_conv(x, w, p, 2, 'same')", L2, (3, 3, 4, 2), None, (1, 1, 8, 5)),
    ("keras.ops.separable_conv(x, depthwise_kernel=w, pointwise_kernel=p)", L1, (3, 4, 1), None, (1, 4, 5)),
]
SEPARABLE_TENSORFLOW: list[tuple[str, Shape, Shape, None, Shape]] = [
    ("tf.nn.separable_conv2d(x, dw, pw, [1, 2, 2, 1], 'SAME')", L2, (3, 2, 4, 2), None, (1, 1, 8, 5)),
    (
        "tf.nn.separable_conv2d(x, dw, pw, strides=[1, 1, 1, 1], padding='VALID', dilations=[2, 2], name='s')",
        L2,
        (3, 3, 4, 1),
        None,
        (1, 1, 4, 5),
    ),
]

# Nodes of ONNX, as onnx.helper makes them and as onnx.printer writes them.
ONNX: list[tuple[str, Shape, Shape]] = [
    ("onnx.helper.make_node('Conv', ['x', 'W'], ['y'], kernel_shape=[3, 3], pads=[1, 0, 1, 2])", X2, (6, 4, 3, 3)),
    ("node = helper.make_node('Conv', inputs=['x', 'w', 'b'], outputs=['y'], strides=[2], group=2)", X1, (6, 2, 3)),
    ('y = Conv <auto_pad = "SAME_LOWER", strides = [2, 2]> (x, w)', X2, (6, 4, 2, 3)),
    ("y = ConvTranspose <strides: ints = [2, 2], pads = [1, 1, 0, 0], group = 2> (x, w, b)", X2, (4, 3, 3, 3)),
    ("helper.make_node('ConvTranspose', ['x', 'w'], ['y'], strides=[3], output_padding=[1])", X1, (4, 5, 4)),
    ("helper.make_node('ConvTranspose', ['x', 'w'], ['y'], strides=[2, 2], output_shape=[17, 15])", X2, (4, 2, 3, 3)),
]

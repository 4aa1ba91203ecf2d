"""The layers and functions that Keras computes for layers.test.ts; those that a version lacks are left out there."""

from itertools import product

IMAGE = (5, 6, 3)
# An image, and what it becomes for the layers that want more channels than three.
NARROW, WIDE = (3, 8, 3), (3, 4, 6)


def cases(keras, tf):
    """Yields (name, shape of the image, largest value in it, builder of the output)."""
    layers, major = keras.layers, int(keras.__version__[0])

    def layer(class_name, *args, **settings):
        def build(x):
            return getattr(layers, class_name)(*args, **settings)(x)

        shown = [repr(argument) for argument in args] + ["%s=%r" % item for item in settings.items()]
        return "%s(%s)" % (class_name, ", ".join(shown)), build

    def on(shape, scale, *made):
        return [(name, shape, scale, build) for name, build in made]

    def on_wide(scale, *made):
        return [(name, NARROW, scale, lambda x, build=build: build(layers.Reshape(WIDE)(x))) for name, build in made]

    found = []
    found += activations(keras, layer, on, major)
    found += windows(layer, on, on_wide)
    found += normalizations(keras, layer, on_wide, major)
    found += shapes(keras, layer, on)
    found += resizing(layer, on, major)
    found += networks(keras, layers)
    found += (keras_operations if major >= 3 else tensorflow_operations)(keras, tf)
    for name, shape, scale, build in found:
        if exists(keras, name):
            yield name, shape, scale, build


def exists(keras, name):
    class_name = name.split("(")[0]
    return "(" not in name or " " in class_name or hasattr(keras.layers, class_name)


def activations(keras, layer, on, major):
    names = "linear relu elu selu gelu softplus softsign swish tanh sigmoid exponential hard_sigmoid softmax mish".split()
    if major >= 3:
        names += "relu6 leaky_relu silu celu glu log_sigmoid hard_tanh tanh_shrink hard_shrink soft_shrink".split()
        names += "sparse_plus sparse_sigmoid squareplus hard_silu log_softmax".split()
    shape = (2, 4, 3)
    made = [layer("Activation", name) for name in names if name != "glu"]
    made += [
        layer("ReLU"),
        layer("ReLU", max_value=4.0),
        layer("ReLU", negative_slope=0.2),
        layer("ReLU", max_value=3.0, negative_slope=0.1),
        layer("ReLU", threshold=1.5),
        layer("ReLU", max_value=4.0, negative_slope=0.1, threshold=0.5),
        layer("LeakyReLU"),
        layer("LeakyReLU", 0.05),
        layer("ELU", alpha=0.7),
        layer("ThresholdedReLU", theta=2.0),
        layer("PReLU"),
        layer("PReLU", shared_axes=[1, 2]),
        layer("PReLU", shared_axes=[3]),
        layer("Softmax"),
        layer("Softmax", axis=1),
        layer("Softmax", axis=[1, 2]),
    ]
    found = on(shape, 6, *made)

    def convolution(activation):
        return lambda x: keras.layers.Conv2D(3, 1, activation=activation)(x)

    found.append(("a layer as an activation", shape, 6, convolution(keras.layers.LeakyReLU())))
    found.append(("a layer with settings as an activation", shape, 6, convolution(keras.layers.ReLU(6.0, 0.25))))
    found.append(("a function as an activation", shape, 6, convolution(keras.activations.gelu)))
    # Halves the channels, so they are even.
    if major >= 3:
        found.append(("glu", shape, 6, lambda x: keras.layers.Activation("glu")(keras.layers.Reshape((2, 2, 6))(x))))
    return found


def windows(layer, on, on_wide):
    found = []
    for shape in ((7, 10, 3), (8, 5, 3)):
        made = []
        for padding, (size, stride) in product(("same", "valid"), ((3, 2), (2, 2), (4, 3))):
            made.append(layer("Conv2D", 2, size, strides=stride, padding=padding))
            made.append(layer("DepthwiseConv2D", size, strides=stride, padding=padding, depth_multiplier=2))
            made.append(layer("MaxPooling2D", size, strides=stride, padding=padding))
            made.append(layer("AveragePooling2D", size, strides=stride, padding=padding))
            made.append(layer("Conv2DTranspose", 2, size, strides=stride, padding=padding))
        for padding in ("same", "valid"):
            made.append(layer("Conv2D", 2, (3, 2), dilation_rate=2, padding=padding))
            made.append(layer("Conv2D", 2, (2, 3), dilation_rate=(1, 2), padding=padding, use_bias=False))
            made.append(layer("DepthwiseConv2D", 3, dilation_rate=2, padding=padding, use_bias=False))
            made.append(layer("SeparableConv2D", 4, 3, dilation_rate=2, padding=padding))
            made.append(layer("SeparableConv2D", 4, 2, strides=2, padding=padding, depth_multiplier=2, activation="relu"))
            made.append(layer("Conv2DTranspose", 2, 3, dilation_rate=2, padding=padding))
            made.append(layer("Conv2DTranspose", 2, 2, dilation_rate=2, padding=padding))
            made.append(layer("Conv2DTranspose", 2, 3, strides=2, padding=padding, output_padding=1, use_bias=False))
            made.append(layer("Conv2DTranspose", 2, (4, 3), strides=(3, 2), padding=padding, output_padding=(2, 1)))
            made.append(layer("Conv2DTranspose", 2, 2, strides=4, padding=padding, activation="tanh"))
        found += on(shape, 1, *made)
    found += on_wide(1, layer("Conv2D", 4, 3, groups=2, padding="same"))
    found += on_wide(1, layer("Conv2D", 6, 2, groups=3, strides=2))
    found += on((6, 4, 3), 1, layer("GlobalAveragePooling2D"), layer("GlobalAveragePooling2D", keepdims=True))
    found += on((6, 4, 3), 1, layer("GlobalMaxPooling2D"), layer("GlobalMaxPooling2D", keepdims=True))
    found += on((6, 4, 3), 1, layer("MaxPooling2D"), layer("AveragePooling2D", (3, 2)))
    found += on((4, 5, 3), 1, layer("Dense", 4), layer("Dense", 2, use_bias=False, activation="gelu"))
    return found


def normalizations(keras, layer, on_wide, major):
    made = [layer("BatchNormalization", axis=axis) for axis in (-1, 1, 2, [3])]
    made += [
        layer("BatchNormalization", scale=False, epsilon=0.1),
        layer("BatchNormalization", center=False),
        layer("LayerNormalization"),
        layer("LayerNormalization", axis=[1, 2]),
        layer("LayerNormalization", axis=[1, 2, 3], epsilon=0.01),
        layer("LayerNormalization", axis=1, center=False),
        layer("LayerNormalization", scale=False),
        layer("GroupNormalization", groups=3),
        layer("GroupNormalization", groups=-1),
        layer("GroupNormalization", groups=1, epsilon=0.1),
        layer("GroupNormalization", groups=2, axis=2),
        layer("GroupNormalization", groups=2, scale=False),
        layer("UnitNormalization"),
        layer("UnitNormalization", axis=[1, 2]),
        layer("UnitNormalization", axis=1),
        layer("Rescaling", 0.5),
        layer("Rescaling", 1 / 127.5, offset=-1),
        layer("Rescaling", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], offset=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        layer("Normalization"),
        layer("Normalization", axis=None),
        layer("Normalization", axis=(1, 3)),
        layer("Normalization", invert=True),
        layer("Normalization", mean=0.5, variance=4.0),
        layer("Normalization", mean=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], variance=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], axis=3),
    ]
    if major >= 3:
        made += [layer("RMSNormalization", epsilon=0.1)]
        made += [layer("LayerNormalization", rms_scaling=True)] if keras.__version__ < "3.12" else []
    found = on_wide(3, *made)
    vector = keras.layers.GlobalAveragePooling2D
    for name, build in [
        layer("BatchNormalization"),
        layer("LayerNormalization"),
        layer("GroupNormalization", groups=2),
        layer("Softmax"),
        layer("Normalization"),
    ]:
        found.append((name + " on a vector", NARROW, 3, lambda x, build=build: build(vector()(keras.layers.Reshape(WIDE)(x)))))
    for name, build in [
        layer("BatchNormalization"),
        layer("LayerNormalization"),
        layer("GroupNormalization", groups=2),
        layer("Dense", 3, activation="relu"),
        layer("PReLU"),
        layer("Softmax", axis=1),
        layer("UnitNormalization", axis=1),
    ]:
        found.append((name + " on rows", NARROW, 3, lambda x, build=build: build(keras.layers.Reshape((12, 6))(x))))
    return found


def shapes(keras, layer, on):
    shape = (4, 4, 3)
    found = on(
        shape,
        1,
        layer("ZeroPadding2D", ((1, 2), (0, 3))),
        layer("ZeroPadding2D", 2),
        layer("ZeroPadding2D", (1, 0)),
        layer("Cropping2D", ((1, 0), (2, 1))),
        layer("Cropping2D", 1),
        layer("Flatten"),
        layer("Reshape", (3, -1)),
        layer("Reshape", (2, 3, 8)),
        layer("Reshape", (2, 2, -1, 3)),
        layer("Reshape", (48,)),
        layer("Permute", (3, 1, 2)),
        layer("Permute", (2, 1, 3)),
        layer("Permute", (1, 3, 2)),
    )
    layers = keras.layers
    combinations = {
        "RepeatVector": lambda x: layers.RepeatVector(3)(layers.Flatten()(x)),
        "Permute of rows": lambda x: layers.Permute((2, 1))(layers.Reshape((6, 8))(x)),
        "Reshape to a map and back": lambda x: layers.Flatten()(layers.Reshape((2, 4, 6))(layers.Flatten()(x))),
        "a vector times a map": lambda x: layers.Multiply()([x, layers.GlobalAveragePooling2D()(x)]),
        "a map plus rows": lambda x: layers.Add()([x, layers.Reshape((4, 3))(layers.Cropping2D(((0, 3), (0, 0)))(x))]),
        "squeeze and excitation": lambda x: layers.Multiply()(
            [x, layers.Dense(3, "sigmoid")(layers.Reshape((1, 1, 3))(layers.GlobalAveragePooling2D()(x)))]
        ),
        "Dot of vectors": lambda x: layers.Dot(axes=1)([layers.Flatten()(x), layers.Flatten()(layers.ReLU()(x))]),
        "Dot of unit vectors": lambda x: layers.Dot(axes=-1, normalize=True)(
            [layers.Flatten()(x), layers.Flatten()(layers.ReLU()(x))]
        ),
        "TimeDistributed Dense": lambda x: layers.TimeDistributed(layers.Dense(3))(layers.Reshape((8, 6))(x)),
        "TimeDistributed Conv2D": lambda x: layers.TimeDistributed(layers.Conv2D(3, 2, padding="same"))(
            layers.Reshape((2, 2, 3, 4))(x)
        ),
        "TimeDistributed pooling": lambda x: layers.TimeDistributed(layers.GlobalAveragePooling2D())(
            layers.Reshape((2, 2, 3, 4))(x)
        ),
        "TimeDistributed BatchNormalization on a map": lambda x: layers.TimeDistributed(layers.BatchNormalization())(x),
        "SpectralNormalization": lambda x: layers.SpectralNormalization(layers.Conv2D(3, 2))(x),
    }
    for class_name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        combinations["%s of two" % class_name] = lambda x, c=class_name: getattr(layers, c)()([layers.ELU()(x), x])
    for class_name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
        combinations["%s of three" % class_name] = lambda x, c=class_name: getattr(layers, c)()(
            [layers.ELU()(x), x, layers.Softmax()(x)]
        )
    for axis in (1, 2, 3, -2):
        combinations["Concatenate of three along %d" % axis] = lambda x, a=axis: layers.Concatenate(axis=a)(
            [layers.ELU()(x), x, layers.Softmax()(x)]
        )
    return found + [(name, shape, 1, build) for name, build in combinations.items()]


def resizing(layer, on, major):
    methods = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    more = () if major >= 3 else ("area", "gaussian", "mitchellcubic")
    sizes = ((7, 3), (3, 11))
    made = [layer("Resizing", *size, interpolation=method) for method in methods + more for size in sizes]
    made += [layer("Resizing", 4, 3, crop_to_aspect_ratio=True), layer("Resizing", 9, 4, crop_to_aspect_ratio=True)]
    if major >= 3:
        made += [layer("Resizing", 3, 2, interpolation=method, antialias=True) for method in methods]
        made += [layer("Resizing", 8, 11, interpolation=method, antialias=True) for method in ("bilinear", "bicubic")]
        made += [layer("Resizing", 4, 8, pad_to_aspect_ratio=True, fill_value=0.5)]
        made += [layer("Resizing", 8, 4, pad_to_aspect_ratio=True)]
    made += [layer("CenterCrop", *size) for size in ((3, 4), (4, 3), (5, 6), (8, 8), (7, 3))]
    made += [layer("RandomCrop", 5, 6)] + ([layer("RandomCrop", 3, 4)] if major < 3 else [])
    made += [layer("UpSampling2D"), layer("UpSampling2D", (3, 2))]
    made += [layer("UpSampling2D", (2, 3), interpolation=method) for method in methods[1:] + more]
    return on(IMAGE, 1, *made)


def networks(keras, layers):
    """Models within models, and layers that only training uses."""

    def augmented(x):
        stack = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomZoom(0.1)])
        x = layers.RandomContrast(0.5)(layers.RandomTranslation(0.1, 0.1)(stack(x)))
        return layers.GaussianNoise(0.5)(layers.SpatialDropout2D(0.5)(layers.Dropout(0.5)(x)))

    def more_augmented(x):
        for class_name, settings in (
            ("RandomBrightness", {"factor": 0.5}),
            ("RandomShear", {"x_factor": 0.5}),
            ("RandomHue", {"factor": 0.5}),
            ("RandomSaturation", {"factor": 0.5}),
            ("RandomColorJitter", {"brightness_factor": 0.5}),
            ("RandomColorDegeneration", {"factor": 0.5}),
            ("RandomSharpness", {"factor": 0.5}),
            ("RandomPosterization", {"factor": 2}),
            ("RandomGrayscale", {}),
            ("RandomInvert", {}),
            ("RandomErasing", {}),
            ("RandomPerspective", {}),
            ("RandomGaussianBlur", {}),
            ("RandomElasticTransform", {}),
            ("Solarization", {}),
            ("MixUp", {}),
            ("CutMix", {}),
            ("AugMix", {}),
            ("RandAugment", {}),
            ("Identity", {}),
            ("ActivityRegularization", {}),
        ):
            if hasattr(layers, class_name):
                x = getattr(layers, class_name)(**settings)(x)
        return x

    def nested(x):
        inner = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()], name="inner")
        a = keras.Input((3, 4, 4))
        outer = keras.Model(a, layers.Add()([a, layers.Conv2D(4, 1)(a)]), name="outer")
        return outer(inner(x), training=False)

    def shared(x):
        convolution = layers.Conv2D(3, 3, padding="same", activation="tanh")
        return layers.Concatenate()([convolution(x), convolution(convolution(x))])

    def mixed(x):
        y = layers.Conv2D(4, 3, dtype=keras.mixed_precision.Policy("float32"))(x)
        return layers.Activation("relu", dtype="float32")(y)

    made = {"augmentation": augmented, "more augmentation": more_augmented, "models within a model": nested}
    made.update({"a shared layer": shared, "a layer with a policy": mixed})
    return [(name, IMAGE, 1, build) for name, build in made.items()]


def keras_operations(keras, tf):
    ops, layers = keras.ops, keras.layers
    table = [2.0, 3.0, 4.0]
    other = lambda x: layers.Activation("sigmoid")(x)
    made = {
        "x * 2": lambda x: x * 2.0,
        "2 - x": lambda x: 2 - x,
        "3 / x": lambda x: 3.0 / (x + 5.0),
        "-abs(x)": lambda x: -abs(x),
        "x ** 2": lambda x: x**2,
        "x - table": lambda x: ops.subtract(x, ops.convert_to_tensor(table)),
        "table / x": lambda x: ops.divide(ops.convert_to_tensor(table), x + 5.0),
        "one channel by a table": lambda x: x[..., :1] * ops.convert_to_tensor(table),
        "x + y": lambda x: ops.add(x, other(x)),
        "maximum": lambda x: ops.maximum(x, 0.3),
        "minimum": lambda x: ops.minimum(x, other(x)),
        "where": lambda x: ops.where(x > 0.2, x, other(x)),
        "where with a number": lambda x: ops.where(x <= 0.2, 0.0, x),
        "cast of a comparison": lambda x: ops.cast(x >= 0, "float32") * x,
        "getitem": lambda x: x[:, 1:3, ::2, 0],
        "getitem backwards": lambda x: x[..., ::-1],
        "getitem from the end": lambda x: x[:, -2:, :-1],
        "getitem newaxis": lambda x: x[:, :, 2, None],
        "preprocess caffe": lambda x: keras.applications.vgg16.preprocess_input(x),
        "preprocess tf": lambda x: keras.applications.mobilenet.preprocess_input(x),
        "preprocess torch": lambda x: keras.applications.densenet.preprocess_input(x),
        "mean of channels": lambda x: ops.mean(x, axis=-1, keepdims=True),
        "mean of rows": lambda x: ops.mean(x, axis=1),
        "mean of columns": lambda x: ops.mean(x, axis=2),
        "mean of the map": lambda x: ops.mean(x, axis=(1, 2)),
        "mean of a map of rows": lambda x: ops.mean(ops.reshape(x, (-1, 30, 3)), axis=1),
        "max of channels": lambda x: ops.max(x, axis=-1),
        "min": lambda x: ops.min(x, axis=(1, 3), keepdims=True),
        "sum": lambda x: ops.sum(x, axis=[1, 2]),
        "prod": lambda x: ops.prod(x, axis=3),
        "var": lambda x: ops.var(x, axis=1),
        "std": lambda x: ops.std(x, axis=-1, keepdims=True),
        "logsumexp": lambda x: ops.logsumexp(x, axis=-1),
        "normalize": lambda x: ops.normalize(x, axis=-1),
        "reshape": lambda x: ops.reshape(x, (-1, 15, 6)),
        "reshape to vectors": lambda x: ops.reshape(x, (-1, 90)),
        "transpose": lambda x: ops.transpose(x, (0, 3, 1, 2)),
        "swapaxes": lambda x: ops.swapaxes(x, 1, 3),
        "moveaxis": lambda x: ops.moveaxis(x, -1, 1),
        "expand_dims": lambda x: ops.expand_dims(x, 2),
        "expand_dims of a vector": lambda x: ops.expand_dims(ops.expand_dims(ops.mean(x, axis=(1, 2)), 1), 1) * x,
        "squeeze": lambda x: ops.squeeze(ops.mean(x, axis=1, keepdims=True), 1),
        "concatenate": lambda x: ops.concatenate([x, other(x)], axis=2),
        "stack": lambda x: ops.stack([x, other(x)], axis=1),
        "tile": lambda x: ops.tile(x, [1, 2, 1, 3]),
        "repeat": lambda x: ops.repeat(x, 2, axis=2),
        "flip": lambda x: ops.flip(x, axis=2),
        "split": lambda x: ops.split(x, 3, axis=-1)[1] + ops.split(x, 3, axis=-1)[2],
        "split at": lambda x: ops.split(x, [1, 4], axis=2)[1],
        "pad": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        "pad reflect": lambda x: ops.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], mode="reflect"),
        "pad symmetric": lambda x: ops.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], mode="symmetric"),
        "clip": lambda x: ops.clip(x, -0.5, 0.25),
        "average_pool": lambda x: ops.average_pool(x, 2, 2, padding="same"),
        "max_pool": lambda x: ops.max_pool(x, (2, 3), 2),
        "image resize": lambda x: ops.image.resize(x, (7, 4), interpolation="bicubic"),
        "leaky_relu": lambda x: ops.leaky_relu(x, 0.1),
        "relu with a maximum": lambda x: keras.activations.relu(x, max_value=0.5, negative_slope=0.1, threshold=0.1),
        "gelu approximate": lambda x: keras.activations.gelu(x * 4, approximate=True),
        "threshold": lambda x: keras.activations.threshold(x, 0.2, -3.0),
        "softmax of rows": lambda x: ops.softmax(x, axis=1),
        "elu": lambda x: ops.elu(x, alpha=0.5),
        "celu": lambda x: ops.celu(x, alpha=0.5),
        "hard_sigmoid": lambda x: ops.hard_sigmoid(x * 4),
    }
    for name in "square sqrt rsqrt exp log log1p expm1 reciprocal sign floor ceil round sin cos silu softsign erf".split():
        made[name] = lambda x, f=getattr(ops, name): f(abs(x) + 0.1 if f in (ops.sqrt, ops.rsqrt, ops.log, ops.log1p) else x)
    return [(name, IMAGE, 1, build) for name, build in made.items()]


def tensorflow_operations(keras, tf):
    layers, backend = keras.layers, keras.backend
    table = [2.0, 3.0, 4.0]
    other = lambda x: layers.Activation("sigmoid")(x)
    made = {
        "x * 2": lambda x: x * 2.0,
        "2 - x": lambda x: 2 - x,
        "3 / x": lambda x: 3.0 / (x + 5.0),
        "-abs(x)": lambda x: -abs(x),
        "x ** 2": lambda x: x**2,
        "x / table": lambda x: x / table,
        "x - constant": lambda x: tf.subtract(x, tf.constant(table)),
        "one channel by a table": lambda x: x[..., :1] * table,
        "x + y": lambda x: x + other(x),
        "add_n": lambda x: tf.add_n([x, other(x), x]),
        "bias_add": lambda x: tf.nn.bias_add(x, table),
        "maximum": lambda x: tf.maximum(x, 0.3),
        "squared_difference": lambda x: tf.math.squared_difference(x, other(x)),
        "where": lambda x: tf.where(x > 0.2, x, other(x)),
        "getitem": lambda x: x[:, 1:3, ::2, 0],
        "getitem backwards": lambda x: x[..., ::-1],
        "getitem newaxis": lambda x: x[:, tf.newaxis],
        "preprocess caffe": lambda x: keras.applications.vgg16.preprocess_input(x),
        "preprocess tf": lambda x: keras.applications.mobilenet.preprocess_input(x),
        "preprocess torch": lambda x: keras.applications.densenet.preprocess_input(x),
        "reduce_mean": lambda x: tf.reduce_mean(x, axis=-1, keepdims=True),
        "reduce_mean of the map": lambda x: tf.reduce_mean(x, [1, 2]),
        "backend mean": lambda x: backend.mean(x, axis=[1, 2], keepdims=True),
        "backend max": lambda x: backend.max(x, axis=2),
        "reduce_sum": lambda x: tf.reduce_sum(x, axis=1),
        "reduce_variance": lambda x: tf.math.reduce_variance(x, axis=3),
        "l2_normalize": lambda x: tf.nn.l2_normalize(x, axis=-1),
        "reshape": lambda x: tf.reshape(x, (-1, 15, 6)),
        "transpose": lambda x: tf.transpose(x, (0, 3, 1, 2)),
        "expand_dims": lambda x: tf.expand_dims(x, 1),
        "squeeze": lambda x: tf.squeeze(tf.reduce_mean(x, axis=1, keepdims=True), axis=1),
        "concat": lambda x: tf.concat([x, other(x)], axis=2),
        "backend concatenate": lambda x: backend.concatenate([x, other(x)]),
        "stack": lambda x: tf.stack([x, other(x)], axis=1),
        "tile": lambda x: tf.tile(x, [1, 2, 1, 3]),
        "split": lambda x: tf.split(x, 3, axis=-1)[1],
        "split by sizes": lambda x: tf.split(x, [1, 3, 2], axis=2)[1],
        "pad": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        "pad reflect": lambda x: tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], mode="REFLECT"),
        "clip_by_value": lambda x: tf.clip_by_value(x, -0.5, 0.25),
        "avg_pool2d": lambda x: tf.nn.avg_pool2d(x, 2, 2, "SAME"),
        "max_pool2d": lambda x: tf.nn.max_pool2d(x, [1, 2, 3, 1], [1, 2, 2, 1], "VALID"),
        "image resize": lambda x: tf.image.resize(x, (7, 4), method="bicubic"),
        "image flip": lambda x: tf.image.flip_left_right(x),
        "rgb_to_grayscale": lambda x: tf.image.rgb_to_grayscale(x),
        "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.1),
        "leaky_relu as it is": lambda x: tf.nn.leaky_relu(x),
        "relu6": lambda x: tf.nn.relu6(9 * x),
        "relu with a maximum": lambda x: keras.activations.relu(x, alpha=0.1, max_value=0.5, threshold=0.1),
        "gelu approximate": lambda x: tf.nn.gelu(x * 4, approximate=True),
        "softmax of rows": lambda x: tf.nn.softmax(x, axis=1),
        "hard_sigmoid": lambda x: keras.activations.hard_sigmoid(x * 4),
        "cast": lambda x: tf.cast(x, "float32") * 2,
    }
    for name in "square exp sigmoid tanh softplus sign floor round".split():
        made[name] = lambda x, f=getattr(tf.math, name): f(x)
    for name in "relu elu selu silu".split():
        made[name] = lambda x, f=getattr(tf.nn, name): f(x)
    return [(name, IMAGE, 1, build) for name, build in made.items()]


__all__ = ["cases"]

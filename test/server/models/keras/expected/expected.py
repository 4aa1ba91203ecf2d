"""Has real Keras compute what its layers do, for layers.test.ts: python expected.py

Writes keras-MAJOR.MINOR.json beside this file for the Keras that runs it: for each case the model's configuration as
Keras writes it, the shapes of its weights and its output for one image. Image and weights are seeded, so only the
output is kept, as base64 of little-endian float32.
"""

import base64
import json
import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow", TF_ENABLE_ONEDNN_OPTS="0")

import numpy as np  # noqa: E402
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from cases import cases  # noqa: E402

# What only says how weights begin and are trained.
TRAINING = ("_initializer", "_regularizer", "_constraint")
NEVER_READ = ("build_config", "trainable", "registered_name", "autocast", "lora_rank", "quantization_config", "seed",
              "module", "momentum", "sparse", "ragged", "optional", "backend")


def numbers(count, seed):
    """The numbers of numbers() in keras-file.ts: seeded, in [-1, 1)."""
    values = np.empty(count, "float32")
    state = seed
    for index in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[index] = state / 2**31 - 1
    return values


def trimmed(config):
    if isinstance(config, list):
        return [trimmed(item) for item in config]
    if not isinstance(config, dict):
        return config
    kept = {key: value for key, value in config.items() if not key.endswith(TRAINING) and key not in NEVER_READ}
    # The type of a layer or a tensor; that of a cast stays.
    if "trainable" in config or "keras_history" in config or isinstance(config.get("dtype"), dict):
        kept.pop("dtype", None)
    return {key: trimmed(value) for key, value in kept.items()}


def seeded_weights(layer, first_seed):
    """Sets and gives [name, shape, seed] of each weight, in the order of get_weights(). Variances are positive."""
    shapes, values = [], []
    for index, variable in enumerate(layer.weights):
        name = (getattr(variable, "path", None) or variable.name).split("/")[-1].split(":")[0]
        shape = [int(size) for size in variable.shape]
        seed = first_seed + index
        drawn = numbers(int(np.prod(shape, dtype=int)), seed)
        if "variance" in name:
            drawn = np.abs(drawn) + np.float32(0.5)
        values.append(drawn.reshape(shape).astype("float32"))
        shapes.append([name, shape, seed])
    layer.set_weights(values)
    # Normalization takes its weights when it is built or a file is loaded, and not again.
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    return shapes


def leaf_layers(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            for inner in leaf_layers(layer):
                yield inner
        else:
            yield layer


def computed(name, shape, scale, build):
    keras.backend.clear_session()
    image = keras.Input(shape, name="image")
    model = keras.Model(image, build(image), name="model")
    weights = {}
    for index, layer in enumerate(leaf_layers(model)):
        if [variable for variable in layer.weights if "seed" not in variable.name]:
            weights[layer.name] = seeded_weights(layer, 100 + 10 * index)
    x = (numbers(int(np.prod(shape)), 7) * np.float32(scale)).reshape((1,) + tuple(shape))
    output = np.asarray(model(x, training=False), "float32")
    return {
        "name": name,
        "scale": scale,
        "config": trimmed(json.loads(model.to_json())),
        "weights": weights,
        "shape": list(output.shape[1:]),
        "output": base64.b64encode(output.astype("<f4").tobytes()).decode(),
    }


def main():
    version = ".".join(keras.__version__.split(".")[:2])
    results = []
    for case in cases(keras, tf):
        try:
            results.append(computed(*case))
        except Exception as error:
            print("%s: %s: %s" % (case[0], type(error).__name__, str(error).split("\n")[0][:200]), file=sys.stderr)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras-%s.json" % version)
    with open(path, "w") as file:
        lines = ",\n".join(json.dumps(result, separators=(",", ":")) for result in results)
        file.write('{"version":%d,"cases":[\n%s\n]}\n' % (int(version.split(".")[0]), lines))
    print(len(results), "cases,", os.path.getsize(path), "bytes")


main()

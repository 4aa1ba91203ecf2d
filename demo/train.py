"""Trains the demo model: python demo/train.py FOLDER, FOLDER being what demo/training-slides.mjs wrote.

The network learns the shares of the classes in a patch, and with the same Dense layer the class of each cell of its
last feature map, so that its activations follow the borders of the tissues up to the edges of the patches.

Needs Keras 3 with TensorFlow, NumPy and Pillow. Takes a few minutes on two cores. Writes demo/model.h5, its
manifest and a golden patch. The demo slide (the last seed) is never trained on: the accuracy printed is measured on it.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

PATCH = 128
DEMO_SEED = 1
PATCHES_PER_SLIDE = 1500
EPOCHS = 10
# Okabe and Ito's colours, which stay apart under colour blindness; the lightest for what lies on the darkest tissue.
COLOURS = {
    "Tumour": "#f0e442",
    "Lymphocytes": "#0072b2",
    "Stroma": "#009e73",
    "Muscle": "#d55e00",
    "Adipose": "#56b4e9",
    "Glass": "#999999",
}

Image.MAX_IMAGE_PIXELS = None


def load(folder: Path, seed: int):
    """RGB pixels of a slide, and its labels as an array of rows x columns squares."""
    truth = json.loads((folder / f"{seed}.json").read_text())
    labels = np.array(truth["labels"]).reshape(truth["rows"], truth["columns"])
    pixels = np.asarray(Image.open(folder / f"{seed}.tif").convert("RGB"))
    return pixels, labels, truth["spacing"], truth["classes"]


def patch(pixels, labels, spacing, row, column):
    """The patch at a square, and the labels of its cells."""
    size = PATCH // spacing
    y, x = row * spacing, column * spacing
    return pixels[y : y + PATCH, x : x + PATCH], labels[row : row + size, column : column + size]


def shares(cells, classes):
    """The share that each class has in patches, from their cells."""
    return np.eye(classes, dtype="float32")[cells].mean((1, 2))


def prepare(images):
    """0 is white: what a convolution pads a patch with looks like glass and not like a black frame."""
    return images.astype("float32") / 255 - 1


def sample(slide, count, random):
    """Patches whose middles are spread evenly over the classes, turned and flipped at random."""
    pixels, labels, spacing, names = slide
    size = PATCH // spacing
    middle = labels[size // 2 : labels.shape[0] - size // 2, size // 2 : labels.shape[1] - size // 2]
    places = [np.argwhere(middle == name) for name in range(len(names))]
    places = [candidates for candidates in places if len(candidates)]
    images, cells = [], []
    for i in range(count):
        candidates = places[i % len(places)]
        row, column = candidates[random.integers(len(candidates))]
        turns, flip = random.integers(4), random.integers(2)
        turned = [np.rot90(values, turns) for values in patch(pixels, labels, spacing, row, column)]
        image, squares = [values[:, ::-1] if flip else values for values in turned]
        images.append(image)
        cells.append(squares)
    return np.stack(images), np.stack(cells)


def build(classes: int) -> keras.Model:
    """A small VGG: its head is global average pooling and one Dense layer, so that its activations can be mapped."""
    model = keras.Sequential([keras.Input((PATCH, PATCH, 3), name="patch")], name="tissue")
    for block, filters in enumerate([16, 24, 32, 48], start=1):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv"))
        model.add(layers.MaxPooling2D(2, name=f"block{block}_pool"))
    # Two more, so that the middle of a fat cell still sees its membrane.
    model.add(layers.Conv2D(64, 3, padding="same", activation="relu", name="block5_conv1"))
    model.add(layers.Conv2D(64, 3, padding="same", activation="relu", name="block5_conv2"))
    model.add(layers.GlobalAveragePooling2D(name="average"))
    model.add(layers.Dense(classes, activation="softmax", name="probabilities"))
    return model


def main() -> None:
    folder = Path(sys.argv[1])
    out = Path(__file__).parent
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)

    seeds = sorted(int(file.stem) for file in folder.glob("*.json"))
    training = [sample(load(folder, seed), PATCHES_PER_SLIDE, random) for seed in seeds if seed != DEMO_SEED]
    images = prepare(np.concatenate([x for x, _ in training]))
    cells = np.concatenate([y for _, y in training])

    demo = load(folder, DEMO_SEED)
    names = demo[3]
    model = build(len(names))
    model.summary()
    head = model.get_layer("probabilities")
    learning = keras.Model(model.inputs, [model.outputs[0], head(model.get_layer("block5_conv2").output)])
    steps = EPOCHS * len(images) // 32
    rate = keras.optimizers.schedules.CosineDecay(1e-3, steps, warmup_steps=100, warmup_target=2e-3)
    learning.compile(
        optimizer=keras.optimizers.Adam(rate), loss=["categorical_crossentropy", "sparse_categorical_crossentropy"]
    )
    learning.fit(images, [shares(cells, len(names)), cells], batch_size=32, epochs=EPOCHS, verbose=2)

    # Every patch of the demo slide, as the tile server cuts them.
    pixels, labels, spacing, _ = demo
    size = PATCH // spacing
    cut = [
        patch(pixels, labels, spacing, row, column)
        for row in range(0, labels.shape[0] - size + 1, size)
        for column in range(0, labels.shape[1] - size + 1, size)
    ]
    predicted = model.predict(prepare(np.stack([x for x, _ in cut])), batch_size=64, verbose=0)
    truth = shares(np.stack([y for _, y in cut]), len(names))
    right = predicted.argmax(1) == truth.argmax(1)
    pure = truth.max(1) == 1
    print(f"demo slide: {right.mean():.3f} of all {len(cut)} patches right, {right[pure].mean():.3f} of one tissue")
    for i, name in enumerate(names):
        mine = truth.argmax(1) == i
        print(f"  {name:12} {right[mine].mean():.3f} of {mine.sum()}, share {truth[:, i].mean():.4f}, predicted {predicted[:, i].mean():.4f}")

    final = build(len(names))
    final.set_weights(model.get_weights())
    final.save(out / "model.h5", include_optimizer=False)
    golden = next(i for i in range(len(cut) // 3, len(cut)) if names[truth[i].argmax()] == "Tumour" and not pure[i])
    Image.fromarray(cut[golden][0]).save(out / "model.golden.png")
    manifest = {
        "classes": [{"name": name, "color": COLOURS[name]} for name in names],
        "preprocessing": {"channelOrder": "rgb", "scale": 1 / 255, "mean": [1, 1, 1]},
        "resolution": {"mpp": 0.5},
        "camLayer": "block5_conv2",
        "golden": {
            "patch": "model.golden.png",
            "probabilities": [round(float(p), 7) for p in model.predict(prepare(cut[golden][0][None]), verbose=0)[0]],
        },
    }
    (out / "model.manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Seconds that Keras takes for patches: one by one as the original script asks for them, and in batches of 32.

Usage: keras_predict.py MODEL PATCHES SIDE SCALE ALONE TOGETHER; PATCHES holds RGB bytes, ALONE is how many of them are asked
for one by one, TOGETHER how many in batches. Answers every line on stdin with a line of the two numbers of seconds.
"""

import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras  # noqa: E402
import numpy as np  # noqa: E402

model_file, patches_file, side, scale, alone, together = sys.argv[1:]
side, alone, together = int(side), int(alone), int(together)
model = keras.models.load_model(model_file, compile=False)
patches = np.fromfile(patches_file, np.uint8, together * side * side * 3).reshape(-1, side, side, 3)
model.predict(patches[:32] * np.float32(scale), batch_size=32, verbose=0)
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    for patch in patches[:alone]:
        model.predict(patch[None] * np.float32(scale), verbose=0)
    middle = time.perf_counter()
    model.predict(patches * np.float32(scale), batch_size=32, verbose=0)
    print(middle - start, time.perf_counter() - middle, flush=True)

"""Patches by the documented filter, with numpy: JSON on stdin, JSON on stdout.

A request: { pixels: file of RGB bytes, levelWidth, levelHeight, scale, width, height, origins: [[x, y], ...] }, in pixels
of the level, origins floats.
Each output pixel is the mean of the area it covers, in float64, rounded half up. An answer: RGB bytes in base64.
"""

import base64
import json
import sys

import numpy


def weights(origin, scale, count, length):
    """Shape (count, length): the length that each output pixel shares with each source pixel, as a share of its own."""
    edges = origin + scale * numpy.arange(count + 1, dtype=numpy.float64)
    source = numpy.arange(length, dtype=numpy.float64)
    low = numpy.maximum(edges[:-1, None], source[None, :])
    high = numpy.minimum(edges[1:, None], source[None, :] + 1)
    shared = numpy.clip(high - low, 0, None)
    return shared / shared.sum(axis=1, keepdims=True)


def patches(pixels, levelWidth, levelHeight, scale, width, height, origins):
    level = numpy.fromfile(pixels, dtype=numpy.uint8).reshape(levelHeight, levelWidth, 3)
    level = level.astype(numpy.float64)
    made = []
    for x, y in origins:
        across = weights(x, scale, width, levelWidth)
        down = weights(y, scale, height, levelHeight)
        means = numpy.einsum("ir,rcs,jc->ijs", down, level, across, optimize=True)
        made.append(numpy.floor(means + 0.5).astype(numpy.uint8))
    return numpy.stack(made)


json.dump(
    [base64.b64encode(patches(**request).tobytes()).decode() for request in json.load(sys.stdin)],
    sys.stdout,
)

"""Reads regions of slides for comparison: JSON on stdin, JSON on stdout.

A request: { file, with: "littlecms" | "openslide" | "tifffile" | "version", level, x, y, width, height }, x and y in pixels of level 0
for OpenSlide and of the level for tifffile. An answer: RGB bytes in base64, or the version of OpenSlide.
"""

import base64
import io
import json
import sys

import numpy
import openslide
import tifffile
from PIL import Image, ImageCms


def with_openslide(file, level, x, y, width, height):
    """The pixels of openslide.deepzoom: over the slide's background colour."""
    with openslide.OpenSlide(file) as slide:
        region = slide.read_region((x, y), level, (width, height))
        colour = "#" + slide.properties.get(openslide.PROPERTY_NAME_BACKGROUND_COLOR, "ffffff")
        background = Image.new("RGB", region.size, colour)
        return numpy.asarray(Image.composite(region, background, region))


def with_tifffile(file, level, x, y, width, height):
    """A slice of a level; 16 bits become their high byte."""
    with tifffile.TiffFile(file) as tiff:
        pixels = tiff.series[0].levels[level].asarray()
    if pixels.dtype == numpy.uint16:
        pixels = (pixels >> 8).astype(numpy.uint8)
    if pixels.ndim == 2:
        pixels = numpy.stack([pixels] * 3, axis=-1)
    return pixels[y : y + height, x : x + width, :3]


def with_littlecms(file, x, y, width, height, level=0):
    """Pixels in sRGB, by the profile in the file, as Pillow's littlecms converts them (perceptual)."""
    with Image.open(file) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        shown = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return numpy.asarray(shown)[y : y + height, x : x + width]


READERS = {"littlecms": with_littlecms, "openslide": with_openslide, "tifffile": with_tifffile}


def answer(request):
    reader = request.pop("with")
    if reader == "version":
        return openslide.__library_version__
    return base64.b64encode(numpy.ascontiguousarray(READERS[reader](**request)).tobytes()).decode()


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)

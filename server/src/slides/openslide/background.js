/**
 * RGB bytes of premultiplied ARGB pixels over a colour, as openslide-python's Deep Zoom generator makes them: colours are
 * divided by alpha first, rounded down, then blended in steps of 1/255, rounded.
 */
export function overBackground(pixels, colour) {
  const [backRed, backGreen, backBlue] = [0, 2, 4].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const rgb = new Uint8Array(4 * Math.ceil((3 * pixels.length) / 4));
  for (let i = packOpaque(pixels, rgb), at = 3 * i; i < pixels.length; i++, at += 3) {
    const pixel = pixels[i];
    const alpha = pixel >>> 24;
    let red = (pixel >>> 16) & 255;
    let green = (pixel >>> 8) & 255;
    let blue = pixel & 255;
    if (alpha < 255) {
      red = blend(red, backRed, alpha);
      green = blend(green, backGreen, alpha);
      blue = blend(blue, backBlue, alpha);
    }
    rgb[at] = red;
    rgb[at + 1] = green;
    rgb[at + 2] = blue;
  }
  return rgb.subarray(0, 3 * pixels.length);
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * Writes the colours of pixels, four in three words, as long as all are opaque: most slides are, and this takes half the time.
 * @returns how many pixels it wrote, from the first on
 */
function packOpaque(pixels, rgb) {
  if (!LITTLE_ENDIAN) return 0;
  const words = new Uint32Array(rgb.buffer);
  let i = 0;
  for (let at = 0; i + 3 < pixels.length; i += 4, at += 3) {
    const [a, b, c, d] = [pixels[i], pixels[i + 1], pixels[i + 2], pixels[i + 3]];
    if ((a & b & c & d) >>> 24 !== 255) break;
    words[at] = ((a >>> 16) & 0xff) | (a & 0xff00) | ((a & 0xff) << 16) | ((b & 0xff0000) << 8);
    words[at + 1] = ((b >>> 8) & 0xff) | ((b & 0xff) << 8) | (c & 0xff0000) | ((c & 0xff00) << 16);
    words[at + 2] = (c & 0xff) | ((d >>> 8) & 0xff00) | ((d & 0xff00) << 8) | (d << 24);
  }
  return i;
}

function blend(premultiplied, back, alpha) {
  const colour = alpha === 0 ? 0 : Math.floor((255 * premultiplied) / alpha);
  return Math.round((back * (255 - alpha) + colour * alpha) / 255);
}

/** Rows of one strip: a reader holds no more than that many at a time. */
const STRIP_ROWS = 16;

const SHORT = 3;
const LONG = 4;

/**
 * The head of an uncompressed RGB TIFF file (TIFF 6.0, baseline): everything before its pixels, which follow row by
 * row, 3 bytes each. For files below 4 GiB.
 */
export function rawTiffHead(width: number, height: number): Uint8Array {
  const strips = Math.ceil(height / STRIP_ROWS);
  const stripBytes = 3 * width * STRIP_ROWS;
  const directory = 8;
  const bits = directory + 2 + 9 * 12 + 4;
  const offsets = bits + 8;
  const counts = offsets + 4 * strips;
  const pixels = counts + 4 * strips;
  const view = new DataView(new ArrayBuffer(pixels));
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, directory, true);
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 3, bits],
    [259, SHORT, 1, 1], // no compression
    [262, SHORT, 1, 2], // RGB
    // One strip's offset and length stand in the entry itself.
    [273, LONG, strips, strips === 1 ? pixels : offsets],
    [277, SHORT, 1, 3],
    [278, LONG, 1, STRIP_ROWS],
    [279, LONG, strips, strips === 1 ? 3 * width * height : counts],
  ];
  view.setUint16(directory, entries.length, true);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = directory + 2 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    view.setUint32(at + 8, value, true);
  }
  for (let channel = 0; channel < 3; channel++) view.setUint16(bits + 2 * channel, 8, true);
  for (let strip = 0; strip < strips; strip++) {
    view.setUint32(offsets + 4 * strip, pixels + strip * stripBytes, true);
    const rows = Math.min(STRIP_ROWS, height - strip * STRIP_ROWS);
    view.setUint32(counts + 4 * strip, 3 * width * rows, true);
  }
  return new Uint8Array(view.buffer);
}

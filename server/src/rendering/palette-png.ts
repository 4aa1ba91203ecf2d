import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { PaintedArea } from '../../../shared/painting/paint-area.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLOURS = 256;
/** Places of the table that finds a colour's number: four times the colours, so that few of them meet. */
const PLACES = 4 * MOST_COLOURS;
/** Knuth's multiplier: the upper bits of the product spread over the table. */
const SPREADING = 0x9e3779b1;
const PLACE_SHIFT = 22;

const deflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflate);

/**
 * A PNG of at most 256 colours, which one class or a difference mostly has: a byte a pixel and a table of colours
 * instead of four bytes a pixel, less than half of the size. Pixels are exactly those given.
 * Format: W3C, Portable Network Graphics (Third Edition), colour type 3 with `tRNS`.
 * @returns undefined where there are more colours
 */
export async function palettePng(area: PaintedArea): Promise<Buffer | undefined> {
  const found = indexed(area);
  if (!found) return undefined;
  const { rows, colours } = found;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(area.width, 0);
  header.writeUInt32BE(area.height, 4);
  // Bits of an index, and the colour type.
  header[8] = 8;
  header[9] = 3;
  const count = colours.length / 4;
  const table = Buffer.alloc(3 * count);
  const alphas = Buffer.alloc(count);
  for (let i = 0; i < count; i++) {
    table.set(colours.subarray(4 * i, 4 * i + 3), 3 * i);
    alphas[i] = colours[4 * i + 3];
  }
  const pixels = await deflate(rows, { level: 1 });
  const chunks = [chunk('IHDR', header), chunk('PLTE', table), chunk('tRNS', alphas), chunk('IDAT', pixels)];
  return Buffer.concat([SIGNATURE, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

/** A colour's number for each pixel, every row behind a 0 (no filter), and the colours as RGBA bytes. */
function indexed({ width, height, data }: PaintedArea): { rows: Uint8Array; colours: Uint8Array } | undefined {
  const words = new Int32Array(data.buffer, data.byteOffset, width * height);
  const rows = new Uint8Array((width + 1) * height);
  const colours = new Int32Array(MOST_COLOURS);
  /** Number of a colour + 1; 0 where there is none. */
  const numbers = new Uint16Array(PLACES);
  let count = 0;
  let last = 0;
  let number = -1;
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 1; x <= width; x++, pixel++) {
      const word = words[pixel];
      if (word !== last || number < 0) {
        let place = Math.imul(word, SPREADING) >>> PLACE_SHIFT;
        while (numbers[place] > 0 && colours[numbers[place] - 1] !== word) place = (place + 1) % PLACES;
        if (numbers[place] === 0) {
          if (count === MOST_COLOURS) return undefined;
          colours[count++] = word;
          numbers[place] = count;
        }
        last = word;
        number = numbers[place] - 1;
      }
      rows[y * (width + 1) + x] = number;
    }
  }
  return { rows, colours: new Uint8Array(colours.buffer, 0, 4 * count) };
}

function chunk(type: string, data: Buffer): Buffer {
  const made = Buffer.alloc(12 + data.length);
  made.writeUInt32BE(data.length, 0);
  made.write(type, 4, 'latin1');
  made.set(data, 8);
  made.writeUInt32BE(zlib.crc32(made.subarray(4, 8 + data.length)), 8 + data.length);
  return made;
}

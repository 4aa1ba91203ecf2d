import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { seededRandom } from '../shared/seeded-random.ts';

const TILE = 512;
const SHORT = 3;
const LONG = 4;
const LONG8 = 16;

/**
 * Writes a slide of any size in a few megabytes: a BigTIFF of two levels in which every tile is the same JPEG (TIFF 6.0,
 * BigTIFF, JPEG tiles as of Technical Note 2).
 * @param side pixels of the square slide, a multiple of 64
 */
export async function writeSparseSlide(file: string, side: number): Promise<void> {
  const random = seededRandom(side);
  const noise = Uint8Array.from(
    { length: TILE * TILE * 3 },
    (_, i) => 120 + ((i * 7) % 80) + Math.floor(random() * 40),
  );
  const tile = await sharp(noise, { raw: { width: TILE, height: TILE, channels: 3 } })
    .jpeg({ quality: 80, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const header = Buffer.alloc(16);
  header.write('II');
  header.writeUInt16LE(43, 2);
  header.writeUInt16LE(8, 4);
  header.writeBigUInt64LE(BigInt(16 + tile.length), 8);
  const handle = await open(file, 'w');
  try {
    await handle.write(header);
    await handle.write(tile);
    let start = 16 + tile.length;
    for (const [index, size] of [side, side / 64].entries()) {
      const directory = directoryOf(size, start, tile.length, index === 0);
      await handle.write(directory);
      start += directory.length;
    }
  } finally {
    await handle.close();
  }
}

/** A directory with the arrays of its tiles behind it. */
function directoryOf(side: number, start: number, tileBytes: number, hasNext: boolean): Buffer {
  const tiles = Math.ceil(side / TILE) ** 2;
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, side],
    [257, LONG, 1, side],
    [258, SHORT, 3, 0],
    [259, SHORT, 1, 7],
    [262, SHORT, 1, 6],
    [277, SHORT, 1, 3],
    [284, SHORT, 1, 1],
    [322, LONG, 1, TILE],
    [323, LONG, 1, TILE],
    [324, LONG8, tiles, 0],
    [325, LONG, tiles, 0],
    [530, SHORT, 2, 0x00010001],
  ];
  const length = 8 + entries.length * 20 + 8;
  const offsets = start + length;
  const counts = offsets + tiles * 8;
  const bytes = Buffer.alloc(length + tiles * 12);
  bytes.writeBigUInt64LE(BigInt(entries.length), 0);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 8 + i * 20;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeBigUInt64LE(BigInt(count), at + 4);
    if (tag === 258) for (let channel = 0; channel < 3; channel++) bytes.writeUInt16LE(8, at + 12 + 2 * channel);
    // One tile's array stands in the entry itself.
    else if (tag === 324) bytes.writeBigUInt64LE(BigInt(tiles === 1 ? 16 : offsets), at + 12);
    else if (tag === 325) bytes.writeBigUInt64LE(BigInt(tiles === 1 ? tileBytes : counts), at + 12);
    else bytes.writeBigUInt64LE(BigInt(value), at + 12);
  }
  bytes.writeBigUInt64LE(BigInt(hasNext ? start + bytes.length : 0), 8 + entries.length * 20);
  for (let tile = 0; tile < tiles; tile++) {
    bytes.writeBigUInt64LE(16n, length + tile * 8);
    bytes.writeUInt32LE(tileBytes, length + tiles * 8 + tile * 4);
  }
  return bytes;
}

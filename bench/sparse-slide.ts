import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { seededRandom } from '../shared/seeded-random.ts';

const TILE = 512;
/** Pictures of a tile that there are; each tile of the slide shows one of them. */
const PICTURES = 8;
/** The smallest level is no larger than this on a side. */
const OVERVIEW = 2048;

const [SHORT, LONG, LONG8] = [3, 4, 16];

/**
 * Writes a tiled pyramidal BigTIFF (uncompressed RGB) of any size whose tiles share the bytes of a few: a slide of 200,000
 * pixels a side takes 10 MB. The same seed gives the same file.
 */
export async function writeSparseSlide(file: string, side: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const levels: number[] = [];
  for (let size = side; levels.length === 0 || levels[levels.length - 1] > OVERVIEW; size = Math.ceil(size / 2)) {
    levels.push(size);
  }
  const header = Buffer.alloc(16);
  header.write('II', 'latin1');
  header.writeUInt16LE(43, 2);
  header.writeUInt16LE(8, 4);
  const pictures = Array.from({ length: PICTURES }, () => picture(random));
  const tileBytes = TILE * TILE * 3;
  const parts: Buffer[] = [header, ...pictures];
  let end = 16 + PICTURES * tileBytes;
  let pointer: { in: Buffer; at: number } = { in: header, at: 8 };
  for (const [level, size] of levels.entries()) {
    const across = Math.ceil(size / TILE);
    const directory = levelDirectory({ size, tiles: across * across, start: end, isReduced: level > 0 });
    for (let tile = 0; tile < across * across; tile++) {
      const shown = Math.floor(random() * PICTURES);
      directory.bytes.writeBigUInt64LE(BigInt(16 + shown * tileBytes), directory.offsets + tile * 8);
      directory.bytes.writeUInt32LE(tileBytes, directory.counts + tile * 4);
    }
    pointer.in.writeBigUInt64LE(BigInt(end), pointer.at);
    pointer = { in: directory.bytes, at: directory.next };
    parts.push(directory.bytes);
    end += directory.bytes.length;
  }
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, parts);
}

/** Patches of colour with some grain. */
function picture(random: () => number): Buffer {
  const bytes = Buffer.alloc(TILE * TILE * 3);
  const square = 64;
  const colours = Array.from({ length: (TILE / square) ** 2 }, () => [random(), random(), random()]);
  for (let pixel = 0; pixel < TILE * TILE; pixel++) {
    const [x, y] = [pixel % TILE, Math.floor(pixel / TILE)];
    const colour = colours[Math.floor(y / square) * (TILE / square) + Math.floor(x / square)];
    const grain = random() * 40;
    for (let channel = 0; channel < 3; channel++) bytes[pixel * 3 + channel] = colour[channel] * 200 + grain;
  }
  return bytes;
}

/** An image file directory with room for its tiles' places, which lie behind it. @param start its place in the file */
function levelDirectory({
  size,
  tiles,
  start,
  isReduced,
}: {
  size: number;
  tiles: number;
  start: number;
  isReduced: boolean;
}) {
  const entries = 12;
  const next = 8 + entries * 20;
  // On a whole number of 8 bytes, as the file's other parts.
  const offsets = next + 8 + 8;
  const counts = offsets + tiles * 8;
  const bytes = Buffer.alloc(Math.ceil((counts + tiles * 4) / 16) * 16);
  bytes.writeBigUInt64LE(BigInt(entries), 0);
  let at = 8;
  const put = (tag: number, type: number, count: number, value: bigint) => {
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeBigUInt64LE(BigInt(count), at + 4);
    bytes.writeBigUInt64LE(value, at + 12);
    at += 20;
  };
  put(254, LONG, 1, isReduced ? 1n : 0n);
  put(256, LONG, 1, BigInt(size));
  put(257, LONG, 1, BigInt(size));
  // Three numbers of 8 bits each.
  put(258, SHORT, 3, 0x0008_0008_0008n);
  put(259, SHORT, 1, 1n);
  put(262, SHORT, 1, 2n);
  put(277, SHORT, 1, 3n);
  put(284, SHORT, 1, 1n);
  put(322, SHORT, 1, BigInt(TILE));
  put(323, SHORT, 1, BigInt(TILE));
  // One that has a single tile would have its place here.
  if (tiles === 1) throw new RangeError('expected a level of several tiles');
  put(324, LONG8, tiles, BigInt(start + offsets));
  put(325, LONG, tiles, BigInt(start + counts));
  return { bytes, next, offsets, counts };
}

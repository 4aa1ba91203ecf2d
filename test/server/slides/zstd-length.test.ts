import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { registry } from 'zarrita';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { zstdLength } from '../../../server/src/slides/zstd-length.ts';
import { picture, temporaryFolder } from './pictures.ts';
import { writeZarr } from './written-zarr.ts';

/** A frame that does not say its size, of blocks of one byte repeated. */
function repeated(sizes: number[], checksum = false): Buffer {
  const blocks = sizes.map((size, i) => {
    const header = Number(i === sizes.length - 1) | (1 << 1) | (size << 3);
    return Buffer.from([header & 255, (header >> 8) & 255, header >> 16, 9]);
  });
  const start = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, checksum ? 4 : 0, 0x38]);
  return Buffer.concat([start, ...blocks, Buffer.alloc(checksum ? 4 : 0)]);
}

const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

describe('the length that frames unpack to', () => {
  test.each([0, 1, 255, 256, 300, 65_791, 65_792, 400_000])('%i bytes, as the library writes them', async (length) => {
    const entry = await registry.get('zstd')?.();
    const codec = entry?.fromConfig({ level: 3 }, { dataType: 'uint8', shape: [length], codecs: [], fillValue: null });
    const coded = await codec?.encode(picture(1000, 200).data.subarray(0, length));
    if (!(coded instanceof Uint8Array)) throw new Error('nothing was encoded');
    expect(zstdLength(coded)).toBe(length);
  });

  const cases: [string, Buffer, number][] = [
    ['blocks', repeated([1000, 2000]), 3000],
    ['several frames', Buffer.concat([repeated([10]), skippable, repeated([20], true), repeated([30])]), 60],
    ['many blocks', repeated(Array.from({ length: 1000 }, () => 131_072)), 131_072_000],
  ];
  test.each(cases)('%s of frames that do not say it', (_name, coded, expected) => {
    expect(zstdLength(coded)).toBe(expected);
  });

  test.each([4, 5, 8, 12])('a frame cut off at %i bytes is truncated', (length) => {
    expect(() => zstdLength(repeated([1000, 2000]).subarray(0, length))).toThrow('a chunk is truncated');
  });

  test('anything else is no Zstandard', () => {
    expect(() => zstdLength(Buffer.from('no frame at all'))).toThrow('a chunk is no Zstandard');
  });
});

test('a chunk that does not say its size is read, unless it is more than its array has', async () => {
  const folder = await temporaryFolder();
  const made = async (name: string, chunk: Uint8Array) => {
    const file = join(folder, name);
    const samples = { axes: ['y', 'x'], shape: [64, 64], data: new Uint8Array(64 * 64) };
    await writeZarr(file, [samples], { zarrFormat: 2, isAbsent: () => true });
    const metadata = JSON.parse(await readFile(join(file, '0', '.zarray'), 'utf8'));
    await writeFile(join(file, '0', '.zarray'), JSON.stringify({ ...metadata, compressor: { id: 'zstd', level: 1 } }));
    await mkdir(join(file, '0', '0'));
    await writeFile(join(file, '0', '0', '0'), chunk);
    return describeSlide(file, { store: join(folder, 'store') });
  };
  const whole = await openSlide(await made('whole.zarr', repeated([4000, 96]))).readRegion(0, {
    ...{ x: 0, y: 0, width: 64, height: 64 },
  });
  expect(new Set(whole)).toEqual(new Set([9]));
  const bomb = repeated(Array.from({ length: 10_000 }, () => 131_072));
  await expect(made('bomb.zarr', bomb)).rejects.toThrow(
    'bomb.zarr cannot be read as a slide: its array 0 cannot be read (a chunk unpacks to 1310720000 bytes, at most 4160 were expected)',
  );
});

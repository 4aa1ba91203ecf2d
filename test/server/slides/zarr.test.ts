import { mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import { crop, picture, temporaryFolder } from './pictures.ts';
import { type Samples, writeGroup, writeZarr, type ZarrOptions } from './written-zarr.ts';

const folder = await temporaryFolder();
const options = { store: join(folder, 'store') };
const WIDTH = 150;
const HEIGHT = 110;
const source = picture(WIDTH, HEIGHT);
const whole = { x: 0, y: 0, width: WIDTH, height: HEIGHT };

/** The picture along axes: t, c and z as long as they are asked for, whose other pictures are 0. */
function along(axes: string, lengths: Record<string, number> = {}, bits: 8 | 16 = 8): Samples {
  const shape = [...axes].map((name) => ({ x: WIDTH, y: HEIGHT })[name] ?? lengths[name] ?? (name === 'c' ? 3 : 1));
  const size = shape.reduce((a, b) => a * b, 1);
  const data = bits === 16 ? new Uint16Array(size) : new Uint8Array(size);
  for (let flat = 0; flat < size; flat++) {
    const at: Record<string, number> = {};
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      at[axes[axis]] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    const { x = 0, y = 0, c = 0, t = 0, z = 0 } = at;
    const value = t === 0 && z === 0 ? source.data[(y * WIDTH + x) * 3 + (c % 3)] : 0;
    // The low byte is no part of what is read.
    data[flat] = bits === 16 ? value * 256 + ((flat * 31) % 256) : value;
  }
  return { axes: [...axes], shape, data };
}

/** Every other pixel. */
function halved({ axes, shape, data }: Samples): Samples {
  const size = shape.map((length, axis) => ('xy'.includes(axes[axis]) ? Math.ceil(length / 2) : length));
  const half = data.slice(
    0,
    size.reduce((a, b) => a * b, 1),
  );
  for (let flat = 0; flat < half.length; flat++) {
    let from = 0;
    let rest = flat;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % size[axis]) * ('xy'.includes(axes[axis]) ? 2 : 1) * stride;
      rest = Math.floor(rest / size[axis]);
      stride *= shape[axis];
    }
    half[flat] = data[from];
  }
  return { axes, shape: size, data: half };
}

const grey = Uint8Array.from({ length: source.data.length }, (_, i) => source.data[i - (i % 3)]);

async function readWhole(file: string): Promise<Uint8Array> {
  const description = await describeSlide(file, options);
  return openSlide(description).readRegion(0, whole);
}

describe('pixels', () => {
  const plain: ZarrOptions = { zarrFormat: 2 };
  const cases: [string, Samples, ZarrOptions, Uint8Array][] = [
    ['tczyx', along('tczyx'), { zarrFormat: 2, chunks: [1, 1, 1, 64, 64] }, source.data],
    ['tczyx-three', along('tczyx'), { zarrFormat: 3, chunks: [1, 3, 1, 64, 64] }, source.data],
    ['cyx-packed', along('cyx'), { zarrFormat: 2, chunks: [3, 50, 64], packed: true, separator: '.' }, source.data],
    [
      'cyx-three-packed',
      along('cyx'),
      { zarrFormat: 3, chunks: [2, 32, 100], packed: true, separator: '.' },
      source.data,
    ],
    ['yxc', along('yxc'), { zarrFormat: 3, chunks: [64, 64, 3], packed: true }, source.data],
    ['yx', along('yx'), { zarrFormat: 3, chunks: [64, 40] }, grey],
    ['zyx', along('zyx', { z: 4 }), { zarrFormat: 2, chunks: [2, 64, 64] }, grey],
    ['tcyx-points', along('tcyx', { t: 2 }), { zarrFormat: 2, chunks: [1, 3, 64, 64] }, source.data],
    ['sixteen', along('cyx', {}, 16), { zarrFormat: 3, chunks: [1, 64, 64], packed: true }, source.data],
    ['sixteen-grey', along('yx', {}, 16), { zarrFormat: 2, chunks: [64, 64] }, grey],
    ['one-channel', along('cyx', { c: 1 }), plain, grey],
    ['five-channels', along('cyx', { c: 5 }), plain, grey],
    ['fluorescence', along('cyx'), { ...plain, omero: { channels: dyes(['0000FF', '00FF00', 'FF0000']) } }, grey],
    ['coloured', along('cyx'), { ...plain, omero: { channels: dyes(['FF0000', '00FF00', '0000ff']) } }, source.data],
  ];
  test.each(cases)('%s', async (name, samples, made, expected) => {
    const file = join(folder, `${name}.zarr`);
    await writeZarr(file, [samples], made);
    expect(Buffer.compare(await readWhole(file), expected)).toBe(0);
    const inside = { x: 31, y: 47, width: 77, height: 60 };
    const region = await openSlide(await describeSlide(file, options)).readRegion(0, inside);
    expect(Buffer.compare(region, crop({ data: expected, width: WIDTH }, inside))).toBe(0);
  });

  test('chunks that are not there have the fill value', async () => {
    const file = join(folder, 'sparse.ome.zarr');
    const isAbsent = (key: string) => key === '0/0/1';
    await writeZarr(file, [along('cyx')], { zarrFormat: 2, chunks: [3, 64, 64], isAbsent });
    const pixels = await readWhole(file);
    const absent = { x: 64, y: 0, width: 64, height: 64 };
    expect(new Set(crop({ data: pixels, width: WIDTH }, absent))).toEqual(new Set([7]));
    const there = { x: 0, y: 0, width: 64, height: HEIGHT };
    expect(Buffer.compare(crop({ data: pixels, width: WIDTH }, there), crop(source, there))).toBe(0);
  });

  test('levels are the arrays that are a power of two smaller', async () => {
    const file = join(folder, 'levels.zarr');
    const full = along('cyx');
    const half = halved(full);
    await writeZarr(file, [full, half, { ...half }, halved(half)], { zarrFormat: 2, chunks: [1, 64, 64] });
    const description = await describeSlide(file, options);
    expect(description.levels.map(({ width, height }) => [width, height])).toEqual([
      [150, 110],
      [75, 55],
      [38, 28],
    ]);
    const pixels = await openSlide(description).readRegion(1, { x: 0, y: 0, width: 75, height: 55 });
    const expected = Uint8Array.from({ length: 75 * 55 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return source.data[(2 * Math.floor(pixel / 75) * WIDTH + 2 * (pixel % 75)) * 3 + (i % 3)];
    });
    expect(Buffer.compare(pixels, expected)).toBe(0);
  });
});

function dyes(colours: string[]) {
  return colours.map((color, index) => ({ color, label: `dye ${index}` }));
}

describe('the header', () => {
  const cases: [string, Partial<ZarrOptions>, number | null][] = [
    ['micrometer', { scale: { x: 0.25, y: 0.25 } }, 0.25],
    ['nanometer', { scale: { x: 500, y: 500 }, unit: 'nanometer' }, 0.5],
    ['not square', { scale: { x: 0.25, y: 0.5 } }, null],
    ['implausible', { scale: { x: 1, y: 1 }, unit: 'meter' }, null],
    ['no length', { scale: { x: 0.25, y: 0.25 }, unit: 'parsec' }, null],
  ];
  test.each(cases)('resolution: %s', async (name, made, mpp) => {
    const file = join(folder, `mpp ${name}.zarr`);
    await writeZarr(file, [along('cyx')], { zarrFormat: 3, ...made });
    expect((await readSlideHeader(file)).mpp).toBe(mpp);
  });

  test('has format, reader, size and channels', async () => {
    const file = join(folder, 'header.ome.zarr');
    const omero = { channels: dyes(['0000FF', '00FF00']) };
    await writeZarr(file, [along('cyx', { c: 2 })], { zarrFormat: 2, omero });
    expect(await readSlideHeader(`${file}/`)).toMatchObject({
      ...{ format: 'OME-Zarr', reader: 'zarr', width: WIDTH, height: HEIGHT, mpp: 1 },
      channels: ['dye 0', 'dye 1'],
      levels: [{ width: WIDTH, height: HEIGHT }],
    });
  });

  test('the first series of what bioformats2raw writes', async () => {
    const file = join(folder, 'series.zarr');
    await writeGroup(file, 2, { 'bioformats2raw.layout': 3 });
    await writeZarr(join(file, '0'), [along('tczyx')], { zarrFormat: 2, chunks: [1, 1, 1, 64, 64] });
    expect(Buffer.compare(await readWhole(file), source.data)).toBe(0);
  });
});

describe('what is refused is refused in one sentence', () => {
  const multiscales = (change: object) => ({
    multiscales: [{ version: '0.4', axes: [{ name: 'y' }, { name: 'x' }], datasets: [{ path: '0' }], ...change }],
  });
  const small = along('cyx');
  const arrayOf = async (name: string, change: object) => {
    const file = join(folder, name);
    await writeZarr(file, [small], { zarrFormat: 2, chunks: [3, 64, 64], packed: true });
    const metadata = JSON.parse(await readFile(join(file, '0', '.zarray'), 'utf8'));
    await writeFile(join(file, '0', '.zarray'), JSON.stringify({ ...metadata, ...change }));
  };
  const chunkOf = async (name: string, change: (chunk: string) => Promise<unknown>) => {
    await arrayOf(name, {});
    await rm(join(folder, name, '0', '0', '0', '1'));
    await change(join(folder, name, '0', '0', '0', '1'));
  };
  const cases: [string, (name: string) => Promise<unknown>, string][] = [
    [
      'null-attributes.zarr',
      async (name) => {
        await writeGroup(join(folder, name), 2, {});
        await writeFile(join(folder, name, '.zattrs'), 'null');
      },
      'its attributes: an object was expected',
    ],
    [
      'no-image.zarr',
      (name) => writeGroup(join(folder, name), 2, {}),
      'it has no multiscales of OME-NGFF 0.4 (Zarr 2)',
    ],
    [
      'no-image-3.zarr',
      (name) => writeGroup(join(folder, name), 3, {}),
      'it has no multiscales of OME-NGFF 0.5 (Zarr 3)',
    ],
    [
      'plate.zarr',
      (name) => writeGroup(join(folder, name), 2, { plate: {} }),
      'it is a plate or a well of many images',
    ],
    [
      'older.zarr',
      (name) => writeGroup(join(folder, name), 2, multiscales({ version: '0.2', axes: undefined })),
      'it is OME-NGFF "0.2" in Zarr 2, 0.4 was expected',
    ],
    [
      'axes.zarr',
      (name) => writeGroup(join(folder, name), 2, multiscales({ axes: [{ name: 'a' }, { name: 'b' }] })),
      'its axes are a, b; x and y, and at most t, c and z were expected',
    ],
    ['no-array.zarr', (name) => writeGroup(join(folder, name), 2, multiscales({})), 'its array 0: Not found'],
    [
      'outside.zarr',
      (name) => writeGroup(join(folder, name), 2, multiscales({ datasets: [{ path: '../tczyx.zarr/0' }] })),
      'its array ../tczyx.zarr/0: Not found',
    ],
    ['float.zarr', (name) => arrayOf(name, { dtype: '<f4' }), 'its samples are of type float32'],
    ['signed.zarr', (name) => arrayOf(name, { dtype: '<i2' }), 'its samples are of type int16'],
    ['empty.zarr', (name) => arrayOf(name, { shape: [3, 0, 150] }), 'its array 0 is 3 x 0 x 150'],
    ['endless.zarr', (name) => arrayOf(name, { shape: [3, 110, 2 ** 40] }), 'whole numbers above 0 were expected'],
    ['chunkless.zarr', (name) => arrayOf(name, { chunks: [0, 64, 64] }), 'in chunks of 0 x 64 x 64'],
    ['tiny-chunks.zarr', (name) => arrayOf(name, { chunks: [3, 1, 1] }), 'at least 32 pixels a side were expected'],
    ['flat.zarr', (name) => arrayOf(name, { shape: [110, 150], chunks: [64, 64] }), 'has 2 axes, 3 were expected'],
    ['huge-chunks.zarr', (name) => arrayOf(name, { chunks: [3, 20000, 20000] }), 'at most 134217728 bytes of samples'],
    [
      'no-overview.zarr',
      (name) => arrayOf(name, { shape: [3, 110, 200_000] }),
      'its smallest level has 200000 x 110 pixels',
    ],
    ['codec.zarr', (name) => arrayOf(name, { compressor: { id: 'jpeg2k' } }), 'numcodecs.jpeg2k'],
    ['garbage.zarr', (name) => chunkOf(name, (chunk) => writeFile(chunk, 'no chunk')), 'its array 0 cannot be read'],
    [
      'cut.zarr',
      (name) => chunkOf(name, (chunk) => writeFile(chunk, deflateSync(new Uint8Array(64)))),
      'a chunk is truncated: 64 of 12288 samples were found',
    ],
    [
      'bomb.zarr',
      (name) => chunkOf(name, (chunk) => writeFile(chunk, deflateSync(new Uint8Array(50_000_000)))),
      'its array 0 cannot be read (a chunk unpacks to more than the 12352 bytes that were expected)',
    ],
    [
      'link.zarr',
      (name) => chunkOf(name, (chunk) => symlink(join(folder, 'tczyx.zarr', '0', '0', '0', '0', '0', '1'), chunk)),
      '0/0/0/1: it is a link that leads out of the folder',
    ],
    ['folder.zarr', (name) => chunkOf(name, (chunk) => mkdir(chunk)), 'it is a folder or a device'],
    [
      'text.zarr',
      async (name) => {
        await mkdir(join(folder, name));
        await writeFile(join(folder, name, '.zattrs'), '{');
        await writeFile(join(folder, name, '.zgroup'), '{"zarr_format": 2}');
      },
      'cannot be read as a slide',
    ],
    ['no-zarr.zarr', (name) => mkdir(join(folder, name)), 'it is a folder or a device, a file was expected'],
  ];
  test.each(cases)('%s', async (name, make, message) => {
    await make(name);
    const file = join(folder, name);
    const reading = describeSlide(file, options).then((description) => openSlide(description).readRegion(0, whole));
    await expect(reading).rejects.toMatchObject({ code: 'unreadable-slide' });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(new RegExp(`^${name} cannot be read as a slide: [^\\n]*$`));
  });
});

test('another sampled chunk, or other metadata, is another slide', async () => {
  const file = join(folder, 'changed.zarr');
  const made: ZarrOptions = { zarrFormat: 2, chunks: [3, 64, 64] };
  await writeZarr(file, [along('cyx')], made);
  const before = await describeSlide(file, options);
  expect(await describeSlide(file, options)).toEqual(before);
  await writeFile(join(file, '0', '0', '0', '0'), new Uint8Array(3 * 64 * 64));
  const after = await describeSlide(file, options);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  expect((await openSlide(after).readRegion(0, { x: 0, y: 0, width: 1, height: 1 }))[0]).toBe(0);
  await utimes(join(file, '.zattrs'), new Date(), new Date(Date.now() + 5000));
  const touched = await describeSlide(file, options);
  expect(touched.fingerprint).not.toBe(after.fingerprint);
  expect(touched.version).not.toBe(after.version);
});

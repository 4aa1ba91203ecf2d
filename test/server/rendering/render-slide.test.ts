import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { type RenderOptions, renderSlide } from '../../../server/src/rendering/render-slide.ts';
import { renderedSize } from '../../../server/src/rendering/slide-strip.ts';
import { describeSlide } from '../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../server/src/slides/open-slide.ts';
import type { SlideReader } from '../../../server/src/slides/slide.ts';
import { crop, image, picture, temporaryFolder } from '../slides/pictures.ts';

const folder = await temporaryFolder();
const out = join(folder, 'out');
const slide = join(folder, 'slide.png');
const WIDTH = 701;
const HEIGHT = 533;
const source = picture(WIDTH, HEIGHT);
let reader: SlideReader;

beforeAll(async () => {
  await mkdir(out);
  await writeFile(slide, await image(source.data, WIDTH, HEIGHT).png().toBuffer());
  reader = openSlide(await describeSlide(slide, { store: folder }));
});

/** Red that grows more opaque downwards; fully transparent in the left half. */
function heatmap(width: number) {
  return async (y: number, height: number) => {
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < width * height; i++) {
      const alpha = i % width < width / 2 ? 0 : (y + Math.floor(i / width)) % 256;
      rgba.set([255, 10, 20, alpha], i * 4);
    }
    return rgba;
  };
}

function options(scale: number, more: Partial<RenderOptions> = {}): RenderOptions {
  return { scale, paintStrip: heatmap(renderedSize(source, scale).width), ...more };
}

/** The same picture computed at once. */
function expected(): Uint8Array {
  return source.data.map((below, i) => {
    const pixel = Math.floor(i / 3);
    const alpha = pixel % WIDTH < WIDTH / 2 ? 0 : Math.floor(pixel / WIDTH) % 256;
    return Math.round((alpha * [255, 10, 20][i % 3] + (255 - alpha) * below) / 255);
  });
}

test.each(['a.png', 'a.tif'])('%s has the exact composite, and nothing else is left', async (name) => {
  const file = join(out, name);
  expect(await renderSlide(reader, file, options(1))).toEqual({ width: WIDTH, height: HEIGHT });
  expect(Buffer.compare(await sharp(file).raw().toBuffer(), expected())).toBe(0);
  expect((await readdir(out)).filter((left) => left.startsWith('.'))).toEqual([]);
});

test.each(['b.jpg', 'b.webp'])('%s resembles it', async (name) => {
  const file = join(out, name);
  await renderSlide(reader, file, options(1));
  const pixels = await sharp(file).raw().toBuffer();
  const truth = expected();
  expect(pixels).toHaveLength(truth.length);
  expect(truth.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]), 0) / truth.length).toBeLessThan(12);
});

test('the TIFF is tiled and pyramidal, so it can be a slide itself', async () => {
  const file = join(out, 'slide.tif');
  await renderSlide(reader, file, options(1));
  const { regionFile, levels } = await describeSlide(file, { store: folder });
  expect(regionFile).toBe(file);
  expect(levels.length).toBeGreaterThan(1);
});

test.each([
  [0.5, 351, 267],
  [0.3, 211, 160],
  [0.01, 8, 6],
  [1 / 701, 1, 1],
])('at scale %d it has %d x %d pixels, each the mean of those under it', async (scale, width, height) => {
  const file = join(out, 'scaled.png');
  const transparent = async (_y: number, rows: number) => new Uint8ClampedArray(width * rows * 4);
  expect(await renderSlide(reader, file, { scale, paintStrip: transparent })).toEqual({ width, height });
  const pixels = await sharp(file).raw().toBuffer();
  expect(pixels).toHaveLength(width * height * 3);
  const side = 1 / scale;
  if (!Number.isInteger(side) || side > HEIGHT) return;
  for (let i = 0; i < 5 * 4 * 3; i++) {
    const [x, y, channel] = [Math.floor(i / 3) % 5, Math.floor(i / 15), i % 3];
    const below = crop(source, { x: x * side, y: y * side, width: side, height: side });
    const mean = below.reduce((sum, value, at) => sum + (at % 3 === channel ? value : 0), 0) / side ** 2;
    // Stored levels are rounded once each.
    expect(Math.abs(pixels[(y * width + x) * 3 + channel] - mean)).toBeLessThan(2);
  }
});

test('strips are asked for from top to bottom and cover the picture once; progress grows to 1', async () => {
  const strips: [number, number][] = [];
  const progress: number[] = [];
  const paint = heatmap(WIDTH);
  await renderSlide(reader, join(out, 'strips.png'), {
    scale: 1,
    paintStrip: (y, height) => {
      strips.push([y, height]);
      return paint(y, height);
    },
    onProgress: (done) => progress.push(done),
  });
  expect(strips).toEqual([
    [0, 256],
    [256, 256],
    [512, 21],
  ]);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
});

test('a failure or an abort leaves what was there, and nothing half-written', async () => {
  const file = join(out, 'kept.png');
  await writeFile(file, 'before');
  const failing = () => Promise.reject(new Error('no such heatmap'));
  await expect(renderSlide(reader, file, options(1, { paintStrip: failing }))).rejects.toThrow('no such heatmap');
  const controller = new AbortController();
  const aborting = async (y: number, height: number) => {
    controller.abort(new Error('stopped'));
    return heatmap(WIDTH)(y, height);
  };
  const aborted = renderSlide(reader, file, options(1, { paintStrip: aborting, signal: controller.signal }));
  await expect(aborted).rejects.toThrow('stopped');
  expect(await readFile(file, 'utf8')).toBe('before');
  expect((await readdir(out)).filter((left) => left.startsWith('.'))).toEqual([]);
});

test('an abort while the picture is encoded is obeyed at once', async () => {
  const controller = new AbortController();
  const file = join(out, 'encoding.tif');
  const onProgress = (done: number) => {
    if (done >= 0.5) setTimeout(() => controller.abort(new Error('stopped late')), 1);
  };
  await expect(renderSlide(reader, file, options(1, { onProgress, signal: controller.signal }))).rejects.toThrow(
    'late',
  );
  await vi.waitFor(async () => expect((await readdir(out)).filter((left) => left.includes('encoding'))).toEqual([]));
});

test('a mistake of the painter stays what it is', async () => {
  const mistake = new TypeError('undefined is not a heatmap');
  const paintStrip = () => Promise.reject(mistake);
  await expect(renderSlide(reader, join(out, 'mistake.png'), options(1, { paintStrip }))).rejects.toBe(mistake);
});

test.each([
  ['an unknown ending', 'a.bmp', 1, 'bad-parameter'],
  ['a folder that is missing', 'none/a.png', 1, 'bad-parameter'],
  ['a folder as output', '../out.png', 1, 'bad-parameter'],
  ['the slide itself', '../slide.png', 1, 'bad-parameter'],
  ['scale 0', 'a.png', 0, 'bad-parameter'],
  ['a scale above 1', 'a.png', 1.01, 'bad-parameter'],
  ['no scale', 'a.png', Number.NaN, 'bad-parameter'],
])('%s is refused before any work', async (_, name, scale, code) => {
  await mkdir(join(folder, 'out.png'), { recursive: true });
  const paintStrip = () => expect.fail('painted');
  await expect(renderSlide(reader, join(out, name), { scale, paintStrip })).rejects.toMatchObject({ code });
});

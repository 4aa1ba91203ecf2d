import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { openCatalogue } from '../../../../server/src/catalogue.ts';
import { createHeatmapSource } from '../../../../server/src/heatmaps/open-heatmap.ts';
import { describeSlide, readSlideHeader } from '../../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../../server/src/slides/open-slide.ts';
import { isListedSlide, SLIDE_ENDINGS } from '../../../../server/src/slides/recognize.ts';
import { crop, image, picture } from '../pictures.ts';
import { type Answer, servedFolder } from './served-folder.ts';

const served = await servedFolder();
const { folder, server, instead, afresh } = served;
const options = { store: join(folder, 'store') };
const source = picture(700, 530);
const WHOLE = { x: 0, y: 0, width: 700, height: 530 };
/** Writes a pyramid with libvips, to be served. */
async function pyramid(name: string, size: number, overlap: number): Promise<void> {
  const pixels = image(source.data, source.width, source.height).png();
  await pixels.tile({ size, overlap, layout: 'dz', depth: 'onepixel' }).toFile(join(folder, `${name}.dz`));
}

const sourceFile = (name: string, path: string, more: object = {}) =>
  served.sourceFile(name, { type: 'dzi', path, ...more });

describe('regions', () => {
  test.each([
    [254, 1, 256],
    [256, 0, 256],
    [300, 7, 300],
    [100, 3, 256],
  ])('tiles of %d with overlap %d', async (size, overlap, tileSize) => {
    await pyramid(`a${size}`, size, overlap);
    const file = await sourceFile(`a${size}`, `/a${size}.dzi?key=1`, { mpp: 0.25, title: 'Far away' });
    const description = await describeSlide(file, options);
    expect(description).toMatchObject({
      ...{ file, regionFile: file, format: 'Deep Zoom (remote)', reader: 'remote', width: 700, height: 530, mpp: 0.25 },
      tileSize,
    });
    expect(await readSlideHeader(file)).toMatchObject({ title: 'Far away', width: 700, mpp: 0.25 });
    const slide = openSlide(description);
    expect(Buffer.compare(await slide.readRegion(0, WHOLE), source.data)).toBe(0);
    for (const region of [
      { x: 97, y: 123, width: 401, height: 300 },
      { x: 699, y: 529, width: 1, height: 1 },
      { x: size - 1, y: size - 1, width: 2, height: 2 },
    ]) {
      expect(Buffer.compare(await slide.readRegion(0, region), crop(source, region))).toBe(0);
    }
    const half = await sharp(join(folder, `a${size}_files/9/0_0.png`))
      .raw()
      .toBuffer();
    const side = Math.min(size, 265);
    const corner = { x: 0, y: 0, width: side, height: side };
    expect(
      Buffer.compare(
        await slide.readRegion(1, corner),
        crop({ data: half, width: Math.min(size + overlap, 350) }, corner),
      ),
    ).toBe(0);
    expect(server.asked.every((path) => path.endsWith('?key=1'))).toBe(true);
    server.asked.length = 0;
  });

  test('a descriptor of JSON', async () => {
    await pyramid('b', 254, 1);
    const size = { Width: '700', Height: 530 };
    const descriptor = { Image: { Format: 'png', Overlap: 1, TileSize: '254', Size: size } };
    await writeFile(join(folder, 'b.json'), JSON.stringify(descriptor));
    const slide = openSlide(await describeSlide(await sourceFile('b', '/b.json'), options));
    expect(Buffer.compare(await slide.readRegion(0, WHOLE), source.data)).toBe(0);
  });
});

test('the fingerprint is that of the pixels: not of the address, the file or its time', async () => {
  await pyramid('c', 254, 1);
  await pyramid('d', 254, 1);
  const of = async (name: string, more?: object) =>
    (await describeSlide(await sourceFile(name, `/${name}.dzi`, more), options)).fingerprint;
  const first = await of('c');
  expect(await of('d', { mpp: 1 })).toBe(first);
  const other = await sharp(join(folder, 'c_files/10/1_1.png')).negate().png().toBuffer();
  await writeFile(join(folder, 'd_files/10/1_1.png'), other);
  expect(await of('d')).not.toBe(first);
});

test('a tile that is missing, broken or another is an error where its pixels are, and only there', async () => {
  await pyramid('e', 254, 1);
  const description = await describeSlide(await sourceFile('e', '/e.dzi'), options);
  const region = { x: 260, y: 260, width: 100, height: 100 };
  const png = (width: number) => sharp({ create: { width, height: 256, channels: 3, background: 'red' } }).png();
  const path = '/e_files/10/1_1.png';
  const cases: [() => Answer, string, string][] = [
    [() => ({ status: 404, body: '' }), 'unreadable-slide', 'it is missing there (status 404)'],
    [() => ({ status: 500, body: '' }), 'unavailable', 'its server answered with status 500; try again later'],
    [() => ({ type: 'text/html', body: '<html>' }), 'unreadable-slide', 'it is of type "text/html", an image'],
    [() => ({ body: 'no picture' }), 'unreadable-slide', 'it is no JPEG, PNG or WebP'],
    [() => ({ body: '' }), 'unreadable-slide', 'it is no JPEG, PNG or WebP'],
  ];
  const [wide, cut] = [await png(257).toBuffer(), (await png(256).toBuffer()).subarray(0, 300)];
  cases.push([() => ({ body: wide }), 'unreadable-slide', 'it has 257 x 256 pixels, 256 x 256 were expected']);
  cases.push([() => ({ body: cut }), 'unreadable-slide', 'it is truncated or damaged']);
  for (const [answer, code, message] of cases) {
    // Nothing of it is in memory.
    afresh();
    const slide = openSlide(description);
    instead.set(path, answer);
    const failure = await slide.readRegion(0, region).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Problem', code });
    expect(String(failure)).toContain(`e.source.json cannot be read as a slide: its tile ${server.address}${path} `);
    expect(String(failure)).toContain(message);
    const beside = { x: 0, y: 0, width: 254, height: 530 };
    expect(Buffer.compare(await slide.readRegion(0, beside), crop(source, beside))).toBe(0);
    instead.delete(path);
    expect(Buffer.compare(await slide.readRegion(0, region), crop(source, region))).toBe(0);
  }
});

const dzi = (attributes: string, size: string) =>
  `<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" ${attributes}><Size ${size}/></Image>`;

test.each<[string, string, string]>([
  ['/x.dzc', '', 'it is a Deep Zoom collection (.dzc)'],
  ['/x.xml', '<Collection xmlns="http://schemas.microsoft.com/deepzoom/2008"/>', 'it is a Deep Zoom collection (.dzc)'],
  ['/x.json', '{"Collection": {}}', 'it is a Deep Zoom collection (.dzc)'],
  ['/x.dzi', '<Image', 'its descriptor has no Image'],
  ['/x.json', '{"Image"', 'its descriptor is no JSON'],
  ['/x.json', '{"Image": 5}', 'its descriptor has no Image'],
  ['/x.json', '{"Image": {"Format": "png", "TileSize": 256, "Overlap": 0}}', 'its Width is nothing'],
  ['/x.dzi', dzi('TileSize="254" Overlap="1" Format="exe"', 'Width="9" Height="9"'), 'its tiles have the format "exe"'],
  [
    '/x.dzi',
    dzi('TileSize="256" Overlap="0" Format="png"', 'Width="2147483647" Height="2147483647"'),
    'it has 2147483647 x 2147483647 pixels, at most 1099511627776 were expected',
  ],
  ['/x.dzi', dzi('TileSize="256" Overlap="0" Format="png"', 'Width="0" Height="9"'), 'its Width is "0"'],
  ['/x.dzi', ' '.repeat(70_000), 'it has more, at most 65536 bytes were expected'],
  ['/gone.dzi', '', 'gone.dzi cannot be used: it is missing there (status 404)'],
])('%s with %.60s is refused', async (path, body, message) => {
  if (path !== '/gone.dzi') instead.set(path, () => ({ body, type: 'text/plain' }));
  const file = await sourceFile('x', path);
  await expect(describeSlide(file, options)).rejects.toMatchObject({
    code: 'unreadable-slide',
    message: expect.stringMatching(/^x\.source\.json cannot be read as a slide: /),
  });
  await expect(describeSlide(file, options)).rejects.toThrow(message);
  instead.clear();
});

test.each<[string, string]>([
  ['{"type": "dzi", "url": ', 'JSON such as {"type": "dzi", "url": "https://..."} was expected'],
  ['{"type": "dzi", "url": "a.dzi"}', 'url: expected an address of http or https'],
  ['{"type": "dzi", "url": "file:///etc/passwd"}', 'url: expected an address of http or https'],
  ['{"type": "dzi", "url": "http://127.0.0.1:1/a.dzi"}', 'hosts named with --remote-host, 127.0.0.1:1 is not one'],
  ['{"type": "dzi", "url": "http://a/", "mpp": 0}', 'mpp: expected microns per pixel above 0'],
  ['{"type": "dzi", "url": "http://a/", "colour": 1}', 'colour'],
  ['{"mpp": 0.5}', 'it is JSON, of which {"type": "dzi", "url": "https://..."}, of type dzi'],
  ['{"type": "FeatureCollection", "url": "http://a/"}', 'it is JSON, of which'],
  ['{"type": "dzi"}', 'url: expected the address of its descriptor (.dzi)'],
  ['{"type": "iiif", "mpp": 1}', 'url: expected the address of the image or its info.json'],
  ['{"type": "template"}', 'url: expected the address of a tile, with {z}, {x} and {y}'],
  [
    '{"type": "wmts", "url": "http://a/"}',
    'type: expected dzi, iiif or template (of tiles by {z}, {x} and {y}, as WMTS',
  ],
  [
    '{"type": "template", "url": "https://{x}.a.org/{z}/{x}/{y}.png", "width": 9, "height": 9}',
    'url: expected {z}, {x} and {y} in the path or the query, found one in the host',
  ],
  ['{"type": "WMTS", "url": "http://a/"}', 'type: expected dzi, iiif or template'],
])('a file that says %s is refused', async (text, message) => {
  const file = join(folder, 'y.source.json');
  await writeFile(file, text);
  await expect(readSlideHeader(file)).rejects.toMatchObject({ code: 'unreadable-slide' });
  await expect(readSlideHeader(file)).rejects.toThrow(message);
});

test('of JSON files those are slides that tell of a tile server, broken or not', async () => {
  const listed = join(folder, 'listed');
  await mkdir(listed);
  const texts = {
    'a.json': '{"type": "dzi", "url": "https://a/a.dzi"}',
    'b.json': '\ufeff{\n "url": "https://a/b.dzi", "type" : "dzi", ',
    'c.tif.json': '{"title": "Of a slide", "mpp": 0.5}',
    'd.json': '{"type": "FeatureCollection", "features": []}',
    'e.json': '[{"type": "dzi", "url": "https://a/e.dzi"}]',
    'f.json': '',
    'g.json': '{"type": "dzi"}',
    'h.json': '{"type": "wmts", "url": "https://a/"}',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(listed, name), text);
  const endings = SLIDE_ENDINGS;
  const catalogue = openCatalogue(listed, { name: 'slide', endings, isListed: isListedSlide });
  expect((await catalogue.list()).entries.map(({ id }) => id)).toEqual(['a.json', 'b.json', 'g.json', 'h.json']);
  await expect(catalogue.resolve('c.tif.json')).rejects.toMatchObject({ code: 'not-found' });
});

test('a slide that changes on its server becomes another one, without anybody waiting', async () => {
  await pyramid('f', 254, 1);
  const file = await sourceFile('f', '/f.dzi');
  // Nothing but what concerns slides is asked for.
  const slides = createHeatmapSource({
    worker: {
      processes: 1,
      perform: () => Promise.reject(new Error()),
      prepare: async () => {},
      close: async () => {},
    },
  });
  const first = await slides.slide(file);
  expect(await slides.slide(file)).toBe(first);
  const other = await sharp(join(folder, 'f_files/10/1_1.png')).negate().png().toBuffer();
  await writeFile(join(folder, 'f_files/10/1_1.png'), other);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  try {
    expect(await slides.slide(file)).toBe(first);
    await vi.waitUntil(async () => (await slides.slide(file)).fingerprint !== first.fingerprint, { timeout: 20_000 });
  } finally {
    vi.useRealTimers();
  }
  const second = await slides.slide(file);
  expect(second.fingerprint).not.toBe(first.fingerprint);
  const region = { x: 300, y: 300, width: 9, height: 9 };
  const negative = crop(source, region).map((value) => 255 - value);
  expect(Buffer.compare(await openSlide(second).readRegion(0, region), negative)).toBe(0);
  await slides.close();
});

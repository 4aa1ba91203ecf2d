import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { describeSlide, readSlideHeader } from '../../../../server/src/slides/describe-slide.ts';
import { openSlide } from '../../../../server/src/slides/open-slide.ts';
import { allowRemoteHosts } from '../../../../server/src/slides/remote/process-fetcher.ts';
import { levelScales } from '../../../../server/src/slides/stored-level.ts';
import { crop, image, picture } from '../pictures.ts';
import { type IiifServed, iiifServer } from './iiif-server.ts';
import { servedFolder } from './served-folder.ts';
import { hosts, tileServer } from './tile-server.ts';

const served = await servedFolder();
const { folder, instead, server, sourceFile, afresh } = served;
const options = { store: join(folder, 'store') };
const source = picture(700, 530);
const WHOLE = { x: 0, y: 0, width: 700, height: 530 };
const REGIONS = [WHOLE, { x: 97, y: 123, width: 401, height: 300 }, { x: 699, y: 529, width: 1, height: 1 }];

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const isExact = async (slide: ReturnType<typeof openSlide>) => {
  for (const region of REGIONS) expect(same(await slide.readRegion(0, region), crop(source, region))).toBe(true);
};

describe('files that libvips writes, of level 0', () => {
  test.each([
    ['iiif', 2, 256],
    ['iiif3', 3, 256],
    ['iiif', 2, 300],
    ['iiif3', 3, 1024],
  ] as const)('%s, version %d, tiles of %d', async (layout, version, size) => {
    const name = `${layout}-${size}`;
    const pixels = image(source.data, source.width, source.height).png();
    await pixels.tile({ size, layout, id: 'https://elsewhere.example' }).toFile(join(folder, name));
    // Those of version 3 do not say that they are PNG.
    const file = await sourceFile(name, { type: 'iiif', path: `/${name}`, format: 'png', mpp: 0.5 });
    const description = await describeSlide(file, options);
    expect(description).toMatchObject({ format: `IIIF ${version} (remote)`, width: 700, height: 530, mpp: 0.5 });
    const slide = openSlide(description);
    await isExact(slide);
    // Every level is there, down to the one that is a single tile.
    expect(description.levels).toHaveLength(size === 1024 ? 1 : 3);
    for (const [index, level] of description.levels.entries()) {
      expect(await slide.readRegion(index, { ...level, x: 0, y: 0 })).toHaveLength(level.width * level.height * 3);
    }
  });

  test('nothing but listed tiles is asked for', async () => {
    const name = 'iiif-256';
    const file = await sourceFile(name, { type: 'iiif', path: `/${name}/info.json` });
    afresh();
    server.asked.length = 0;
    await isExact(openSlide(await describeSlide(file, options)));
    expect(new Set(server.asked.filter((path) => !path.endsWith('info.json'))).size).toBe(9);
    for (const path of server.asked) await readFile(join(folder, path));
  });
});

describe('images of level 0', () => {
  const profile = 'level0';
  const context = 'http://iiif.io/api/image/3/context.json';
  const info = { '@context': context, type: 'ImageService3', profile, width: 700, height: 530 };
  const scaled = (width: number, height: number) =>
    image(source.data, 700, 530).resize(width, height, { fit: 'fill' }).png().toBuffer();

  test('that have no tiles are read whole', async () => {
    const body = await scaled(700, 530);
    instead.set('/whole/info.json', () => ({ body: JSON.stringify({ ...info, preferredFormats: ['tif', 'png'] }) }));
    for (const name of ['full/max', 'full/700,530', '0,0,700,530/700,530']) {
      const path = `/whole/${name}/0/default.png`;
      instead.set(path, () => ({ body }));
      afresh();
      await isExact(
        openSlide(await describeSlide(await sourceFile('whole', { type: 'iiif', path: '/whole' }), options)),
      );
      instead.delete(path);
    }
  });

  test('that have tiles of few scales are read at the sizes that are listed besides', async () => {
    const small = await scaled(87, 66);
    const sizes = [
      { width: 87, height: 66 },
      { width: 200, height: 151 },
      { width: 700, height: 530 },
    ];
    const tiles = [{ width: 256, scaleFactors: [1, 3] }];
    instead.set('/iiif3-256/info.json', () => ({ body: JSON.stringify({ ...info, tiles, sizes }) }));
    instead.set('/iiif3-256/full/87,66/0/default.png', () => ({ body: small }));
    const file = await sourceFile('sizes', { type: 'iiif', path: '/iiif3-256', format: 'png' });
    const description = await describeSlide(file, options);
    expect(description.levels.map(({ width, height }) => [width, height])).toEqual([
      [700, 530],
      [87, 66],
    ]);
    expect(levelScales(description)).toEqual([1, 8]);
    const slide = openSlide(description);
    await isExact(slide);
    const expected = await sharp(small).raw().toBuffer();
    expect(same(await slide.readRegion(1, { x: 0, y: 0, width: 87, height: 66 }), expected)).toBe(true);
  });

  test.each<[string, object, string]>([
    ['too large to be fetched whole', { width: 5000 }, 'its full resolution is neither in its tiles'],
    [
      'with tiles of smaller levels alone',
      { width: 5000, tiles: [{ width: 256, scaleFactors: [2, 4, 8, 16, 32] }] },
      'its full resolution is neither in its tiles',
    ],
    [
      'without a level for overviews',
      { width: 50_000, height: 50_000, tiles: [{ width: 256, scaleFactors: [1, 2] }] },
      'its smallest level has 25000 x 25000 pixels',
    ],
    ['with tiles of a pixel', { tiles: [{ width: 1, scaleFactors: [1] }] }, 'its tiles have 1 x 1 pixels'],
    ['of no size', { width: 0 }, 'its info.json is none of IIIF: width: '],
    ['of a huge size', { width: 2 ** 31, height: 2 ** 31 }, 'its info.json is none of IIIF: width: '],
    [
      'of many pixels',
      { width: 2 ** 30, height: 2 ** 30, tiles: [{ width: 256, scaleFactors: [1] }] },
      'at most 1099511627776 were expected',
    ],
    ['with scales that are none', { tiles: [{ width: 256, scaleFactors: ['a'] }] }, 'tiles.0.scaleFactors.0'],
    [
      'of version 1',
      { '@context': 'http://library.stanford.edu/iiif/image-api/1.1/context.json', type: undefined },
      'it is of version 1 of the IIIF Image API, 2 or 3 was expected',
    ],
    ['of no version', { '@context': undefined, type: 'Image' }, 'it is of no known version of the IIIF Image API'],
  ])('%s are refused', async (_name, more, message) => {
    instead.set('/bad/info.json', () => ({ body: JSON.stringify({ ...info, ...more }) }));
    const file = await sourceFile('bad', { type: 'iiif', path: '/bad' });
    await expect(readSlideHeader(file)).rejects.toMatchObject({ code: 'unreadable-slide' });
    await expect(readSlideHeader(file)).rejects.toThrow(message);
  });

  test.each(['{"width": 5', '[]', 'null', ''])('an info.json of %j is refused', async (body) => {
    instead.set('/bad/info.json', () => ({ body }));
    await expect(readSlideHeader(await sourceFile('bad', { type: 'iiif', path: '/bad' }))).rejects.toThrow(
      /bad\.source\.json cannot be read as a slide: .*\/bad cannot be used: its info\.json is no/,
    );
  });
});

describe('servers that make any region', () => {
  const tiles = [{ width: 256, height: 192, scaleFactors: [1, 2, 4] }];
  const cases: [string, IiifServed, number[]][] = [
    ['version 2, level 1', { version: 2, level: 1, info: { tiles } }, [1, 2, 4]],
    [
      'version 2, level 1, heights rounded down',
      { version: 2, level: 1, info: { tiles }, round: Math.floor },
      [1, 2, 4],
    ],
    ['version 2, level 2', { version: 2, level: 2, info: { tiles } }, [1, 2, 4]],
    ['version 2, level 2, heights rounded up', { version: 2, level: 2, info: { tiles }, round: Math.ceil }, [1, 2, 4]],
    ['version 3, level 1', { version: 3, level: 1, info: { tiles } }, [1, 2, 4]],
    [
      'version 3, level 2, with few scales',
      { version: 3, level: 2, info: { tiles: [{ width: 128, scaleFactors: [1] }] } },
      [1, 2, 4, 8],
    ],
    ['version 3, without tiles', { version: 3, level: 2 }, [1, 2]],
    ['version 2, without tiles, small pictures alone', { version: 2, level: 2, info: { maxWidth: 100 } }, [1, 2, 4, 8]],
  ];
  test.each(cases)('%s', async (_name, made, scales) => {
    const own = await tileServer(iiifServer(source, made));
    allowRemoteHosts(hosts(own.host, server.host));
    const file = join(folder, 'made.json');
    await writeFile(file, JSON.stringify({ type: 'iiif', url: `${own.address}/a%2Fb?key=1`, format: 'png' }));
    const description = await describeSlide(file, options);
    expect(levelScales(description)).toEqual(scales);
    const slide = openSlide(description);
    await isExact(slide);
    for (const [index, scale] of scales.entries()) {
      const { width, height } = description.levels[index];
      expect([width, height]).toEqual([Math.ceil(700 / scale), Math.ceil(530 / scale)]);
      const level = await slide.readRegion(index, { x: 0, y: 0, width, height });
      const expected = await image(source.data, 700, 530).resize(width, height, { fit: 'fill' }).raw().toBuffer();
      if (scale > 1 && 'tile' in description.levels[index]) {
        const { tile } = description.levels[index];
        const inside = {
          x: 0,
          y: 0,
          width: Math.min(tile.width, width - 1),
          height: Math.min(tile.height, height - 1),
        };
        if (inside.width === tile.width && inside.height === tile.height) {
          // A tile off the edges has the pixels that the server makes of its region.
          const region = { x: 0, y: 0, width: tile.width * scale, height: tile.height * scale };
          const made = image(crop(source, region), region.width, region.height).resize(tile.width, tile.height, {
            fit: 'fill',
          });
          expect(same(await slide.readRegion(index, inside), await made.raw().toBuffer())).toBe(true);
        }
      }
      // Tiles are scaled one by one, and those at the edge a little differently.
      const differences = level.map((value, at) => Math.abs(value - expected[at]));
      expect(differences.reduce((sum, each) => sum + each, 0) / level.length).toBeLessThan(5);
    }
    expect(own.asked.every((path) => path.startsWith('/a%2Fb/') && path.endsWith('?key=1'))).toBe(true);
    afresh();
  });
});

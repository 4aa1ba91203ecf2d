import { copyFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { useServer } from '../../served-catalogue.ts';

const server = useServer();

const get = (path: string, init?: RequestInit) => fetch(new URL(path, server.address), init);
const TILE = 'slides/tissue.tif_files/11/2_1';

test.each(['jpeg', 'png'])('a .%s tile is sent once to a client that keeps it', async (ending) => {
  const tile = await get(`${TILE}.${ending}`);
  expect(tile.status).toBe(200);
  expect(tile.headers.get('content-type')).toBe(`image/${ending}`);
  expect(tile.headers.get('cache-control')).toBe('no-cache');
  // They are no heatmap's.
  expect([...tile.headers.keys()].filter((name) => name.startsWith('x-cam'))).toEqual([]);
  const etag = tile.headers.get('etag');
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  // Node's fetch would ask for a fresh one.
  const asking = (tag: string) => ({ headers: { 'If-None-Match': tag, 'Cache-Control': 'max-age=0' } });
  const again = await get(`${TILE}.${ending}`, asking(etag ?? ''));
  expect(again.status).toBe(304);
  expect((await again.arrayBuffer()).byteLength).toBe(0);
  const other = await get(`${TILE}.${ending}`, asking('"other"'));
  expect(other.status).toBe(200);
  expect(Buffer.from(await other.arrayBuffer())).toEqual(Buffer.from(await tile.arrayBuffer()));
});

test('quality is that of JPEG tiles', async () => {
  const size = async (path: string) => (await (await get(path)).arrayBuffer()).byteLength;
  const sizes = await Promise.all([1, 50, 100].map((quality) => size(`${TILE}.jpeg?quality=${quality}`)));
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[0]).toBeLessThan(sizes[2] / 4);
  expect(await size(`${TILE}.png?quality=1`)).toBe(await size(`${TILE}.png`));
});

test.each(['0', '101', '50.5', 'high', ''])('quality=%s is refused', async (quality) => {
  for (const path of [`${TILE}.jpeg`, 'slides/tissue.tif.dzi']) {
    const answer = await get(`${path}?quality=${quality}`);
    expect(answer.status).toBe(400);
    const { error } = await answer.json();
    expect(error.message).toBe(`quality: expected a whole number from 1 to 100, found "${quality}"`);
  }
});

test('a slide that is replaced has other tiles at once', async () => {
  const file = join(server.slides, 'replaced.tif');
  await copyFile(join(server.slides, 'tissue.tif'), file);
  const address = 'slides/replaced.tif_files/8/0_0.png';
  const before = Buffer.from(await (await get(address)).arrayBuffer());
  await sharp({ create: { width: 2000, height: 1300, channels: 3, background: '#204060' } })
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: 'deflate' })
    .toFile(file);
  await utimes(file, new Date(), new Date(Date.now() + 5000));
  const after = await get(address);
  expect(after.status).toBe(200);
  const { data } = await sharp(await after.arrayBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([...data.subarray(0, 3)]).toEqual([0x20, 0x40, 0x60]);
  expect(before.length).toBeGreaterThan(0);
});

test('a slide that is gone has no tiles, at once', async () => {
  const file = join(server.slides, 'gone.tif');
  await copyFile(join(server.slides, 'tissue.tif'), file);
  const address = 'slides/gone.tif_files/8/0_0.jpeg';
  expect((await get(address)).status).toBe(200);
  await rm(file);
  expect((await get(address)).status).toBe(404);
});

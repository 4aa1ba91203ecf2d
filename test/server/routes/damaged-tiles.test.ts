import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { onlyHeatmap } from '../../stored-results.ts';

const TILE = 'heatmaps/tissue.tif/tissue.h5_files/11/1_1';
let catalogue: SmallCatalogue;

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const [slide, model] = [join(catalogue.slides, 'tissue.tif'), join(catalogue.models, 'tissue.h5')];
  expect((await runCommand('analyze', slide, model, '--store', catalogue.store)).status).toBe(0);
});
afterAll(() => rm(catalogue.root, { recursive: true, force: true }));

/** The same store with a byte of every chunk of an array flipped. */
async function damagedCopy(array: string): Promise<string> {
  const copy = join(catalogue.root, `without-${array.replace('/', '-')}`);
  await cp(catalogue.store, copy, { recursive: true });
  const folder = join(await onlyHeatmap(copy), 'data.zarr', array);
  for (const name of (await readdir(folder)).filter((file) => file.startsWith('c.'))) {
    const bytes = await readFile(join(folder, name));
    const at = bytes.length >> 1;
    await writeFile(join(folder, name), bytes.with(at, bytes[at] ^ 1));
  }
  return copy;
}

async function tilesOf(store: string, addresses: string[]) {
  const { slides, models } = catalogue;
  const server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  try {
    const tiles = [];
    for (const address of addresses) {
      const answer = await fetch(new URL(address, server.address));
      const bytes = Buffer.from(await answer.arrayBuffer()).toString('base64');
      const header = (name: string) => answer.headers.get(name);
      tiles.push({ bytes, missing: header('x-cam-missing'), revision: header('x-cam-revision') });
      if (header('x-cam-missing') !== '0') expect(header('cache-control')).toBe('no-store');
    }
    return { tiles, log: server.stderr() };
  } finally {
    await server.stop();
  }
}

test.each(['npy', 'png'])('a .%s tile that comes upon damage is the right one the first time', async (format) => {
  const address = `${TILE}.${format}?${format === 'png' ? 'top=2' : 'classes=0,1'}`;
  const { tiles } = await tilesOf(catalogue.store, [address]);
  const damaged = await tilesOf(await damagedCopy('cells'), [address, `${address}&v=again`]);
  expect(damaged.log).toContain('of cells is damaged');
  expect(damaged.tiles).toEqual([tiles[0], tiles[0]]);
  expect(tiles[0].missing).toBe('0');
  await rm(join(catalogue.root, 'without-cells'), { recursive: true });
});

test('one that may not wait says what it lacks, and is older than the right one', async () => {
  const address = `${TILE}.npy?classes=0,1`;
  const { tiles } = await tilesOf(await damagedCopy('probabilities'), [`${address}&wait=0`, address]);
  const [hasty, right] = tiles;
  expect(Number(hasty.missing)).toBeGreaterThan(0);
  expect(Number(hasty.revision)).toBeLessThan(Number(right.revision));
  expect(right).toMatchObject({ missing: '0' });
  expect(hasty.bytes).not.toBe(right.bytes);
});

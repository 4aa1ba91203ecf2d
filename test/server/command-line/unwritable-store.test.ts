import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import { runCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
const disk = smallDisk(join(folder, 'disk'), 400 * 1024);
let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
});
afterAll(async () => {
  disk?.unmount();
  await rm(catalogue.root, { recursive: true });
});

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const polling = { interval: 50 };

/** Makes the disk unwritable, and gives what undoes that. */
const kinds: [string, string, string, () => Promise<() => Promise<void>>][] = [
  [
    'read-only',
    '--store DISK cannot be written (EROFS)',
    'the folder cannot be written',
    async () => {
      disk?.remount('ro');
      return async () => disk?.remount('rw');
    },
  ],
  [
    'full',
    '',
    'the disk is full',
    async () => {
      const ballast = join(folder, 'disk/ballast');
      await writeFile(ballast, new Uint8Array(2 ** 20)).catch(() => {});
      return () => rm(ballast);
    },
  ],
];

describe.skipIf(!disk).each(kinds)('a store that is %s', (_, atStart, says, spoil) => {
  const store = join(folder, 'disk');

  test('a server says so, serves from memory, and stores when it can', async () => {
    const mend = await spoil();
    const folders = ['--slides', catalogue.slides, '--models', catalogue.models, '--store', store];
    const server = await startCommand('serve', ...folders, '--port', '0');
    try {
      const descriptor = async (): Promise<HeatmapDescriptor> =>
        (await fetch(new URL(`${HEATMAP}.json`, server.address))).json();
      expect((await descriptor()).storeProblem).toContain(says);
      const tile = await fetch(new URL(`${HEATMAP}_files/11/0_0.png?top=2`, server.address));
      expect({ status: tile.status, missing: tile.headers.get('X-Cam-Missing') }).toEqual({
        status: 200,
        missing: '0',
      });
      await mend();
      await expect.poll(async () => (await descriptor()).storeProblem, polling).toBeNull();
      const lines = server
        .stderr()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).msg);
      const title = `${join(catalogue.slides, 'tissue.tif')} with tissue`;
      expect(lines).toEqual([
        ...(atStart === '' ? [] : [expect.stringContaining(atStart.replace('DISK', store))]),
        expect.stringContaining(`${title}: the store: ${says}`),
        `${title}: results are stored again`,
      ]);
    } finally {
      await server.stop();
    }
    await rm(join(store, 'heatmaps'), { recursive: true });
    await rm(join(store, 'models'), { recursive: true, force: true });
  });

  test('analyze says so in one line, and prints its breakdown', async () => {
    const mend = await spoil();
    const slide = join(catalogue.slides, 'tissue.tif');
    const model = join(catalogue.models, 'tissue.h5');
    const spoilt = await runCommand('analyze', slide, model, '--store', store, '--json');
    await mend();
    const { seconds: _seconds, ...found } = JSON.parse(spoilt.stdout);
    expect(spoilt.stderr.trim().split('\n')).toEqual([expect.stringContaining(`the store: ${says}`)]);
    expect(spoilt.status).toBe(0);
    const other = await runCommand('analyze', slide, model, '--store', join(folder, 'other'), '--json');
    expect(JSON.parse(other.stdout)).toMatchObject(found);
  });
});

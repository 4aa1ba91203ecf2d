import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
const store = join(folder, 'disk');
const disk = smallDisk(store, 12 * 1024 ** 2);
let catalogue: SmallCatalogue;
beforeAll(async () => {
  catalogue = await smallCatalogue();
});
afterAll(async () => {
  disk?.unmount();
  await rm(catalogue.root, { recursive: true, force: true });
});

async function tilesOf(storeFolder: string) {
  const { slides, models } = catalogue;
  const server = await startCommand(
    'serve',
    '--slides',
    slides,
    '--models',
    models,
    '--store',
    storeFolder,
    '--port',
    '0',
  );
  try {
    const tiles = [];
    for (const path of [
      'slides/brain:piece.png_files/10/0_0.png',
      'heatmaps/brain:piece.png/tissue.h5_files/10/1_1.npy',
    ]) {
      const answer = await fetch(new URL(path, server.address));
      const bytes = Buffer.from(await answer.arrayBuffer()).toString('base64');
      tiles.push({ status: answer.status, missing: answer.headers.get('x-cam-missing'), bytes });
    }
    return { tiles, log: server.stderr() };
  } finally {
    await server.stop();
  }
}

test.skipIf(!disk)(
  'a slide whose pyramid cannot be kept is served from a temporary one, which is told and goes',
  async () => {
    const other = await tilesOf(join(folder, 'other'));
    expect(other.tiles.map(({ status }) => status)).toEqual([200, 200]);
    expect(other.log).not.toContain('pyramids of slides are made in');

    disk?.remount('ro');
    const { tiles, log } = await tilesOf(store);
    expect(tiles).toEqual(other.tiles);
    const told = [...log.matchAll(/pyramids of slides are made in (\S+) and go/g)];
    expect(told).toHaveLength(1);
    expect(log).toContain(`${join(store, 'slides')} cannot be written (EROFS)`);
    await expect(access(told[0][1])).rejects.toThrow('ENOENT');

    // One that is there already is used.
    disk?.remount('rw');
    await tilesOf(store);
    expect(await readdir(join(store, 'slides'))).toHaveLength(1);
    disk?.remount('ro');
    const kept = await tilesOf(store);
    expect(kept.tiles).toEqual(other.tiles);
    expect(kept.log).not.toContain('pyramids of slides are made in');
  },
);

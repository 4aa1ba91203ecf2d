import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand, temporaryFolder } from '../../command-line.ts';
import { paintSlide } from '../../painted-slides.ts';
import { childrenOf } from '../../processes.ts';
import { demoModelFiles } from '../../small-catalogue.ts';
import { openslideVersion, writeTrestle } from '../slides/openslide-slides.ts';
import { rawTiles } from '../slides/raw-tiles.ts';

const SIZE = { width: 600, height: 400 };

describe.skipIf(openslideVersion === undefined || process.platform !== 'linux')('a server of OpenSlide slides', () => {
  let root: string;
  let server: RunningCommand;

  beforeAll(async () => {
    root = await temporaryFolder();
    const [slides, models, store] = ['slides', 'models', 'store'].map((name) => join(root, name));
    await mkdir(slides);
    await mkdir(models);
    await paintSlide(join(root, 'painted.tif'), { seed: 5, ...SIZE });
    const data = await sharp(join(root, 'painted.tif')).removeAlpha().raw().toBuffer();
    await writeTrestle(join(slides, 'trestle.tif'), { data, ...SIZE });
    await writeFile(join(slides, 'plain.tif'), rawTiles({ data, ...SIZE, tileSize: 128 }));
    await copyFile(demoModelFiles.model, join(models, 'tissue.h5'));
    const { golden: _golden, ...manifest } = JSON.parse(await readFile(demoModelFiles.manifest, 'utf8'));
    delete manifest.resolution;
    await writeFile(join(models, 'tissue.manifest.json'), JSON.stringify(manifest));
    server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  });
  afterAll(async () => {
    await server?.stop();
    await rm(root, { recursive: true, force: true });
  });

  const get = (path: string) => fetch(new URL(path, server.address));
  const bytesOf = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());

  /** Processes below one that call OpenSlide. */
  async function libraryProcesses(pid: number): Promise<number[]> {
    const children = await childrenOf(pid);
    const named = await Promise.all(
      children.map(async (child) =>
        (await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')).includes('openslide-process'),
      ),
    );
    const below = await Promise.all(children.map(libraryProcesses));
    return [...children.filter((_, i) => named[i]), ...below.flat()];
  }

  test('its tiles and its scores are those of the same pixels in a plain TIFF', async () => {
    for (const tile of ['10/0_0.png', '10/2_1.png', '9/0_0.png', '5/0_0.png']) {
      const [one, other] = [
        await bytesOf(`slides/trestle.tif_files/${tile}`),
        await bytesOf(`slides/plain.tif_files/${tile}`),
      ];
      expect(one.length).toBeGreaterThan(100);
      expect(Buffer.compare(one, other)).toBe(0);
    }
    const tile = 'tissue.h5_files/10/0_0.npy';
    const one = await get(`heatmaps/trestle.tif/${tile}`);
    expect(one.status).toBe(200);
    expect(one.headers.get('x-cam-missing')).toBe('0');
    const other = await bytesOf(`heatmaps/plain.tif/${tile}`);
    expect(Buffer.compare(Buffer.from(await one.arrayBuffer()), other)).toBe(0);
  });

  test('a crash of the library takes nothing with it: not the server, not a worker, not a tile', async () => {
    const pid = server.process.pid ?? 0;
    const processes = await libraryProcesses(pid);
    // The server's, and a worker's.
    expect(processes.length).toBeGreaterThanOrEqual(2);
    const workers = await childrenOf(pid);
    const tiles = Array.from({ length: 12 }, (_, i) => get(`slides/trestle.tif_files/10/${i % 3}_${i % 2}.png`));
    for (const process_ of processes) process.kill(process_, 'SIGSEGV');
    for (const tile of await Promise.all(tiles)) expect(tile.status).toBe(200);
    expect((await get('heatmaps/trestle.tif/tissue.h5_files/10/1_1.npy')).status).toBe(200);
    expect((await get('slides/plain.tif_files/10/0_0.png')).status).toBe(200);
    const left = await childrenOf(pid);
    expect(workers.filter((worker) => !processes.includes(worker)).every((worker) => left.includes(worker))).toBe(true);
    expect(server.stderr()).not.toContain('died');
  });

  test('a command ends, and its processes with it', async () => {
    const { status, stdout } = await runCommand('inspect', join(root, 'slides/trestle.tif'));
    expect(status).toBe(0);
    expect(stdout).toMatch(/reader +openslide/);
    const processes = await libraryProcesses(server.process.pid ?? 0);
    await server.stop();
    await expect.poll(() => processes.filter(isAlive)).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

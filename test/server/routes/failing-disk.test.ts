import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand } from '../../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../../small-catalogue.ts';

/** Whether a small file system of its own can be had here. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0 && hasTmpfs();
if (!canMount)
  console.log('skipped: a full and a read-only disk (a file system can be mounted by root on Linux alone)');

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
let catalogue: SmallCatalogue;

function hasTmpfs(): boolean {
  try {
    execFileSync('mkdir', ['-p', '/tmp/openseadragon-cam-tmpfs']);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/tmp/openseadragon-cam-tmpfs'], {
      stdio: 'ignore',
    });
    execFileSync('umount', ['/tmp/openseadragon-cam-tmpfs']);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount)('a disk that takes nothing more', () => {
  let disk: string;
  let server: RunningCommand;

  beforeAll(async () => {
    catalogue = await smallCatalogue();
  });
  afterAll(async () => {
    await rm(catalogue.root, { recursive: true, force: true });
  });
  beforeEach(async ({ onTestFinished }) => {
    disk = join(catalogue.root, `disk-${Math.random()}`);
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]);
    onTestFinished(async () => {
      await server?.stop().catch(() => {});
      execFileSync('umount', ['-l', disk]);
    });
  });

  const start = async () => {
    const { slides, models } = catalogue;
    server = await startCommand('serve', '--slides', slides, '--models', models, '--store', disk, '--port', '0');
  };
  const json = async (path: string, init?: RequestInit) => (await fetch(new URL(path, server.address), init)).json();
  const until = async (
    matches: (descriptor: { storeProblem: string | null; analysis: { state: string } }) => boolean,
  ) => {
    for (;;) {
      const descriptor = await json(`${HEATMAP}.json`);
      if (matches(descriptor)) return descriptor;
      await setTimeout(50);
    }
  };
  const analyse = async () => {
    await json(`${HEATMAP}/analysis`, { method: 'POST' });
    return until(({ analysis }) => analysis.state !== 'running');
  };
  const remount = (how: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${how}`, disk]);
  const known = async () => (await json(`${HEATMAP}.json`)).analysis.patches.known;

  test('because it is full stops no server, is told, and is made up for', async () => {
    await start();
    await json(`${HEATMAP}.json`);
    // As large as it gets.
    await writeFile(join(disk, 'filler'), Buffer.alloc(20 * 1024 ** 2)).catch(() => {});
    const descriptor = await analyse();
    expect(descriptor.analysis).toMatchObject({ state: 'done', patches: { known: 150, total: 150 } });
    const told = await until(({ storeProblem }) => storeProblem !== null);
    expect(told.storeProblem).toContain('the disk is full');
    expect(server.stderr()).toContain('the disk is full');
    const tile = await fetch(new URL(`${HEATMAP}_files/11/1_1.npy`, server.address));
    expect(tile.headers.get('x-cam-missing')).toBe('0');

    await rm(join(disk, 'filler'));
    await until(({ storeProblem }) => storeProblem === null);
    expect(server.stderr()).toContain('stored again');
    await server.stop();
    await start();
    expect(await known()).toBe(150);
  }, 60_000);

  test('because it is read-only is told at the start, works in memory, and is made up for', async () => {
    remount('ro');
    await start();
    expect(server.stderr()).toContain('expected a folder that can be written');
    const { analysis, storeProblem } = await analyse();
    expect(analysis.patches.known).toBe(150);
    expect(storeProblem).toContain('cannot be written');
    const { slides, models } = catalogue;
    const command = await runCommand('analyze', join(slides, 'tissue.tif'), join(models, 'tissue.h5'), '--store', disk);
    expect(command.status).toBe(0);
    expect(command.stdout).toContain('over 150 of 150 patches');
    expect(command.stderr).toContain('kept in memory alone');
    remount('rw');
    await until((descriptor) => descriptor.storeProblem === null);
    await server.stop();
    await start();
    expect(await known()).toBe(150);
  }, 60_000);
});

import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand, startCommandAs, temporaryFolder } from '../../command-line.ts';
import { paintSlide } from '../../painted-slides.ts';
import { residentBytes } from '../../processes.ts';
import { makeFolderNamedAsSlide, writeCutFiles, writeLyingFiles, writeMisnamedFiles } from '../slides/hostile-files.ts';

const NOBODY = 65_534;

/** Milliseconds for hundreds of requests on a machine that is busy. */
const LONG = 240_000;

let root: string;
let slides: string;
let server: RunningCommand;
let most = 0;
let timer: NodeJS.Timeout;

beforeAll(async () => {
  root = await temporaryFolder();
  const folders = ['slides', 'models', 'store'].map((name) => join(root, name));
  slides = folders[0];
  for (const folder of folders) await mkdir(folder);
  await paintSlide(join(slides, 'good.tif'), { seed: 5, width: 600, height: 400 });
  const [, models, store] = folders;
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  timer = setInterval(async () => {
    most = Math.max(most, await residentBytes(server.process.pid ?? 0));
  }, 100);
});
afterAll(async () => {
  clearInterval(timer);
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

const get = (path: string) => fetch(new URL(path, server.address));

/** What is wrong with how a slide was answered, or null: pixels, or one clear line each. */
async function complaint(name: string): Promise<string | null> {
  for (const path of [`slides/${name}.dzi`, `slides/${name}_files/0/0_0.png`, `slides/${name}_files/8/0_0.jpeg`]) {
    const answer = await get(path);
    const body = await answer.text();
    if (answer.status === 200) continue;
    // No tile of a file that is no slide.
    if (answer.status === 404 && path.endsWith('.jpeg')) continue;
    if (answer.status !== 422) return `${path}: status ${answer.status}, ${body.slice(0, 200)}`;
    const { message } = JSON.parse(body).error;
    if (!message.includes(name) || /\n|\bat .*:\d|undefined|NaN|\[object/.test(message)) return `${path}: ${message}`;
  }
  return null;
}

async function expectServed(): Promise<void> {
  expect((await get('slides/good.tif_files/9/0_0.png')).status).toBe(200);
}

test(
  'files that are cut off at 20 places',
  async () => {
    const names = await writeCutFiles(slides);
    const complaints = [];
    for (const name of names) complaints.push(await complaint(name));
    expect(complaints.filter((text) => text !== null)).toEqual([]);
    await expectServed();
  },
  LONG,
);

test(
  'files that lie about themselves are refused',
  async () => {
    const names = await writeLyingFiles(slides);
    for (const name of names) {
      expect(await complaint(name)).toBeNull();
      expect([name, (await get(`slides/${name}.dzi`)).status]).toEqual([name, 422]);
      await expectServed();
    }
  },
  LONG,
);

test('files with the ending of another format are read as what they are', async () => {
  for (const name of await writeMisnamedFiles(slides)) {
    expect([name, (await get(`slides/${name}_files/8/0_0.png`)).status]).toEqual([name, 200]);
  }
});

test('what is no file is no slide', async () => {
  const names = [await makeFolderNamedAsSlide(slides), 'pipe.tif'];
  expect(spawnSync('mkfifo', [join(slides, 'pipe.tif')]).status).toBe(0);
  for (const name of names) {
    expect([name, (await get(`slides/${name}.dzi`)).status]).toEqual([name, 404]);
    const { status, stderr } = await runCommand('inspect', join(slides, name));
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^openseadragon-cam: .*a file was expected\n$/)]);
  }
  await expectServed();
});

test('a file that its server may not read', async () => {
  const folders = ['locked', 'locked-models', 'locked-store'].map((name) => join(root, name));
  const [locked, models, store] = folders;
  await chmod(root, 0o755);
  for (const folder of folders) await mkdir(folder);
  await chmod(store, 0o777);
  await paintSlide(join(locked, 'secret.tif'), { seed: 5, width: 600, height: 400 });
  await copyFile(join(locked, 'secret.tif'), join(locked, 'open.tif'));
  await chmod(join(locked, 'secret.tif'), 0);
  // Root may read everything.
  const uid = process.getuid?.() === 0 ? NOBODY : undefined;
  const args = ['serve', '--slides', locked, '--models', models, '--store', store, '--port', '0'];
  const other = await startCommandAs(uid, ...args);
  try {
    const answer = await fetch(new URL('slides/secret.tif.dzi', other.address));
    const { error } = await answer.json();
    expect([answer.status, error.message]).toEqual([
      422,
      'secret.tif cannot be read as a slide: this user may not read the file',
    ]);
    expect((await fetch(new URL('slides/open.tif_files/9/0_0.png', other.address))).status).toBe(200);
  } finally {
    await other.stop();
  }
});

test('the listing says of each what is wrong with it, and lists the good ones', async () => {
  const listing = await (await get('slides?limit=1000')).json();
  const ids = listing.slides.map(({ id }: { id: string }) => id);
  expect(ids).toContain('good.tif');
  expect(ids).not.toContain('pipe.tif');
  const { message } = listing.unreadable.find(({ id }: { id: string }) => id === 'bomb.png');
  expect(message).toContain('1096 bytes would unpack to 40000 x 40000 pixels');
});

test('all of it took little memory', () => {
  expect(most / 2 ** 20).toBeGreaterThan(50);
  expect(most / 2 ** 20).toBeLessThan(500);
});

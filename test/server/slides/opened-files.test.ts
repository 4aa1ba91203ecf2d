import { readdir, readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withOpenFile } from '../../../server/src/slides/opened-files.ts';
import { temporaryFolder } from './pictures.ts';

const folder = await temporaryFolder();

const start = (file: string) =>
  withOpenFile(file, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(5), 0, 5, 0);
    return buffer.toString('latin1', 0, bytesRead);
  });

/** How often this process has a file open (Linux). */
async function timesOpen(file: string): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => link === file).length;
}

test('a file that is replaced is read anew', async () => {
  const file = join(folder, 'replaced');
  await writeFile(file, 'first');
  expect(await start(file)).toBe('first');
  await writeFile(join(folder, 'other'), 'other');
  await rename(join(folder, 'other'), file);
  expect(await start(file)).toBe('other');
});

test('a file that is missing is told, and read when it is there', async () => {
  const file = join(folder, 'late');
  await expect(start(file)).rejects.toThrow('ENOENT');
  await writeFile(file, 'there');
  expect(await start(file)).toBe('there');
});

describe.skipIf(process.platform !== 'linux')('files stay open', () => {
  test('once for all who read them, and not for long', async () => {
    const file = join(folder, 'shared');
    await writeFile(file, 'bytes');
    await Promise.all(Array.from({ length: 20 }, () => start(file)));
    expect(await timesOpen(file)).toBeLessThanOrEqual(1);
    await expect.poll(() => timesOpen(file)).toBe(0);
  });

  test('as long as somebody reads', async () => {
    const file = join(folder, 'held');
    await writeFile(file, 'bytes');
    await withOpenFile(file, async (handle) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect((await handle.stat()).size).toBe(5);
    });
    await expect.poll(() => timesOpen(file)).toBe(0);
  });

  test('and are closed where there are many', async () => {
    const files = Array.from({ length: 100 }, (_, i) => join(folder, `many-${i}`));
    await Promise.all(files.map((file) => writeFile(file, 'bytes')));
    for (const file of files) await start(file);
    const open = await Promise.all(files.map(timesOpen));
    expect(open.reduce((sum, times) => sum + times, 0)).toBeLessThanOrEqual(65);
  });
});

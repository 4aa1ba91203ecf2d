import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { withOpenFile } from '../../../server/src/slides/opened-files.ts';
import { temporaryFolder } from './pictures.ts';

const system = vi.hoisted(() => ({ isFull: false }));

/** The system's `open`, of a process that has too many files open as long as `isFull` says so. */
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>();
  const open: typeof original.open = async (...given) => {
    if (system.isFull) throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    return original.open(...given);
  };
  return { ...original, open };
});

test('a file that could not be opened is opened again by the next read', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, 'bytes');
  const size = () => withOpenFile(file, async (handle) => (await handle.stat()).size);
  system.isFull = true;
  await expect(size()).rejects.toThrow('EMFILE');
  system.isFull = false;
  expect(await size()).toBe(5);
});

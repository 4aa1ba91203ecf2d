import { access, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the files that were made once in this run. */
    madeOnce: string;
  }
}

/**
 * The path of a file that is made once in a run of the tests, by the first file of tests that asks for it.
 * @param make writes it
 */
export async function madeOnce(name: string, make: (file: string) => Promise<void>): Promise<string> {
  const file = join(inject('madeOnce'), name);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) return file;
  const own = `${file}.${process.pid}`;
  await make(own);
  // Where two have made it at once, the second takes the place of the first, which is the same.
  await rename(own, file);
  return file;
}

/** Vitest's global setup: makes the folder before the first test of a run, and removes it after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'openseadragon-cam-once-'));
  project.provide('madeOnce', folder);
  return () => rm(folder, { recursive: true, force: true });
}

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { type RunningCommand, startCommand } from './command-line.ts';
import { type SmallCatalogue, smallCatalogue } from './small-catalogue.ts';

/** A server and the folders that it serves. */
export type Served = RunningCommand & SmallCatalogue;

/**
 * A server of the small catalogue for the tests of a file: there before the first, gone after the last.
 * @param options of `serve`, besides folders and port
 * @param prepare changes the catalogue before it is served
 */
export function useServer(
  options: readonly string[] = [],
  prepare: (catalogue: SmallCatalogue) => Promise<unknown> = async () => {},
): Served {
  const served: Served = Object.create(null);
  beforeAll(async () => {
    const catalogue = await smallCatalogue();
    Object.assign(served, catalogue);
    await prepare(catalogue);
    const { slides, models, store } = catalogue;
    const folders = ['--slides', slides, '--models', models, '--store', store];
    Object.assign(served, await startCommand('serve', ...folders, '--port', '0', ...options));
  });
  afterAll(async () => {
    await served.stop?.();
    if (served.root) await rm(served.root, { recursive: true, force: true });
  });
  return served;
}

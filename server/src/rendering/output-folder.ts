import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Problem } from '../errors.ts';

/**
 * The real folder of an output file.
 * @param slideFiles files that must not be overwritten
 * @throws Problem `bad-parameter` where the folder does not exist, or the output is a folder or one of `slideFiles`
 */
export async function outputFolder(file: string, slideFiles: readonly string[]): Promise<string> {
  const parent = dirname(resolve(file));
  const folder = await realpath(parent).catch(() => null);
  if (folder === null || !(await stat(folder)).isDirectory()) {
    throw new Problem('bad-parameter', `${file}: expected a file in an existing folder, found no folder ${parent}`);
  }
  const target = join(folder, basename(file));
  const existing = await realpath(target).catch(() => null);
  if (existing !== null && (await stat(existing)).isDirectory()) {
    throw new Problem('bad-parameter', `${file}: expected a file to write, found a folder`);
  }
  const inputs = await Promise.all(slideFiles.map((input) => realpath(input).catch(() => input)));
  if (inputs.includes(existing ?? target)) {
    throw new Problem('bad-parameter', `${file}: expected another file than the slide itself to write to`);
  }
  return folder;
}

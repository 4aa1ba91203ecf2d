import { stat } from 'node:fs/promises';
import { Problem } from '../errors.ts';
import { fileProblem } from './image-file.ts';
import type { SlideDescription } from './slide.ts';

/**
 * Size and time of the last change of a file, and of those that belong to it, as one word.
 * @throws Problem `not-found`, `unreadable-slide`
 */
export async function fileVersion(file: string, companions: readonly string[] = []): Promise<string> {
  const found = await Promise.all([file, ...companions].map((each) => stat(each))).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  return found.map(({ size, mtimeMs }) => `${size}-${Math.round(mtimeMs)}`).join(' ');
}

/**
 * Gives what was read of a slide, unless its file has changed since it was described: another slide's pixels would be kept
 * as this one's for ever.
 * @throws Problem `failed` where it has; as `reading` does
 */
export async function whileUnchanged<T>(
  { regionFile, companions, version }: SlideDescription,
  reading: Promise<T>,
): Promise<T> {
  const read = await reading;
  if ((await fileVersion(regionFile, companions)) === version) return read;
  throw new Problem('failed', `${regionFile}: the file changed while it was in use; open the heatmap again`);
}

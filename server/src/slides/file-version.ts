import { stat } from 'node:fs/promises';
import { Problem } from '../errors.ts';
import { fileProblem } from './image-file.ts';
import type { SlideDescription } from './slide.ts';

/** Size and time of the last change of a file, as one word. @throws Problem `not-found`, `unreadable-slide` */
export async function fileVersion(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file).catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  return `${size}-${Math.round(mtimeMs)}`;
}

/**
 * Gives what was read of a slide, unless its file has changed since it was described: another slide's pixels would be kept
 * as this one's for ever.
 * @throws Problem `failed` where it has; as `reading` does
 */
export async function whileUnchanged<T>({ regionFile, version }: SlideDescription, reading: Promise<T>): Promise<T> {
  const read = await reading;
  if ((await fileVersion(regionFile)) === version) return read;
  throw new Problem('failed', `${regionFile}: the file changed while it was in use; open the heatmap again`);
}

import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateDemoSlide } from '../demo/slide/generate.ts';
import type { SlideOptions } from '../demo/slide/tissue-map.ts';
import { madeOnce } from './made-once.ts';

/** Writes a demo slide to a file. Each is painted once in a run of the tests: that takes seconds of a processor. */
export async function paintSlide(file: string, { seed, width, height }: SlideOptions): Promise<void> {
  const painted = await madeOnce(`${seed}-${width}x${height}.tif`, (made) =>
    generateDemoSlide(made, { seed, width, height }),
  );
  await mkdir(dirname(file), { recursive: true });
  await copyFile(painted, file);
}

import { access, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { generateDemoSlide } from '../demo/slide/generate.ts';
import type { SlideOptions } from '../demo/slide/tissue-map.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the slides that were painted in this run. */
    paintedSlides: string;
  }
}

/** Writes a demo slide to a file; in a run of the tests each is painted once, which takes seconds of a processor. */
export async function paintSlide(file: string, { seed, width, height }: SlideOptions): Promise<void> {
  const painted = join(inject('paintedSlides'), `${seed}-${width}x${height}.tif`);
  const isThere = await access(painted).then(
    () => true,
    () => false,
  );
  // Where two files of tests paint the same at once, the second takes the place of the first, byte for byte.
  if (!isThere) await generateDemoSlide(painted, { seed, width, height });
  await mkdir(dirname(file), { recursive: true });
  await copyFile(painted, file);
}

/** Vitest's global setup: makes the folder before the first test of a run, and removes it after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'openseadragon-cam-painted-'));
  project.provide('paintedSlides', folder);
  return () => rm(folder, { recursive: true, force: true });
}

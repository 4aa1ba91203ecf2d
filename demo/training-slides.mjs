// Writes slides and their truth for demo/train.py: node demo/training-slides.mjs FOLDER
// SEED.tif as the demo slide is made, and SEED.json: { columns, rows, spacing, labels }, labels being an index of the
// classes for the centre of every square of `spacing` pixels, row-major.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runnerImport } from 'vite';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node demo/training-slides.mjs FOLDER');
  process.exit(2);
}
const here = import.meta.dirname;
const { module: generate } = await runnerImport(path.join(here, 'slide/generate.ts'));
const { module: truth } = await runnerImport(path.join(here, 'slide/tissue-map.ts'));

/** The demo slide itself is only for the test; the others are smaller and of other seeds. */
const SLIDES = [
  ...[101, 102, 103, 104].map((seed) => ({ seed, width: 6144, height: 4096 })),
  ...[105, 106].map((seed) => ({ seed, width: 8192, height: 5120 })),
  generate.DEMO_SLIDE,
];

const SPACING = 16;

await mkdir(folder, { recursive: true });
for (const slide of SLIDES) {
  console.log(`seed ${slide.seed}`);
  await generate.generateDemoSlide(path.join(folder, `${slide.seed}.tif`), slide);
  const map = truth.tissueMap(slide);
  const columns = Math.floor(slide.width / SPACING);
  const rows = Math.floor(slide.height / SPACING);
  const labels = Array.from({ length: columns * rows }, (_, i) =>
    map.truthAt(((i % columns) + 0.5) * SPACING, (Math.floor(i / columns) + 0.5) * SPACING),
  );
  await writeFile(
    path.join(folder, `${slide.seed}.json`),
    JSON.stringify({ classes: truth.TISSUES, columns, rows, spacing: SPACING, labels }),
  );
}

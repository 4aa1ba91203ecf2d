import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { temporaryFolder } from '../command-line.ts';

/** Slide pixels of a side of a patch and of a cell. */
const PATCH = 64;
const CELL = 8;

/** The side of the slide, in its pixels: the right and bottom remainder belongs to no patch. */
export const LANDMARK_SLIDE = { width: 1900, height: 1200 };

/** What is black on the white slide, along the edges of cells: a shape that no turn and no mirror image of it has. */
export const LANDMARKS = [
  [192, 128, 64, 704],
  [192, 128, 512, 64],
  [192, 448, 256, 64],
  [1600, 960, 136, 72],
  [1504, 64, 24, 24],
] as const;

/**
 * Folders with a slide `marks.png`, another `other.png` of other proportions, and a model whose class `Dark` has the
 * probability 1 in cells that are black and 0 in those that are white.
 */
export async function landmarkCatalogue(): Promise<{ root: string; slides: string; models: string; store: string }> {
  const root = await temporaryFolder();
  const [slides, models, store] = ['slides', 'models', 'store'].map((name) => join(root, name));
  await Promise.all([slides, models].map((folder) => mkdir(folder)));
  const { width, height } = LANDMARK_SLIDE;
  await writeSlide(join(slides, 'marks.png'), width, height, LANDMARKS);
  await writeSlide(join(slides, 'other.png'), 640, 1280, [[128, 256, 192, 512]]);
  await writeDarkness(join(models, 'darkness'));
  return { root, slides, models, store };
}

async function writeSlide(
  file: string,
  width: number,
  height: number,
  marks: readonly (readonly [x: number, y: number, width: number, height: number])[],
): Promise<void> {
  const pixels = new Uint8Array(width * height * 3).fill(255);
  for (const [x, y, markWidth, markHeight] of marks) {
    for (let row = y; row < y + markHeight; row++) {
      pixels.fill(0, (row * width + x) * 3, (row * width + x + markWidth) * 3);
    }
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
}

/** A TensorFlow.js layers model that averages each cell and weighs its darkness: logits of 20 and -20. */
async function writeDarkness(folder: string): Promise<void> {
  const layer = (className: string, name: string, config: object) => ({
    class_name: className,
    config: { name, ...config },
  });
  const layers = [
    layer('InputLayer', 'image', { batch_input_shape: [null, PATCH, PATCH, 3], dtype: 'float32' }),
    layer('AveragePooling2D', 'cells', { pool_size: [CELL, CELL], strides: [CELL, CELL], padding: 'valid' }),
    layer('GlobalAveragePooling2D', 'pooled', {}),
    layer('Dense', 'shares', { units: 2, activation: 'softmax', use_bias: true }),
  ];
  const modelTopology = {
    keras_version: '2.15.0',
    model_config: { class_name: 'Sequential', config: { name: 'darkness', layers } },
  };
  const weight = 40 / 3;
  const weights = new Float32Array([-weight, weight, -weight, weight, -weight, weight, 20, -20]);
  const specs = [
    { name: 'shares/kernel', shape: [3, 2], dtype: 'float32' },
    { name: 'shares/bias', shape: [2], dtype: 'float32' },
  ];
  const json = {
    format: 'layers-model',
    modelTopology,
    weightsManifest: [{ paths: ['darkness.bin'], weights: specs }],
  };
  const manifest = {
    classes: [
      { name: 'Dark', color: '#ff0000' },
      { name: 'Light', color: '#0000ff' },
    ],
  };
  await mkdir(folder);
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  await writeFile(join(folder, 'darkness.bin'), weights);
  await writeFile(join(folder, 'model.manifest.json'), JSON.stringify(manifest));
}

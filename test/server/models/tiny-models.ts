import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import type { Model } from '../../../server/src/models/model.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { type KERAS_215, numbers, tinyClassifier, weight, writeKerasH5 } from './keras-file.ts';

/** Gone after the file's tests. */
export const folder = temporaryFolder();
let count = 0;

/** Pixels along a side of a patch. */
export const SIDE = 12;
export const PATCH = Uint8Array.from(numbers(SIDE * SIDE * 3, 5), (value) => 127 * value + 128);

interface Case {
  outputs?: number;
  activation?: string | null;
  manifest?: unknown;
  input?: (number | null)[];
  vintage?: typeof KERAS_215;
}

/** Writes the classifier of `tinyClassifier`, with a manifest where there is one. */
export async function written({
  outputs = 3,
  activation,
  manifest,
  input = [SIDE, SIDE, 3],
  vintage,
}: Case = {}): Promise<string> {
  const file = join(folder, `model ${count++}.h5`);
  await writeKerasH5(file, tinyClassifier(outputs, activation), input, vintage);
  if (manifest !== undefined) writeFileSync(manifestFile(file), JSON.stringify(manifest));
  return file;
}

/** Opens, looks, closes. */
export async function withModel<T>(model: Case | string, look: (model: Model) => Promise<T>): Promise<T> {
  const opened = await openModel(typeof model === 'string' ? model : await written(model));
  try {
    return await look(opened);
  } finally {
    await opened.close();
  }
}

/** The classifier of `tinyClassifier` straight from the definitions: RGB / 255, 3 x 3 filters by 2, mean, Dense. */
export function expectedClassification(outputs: number, scale = 1 / 255, shift = 0) {
  const kernel = weight('kernel', [3, 3, 3, 4], 1).values;
  const convBias = weight('bias', [4], 2).values;
  const dense = weight('kernel', [4, outputs], 3).values;
  const bias = weight('bias', [outputs], 4).values;
  const cells: number[] = [];
  for (let row = 0; row < SIDE / 2; row++) {
    for (let column = 0; column < SIDE / 2; column++) {
      const features = Array.from(convBias, (value, f) => {
        let sum = value;
        for (let k = 0; k < 9; k++) {
          // 12 pixels by 2 need one row and column of padding: TensorFlow puts it after.
          const y = 2 * row + Math.floor(k / 3);
          const x = 2 * column + (k % 3);
          if (y >= SIDE || x >= SIDE) continue;
          for (let c = 0; c < 3; c++)
            sum += (PATCH[(y * SIDE + x) * 3 + c] * scale - shift) * kernel[(k * 3 + c) * 4 + f];
        }
        return Math.max(0, sum);
      });
      for (let c = 0; c < outputs; c++)
        cells.push(features.reduce((sum, f, i) => sum + f * dense[i * outputs + c], bias[c]));
    }
  }
  const logits = Array.from({ length: outputs }, (_, c) => {
    const own = cells.filter((__, i) => i % outputs === c);
    return own.reduce((sum, cell) => sum + cell, 0) / own.length;
  });
  return { cells, logits, bias: Array.from(bias) };
}

/** That numbers are equal to four decimal places. */
export function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 4);
}

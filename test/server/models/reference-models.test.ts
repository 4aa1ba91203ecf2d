import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openModel } from '../../../server/src/models/open-model.ts';
import { referenceData } from '../../reference-data.ts';

const expectedSchema = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('ok'),
    camLayer: z.string(),
    logits: z.array(z.number()),
    probabilities: z.array(z.number()),
    cells: z.object({ shape: z.tuple([z.number(), z.number(), z.number()]), data: z.array(z.number()) }),
  }),
  z.object({ verdict: z.literal('refuse') }),
]);

const folder = referenceData && join(referenceData, 'models');
const cases = !folder
  ? []
  : readdirSync(folder).flatMap((name) =>
      readdirSync(join(folder, name))
        .filter((file) => /\.(h5|keras|onnx)$|^model\.json$/.test(file))
        .map((file) => ({ name, file, path: join(folder, name, file), folder: join(folder, name) })),
    );

describe.skipIf(cases.length === 0)('real models', () => {
  it.each(cases)('$name/$file: what its framework computes', async ({ name, path, folder: caseFolder }) => {
    const expected = expectedSchema.parse(JSON.parse(readFileSync(join(caseFolder, 'expected.json'), 'utf8')));
    if (expected.verdict === 'refuse') {
      await expect(openModel(path)).rejects.toMatchObject({ code: 'unreadable-model' });
      return;
    }
    const model = await openModel(path);
    const patch = await sharp(join(caseFolder, 'patch.png')).removeAlpha().raw().toBuffer();
    const { cells, logits, probabilities } = await model.classify(patch, 1);
    await model.close();
    const { description } = model;
    expect([description.cellRows, description.cellColumns, description.classes.length]).toEqual(expected.cells.shape);
    // The frameworks that wrote the ONNX files have their own names of layers.
    if (!path.endsWith('.onnx')) expect(description.camLayer).toBe(expected.camLayer);
    // Expected values of mixed precision were computed in float16, of 11 bits.
    const half = name === 'mixed_float16';
    expect(largestDifference(probabilities, expected.probabilities)).toBeLessThan(half ? 2e-2 : 1e-5);
    const largestCell = Math.max(...expected.cells.data.map(Math.abs));
    expect(largestDifference(cells, expected.cells.data)).toBeLessThan((half ? 2e-2 : 1e-4) * largestCell);
    expect(largestDifference(logits, expected.logits)).toBeLessThan((half ? 2e-2 : 2e-5) * largestCell);
  });
});

function largestDifference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i])), 0);
}

import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { openModel } from '../../../server/src/models/open-model.ts';
import { expectClose, expectedClassification, folder, PATCH, SIDE, withModel, written } from './tiny-models.ts';

describe('the manifest', () => {
  it('names classes and colours', async () => {
    const classes = [{ name: 'Lesion', color: '#d62728' }, 'White Mat.', 'Blank'];
    await withModel({ manifest: { classes, preprocessing: {} } }, async ({ description }) => {
      expect(description.classes).toEqual([
        { name: 'Lesion', color: '#d62728' },
        { name: 'White Mat.', color: null },
        { name: 'Blank', color: null },
      ]);
      expect(description.warnings).toEqual([]);
    });
  });

  it('says how pixels are scaled', async () => {
    const preprocessing = { scale: 2 / 255, mean: [1, 1, 1] };
    await withModel({ manifest: { preprocessing } }, async ({ classify }) => {
      expectClose((await classify(PATCH, 1)).cells, expectedClassification(3, 2 / 255, 1).cells);
    });
  });

  it('says the order of channels, and the spread of each', async () => {
    const swapped = Uint8Array.from(PATCH, (_, i) => PATCH[i - (i % 3) + 2 - (i % 3)]);
    const std = [0.5, 0.25, 0.125];
    const rgb = await withModel({ manifest: { preprocessing: { std } } }, ({ classify }) => classify(swapped, 1));
    const bgr = await withModel({ manifest: { preprocessing: { channelOrder: 'bgr', std } } }, ({ classify }) =>
      classify(PATCH, 1),
    );
    expect(bgr.cells).toEqual(rgb.cells);
  });

  it('says the size of patches where the model leaves it open', async () => {
    const open = { input: [null, null, 3], manifest: { patchSize: [SIDE, 2 * SIDE] } };
    await withModel(open, async ({ description }) => {
      expect(description).toMatchObject({ patchHeight: SIDE, patchWidth: 2 * SIDE, cellRows: 6, cellColumns: 12 });
    });
    await expect(openModel(await written({ input: [null, null, 3] }))).rejects.toThrow('patchSize');
  });

  it('does not let a manifest contradict the activation that a model ends in', async () => {
    const file = await written({ outputs: 3, activation: 'softmax', manifest: { activation: 'sigmoid' } });
    await expect(openModel(file)).rejects.toThrow('activation: expected softmax');
  });

  it('makes two classes of one output', async () => {
    const expected = expectedClassification(1);
    const [logit] = expected.logits;
    const probability = 1 / (1 + Math.exp(-logit));
    await withModel({ outputs: 1, activation: 'sigmoid', manifest: { classes: ['no', 'yes'] } }, async (model) => {
      expect(model.description).toMatchObject({ activation: 'sigmoid', bias: [-expected.bias[0], expected.bias[0]] });
      const { cells, logits, probabilities } = await model.classify(PATCH, 1);
      expectClose(probabilities, [1 - probability, probability]);
      expectClose(logits, [-logit, logit]);
      expectClose(
        cells,
        expected.cells.flatMap((cell) => [-cell, cell]),
      );
    });
  });

  test.each([
    { outputs: 3, activation: null, manifest: {}, expected: 'softmax' },
    { outputs: 1, activation: null, manifest: {}, expected: 'sigmoid' },
    { outputs: 3, activation: 'sigmoid', manifest: {}, expected: 'sigmoid' },
    { outputs: 3, activation: null, manifest: { activation: 'sigmoid' }, expected: 'sigmoid' },
    { outputs: 3, activation: 'softmax', manifest: { activation: 'softmax' }, expected: 'softmax' },
    { outputs: 3, activation: null, manifest: { activation: 'none' }, expected: 'none' },
  ])('$outputs outputs with $activation in the model and $manifest: $expected', async ({ expected, ...model }) => {
    await withModel(model, async ({ description, classify }) => {
      expect(description.activation).toBe(expected);
      const { logits, probabilities } = await classify(PATCH, 1);
      if (expected === 'none') expect(probabilities).toEqual(logits);
      if (expected === 'sigmoid')
        expectClose(
          probabilities,
          Array.from(logits, (x) => 1 / (1 + Math.exp(-x))),
        );
    });
  });

  test.each([
    { manifest: { classes: ['a', 'b'] }, says: 'classes: the model needs 3 names for its 3 outputs, found 2' },
    { manifest: { classes: ['a', 'b', 'a'] }, says: "classes: 'a' is there twice" },
    { manifest: { patchSize: 13 }, says: 'patchSize 13 contradicts' },
    {
      manifest: { camLayer: 'pooling' },
      says: "camLayer: the layer that feeds the pooling is 'conv', found 'pooling'",
    },
    {
      manifest: { golden: { patch: 'none.png', probabilities: [0, 0, 1] } },
      says: "golden.patch: 'none.png' cannot be read",
    },
    { manifest: { preprocessing: { scale: 'a' } }, says: 'preprocessing.scale' },
  ])('is refused for $says', async ({ manifest, says }) => {
    const file = await written({ manifest });
    await expect(openModel(file)).rejects.toMatchObject({
      code: 'unreadable-model',
      message: expect.stringContaining(says),
    });
  });

  it('has a golden patch that the model must classify as it says', async () => {
    await sharp(PATCH, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toFile(join(folder, 'golden.png'));
    const probabilities = await withModel({}, async ({ classify }) =>
      Array.from((await classify(PATCH, 1)).probabilities),
    );
    const golden = { patch: 'golden.png', probabilities };
    await withModel({ manifest: { golden } }, async ({ description }) =>
      expect(description.activation).toBe('softmax'),
    );
    const wrong = { patch: 'golden.png', probabilities: [...probabilities].reverse() };
    await expect(openModel(await written({ manifest: { golden: wrong } }))).rejects.toThrow(/golden.*'class 0'.*conv/);
  });
});

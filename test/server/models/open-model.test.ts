import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { KERAS_215, KERAS_216, KERAS_305, KERAS_315, numbers, tinyClassifier, writeKerasH5 } from './keras-file.ts';
import { expectClose, expectedClassification, folder, PATCH, SIDE, withModel, written } from './tiny-models.ts';

test.each([KERAS_216, KERAS_215, KERAS_305, KERAS_315])('a file of Keras $version', async (vintage) => {
  await withModel({ vintage }, async ({ description, classify }) => {
    expect(description).toMatchObject({
      format: `Keras ${vintage.version} HDF5`,
      patchHeight: SIDE,
      patchWidth: SIDE,
      cellRows: 6,
      cellColumns: 6,
      camLayer: 'conv',
      activation: 'softmax',
      engine: 'onnxruntime-float32',
      classes: [0, 1, 2].map((i) => ({ name: `class ${i}`, color: null })),
    });
    expect(description.layers.slice(-3)).toEqual([
      { name: 'conv', type: 'Conv2D', outputShape: [6, 6, 4] },
      { name: 'pooling', type: 'GlobalAveragePooling2D', outputShape: [4] },
      { name: 'logits', type: 'Dense', outputShape: [3] },
    ]);
    expect(description.warnings).toEqual([expect.stringContaining('.manifest.json')]);
    const expected = expectedClassification(3);
    expect(description.bias).toEqual(expected.bias);
    const { cells, logits, probabilities } = await classify(PATCH, 1);
    expectClose(cells, expected.cells);
    expectClose(logits, expected.logits);
    const exponentials = expected.logits.map(Math.exp);
    expectClose(
      probabilities,
      exponentials.map((value) => value / exponentials.reduce((a, b) => a + b)),
    );
  });
});

it('gives the same bits in any batch', async () => {
  await withModel({}, async ({ batchSize, classify }) => {
    expect(batchSize).toBe(4);
    const patches = Uint8Array.from(numbers(19 * PATCH.length, 9), (value) => 127 * value + 128);
    const together = await classify(patches, 19);
    for (const i of [0, 7, 16, 18]) {
      const alone = await classify(patches.subarray(i * PATCH.length, (i + 1) * PATCH.length), 1);
      expect(together.cells.subarray(i * 108, (i + 1) * 108)).toEqual(alone.cells);
      expect(together.probabilities.subarray(i * 3, (i + 1) * 3)).toEqual(alone.probabilities);
    }
  });
});

it('reads names in any script', async () => {
  const file = join(folder, 'names.h5');
  const [convolution, ...rest] = tinyClassifier(3);
  await writeKerasH5(file, [{ ...convolution, name: 'Größe_日本' }, ...rest], [SIDE, SIDE, 3]);
  await withModel(file, async ({ description }) => expect(description.camLayer).toBe('Größe_日本'));
});

describe('a network that goes from the pooling straight to its scores', () => {
  const [convolution, pooling] = tinyClassifier(3);
  const scores = { name: 'scores', className: 'Activation', config: { activation: 'softmax' } };

  it('shows the pooled maps themselves', async () => {
    const file = join(folder, 'class maps.h5');
    await writeKerasH5(file, [convolution, pooling, scores], [SIDE, SIDE, 3]);
    await withModel(file, async (model) => {
      expect(model.description).toMatchObject({ camLayer: 'conv', activation: 'softmax', bias: [0, 0, 0, 0] });
      const { cells, logits } = await model.classify(PATCH, 1);
      // What comes out of ReLU.
      expect(Math.min(...cells)).toBe(0);
      for (let c = 0; c < 4; c++) {
        const own = cells.filter((_, i) => i % 4 === c);
        expect(own.reduce((sum, cell) => sum + cell, 0) / own.length).toBeCloseTo(logits[c], 5);
      }
    });
  });

  it('is refused where it ends there: it has no classifier', async () => {
    const file = join(folder, 'features.h5');
    await writeKerasH5(file, [convolution, pooling], [SIDE, SIDE, 3]);
    await expect(openModel(file)).rejects.toThrow(
      "layer 'pooling' (GlobalAveragePooling2D) pools, but no Dense layer follows",
    );
  });
});

it('refuses to scale the pixels of a network that takes bytes', async () => {
  const file = join(folder, 'bytes.onnx');
  const fixture = fileURLToPath(new URL('../../fixtures/onnx-bytes/model.onnx', import.meta.url));
  copyFileSync(fixture, file);
  writeFileSync(manifestFile(file), JSON.stringify({ preprocessing: {} }));
  await expect(openModel(file)).rejects.toThrow(
    `${manifestFile(file)}: preprocessing: expected scale 1, mean 0 and std 1, for the model takes bytes, found scale 0.00`,
  );
});

it('refuses an engine that there is not', async () => {
  await expect(openModel(await written(), { engine: 'abacus' })).rejects.toMatchObject({
    code: 'bad-parameter',
    message: "engine: expected onnxruntime-float32 or tfjs-float32, found 'abacus'",
  });
});

it('refuses patches of another size', async () => {
  await withModel({}, async ({ classify }) => {
    await expect(classify(PATCH.subarray(3), 1)).rejects.toThrow(RangeError);
  });
});

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import type { Model } from '../../../server/src/models/model.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import {
  KERAS_215,
  KERAS_216,
  KERAS_305,
  KERAS_315,
  numbers,
  tinyClassifier,
  weight,
  writeKerasH5,
} from './keras-file.ts';

const folder = temporaryFolder();
let count = 0;

const SIDE = 12;
const PATCH = Uint8Array.from(numbers(SIDE * SIDE * 3, 5), (value) => 127 * value + 128);

interface Case {
  outputs?: number;
  activation?: string | null;
  manifest?: unknown;
  input?: (number | null)[];
  vintage?: typeof KERAS_215;
}

async function written({
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
async function withModel<T>(model: Case | string, look: (model: Model) => Promise<T>): Promise<T> {
  const opened = await openModel(typeof model === 'string' ? model : await written(model));
  try {
    return await look(opened);
  } finally {
    await opened.close();
  }
}

/** The classifier of `tinyClassifier` straight from the definitions: RGB / 255, 3 x 3 filters by 2, mean, Dense. */
function expectedClassification(outputs: number, scale = 1 / 255, shift = 0) {
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

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 4);
}

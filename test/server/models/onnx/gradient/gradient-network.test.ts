import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { makeNode, makeTensor, type NodeProto } from '../../../../../server/src/models/onnx/proto.ts';
import { openModel } from '../../../../../server/src/models/open-model.ts';
import { temporaryFolder } from '../../../../temporary-folder.ts';
import { expectedOf, fixtureFile, fixturesNamed, patchOf } from '../../fixture.ts';
import { numbers } from '../../keras-file.ts';
import { CHANNELS, encodeOnnx, OUTPUTS, SIDE } from '../onnx-file.ts';

// The numbers are those of TensorFlow's GradientTape, and the same in any batch.
test.each(fixturesNamed('method-'))('%s', async (name) => {
  const expected = expectedOf(name);
  const patch = await patchOf(name);
  const model = await openModel(fixtureFile(name, 'model.h5'));
  try {
    const { method, camLayer, cellRows, cellColumns, classes, bias } = model.description;
    expect({ method, camLayer }).toEqual({ method: expected.method, camLayer: expected.camLayer });
    expect([cellRows, cellColumns, classes.length]).toEqual(expected.cells.shape);
    expect(bias).toEqual(classes.map(() => 0));
    const { cells, logits, probabilities } = await model.classify(patch, 1);
    expect(difference(cells, expected.cells.data)).toBeLessThan(1e-4 * largest(expected.cells.data));
    expect(difference(probabilities, expected.probabilities)).toBeLessThan(1e-5);
    expect(difference(logits, expected.logits)).toBeLessThan(1e-5 * Math.max(1, largest(expected.logits)));

    expect(model.batchSize).toBeGreaterThan(1);
    const patches = new Uint8Array(19 * patch.length).map((_, i) => patch[(i * 7) % patch.length]);
    patches.set(patch, 17 * patch.length);
    const together = await model.classify(patches, 19);
    expect(together.cells.subarray(17 * cells.length, 18 * cells.length)).toEqual(cells);
    expect(together.logits.subarray(17 * logits.length, 18 * logits.length)).toEqual(logits);
  } finally {
    await model.close();
  }
});

const folder = temporaryFolder();

it('does not guess which use of a shared layer is meant', async () => {
  const [model, manifest] = ['model.keras', 'model.manifest.json'].map((file) => join(folder, file));
  copyFileSync(fixtureFile('keras-3.15-layers-shared', 'model.keras'), model);
  writeFileSync(manifest, JSON.stringify({ method: 'hirescam', camLayer: 'norm' }));
  await expect(openModel(model)).rejects.toThrow(
    "camLayer: layer 'norm' is there 2 times, so its name does not say which feature maps are meant; layers that can be chosen: 'conv2d', 'both', 'last'",
  );
});

describe('ONNX files', () => {
  const PATCH = Uint8Array.from(numbers(SIDE * SIDE * 3, 5), (value) => 127 * value + 128);
  const SIZE = CHANNELS * SIDE * SIDE;
  let count = 0;

  /** Classifies PATCH with `conv -> Relu 'map' -> nodes -> 'scores'`. */
  async function classified(nodes: NodeProto[], manifest: object, constants = HIDDEN, opset = 13) {
    const file = join(folder, `model ${count++}.onnx`);
    writeFileSync(file, encodeOnnx({ nodes, constants, output: 'scores', opset }));
    writeFileSync(file.replace('.onnx', '.manifest.json'), JSON.stringify(manifest));
    const model = await openModel(file);
    const result = await model.classify(PATCH, 1);
    await model.close();
    return { ...result, description: model.description };
  }

  const HIDDEN = [
    makeTensor('wide', [SIZE, OUTPUTS], numbers(SIZE * OUTPUTS, 6)),
    makeTensor('hidden', [6, SIZE], numbers(6 * SIZE, 7)),
    makeTensor('last', [6, OUTPUTS], numbers(6 * OUTPUTS, 8)),
  ];
  const flat = makeNode('Flatten', ['map'], 'flat', { axis: 1 });
  const flattenDense = [flat, makeNode('Gemm', ['flat', 'wide', 'bias'], 'scores')];
  const twoDense = [
    flat,
    makeNode('Gemm', ['flat', 'hidden'], 'product', { transB: 1 }),
    makeNode('Relu', ['product'], 'active'),
    makeNode('MatMul', ['active', 'last'], 'matrix'),
    makeNode('Add', ['matrix', 'bias'], 'scores'),
  ];

  it.each([7, 10, 13, 18])(
    'of opset %d, channels first: the map of one Dense layer adds up to the logits',
    async (opset) => {
      // In older versions of the format Gemm had to have three inputs.
      const { cells, logits, description } = await classified(flattenDense, { method: 'hirescam' }, HIDDEN, opset);
      expect(description).toMatchObject({ method: 'hirescam', camLayer: 'map', cellRows: SIDE, cellColumns: SIDE });
      const bias = numbers(OUTPUTS, 4);
      expect(
        difference(
          sums(cells),
          Array.from(logits, (logit, c) => logit - bias[c]),
        ),
      ).toBeLessThan(1e-4);
    },
  );

  it('with channels last gives the same map', async () => {
    const last = [
      makeNode('Transpose', ['map'], 'last map', { perm: [0, 2, 3, 1] }),
      makeNode('Relu', ['last map'], 'same'),
      makeNode('Transpose', ['same'], 'first', { perm: [0, 3, 1, 2] }),
      makeNode('Flatten', ['first'], 'flat', { axis: 1 }),
      ...twoDense.slice(1),
    ];
    for (const method of ['hirescam', 'gradcam']) {
      const first = await classified(twoDense, { method });
      const { cells, description } = await classified(last, { method });
      expect(description.camLayer).toBe('same');
      expect(difference(cells, Array.from(first.cells))).toBeLessThan(1e-5 * largest(Array.from(first.cells)));
    }
  });

  it('with pooling and one Dense layer gives CAM divided by the number of cells, by either method', async () => {
    const pooled = [
      makeNode('GlobalAveragePool', ['map'], 'pooled'),
      makeNode('Flatten', ['pooled'], 'line', { axis: 1 }),
      makeNode('Gemm', ['line', 'dense', 'bias'], 'scores'),
    ];
    const cam = await classified(pooled, {});
    const expected = Array.from(cam.cells, (cell, i) => (cell - cam.description.bias[i % OUTPUTS]) / SIDE ** 2);
    for (const method of ['hirescam', 'gradcam']) {
      const { cells, description } = await classified(pooled, { method });
      expect(difference(cells, expected)).toBeLessThan(1e-6);
      expect(description.fingerprint).not.toBe(cam.description.fingerprint);
    }
  });

  const away = makeNode('MaxPool', ['map'], 'away', { kernel_shape: [2, 2], strides: [2, 2] });
  const inside = [
    makeNode('LpNormalization', ['map'], 'odd', { axis: 1 }),
    makeNode('Flatten', ['odd'], 'flat', { axis: 1 }),
    ...flattenDense.slice(1),
  ];
  const choice = "layers that can be chosen: 'convolved', 'map'";
  test.each([
    { nodes: flattenDense, camLayer: 'nowhere', says: `camLayer: layer 'nowhere' is not in the model; ${choice}` },
    {
      nodes: flattenDense,
      camLayer: 'flat',
      says: `camLayer: layer 'flat' has no feature maps of more than one cell; ${choice}`,
    },
    {
      nodes: [away, ...flattenDense],
      camLayer: 'away',
      says: `camLayer: layer 'away' is not on the way to the logits; ${choice}`,
    },
    {
      nodes: inside,
      camLayer: 'map',
      says:
        "camLayer: layer 'map' cannot be used: between it and the logits layer 'odd' (LpNormalization) has an operator, " +
        "LpNormalization, whose gradient is not known; layers that can be chosen: 'odd'",
    },
  ])('says $says', async ({ nodes, camLayer, says }) => {
    const error = await classified(nodes, { method: 'hirescam', camLayer }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unreadable-model' });
    expect(error instanceof Error && error.message.slice(error.message.indexOf('camLayer'))).toBe(says);
  });

  it('chooses the last maps by itself, and says where it cannot', async () => {
    const { description } = await classified(inside, { method: 'hirescam' });
    expect(description.camLayer).toBe('odd');
    const blocked = [
      flat,
      makeNode('LpNormalization', ['flat'], 'line', { axis: 1 }),
      makeNode('Gemm', ['line', 'wide', 'bias'], 'scores'),
    ];
    await expect(classified(blocked, { method: 'gradcam' })).rejects.toThrow(
      "no map by gradients at layer 'map': between it and the logits layer 'line' (LpNormalization) has an operator, " +
        'LpNormalization, whose gradient is not known; no layer can be chosen',
    );
  });
});

/** Largest difference of two lists. */
function difference(found: ArrayLike<number>, expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Of each output's cells. */
function sums(cells: Float32Array): number[] {
  const result = new Array<number>(OUTPUTS).fill(0);
  for (const [i, cell] of cells.entries()) result[i % OUTPUTS] += cell;
  return result;
}

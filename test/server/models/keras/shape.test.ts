import { describe, expect, test } from 'vitest';
import type { KerasLayer } from '../../../../server/src/models/keras/network.ts';
import { numbers } from '../keras-file.ts';
import { lineOf, runLayers, runNetwork } from './run-layer.ts';

const image = { shape: [3, 4, 3] as const, values: numbers(36, 21) };
const at = (y: number, x: number, c: number) =>
  y < 0 || x < 0 || y >= 3 || x >= 4 ? 0 : image.values[(y * 4 + x) * 3 + c];

test('ZeroPadding2D puts zeros on each side', async () => {
  const actual = await runLayers(
    [
      {
        className: 'ZeroPadding2D',
        config: {
          padding: [
            [1, 2],
            [0, 3],
          ],
        },
      },
    ],
    image,
  );
  expect(actual.length).toBe(6 * 7 * 3);
  for (let i = 0; i < actual.length; i++) {
    expect(actual[i]).toBe(at(Math.floor(i / 21) - 1, Math.floor(i / 3) % 7, i % 3));
  }
});

test('Cropping2D takes from each side', async () => {
  const actual = await runLayers(
    [
      {
        className: 'Cropping2D',
        config: {
          cropping: [
            [1, 0],
            [1, 2],
          ],
        },
      },
    ],
    image,
  );
  expect(Array.from(actual)).toEqual([1, 2].flatMap((y) => [0, 1, 2].map((c) => at(y, 1, c))));
});

test("Flatten and Reshape keep Keras's order of values", async () => {
  expect(await runLayers([{ className: 'Flatten' }], image)).toEqual(image.values);
  const reshaped = await runLayers([{ className: 'Reshape', config: { target_shape: [2, -1, 9] } }], image);
  expect(reshaped).toEqual(image.values);
});

test('GlobalAveragePooling2D is the mean over rows and columns', async () => {
  const actual = await runLayers([{ className: 'GlobalAveragePooling2D' }], image);
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    for (let i = c; i < 36; i += 3) sum += image.values[i];
    expect(actual[c]).toBeCloseTo(sum / 12, 6);
  }
});

describe('layers of two inputs', () => {
  const a = image.values;
  const b = a.map((value) => Math.tanh(value));
  const pairs: [string, Record<string, unknown>, (i: number) => number][] = [
    ['Add', {}, (i) => a[i] + b[i]],
    ['Subtract', {}, (i) => a[i] - b[i]],
    ['Multiply', {}, (i) => a[i] * b[i]],
    ['Average', {}, (i) => (a[i] + b[i]) / 2],
    ['Maximum', {}, (i) => Math.max(a[i], b[i])],
    [
      'Concatenate',
      { axis: 3 },
      (i) => (i % 6 < 3 ? a[Math.floor(i / 6) * 3 + (i % 6)] : b[Math.floor(i / 6) * 3 + (i % 6) - 3]),
    ],
    ['Concatenate', { axis: 1 }, (i) => (i < 36 ? a[i] : b[i - 36])],
    [
      'Concatenate',
      { axis: -1 },
      (i) => (i % 6 < 3 ? a[Math.floor(i / 6) * 3 + (i % 6)] : b[Math.floor(i / 6) * 3 + (i % 6) - 3]),
    ],
  ];

  test.each(pairs)('%s %j', async (className, config, expected) => {
    const actual = await runNetwork(
      joined(className, config, [
        { layer: 'image', call: 0 },
        { layer: 'activation_1', call: 0 },
      ]),
      image,
    );
    expect(actual.length).toBe(className === 'Concatenate' ? 72 : 36);
    for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected(i), 6);
  });

  test('one of them a plain number', async () => {
    const actual = await runNetwork(joined('Subtract', {}, [2, { layer: 'activation_1', call: 0 }]), image);
    for (let i = 0; i < 36; i++) expect(actual[i]).toBeCloseTo(2 - b[i], 6);
  });

  test("Keras 2's Python operators", async () => {
    const network = joined('TFOpLambda', { function: 'math.multiply' }, [{ layer: 'image', call: 0 }, 3]);
    const actual = await runNetwork(network, image);
    for (let i = 0; i < 36; i++) expect(actual[i]).toBeCloseTo(3 * a[i], 6);
  });
});

/** image -> tanh -> a layer of the given arguments */
function joined(className: string, config: Record<string, unknown>, call: KerasLayer['calls'][number]) {
  const network = lineOf([{ className: 'Activation', config: { activation: 'tanh' } }], image.shape);
  network.model.layers.push({ name: 'merge', className, config, version: 3, calls: [call] });
  network.model.outputs = [{ layer: 'merge', call: 0 }];
  return network;
}

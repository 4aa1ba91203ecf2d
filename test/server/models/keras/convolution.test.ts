import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { placeAlong } from '../../../../server/src/models/keras/layers/padding.ts';
import { numbers } from '../keras-file.ts';
import { type Image, runLayers } from './run-layer.ts';

interface Window {
  size: number;
  stride: number;
  dilation: number;
  padding: 'same' | 'valid';
}

describe('same padding', () => {
  it('covers every input cell, the odd cell of padding at the end', () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), size, size, fc.integer({ min: 1, max: 3 }), (length, k, s, d) => {
        const [before, after, outputs] = placeAlong(length, 'same', k, s, d);
        expect(outputs).toBe(Math.ceil(length / s));
        expect(after - before === 0 || after - before === 1).toBe(true);
        const extent = (k - 1) * d + 1;
        expect(length + before + after).toBeGreaterThanOrEqual((outputs - 1) * s + extent);
        if (before + after > 0) expect(length + before + after).toBe((outputs - 1) * s + extent);
      }),
    );
  });
});

/** Sums over the window of every output cell, straight from the definition; padding of 'same' as TensorFlow says. */
function slide(
  image: Image,
  window: Window,
  visit: (cell: number, at: [number, number] | null, k: [number, number], out: number) => void,
) {
  const [rows, columns] = image.shape;
  const { size, stride, dilation, padding } = window;
  const extent = (size - 1) * dilation + 1;
  const place = (length: number): [number, number] => {
    if (padding === 'valid') return [Math.floor((length - extent) / stride) + 1, 0];
    const count = Math.ceil(length / stride);
    return [count, Math.floor(Math.max((count - 1) * stride + extent - length, 0) / 2)];
  };
  const [outRows, top] = place(rows);
  const [outColumns, left] = place(columns);
  for (let out = 0; out < outRows * outColumns; out++) {
    for (let k = 0; k < size * size; k++) {
      const ky = Math.floor(k / size);
      const kx = k % size;
      const y = Math.floor(out / outColumns) * stride - top + ky * dilation;
      const x = (out % outColumns) * stride - left + kx * dilation;
      const inside = y >= 0 && x >= 0 && y < rows && x < columns;
      visit(inside ? y * columns + x : -1, inside ? [y, x] : null, [ky, kx], out);
    }
  }
  return outRows * outColumns;
}

const windows: Window[] = [
  { size: 3, stride: 1, dilation: 1, padding: 'valid' },
  { size: 3, stride: 2, dilation: 1, padding: 'same' },
  { size: 2, stride: 2, dilation: 1, padding: 'same' },
  { size: 4, stride: 3, dilation: 1, padding: 'same' },
  { size: 3, stride: 1, dilation: 2, padding: 'same' },
  { size: 1, stride: 2, dilation: 1, padding: 'same' },
];
const sizes = [
  [7, 10],
  [8, 5],
] as const;
const table = windows.flatMap((window) => sizes.map(([rows, columns]) => ({ ...window, rows, columns })));

const imageOf = (rows: number, columns: number): Image => ({
  shape: [rows, columns, 3],
  values: numbers(rows * columns * 3, rows * 31 + columns),
});

const settings = ({ size, stride, dilation, padding }: Window) => ({
  kernel_size: [size, size],
  strides: [stride, stride],
  dilation_rate: [dilation, dilation],
  padding,
});

describe.each(table)('$size x $size by $stride, dilation $dilation, $padding, on $rows x $columns', (window) => {
  const image = imageOf(window.rows, window.columns);
  const { size } = window;

  test('Conv2D', async () => {
    const kernel = numbers(size * size * 3 * 5, 1);
    const bias = numbers(5, 2);
    const expected: number[] = [];
    slide(image, window, (cell, _, [ky, kx], out) => {
      for (let o = 0; o < 5; o++) {
        expected[out * 5 + o] ??= bias[o];
        if (cell < 0) continue;
        for (let i = 0; i < 3; i++) {
          expected[out * 5 + o] += image.values[cell * 3 + i] * kernel[((ky * size + kx) * 3 + i) * 5 + o];
        }
      }
    });
    const layer = {
      className: 'Conv2D',
      config: settings(window),
      weights: [
        { shape: [size, size, 3, 5], values: kernel },
        { shape: [5], values: bias },
      ],
    };
    expectClose(await runLayers([layer], image), expected);
  });

  test('DepthwiseConv2D with two filters for each channel', async () => {
    const kernel = numbers(size * size * 3 * 2, 3);
    const expected: number[] = [];
    slide(image, window, (cell, _, [ky, kx], out) => {
      for (let o = 0; o < 6; o++) {
        expected[out * 6 + o] ??= 0;
        if (cell < 0) continue;
        const channel = Math.floor(o / 2);
        expected[out * 6 + o] += image.values[cell * 3 + channel] * kernel[(ky * size + kx) * 6 + o];
      }
    });
    const layer = {
      className: 'DepthwiseConv2D',
      config: { ...settings(window), depth_multiplier: 2, use_bias: false },
      weights: [{ shape: [size, size, 3, 2], values: kernel }],
    };
    expectClose(await runLayers([layer], image), expected);
  });

  test.skipIf(window.dilation > 1).each(['MaxPooling2D', 'AveragePooling2D'])('%s', async (className) => {
    const cells: number[][] = [];
    const count = slide(image, window, (cell, _, __, out) => {
      cells[out] ??= [];
      if (cell >= 0) cells[out].push(cell);
    });
    const expected = Array.from({ length: count * 3 }, (_, i) => {
      const values = cells[Math.floor(i / 3)].map((cell) => image.values[cell * 3 + (i % 3)]);
      if (className === 'MaxPooling2D') return Math.max(...values);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    const { size: pool, stride, padding } = window;
    const layer = { className, config: { pool_size: [pool, pool], strides: [stride, stride], padding } };
    expectClose(await runLayers([layer], image), expected);
  });
});

test('SeparableConv2D is a depthwise and a 1 x 1 convolution', async () => {
  const image = imageOf(9, 6);
  const depthwise = { shape: [3, 3, 3, 2], values: numbers(54, 5) };
  const pointwise = { shape: [1, 1, 6, 4], values: numbers(24, 6) };
  const bias = { shape: [4], values: numbers(4, 7) };
  const config = { kernel_size: 3, strides: 2, padding: 'same', depth_multiplier: 2 };
  const separable = {
    className: 'SeparableConv2D',
    config: { ...config, activation: 'relu' },
    weights: [depthwise, pointwise, bias],
  };
  const parts = [
    { className: 'DepthwiseConv2D', config: { ...config, use_bias: false }, weights: [depthwise] },
    { className: 'Conv2D', config: { kernel_size: 1, activation: 'relu' }, weights: [pointwise, bias] },
  ];
  expectClose(await runLayers([separable], image), await runLayers(parts, image));
});

test('Conv2D in groups works on each group of channels alone', async () => {
  const image = imageOf(4, 4);
  const six = {
    className: 'Conv2D',
    config: { use_bias: false },
    weights: [{ shape: [1, 1, 3, 6], values: numbers(18, 8) }],
  };
  const kernel = numbers(3 * 4, 9);
  const grouped = {
    className: 'Conv2D',
    config: { groups: 2, use_bias: false },
    weights: [{ shape: [1, 1, 3, 4], values: kernel }],
  };
  const between = await runLayers([six], image);
  const expected: number[] = [];
  for (let cell = 0; cell < 16; cell++) {
    for (let o = 0; o < 4; o++) {
      const start = o < 2 ? 0 : 3;
      let sum = 0;
      for (let i = 0; i < 3; i++) sum += between[cell * 6 + start + i] * kernel[i * 4 + o];
      expected.push(sum);
    }
  }
  expectClose(await runLayers([six, grouped], image), expected);
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 5);
}

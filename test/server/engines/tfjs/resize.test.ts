import { expect, it } from 'vitest';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import {
  type Attributes,
  expectAsOnnxruntime,
  floats,
  integers,
  modelOf,
  numbers,
  type Operand,
  single,
} from './as-onnxruntime.ts';
import { tf } from './tensorflow.ts';

const none: Operand = numbers();
const x = floats(1, 2, 4, 5);

const COORDINATES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];

it.each(COORDINATES)('Resize to sizes, %s', async (coordinates) => {
  for (const mode of ['nearest', 'linear', 'cubic']) {
    for (const sizes of [integers(1, 2, 8, 10), integers(1, 2, 7, 3), integers(1, 2, 4, 1)]) {
      const attributes = { mode, coordinate_transformation_mode: coordinates };
      await expectAsOnnxruntime(single('Resize', [x, none, none, sizes], attributes), 1e-5);
    }
  }
});

it.each(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])('Resize to the nearest, %s', async (nearest) => {
  for (const coordinates of COORDINATES) {
    const attributes = { mode: 'nearest', nearest_mode: nearest, coordinate_transformation_mode: coordinates };
    await expectAsOnnxruntime(single('Resize', [x, none, numbers(1, 1, 2, 1.5)], attributes), 1e-5);
    await expectAsOnnxruntime(single('Resize', [x, none, numbers(1, 1, 0.6, 3)], attributes), 1e-5);
  }
});

it.each<[string, Operand[], Attributes, number]>([
  ['Resize', [x, numbers(1, 1, 2, 2)], { mode: 'nearest' }, 10],
  ['Resize', [x, numbers(1, 1, 2, 3)], { mode: 'linear' }, 10],
  ['Upsample', [x, numbers(1, 1, 2, 2)], { mode: 'nearest' }, 9],
  ['Upsample', [x, numbers(1, 1, 2, 2)], { mode: 'linear' }, 9],
  ['Upsample', [x], { mode: 'nearest', scales: { floats: [1, 1, 2, 3] } }, 7],
])('%s of old opsets #%#', async (operator, operands, attributes, opset) => {
  await expectAsOnnxruntime(single(operator, operands, attributes, { opset }), 1e-5);
});

it('Resize of the dimensions in axes', async () => {
  const attributes = { mode: 'linear', axes: [2, 3] };
  await expectAsOnnxruntime(single('Resize', [x, none, none, integers(6, 6)], attributes, { opset: 18 }), 1e-5);
});

it.each<Attributes>([{ cubic_coeff_a: { float: -0.5 } }, { exclude_outside: 1 }])(
  'Resize, cubic, %o',
  async (attributes) => {
    const operands = [x, none, none, integers(1, 2, 9, 7)];
    await expectAsOnnxruntime(single('Resize', operands, { mode: 'cubic', ...attributes }), 1e-5);
  },
);

it.each<[Attributes, string]>([
  [{ antialias: 1, mode: 'linear' }, 'antialias'],
  [{ coordinate_transformation_mode: 'tf_crop_and_resize' }, 'tf_crop_and_resize'],
  [{ keep_aspect_ratio_policy: 'not_larger' }, 'keep_aspect_ratio_policy'],
])('Resize refuses %o', (attributes, message) => {
  const graph = single('Resize', [x, none, none, integers(1, 2, 8, 10)], attributes, { opset: 18 });
  expect(() => createExecutor(tf, modelOf(graph))).toThrow(message);
});

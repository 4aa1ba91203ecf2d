import { expect, it } from 'vitest';
import {
  engineSection,
  figuresOf,
  frameworksTables,
  type Measured,
  withEngineSection,
  withoutFigures,
} from './frameworks-table.ts';

const measured: Measured[] = [
  { fixture: { folder: 'keras-2.15-vgg16', file: 'model.h5' }, probabilities: 1.2e-7, cells: 3.4e-6 },
  { fixture: { folder: 'keras-2.15-vgg16', file: 'model.onnx' }, probabilities: 0, cells: 2e-7 },
  { fixture: { folder: 'keras-3.15-resnet50', file: 'model.keras' }, probabilities: 1e-8, cells: 1e-7 },
  { fixture: { folder: 'tf.keras-1.15-functional', file: 'model.h5' }, probabilities: 1e-8, cells: 1e-7 },
];

const tables = `### By some-engine

#### keras.applications' networks

|  | Keras 2.15 \`.h5\` | Keras 3.15 \`.keras\` | tf2onnx |
| --- | --- | --- | --- |
| resnet50 |  | 1e-8 / 1e-7 |  |
| vgg16 | 1e-7 / 3e-6 |  | 0e+0 / 2e-7 |

#### Other versions of Keras

|  | functional |
| --- | --- |
| tf.keras 1.15 \`.h5\` | 1e-8 / 1e-7 |`;

it('has a row for each network and a column for each container', () => {
  expect(frameworksTables('some-engine', measured)).toBe(tables);
});

it('is replaced between its marks, and added at the end where there are none', () => {
  const once = withEngineSection('before\n', 'some-engine', tables);
  expect(engineSection(once, 'some-engine')).toBe(tables);
  const other = withEngineSection(`${once}after\n`, 'other-engine', 'x');
  const again = withEngineSection(other, 'some-engine', 'y');
  expect(again).toBe(other.replace(tables, 'y'));
  expect(engineSection(again, 'other-engine')).toBe('x');
  expect(engineSection(again, 'third-engine')).toBe('');
});

it('is compared without its figures', () => {
  const similar = tables.replace('3e-6', '5e-6');
  expect(withoutFigures(similar)).toBe(withoutFigures(tables));
  expect(withoutFigures(similar)).not.toBe(withoutFigures(tables.replace('vgg16', 'vgg19')));
  expect(figuresOf(similar).map(({ cells }) => cells)).toEqual([1e-7, 5e-6, 2e-7, 1e-7]);
});

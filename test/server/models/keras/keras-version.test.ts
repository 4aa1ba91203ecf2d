import { expect, test } from 'vitest';
import { kerasVersion } from '../../../../server/src/models/keras/keras-version.ts';

test.each<[unknown, string, number]>([
  ['1.2.2', '1.2.2', 1],
  ['2.2.4-tf', '2.2.4-tf', 2],
  ['3.15.1', '3.15.1', 3],
  ['tfjs-layers 4.22.0', 'tfjs-layers 4.22.0', 2],
  [undefined, '3', 3],
  [5, '3', 3],
  ['a\nb', '3', 3],
  ['3'.repeat(1000), '3', 3],
])('%j is Keras %s', (value, text, major) => {
  expect(kerasVersion(value, '3')).toEqual({ text, major });
});

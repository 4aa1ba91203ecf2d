import { expect, test } from 'vitest';
import { encodeNpy } from '../../../shared/codecs/npy.ts';
import { scoreTileFromNpy } from '../../../shared/painting/score-tile.ts';

test('decodes bytes and halves with what 1 stands for', () => {
  const data = Uint8Array.from({ length: 12 }, (_, i) => i);
  const tile = scoreTileFromNpy(encodeNpy({ dtype: '|u1', shape: [3, 2, 2], data }));
  expect(tile).toEqual({ data, classes: 1, rows: 2, columns: 2, one: 255 });
  expect(scoreTileFromNpy(encodeNpy({ dtype: '<f2', shape: [3, 2, 2], data }))).toMatchObject({ classes: 1, one: 1 });
});

test.each([[[12]], [[1, 3, 4]], [[3, 2, 2, 1]]])('refuses shape %j', (shape) => {
  expect(() => scoreTileFromNpy(encodeNpy({ dtype: '|u1', shape, data: new Uint8Array(12) }))).toThrow(/classes \+ 2/);
});

import { expect, test } from 'vitest';
import { encodeNpy } from '../../../shared/codecs/npy.ts';
import { checkTile, scoreTileFromNpy } from '../../../shared/painting/score-tile.ts';
import { style } from './tiles.ts';

test('decodes bytes and halves with what 1 stands for', () => {
  const data = Uint8Array.from({ length: 12 }, (_, i) => i);
  const tile = scoreTileFromNpy(encodeNpy({ dtype: '|u1', shape: [3, 2, 2], data }));
  expect(tile).toEqual({ data, classes: 1, rows: 2, columns: 2, one: 255 });
  expect(scoreTileFromNpy(encodeNpy({ dtype: '<f2', shape: [3, 2, 2], data }))).toMatchObject({ classes: 1, one: 1 });
});

test.each([[[12]], [[1, 3, 4]], [[3, 2, 2, 1]]])('refuses shape %j', (shape) => {
  expect(() => scoreTileFromNpy(encodeNpy({ dtype: '|u1', shape, data: new Uint8Array(12) }))).toThrow(/classes \+ 2/);
});

test.each([
  [{ rows: 3 }, [0], /expected 2 x 2 values, found 3 x 2/],
  [{}, [0, 1], /plane from 0 to 0, found 1/],
])('refuses a tile with %j for planes %j', (changes, planes, message) => {
  const tile = { data: new Uint8Array(12), classes: 1, rows: 2, columns: 2, one: 255, ...changes };
  const window = { rasterLevel: 'cells', rowStart: 0, columnStart: 0, rows: 2, columns: 2 } as const;
  expect(() => checkTile(tile, window, style({ planes }))).toThrow(message);
});

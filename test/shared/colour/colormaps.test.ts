import { expect, test } from 'vitest';
import { COLORMAPS, colormapTable, DEFAULT_COLORMAP } from '../../../shared/colour/colormaps.ts';

test.each([
  ['viridis', [0x44, 0x01, 0x54], [0xfd, 0xe7, 0x25]],
  ['magma', [0x00, 0x00, 0x04], [0xfc, 0xfd, 0xbf]],
  ['YlOrRd', [255, 255, 204], [128, 0, 38]],
])('%s runs between its known ends', (name, low, high) => {
  const table = colormapTable(name) ?? [];
  expect([...table.slice(0, 3)]).toEqual(low);
  expect([...table.slice(-3)]).toEqual(high);
});

test('every listed map has 256 colours, and neighbours differ little', () => {
  for (const name of COLORMAPS) {
    const table = colormapTable(name) ?? new Uint8Array(0);
    expect(table.length).toBe(768);
    for (let i = 3; i < 768; i++) expect(Math.abs(table[i] - table[i - 3])).toBeLessThan(16);
  }
  expect(COLORMAPS).toContain(DEFAULT_COLORMAP);
});

test('an unknown name has no table', () => {
  expect(colormapTable('jet')).toBeUndefined();
  expect(colormapTable('constructor')).toBeUndefined();
});

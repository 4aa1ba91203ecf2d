import { expect, test } from 'vitest';
import { type ColourStop, parseStops, stopsTable } from '../../../shared/colour/stops.ts';

const at = (table: Uint8Array, entry: number) => [...table.subarray(3 * entry, 3 * entry + 3)];

test.each<[ColourStop[], number, number[]]>([
  [['#000000', '#ffffff'], 0, [0, 0, 0]],
  [['#000000', '#ffffff'], 51, [51, 51, 51]],
  [['#000000', '#ffffff'], 255, [255, 255, 255]],
  [['#000000', [0.2, '#ff0000'], '#ff00ff'], 51, [255, 0, 0]],
  [['#000000', [0.2, '#ff0000'], '#ff00ff'], 255, [255, 0, 255]],
  // Below the first place and beyond the last those colours go on.
  [
    [
      [0.4, '#0a0b0c'],
      [0.6, '#646464'],
    ],
    0,
    [10, 11, 12],
  ],
  [
    [
      [0.4, '#0a0b0c'],
      [0.6, '#646464'],
    ],
    255,
    [100, 100, 100],
  ],
  // A step.
  [['#000000', [0.5, '#000000'], [0.5, '#ffffff'], '#ffffff'], 127, [0, 0, 0]],
  [['#000000', [0.5, '#000000'], [0.5, '#ffffff'], '#ffffff'], 128, [255, 255, 255]],
])('stops %j have at entry %i the colour %j', (stops, entry, colour) => {
  expect(at(stopsTable(stops), entry)).toEqual(colour);
});

test.each<[ColourStop[], string]>([
  [['#000000'], 'at least two colours'],
  [['#000000', 'red'], 'expected colours #rrggbb, found "red"'],
  [['#000000', [0.6, '#ffffff'], [0.4, '#ffffff']], 'ascend from 0 to 1, found 0.4 after 0.6'],
  [[[-1, '#000000'], '#ffffff'], 'ascend from 0 to 1, found -1'],
  [[[Number.NaN, '#000000'], '#ffffff'], 'ascend'],
])('refuses %j', (stops, says) => {
  expect(() => stopsTable(stops)).toThrow(says);
});

test.each<[string, ColourStop[] | undefined]>([
  ['viridis', undefined],
  ['#000000,#ff0000', ['#000000', '#ff0000']],
  [
    '0:#000000, 0.3:#ff0000,1:#ffffff',
    [
      [0, '#000000'],
      [0.3, '#ff0000'],
      [1, '#ffffff'],
    ],
  ],
])('reads %j', (text, stops) => {
  expect(parseStops(text)).toEqual(stops);
});

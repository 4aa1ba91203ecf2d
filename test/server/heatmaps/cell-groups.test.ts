import { LRUCache } from 'lru-cache';
import { beforeEach, expect, test } from 'vitest';
import {
  type CellBytes,
  type CellGroup,
  type CellGroups,
  cellGroups,
} from '../../../server/src/heatmaps/cell-groups.ts';
import { patchGrid } from '../../../shared/geometry/patch-grid.ts';

const grid = patchGrid({ width: 90, height: 70 }, { patchHeight: 10, patchWidth: 10, cellRows: 1, cellColumns: 2 }, 1);
const RANGE = { rowStart: 1, rowEnd: 6, columnStart: 2, columnEnd: 9 };
const PATCHES = 5 * 7;

let cache: LRUCache<string, CellGroup>;
let groups: CellGroups;
let asked: number[];
let known: (index: number) => boolean;
/** Lost while they are read. */
let lost: Set<number>;

beforeEach(() => {
  cache = new LRUCache({ max: 100 });
  asked = [];
  known = () => true;
  lost = new Set();
  groups = made();
});

function made(): CellGroups {
  return cellGroups(cache, 'heatmap', grid, 2, {
    async read(indices) {
      asked.push(...indices);
      await Promise.resolve();
      return new Map(
        indices.filter((index) => known(index)).map((index) => [index, Uint8Array.of(index, index + 100)]),
      );
    },
    isKnown: (index) => !lost.has(index),
  });
}

async function read(range = RANGE): Promise<CellBytes> {
  return groups.ofRange(range);
}

function bytesAt(cells: CellBytes, row: number, column: number): number[] | undefined {
  const start = cells.start(row, column);
  return start < 0 ? undefined : [...cells.bytes(row, column).subarray(start, start + 2)];
}

test('every patch of a range has its own bytes, which are read once', async () => {
  for (let turn = 0; turn < 2; turn++) {
    const cells = await read();
    for (let row = RANGE.rowStart; row < RANGE.rowEnd; row++) {
      for (let column = RANGE.columnStart; column < RANGE.columnEnd; column++) {
        const index = row * grid.columns + column;
        expect(bytesAt(cells, row, column)).toEqual([index, index + 100]);
      }
    }
  }
  expect(asked.length).toBe(PATCHES);
});

test('what is not known is nowhere, and asked for again', async () => {
  const unknown = 3 * grid.columns + 4;
  known = (index) => index !== unknown;
  expect(bytesAt(await read(), 3, 4)).toBe(undefined);
  known = () => true;
  expect(bytesAt(await read(), 3, 4)).toEqual([unknown, unknown + 100]);
  expect(asked.length).toBe(PATCHES + 1);
});

test('a patch that is forgotten is read again, and none beside it', async () => {
  await read();
  groups.forget(2 * grid.columns + 5);
  await read();
  expect(asked.slice(PATCHES)).toEqual([2 * grid.columns + 5]);
});

test('neighbours that are read at the same time keep what each of them read', async () => {
  const halves = [
    { ...RANGE, columnEnd: 5 },
    { ...RANGE, columnStart: 5 },
  ];
  await Promise.all(halves.map(read));
  await read();
  expect(asked.length).toBe(PATCHES);
});

test('a patch that is lost while it is read is nowhere', async () => {
  const reading = read();
  lost.add(2 * grid.columns + 5);
  groups.forget(2 * grid.columns + 5);
  expect(bytesAt(await reading, 2, 5)).toBe(undefined);
  expect(bytesAt(await read(), 2, 6)).toEqual([24, 124]);
});

test('without memory all is read each time', async () => {
  cache = new LRUCache({ maxSize: 1, sizeCalculation: () => 2 });
  groups = made();
  for (let turn = 0; turn < 2; turn++) expect(bytesAt(await read(), 5, 8)).toEqual([53, 153]);
  expect(asked.length).toBe(2 * PATCHES);
});

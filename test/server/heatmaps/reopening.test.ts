import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { slideBreakdown } from '../../../server/src/heatmaps/breakdown.ts';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { scoreTile, windowOfTile } from '../../../server/src/heatmaps/score-tile.ts';
import { maxLevel } from '../../../shared/geometry/deep-zoom.ts';
import { temporaryFolder } from '../../command-line.ts';
import { contentOf, type StoredOptions, storedHeatmap } from './stored-heatmap.ts';
import { classify, syntheticHeatmap } from './synthetic-heatmap.ts';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => rm(root, { recursive: true }));

const COLUMNS = 20;
const ROWS = 37;

const KINDS: [string, Omit<StoredOptions, 'columns' | 'rows'>][] = [
  ['plain', {}],
  ['overlapping', { options: { overlap: 2 } }],
  [
    'masked',
    {
      options: { background: 'otsu' },
      values: { mask: Uint8Array.from({ length: COLUMNS * ROWS }, (_, i) => (i % 7 < 2 ? 1 : 0)) },
    },
  ],
  ['with a background class', { options: { background: { class: 'b' } }, values: { backgroundClass: 1 } }],
];

/** What viewers and restarts do: groups of patches become known, and then the process goes on, ends or dies. */
const histories = fc.array(
  fc.record({
    patches: fc.array(fc.nat(), { minLength: 1, maxLength: 120 }),
    end: fc.constantFrom('goes on' as const, 'is closed' as const, 'dies' as const),
  }),
  { minLength: 1, maxLength: 5 },
);

const positionsOf = ({ grid, values }: Heatmap, patches: readonly number[]) =>
  [...new Set(patches.map((patch) => patch % (grid.rows * grid.columns)))]
    .filter((index) => !values.mask?.[index])
    .map((index) => ({ row: Math.floor(index / grid.columns), column: index % grid.columns }));

describe('whatever the order, the restarts and the crashes, a heatmap knows the same to the bit', () => {
  test.each(KINDS)('%s', async (_, kind) => {
    const options = { columns: COLUMNS, rows: ROWS, ...kind };
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const folder = join(root, String(folders++));
        await mkdir(folder);
        const problems: (string | null)[] = [];
        const open = () => storedHeatmap(folder, { ...options, onProblem: (problem) => problems.push(problem) });
        let heatmap = await open();
        for (const { patches, end } of history) {
          await classify(heatmap, positionsOf(heatmap, patches));
          if (end === 'is closed') await heatmap.values.close();
          if (end !== 'goes on') heatmap = await open();
        }
        const undisturbed = await syntheticHeatmap(COLUMNS, ROWS, kind);
        const all = [...new Set(history.flatMap(({ patches }) => patches))].sort((a, b) => a - b);
        await classify(undisturbed, positionsOf(undisturbed, all));

        expect(problems).toEqual([]);
        expect(await contentOf(heatmap)).toEqual(await contentOf(undisturbed));
        expect(slideBreakdown(heatmap)).toEqual(slideBreakdown(undisturbed));
        for (const score of ['probability', 'patch'] as const) {
          for (const level of [maxLevel(heatmap.pyramid), maxLevel(heatmap.pyramid) - 2]) {
            const window = windowOfTile(heatmap, { level, column: 0, row: 0 }, score);
            const tile = await scoreTile(heatmap, window, score, [0, 1, 2]);
            expect(tile).toEqual(await scoreTile(undisturbed, window, score, [0, 1, 2]));
          }
        }
        await heatmap.values.close();
      }),
      { numRuns: 7, seed: 1 },
    );
  });
});

test('a whole heatmap is in its chunks, and the journal is empty', async () => {
  const folder = join(root, 'whole');
  await mkdir(folder);
  const options = { columns: COLUMNS, rows: ROWS };
  const heatmap = await storedHeatmap(folder, options);
  const all = Array.from({ length: COLUMNS * ROWS }, (_, index) => index);
  for (let start = 0; start < all.length; start += 64) {
    await classify(heatmap, positionsOf(heatmap, all.slice(start, start + 64)));
  }
  await heatmap.values.close();
  const again = await storedHeatmap(folder, options);
  const disk = again.values.store.disk();
  expect([...(disk?.journaled() ?? ['no disk'])]).toEqual([]);
  expect(all.every((index) => again.values.store.isStored(index))).toBe(true);
  expect(slideBreakdown(again).exact).toBe(true);
  await again.values.close();
});

import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { factsOf } from './heatmap-facts.ts';
import { heatmapFolder, storedHeatmap } from './stored-heatmap.ts';
import { classify, positionsWhere, type SyntheticOptions, syntheticHeatmap } from './synthetic-heatmap.ts';

const COLUMNS = 40;
const ROWS = 37;
const folder = temporaryFolder();
let stores = 0;

/** Background at the left and in a block of its own. */
const mask = (columns: number, rows: number) =>
  Uint8Array.from({ length: columns * rows }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    return column < 5 + (row % 3) || (row >= 16 && row < 32 && column >= 16 && column < 32) ? 1 : 0;
  });

const kinds: [string, SyntheticOptions][] = [
  ['plain', {}],
  ['patches that overlap', { options: { overlap: 2 } }],
  ['background known beforehand', { values: { mask: mask(COLUMNS, ROWS) } }],
  ['background by class', { values: { backgroundClass: 1 } }],
];

/** What happens to a heatmap, in this order: patches that become known, or an end of the process in between. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 1, arbitrary: fc.constant('close' as const) },
  { weight: 1, arbitrary: fc.constant('crash' as const) },
);

/** Opens anew what a killed process would have left: a copy, for this process goes on writing into the other. */
async function afterCrash(store: string): Promise<string> {
  const copy = join(folder, `store-${stores++}`);
  await mkdir(copy);
  await cp(heatmapFolder(store), heatmapFolder(copy), { recursive: true });
  await rm(join(heatmapFolder(copy), 'lock'));
  return copy;
}

test.each(kinds)(
  '%s: for any order and any ends in between, all is known again, and the same bits as without any',
  async (_, options) => {
    const { grid } = await syntheticHeatmap(COLUMNS, ROWS, options);
    const masked = options.values?.mask;
    const all = Array.from({ length: grid.rows * grid.columns }, (_patch, index) => index).filter((i) => !masked?.[i]);
    const order = fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
    await fc.assert(
      fc.asyncProperty(
        order,
        fc.array(step, { minLength: 4, maxLength: 10 }),
        fc.boolean(),
        async (patches, steps, whole) => {
          let store = join(folder, `store-${stores++}`);
          const told: string[] = [];
          const open = () => storedHeatmap(COLUMNS, ROWS, { ...options, store, told });
          let heatmap = await open();
          const crashed: Heatmap[] = [];
          const added = new Set<number>();
          const rest = [...patches];
          const add = async (count: number) => {
            const part = rest.splice(0, count);
            await classify(
              heatmap,
              part.map((i) => ({ row: Math.floor(i / grid.columns), column: i % grid.columns })),
            );
            for (const index of part) added.add(index);
          };
          for (const next of steps) {
            if (typeof next === 'object') await add(next.add);
            else {
              if (next === 'close') await heatmap.values.close();
              else {
                crashed.push(heatmap);
                store = await afterCrash(store);
              }
              heatmap = await open();
              expect(heatmap.values.known.known).toBe(added.size + (masked?.reduce((sum, bit) => sum + bit, 0) ?? 0));
            }
          }
          if (whole) await add(rest.length);
          const uninterrupted = await syntheticHeatmap(COLUMNS, ROWS, options);
          await classify(
            uninterrupted,
            positionsWhere(uninterrupted, (row, column) => added.has(row * grid.columns + column)),
          );
          const expected = await factsOf(uninterrupted);
          expect(await factsOf(heatmap)).toEqual(expected);
          await heatmap.values.close();
          const again = await open();
          expect(await factsOf(again)).toEqual(expected);
          await again.values.close();
          expect(told).toEqual([]);
          for (const left of crashed) await left.values.close();
        },
      ),
      { numRuns: 3, seed: 7 },
    );
  },
);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScheduler } from '../../../server/src/heatmaps/scheduler.ts';
import type { WorkerTask } from '../../../server/src/worker/messages.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';
import { factsOf } from './heatmap-facts.ts';
import { classify, positionsOf, positionsWhere, syntheticHeatmap, syntheticResults } from './synthetic-heatmap.ts';

const COLUMNS = 40;
const ROWS = 37;

/** Answers after as many turns of the event loop as `delays` says, so that tasks land in any order. */
function workerWithDelays(delays: readonly number[]): Pick<Worker, 'perform' | 'processes'> {
  let tasks = 0;
  const perform = async (task: WorkerTask) => {
    for (let turns = delays[tasks++ % delays.length]; turns > 0; turns--) await new Promise(setImmediate);
    return syntheticResults(positionsOf(task));
  };
  // The answer's type follows from the task's, which is always to classify.
  return { processes: 2, perform: perform as Worker['perform'] };
}

const request = fc.record({
  row: fc.nat(ROWS - 1),
  column: fc.nat(COLUMNS - 1),
  rows: fc.integer({ min: 1, max: ROWS }),
  columns: fc.integer({ min: 1, max: COLUMNS }),
  stride: fc.constantFrom(1, 2, 8),
  priority: fc.constantFrom('view' as const, 'request' as const, 'analysis' as const),
  /** Its caller goes away after so many turns. */
  patience: fc.option(fc.nat(20)),
});

test.each([
  ['plain', {}],
  ['patches that overlap', { options: { overlap: 2 as const } }],
])('%s: any requests, in any order and at once, give the same cells, probabilities and tiles', async (_, options) => {
  const whole = await syntheticHeatmap(COLUMNS, ROWS, options);
  await classify(whole, positionsWhere(whole));
  const expected = await factsOf(whole);
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 2, maxLength: 12 }),
      fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }),
      async (requests, delays) => {
        const heatmap = await syntheticHeatmap(COLUMNS, ROWS, options);
        const scheduler = createScheduler(workerWithDelays(delays));
        const wishes = requests.map(async ({ row, column, rows, columns, stride, priority, patience }) => {
          const indices = positionsWhere(
            heatmap,
            (y, x) =>
              y >= row && y < row + rows && x >= column && x < column + columns && y % stride === 0 && x % stride === 0,
          ).map((at) => at.row * heatmap.grid.columns + at.column);
          const controller = new AbortController();
          const done = scheduler.classify(heatmap, indices, { priority, signal: controller.signal }).catch(() => {});
          for (let turns = patience ?? 0; turns > 0; turns--) await new Promise(setImmediate);
          if (patience !== null) controller.abort();
          await done;
        });
        await Promise.all(wishes);
        const known = await syntheticHeatmap(COLUMNS, ROWS, options);
        await classify(
          known,
          positionsWhere(known, (row, column) => heatmap.values.known.isKnown(row, column)),
        );
        expect(await factsOf(heatmap)).toEqual(await factsOf(known));
        const all = positionsWhere(heatmap).map(({ row, column }) => row * heatmap.grid.columns + column);
        await scheduler.classify(heatmap, all.reverse(), { priority: 'analysis' });
        expect(await factsOf(heatmap)).toEqual(expected);
      },
    ),
    { numRuns: 4, seed: 3 },
  );
});

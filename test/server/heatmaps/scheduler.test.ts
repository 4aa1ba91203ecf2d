import { describe, expect, test } from 'vitest';
import { Problem } from '../../../server/src/errors.ts';
import { analyse } from '../../../server/src/heatmaps/analysis.ts';
import { createScheduler } from '../../../server/src/heatmaps/scheduler.ts';
import { finishAll, type HeldTask, heldWorker, settle } from './held-worker.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

describe('the scheduler', () => {
  test('classifies a patch once, however many ask for it', async () => {
    const heatmap = await syntheticHeatmap(10, 10);
    const { worker, tasks } = heldWorker();
    const scheduler = createScheduler(worker);
    const indices = Array.from({ length: 40 }, (_, i) => i);
    const both = Promise.all([
      scheduler.classify(heatmap, indices, { priority: 'view' }),
      scheduler.classify(heatmap, indices.slice(20).concat([55, 56]), { priority: 'view' }),
    ]);
    const counts = await finishAll(tasks);
    await both;
    expect(counts.size).toBe(42);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(scheduler.classified).toBe(42);
  });

  test('an abort fails its own caller only; what nobody else wants leaves the queue', async () => {
    const heatmap = await syntheticHeatmap(30, 30);
    const { worker, tasks } = heldWorker();
    const scheduler = createScheduler(worker);
    const controller = new AbortController();
    const first = scheduler.classify(heatmap, [0, 1], { priority: 'view' });
    const aborted = scheduler.classify(
      heatmap,
      Array.from({ length: 400 }, (_, i) => i),
      {
        priority: 'view',
        signal: controller.signal,
      },
    );
    const refused = expect(aborted).rejects.toThrow('gone');
    controller.abort(new Error('gone'));
    await refused;
    const counts = await finishAll(tasks);
    await first;
    // Two tasks may have been under way when the caller left.
    expect(counts.size).toBeLessThan(50);
    expect(heatmap.values.known.isKnown(0, 0) && heatmap.values.known.isKnown(0, 1)).toBe(true);
  });

  test('what is on a screen goes before an analysis that began earlier', async () => {
    const heatmap = await syntheticHeatmap(40, 40);
    const { worker, tasks } = heldWorker();
    const scheduler = createScheduler(worker);
    const analysis = scheduler.classify(
      heatmap,
      Array.from({ length: 1600 }, (_, i) => i),
      { priority: 'analysis' },
    );
    const view = scheduler.classify(heatmap, [1500, 1501], { priority: 'view' });
    // Two tasks are under way; the third is the view's.
    tasks[0].finish();
    await settle();
    expect(tasks[2].positions).toEqual([
      { row: 37, column: 20 },
      { row: 37, column: 21 },
    ]);
    const counts = await finishAll(tasks);
    expect(counts.get('37 20')).toBe(1);
    await Promise.all([view, analysis]);
    expect(scheduler.classified).toBe(1600);
  });

  test('a failed task fails those who wait for its patches, and a later request tries again', async () => {
    const heatmap = await syntheticHeatmap(4, 4);
    let broken = true;
    const { worker, tasks } = heldWorker(() => (broken ? new Problem('unreadable-slide', 'damaged') : undefined));
    const scheduler = createScheduler(worker);
    const request = scheduler.classify(heatmap, [3], { priority: 'view' });
    const refused = expect(request).rejects.toThrow('damaged');
    tasks[0].finish();
    await refused;
    broken = false;
    const again = scheduler.classify(heatmap, [3], { priority: 'view' });
    tasks[1].finish();
    await again;
    expect(heatmap.values.known.isKnown(0, 3)).toBe(true);
  });

  test('a request whose patches are all known is done at once', async () => {
    const heatmap = await syntheticHeatmap(4, 4);
    const { worker, tasks } = heldWorker();
    const scheduler = createScheduler(worker);
    const first = scheduler.classify(heatmap, [1], { priority: 'view' });
    tasks[0].finish();
    await first;
    await scheduler.classify(heatmap, [1], { priority: 'view' });
    expect(tasks).toHaveLength(1);
  });

  test('an analysis gives every process blocks of its own, and ends with all of them', async () => {
    const heatmap = await syntheticHeatmap(64, 64);
    const { worker, tasks } = heldWorker(undefined, 2);
    const scheduler = createScheduler(worker);
    const analysis = analyse(heatmap, scheduler);
    // The second process takes twice as long.
    const waiting = { 0: [] as HeldTask[], 1: [] as HeldTask[] };
    let begun = 0;
    for (let turn = 0; turn === 0 || waiting[0].length + waiting[1].length > 0; turn++) {
      for (; begun < tasks.length; begun++) waiting[tasks[begun].lane === 1 ? 1 : 0].push(tasks[begun]);
      expect(Math.max(waiting[0].length, waiting[1].length)).toBeLessThanOrEqual(2);
      waiting[0].shift()?.finish();
      if (turn % 2 === 1) waiting[1].shift()?.finish();
      await settle();
      for (; begun < tasks.length; begun++) waiting[tasks[begun].lane === 1 ? 1 : 0].push(tasks[begun]);
    }
    await analysis;
    expect(scheduler.classified).toBe(4096);
    const lanes = new Map<number, Set<number | undefined>>();
    for (const { lane, positions } of tasks) {
      for (const { row, column } of positions.filter((position) => position.row % 8 > 0 || position.column % 8 > 0)) {
        const block = (row >> 4) * 4 + (column >> 4);
        lanes.set(block, (lanes.get(block) ?? new Set()).add(lane));
      }
    }
    expect([...lanes.values()].filter(({ size }) => size > 1).length).toBeLessThanOrEqual(1);
  });

  test("a view's first tasks are small, on every process, and grow", async () => {
    const heatmap = await syntheticHeatmap(40, 40, { model: { secondsPerPatch: 0.001 } });
    const { worker, tasks } = heldWorker(undefined, 2);
    const scheduler = createScheduler(worker);
    const controller = new AbortController();
    const { signal } = controller;
    const indices = Array.from({ length: 1600 }, (_, i) => i);
    scheduler.classify(heatmap, indices, { priority: 'view', signal }).catch(() => {});
    expect(tasks.map(({ lane, positions }) => [lane, positions.length])).toEqual([
      [0, 4],
      [1, 4],
      [0, 8],
      [1, 16],
    ]);
    controller.abort(new Error('enough'));
  });
});

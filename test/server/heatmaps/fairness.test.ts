import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createAnalyses } from '../../../server/src/heatmaps/analysis.ts';
import { createScheduler } from '../../../server/src/heatmaps/scheduler.ts';
import type { Priority } from '../../../server/src/heatmaps/wishes.ts';
import { finishAll, heldWorker, settle } from './held-worker.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

const tileOf = (start: number) => Array.from({ length: 36 }, (_, i) => start + i);
const rejected = () => {};

/** For any number of wishes. */
function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Tasks begun until the patch `index` of a grid with so many columns is in one of them. */
async function tasksUntil(tasks: ReturnType<typeof heldWorker>['tasks'], index: number, columns: number) {
  for (let done = 0; done < tasks.length; done++) {
    if (tasks.some(({ positions }) => positions.some(({ row, column }) => row * columns + column === index)))
      return done;
    tasks[done].finish();
    await settle();
  }
  throw new Error(`patch ${index} was never begun`);
}

describe('one who asks for a thousand tiles does not hold up the first of', () => {
  test.each([
    ['another client', 'a', 'b'],
    ['somebody whom the server takes for the same client', 'a', 'a'],
  ])('%s', async (_, first, second) => {
    const heatmap = await syntheticHeatmap(250, 200);
    const { worker, tasks } = heldWorker();
    const scheduler = createScheduler(worker);
    const controller = sharedController();
    const { signal } = controller;
    for (let tile = 0; tile < 1000; tile++) {
      scheduler.classify(heatmap, tileOf(tile * 36), { priority: 'request', client: first, signal }).catch(rejected);
    }
    const last = 49_000;
    scheduler.classify(heatmap, tileOf(last), { priority: 'request', client: second, signal }).catch(rejected);
    // Two tasks are under way already.
    expect(await tasksUntil(tasks, last, 250)).toBeLessThanOrEqual(4);
    controller.abort(new Error('enough'));
  });
});

test('a viewer that moves on all the time does not hold up one that stands still', async () => {
  const heatmap = await syntheticHeatmap(250, 200);
  const { worker, tasks } = heldWorker();
  const scheduler = createScheduler(worker);
  const controller = sharedController();
  const still = Array.from({ length: 1000 }, (_, i) => 40_000 + i);
  scheduler.classify(heatmap, still, { priority: 'view', client: 'still', signal: controller.signal }).catch(rejected);
  for (let step = 0; step < 20; step++) {
    const moved = new AbortController();
    const view = Array.from({ length: 100 }, (_, i) => step * 100 + i);
    const wish = { priority: 'view' as const, client: `view ${step}`, signal: moved.signal };
    scheduler.classify(heatmap, view, wish).catch(rejected);
    tasks[step].finish();
    await settle();
    moved.abort(new Error('moved'));
  }
  const ofStill = tasks.slice(2).filter(({ positions: [{ row, column }] }) => row * 250 + column >= 40_000);
  expect(ofStill.length).toBeGreaterThanOrEqual(8);
  controller.abort(new Error('enough'));
});

test('of one client the oldest request comes to its end, however many newer ones there are', async () => {
  const heatmap = await syntheticHeatmap(100, 100);
  const { worker, tasks } = heldWorker();
  const scheduler = createScheduler(worker);
  const controller = sharedController();
  const wish = { priority: 'request' as const, client: 'a', signal: controller.signal };
  let isDone = false;
  void scheduler.classify(heatmap, tileOf(0), wish).then(() => {
    isDone = true;
  });
  for (let tile = 1; tile < 200; tile++) scheduler.classify(heatmap, tileOf(tile * 36), wish).catch(rejected);
  for (let done = 0; done < 20 && !isDone; done++) {
    tasks[done].finish();
    await settle();
  }
  expect(isDone).toBe(true);
  controller.abort(new Error('enough'));
});

test('what is on a screen goes before requests, and those before analyses', async () => {
  const heatmap = await syntheticHeatmap(100, 100);
  const { worker, tasks } = heldWorker();
  const scheduler = createScheduler(worker);
  const starts: [Priority, number][] = [
    ['analysis', 0],
    ['request', 3000],
    ['view', 6000],
  ];
  const all = starts.map(([priority, start]) =>
    scheduler.classify(heatmap, tileOf(start), { priority, client: priority }),
  );
  await finishAll(tasks);
  await Promise.all(all);
  const order = tasks.slice(2).map(({ positions: [{ row, column }] }) => row * 100 + column);
  const kinds = order.map((index) => (index >= 6000 ? 'view' : index >= 3000 ? 'request' : 'analysis'));
  const firstRequest = kinds.indexOf('request');
  expect(kinds.slice(0, firstRequest).every((kind) => kind === 'view')).toBe(true);
  expect(kinds.slice(kinds.lastIndexOf('request') + 1)).not.toContain('view');
});

test('several analyses share the worker', async () => {
  const heatmaps = await Promise.all([syntheticHeatmap(40, 30), syntheticHeatmap(41, 30), syntheticHeatmap(42, 30)]);
  const { worker, tasks } = heldWorker();
  const analyses = createAnalyses(createScheduler(worker));
  for (const heatmap of heatmaps) analyses.start(heatmap);
  for (let done = 0; done < 30; done++) {
    tasks[done].finish();
    await settle();
  }
  // The first had the worker for itself when it began.
  const counts = heatmaps.map(
    ({ slide }) => tasks.slice(2, 29).filter((task) => task.slide === slide.fingerprint).length,
  );
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
  analyses.suspend();
});

describe('the queue is bounded', () => {
  test('an analysis that finds no room is told to come again', async () => {
    const heatmaps = await Promise.all(Array.from({ length: 17 }, (_, i) => syntheticHeatmap(20 + i, 20)));
    const analyses = createAnalyses(createScheduler(heldWorker().worker));
    for (const heatmap of heatmaps.slice(0, 16)) analyses.start(heatmap);
    expect(() => analyses.start(heatmaps[16])).toThrow('ask again');
    analyses.stop(heatmaps[3]);
    analyses.start(heatmaps[16]);
    expect(analyses.state(heatmaps[16]).state).toBe('running');
    analyses.suspend();
  });

  test('so is a request beyond 2,000, which a tile answers with what is known', async () => {
    const heatmap = await syntheticHeatmap(250, 200);
    const scheduler = createScheduler(heldWorker().worker);
    const controller = sharedController();
    const wish = { priority: 'request' as const, client: 'a', signal: controller.signal };
    for (let tile = 0; tile < 2000; tile++) scheduler.classify(heatmap, [tile], wish).catch(rejected);
    await expect(scheduler.classify(heatmap, [3000], wish)).rejects.toMatchObject({ code: 'busy' });
    controller.abort(new Error('enough'));
    await settle();
    expect(scheduler.waiting.wishes).toBe(0);
  });
});

test('an aborted wish leaves the queue within the tasks that were under way', async () => {
  const heatmap = await syntheticHeatmap(100, 100);
  const { worker, tasks } = heldWorker();
  const scheduler = createScheduler(worker);
  const controllers = Array.from({ length: 10 }, () => new AbortController());
  for (const [i, { signal }] of controllers.entries()) {
    const indices = Array.from({ length: 900 }, (_, k) => i * 900 + k);
    scheduler.classify(heatmap, indices, { priority: 'view', client: `view ${i}`, signal }).catch(rejected);
  }
  for (const controller of controllers) controller.abort(new Error('gone'));
  const before = tasks.length;
  await finishAll(tasks);
  expect(tasks.length).toBe(before);
  expect(scheduler.waiting).toEqual({ wishes: 0, tasks: 0 });
  expect(scheduler.isBusy(heatmap)).toBe(false);
});

import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { holdHeatmap, type OpenedHeatmaps, openedHeatmaps } from '../../../server/src/heatmaps/opened-heatmaps.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

let opened: OpenedHeatmaps;
afterEach(() => opened.close());

/** Closes what was idle for 20 ms, and counts how often a heatmap was made. */
async function quickly(isBusy: (heatmap: Heatmap) => boolean = () => false) {
  const made: Heatmap[] = [];
  const plan = await syntheticHeatmap(4, 4);
  opened = openedHeatmaps({
    make: async () => {
      const heatmap = await syntheticHeatmap(4, 4);
      heatmap.usage.usedAt = Date.now();
      made.push(heatmap);
      return heatmap;
    },
    isBusy,
    onClosed: () => {},
    onError: (_, error) => {
      throw error;
    },
    idlePause: 20,
    checkPause: 10,
  });
  return { plan, made };
}

const isClosed = (heatmap: Heatmap) =>
  heatmap.values.records([]).then(
    () => false,
    () => true,
  );

describe('a heatmap that nobody asks for is closed, and opened again by who asks later', () => {
  test('there is one of a plan for all who ask at once', async () => {
    const { plan, made } = await quickly();
    const [a, b] = await Promise.all([opened.open(plan), opened.open(plan)]);
    expect(a).toBe(b);
    expect(made).toHaveLength(1);
  });

  test('a closed one says so instead of telling that it knows nothing', async () => {
    const { plan } = await quickly();
    const heatmap = await opened.open(plan);
    await setTimeout(100);
    expect(await isClosed(heatmap)).toBe(true);
    expect(opened.touch(heatmap)).toBe(false);
    const again = await opened.open(plan);
    expect(again).not.toBe(heatmap);
    expect(await isClosed(again)).toBe(false);
  });

  test('once all are closed none is opened any more', async () => {
    const { plan, made } = await quickly();
    await opened.open(plan);
    await opened.close();
    await expect(opened.open(plan)).rejects.toThrow('closed meanwhile');
    expect(made).toHaveLength(1);
  });

  test('but not while somebody looks at it', async () => {
    const { plan } = await quickly();
    const heatmap = await opened.open(plan);
    const release = holdHeatmap(heatmap);
    await setTimeout(100);
    expect(await isClosed(heatmap)).toBe(false);
    release();
    release();
    expect(heatmap.usage.holders).toBe(0);
    await setTimeout(100);
    expect(await isClosed(heatmap)).toBe(true);
  });

  test('nor while its patches are wanted', async () => {
    const { plan } = await quickly(() => true);
    const heatmap = await opened.open(plan);
    await setTimeout(100);
    expect(await isClosed(heatmap)).toBe(false);
  });
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { repainting } from '../../plugin/src/repainting.ts';

const FRAME = 16;

let now = 0;
let frames: (() => void)[] = [];
let timers: (() => void)[] = [];

beforeEach(() => {
  [now, frames, timers] = [0, [], []];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('window', { setTimeout: (run: () => void) => timers.push(run) });
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Tiles that take `cost` ms to paint, and what is done with them. */
function tilesOf(count: number, cost: number) {
  const outdated = new Set(Array.from({ length: count }, (_, tile) => tile));
  const log = { shown: [] as number[][], longest: 0 };
  const all = [...outdated];
  const painter = repainting<number>({
    visible: () => all,
    loaded: () => all,
    begin: () => {},
    isOutdated: (tile) => outdated.has(tile),
    paint: (tile) => {
      now += cost;
      outdated.delete(tile);
      return () => {};
    },
    shown: (tiles) => log.shown.push(tiles),
  });
  const turns = (queue: (() => void)[]) => {
    const start = now;
    for (const run of queue.splice(0)) run();
    log.longest = Math.max(log.longest, now - start);
  };
  /** The time until the next frame, and its turns. */
  const frame = () => {
    turns(timers);
    now = FRAME * (Math.floor(now / FRAME) + 1);
    turns(frames);
  };
  return { painter, outdated, log, frame };
}

test('tiles are painted a few in a frame and shown together', () => {
  const { painter, log, frame } = tilesOf(20, 2);
  painter.request();
  for (let i = 0; i < 10; i++) frame();
  expect(log.shown.map((tiles) => tiles.length)).toEqual([20]);
  // The budget, and the tile that passes it.
  expect(log.longest).toBeLessThanOrEqual(12);
});

test('few tiles are painted and shown at once', () => {
  const { painter, log, frame } = tilesOf(2, 1);
  painter.request();
  frame();
  expect(log.shown).toEqual([[0, 1]]);
});

test('tiles that become better with every frame are shown all the same', () => {
  const { painter, outdated, log, frame } = tilesOf(3, 7);
  for (let i = 0; i < 100; i++) {
    outdated.add(i % 3);
    painter.request();
    frame();
  }
  expect(log.shown.length).toBeGreaterThan(30);
});

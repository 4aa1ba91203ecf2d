import type { CDPSession, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { addCam, settled, useBrowser } from './browser.ts';

const browser = useBrowser();

const CHANGES = 500;
const PANS = 200;
/** Pans of a round through the same places. */
const ROUND = 20;
/** Bytes of JavaScript objects; a kilobyte kept at each change would be half of it. */
const MOST_GROWTH = 1e6;
/** Canvases more or less: which of the tiles that nobody sees are the slide's is chance. */
const CHANCE = 30;

/**
 * A grey slide of tiles at its finest level, with the heatmap over it, in a viewer that has no place for the tiles of a
 * whole round: they go and come back.
 */
async function openSmallCache(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.evaluate(async () => {
    const grey = document.createElement('canvas');
    [grey.width, grey.height] = [256, 256];
    grey.getContext('2d')?.fillRect(0, 0, 256, 256);
    const tile = grey.toDataURL();
    const viewer = window.OpenSeadragon({
      element: document.getElementById('viewer') ?? undefined,
      drawer: 'canvas',
      tileSources: {
        width: 2000,
        height: 1400,
        tileSize: 256,
        getTileUrl: (level: number, x: number, y: number) => `${tile}#${level}/${x}_${y}`,
      },
      showNavigationControl: false,
      maxImageCacheCount: 50,
      animationTime: 0,
      blendTime: 0,
      immediateRender: true,
    });
    window.viewer = viewer;
    await new Promise((resolve) => viewer.addOnceHandler('open', resolve));
    viewer.viewport.fitBounds(new window.OpenSeadragon.Rect(0.1, 0.1, 0.45, 0.32), true);
  });
  await addCam(page, { showControl: true });
}

/** Changes by turns what needs other pixels and what needs other tiles; pans in a circle, back to where it began. */
function work(page: Page, changes: number, pans: number): Promise<void> {
  return page.evaluate(
    async ([many, moves, round]) => {
      const { viewer, cam } = window;
      const start = viewer.viewport.getCenter(true);
      const modes = ['single', 'blend', 'argmax'] as const;
      const names = cam.descriptor?.classes.map(({ name }) => name) ?? [];
      for (let i = 0; i < many; i++) {
        await cam.setOptions({
          threshold: (i % 50) / 100,
          mode: modes[Math.floor(i / 25) % 3],
          classes: [names[Math.floor(i / 10) % names.length]],
        });
        await new Promise(requestAnimationFrame);
        if (i % Math.floor(many / moves) !== 0) continue;
        const angle = (2 * Math.PI * (Math.floor(i / Math.floor(many / moves)) % round)) / round;
        const to = { x: start.x + Math.sin(angle) / 5, y: start.y + (1 - Math.cos(angle)) / 6 };
        viewer.viewport.panTo(new window.OpenSeadragon.Point(to.x, to.y), true);
        await new Promise((resolve) => window.setTimeout(resolve, 20));
      }
      await cam.setOptions({ threshold: null, mode: 'single', classes: names.slice(0, 1) });
      viewer.viewport.panTo(start, true);
    },
    [changes, pans, ROUND] as const,
  );
}

/** How many objects of a class there are that something still refers to. */
async function alive(session: CDPSession, name: string): Promise<number> {
  const { result } = await session.send('Runtime.evaluate', { expression: `${name}.prototype` });
  const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId: result.objectId ?? '' });
  const { result: count } = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.length; }',
  });
  await session.send('Runtime.releaseObject', { objectId: objects.objectId ?? '' });
  return Number(count.value);
}

async function measure(page: Page, session: CDPSession) {
  await settled(page);
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  const kept = {
    pixels: await alive(session, 'ImageData'),
    requests: await alive(session, 'AbortController'),
    elements: await page.evaluate(() => document.querySelectorAll('*').length),
    ...(await page.evaluate(() => ({
      tiles: window.viewer.tileCache.numTilesLoaded(),
      caches: window.viewer.tileCache.numCachesLoaded(),
    }))),
  };
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return { kept, usedSize, canvases: await alive(session, 'HTMLCanvasElement') };
}

test('nothing has grown after many changes and pans: no cache, no canvas, no heap', async () => {
  const { page, url } = browser;
  await openSmallCache(page, url);
  const session = await page.context().newCDPSession(page);
  // Everything that is kept on purpose is there.
  await work(page, 6 * ROUND, 2 * ROUND);
  const before = await measure(page, session);
  await work(page, CHANGES, PANS);
  const after = await measure(page, session);
  expect(after.kept).toEqual(before.kept);
  expect(after.canvases - before.canvases).toBeLessThan(CHANCE);
  expect(after.usedSize - before.usedSize).toBeLessThan(MOST_GROWTH);
}, 300_000);

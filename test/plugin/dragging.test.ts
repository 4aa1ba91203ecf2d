import { expect, test } from 'vitest';
import { addCam, openViewer, pixelsAt, settled, useBrowser } from './browser.ts';

const browser = useBrowser();

test('changes that come faster than they can be painted: no frame shows two styles, the last one stays, nothing is asked for or left over', async () => {
  const { page, url, control } = browser;
  await openViewer(page, url);
  await addCam(page, { mode: 'single', classes: ['Lesion'], opacity: 1 });
  const before = control.requests.length;
  const found = await page.evaluate(async () => {
    const { viewer, cam } = window;
    const counts = () => [viewer.tileCache.numCachesLoaded(), viewer.tileCache.numTilesLoaded()];
    const start = counts();
    const seen = new Set<number>();
    const mixed: number[][] = [];
    const look = () => {
      const { canvas } = viewer.drawer;
      const context = canvas.getContext('2d');
      const item = viewer.world.getItemAt(0);
      // In tiles far from each other, over the middle of the slide and near its corners.
      const places = [300, 700, 1200, 1700].map((x) => new window.OpenSeadragon.Point(x, x * 0.7));
      const greys = places.map((place) => {
        const { x, y } = item.imageToViewerElementCoordinates(place);
        return context?.getImageData(Math.floor(x), Math.floor(y), 1, 1).data[0] ?? -1;
      });
      seen.add(greys[0]);
      if (new Set(greys).size > 1) mixed.push(greys);
    };
    // One colour for all scores, so that the whole screen has that of one style.
    await cam.setOptions({ colormap: () => [10, 10, 10] });
    await new Promise((resolve) => viewer.addOnceHandler('update-viewport', resolve));
    viewer.addHandler('update-viewport', look);
    const changes: Promise<void>[] = [];
    for (let grey = 11; grey <= 130; grey++) {
      changes.push(cam.setOptions({ colormap: () => [grey, grey, grey] }));
      await new Promise((resolve) => window.setTimeout(resolve, 3));
    }
    await Promise.all(changes);
    return { mixed, frames: seen.size, start, end: counts() };
  });
  expect(found.mixed).toEqual([]);
  expect(found.frames).toBeGreaterThan(1);
  expect(found.end).toEqual(found.start);
  await settled(page);
  expect(await pixelsAt(page, [[1000, 700]])).toEqual([[130, 130, 130]]);
  expect(control.requests.slice(before).filter((request) => request.includes('_files/'))).toEqual([]);
});

import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TISSUES, tissueMap } from '../../demo/slide/tissue-map.ts';
import { decodeNpy } from '../../shared/codecs/npy.ts';
import { parseColour } from '../../shared/colour/palette.ts';
import { tileCount } from '../../shared/geometry/deep-zoom.ts';
import { tileWindow } from '../../shared/geometry/score-raster.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue, TISSUE_SLIDE } from '../small-catalogue.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const truth = tissueMap(TISSUE_SLIDE);

let catalogue: SmallCatalogue;
let server: RunningCommand;
let browser: Browser;
let descriptor: HeatmapDescriptor;
/** The tissue that leads in each cell, by class number; row-major over the cell raster. */
let leading: Int8Array;

beforeAll(async () => {
  [catalogue, browser] = await Promise.all([smallCatalogue(), launchBrowser()]);
  const { slides, models, store } = catalogue;
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  descriptor = await (await fetch(new URL(`${HEATMAP}.json`, server.address))).json();
  leading = await leadingClasses();
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

async function leadingClasses(): Promise<Int8Array> {
  const { grid, maxLevel } = descriptor;
  const columns = grid.columns * grid.cellColumns;
  const raster = new Int8Array(grid.rows * grid.cellRows * columns).fill(-1);
  const tiles = tileCount(descriptor, maxLevel);
  for (let row = 0; row < tiles.rows; row++) {
    for (let column = 0; column < tiles.columns; column++) {
      const address = { level: maxLevel, column, row };
      const answer = await fetch(new URL(`${HEATMAP}_files/${maxLevel}/${column}_${row}.npy`, server.address));
      const { data } = decodeNpy(new Uint8Array(await answer.arrayBuffer()));
      const window = tileWindow(descriptor, grid, address, 'cells');
      const plane = window.rows * window.columns;
      for (let i = 0; i < plane; i++) {
        let best = 0;
        for (let c = 1; c < TISSUES.length; c++) if (data[c * plane + i] > data[best * plane + i]) best = c;
        const y = window.rowStart + Math.floor(i / window.columns);
        raster[y * columns + window.columnStart + (i % window.columns)] = best;
      }
    }
  }
  return raster;
}

/** Class number of the true tissue at a point of the slide. */
const trueClass = (x: number, y: number) =>
  descriptor.classes.findIndex(({ name }) => name === TISSUES[truth.truthAt(x, y)]);

test('the class that leads in a cell is the tissue that lies there', () => {
  const { grid } = descriptor;
  const columns = grid.columns * grid.cellColumns;
  const size = grid.patchWidth / grid.cellColumns;
  let right = 0;
  for (const [index, found] of leading.entries()) {
    const x = ((index % columns) + 0.5) * size;
    const y = (Math.floor(index / columns) + 0.5) * size;
    if (found === trueClass(x, y)) right++;
  }
  expect(right / leading.length).toBeGreaterThan(0.93);
});

test('the page shows each tissue in its own colour', async () => {
  const page = await browser.newPage({ viewport: { width: 1100, height: 700 } });
  await page.addInitScript(() => {
    // Keeps hold of the overlay when the page makes it.
    document.addEventListener('DOMContentLoaded', () => {
      const { prototype } = window.OpenSeadragon.Viewer;
      const { cam } = prototype;
      prototype.cam = function keep(options) {
        window.demoCam = cam.call(this, options);
        return window.demoCam;
      };
    });
  });
  await page.goto(`${server.address}#slide=tissue.tif&model=tissue.h5`);
  await page.waitForFunction(() => window.demoCam !== undefined);
  await page.evaluate(async () => {
    await window.demoCam.ready;
    await window.demoCam.setOptions({ mode: 'argmax', opacity: 1, showInNavigator: false });
  });
  await page.waitForFunction(() => {
    const item = window.demoCam.item;
    return item?.getFullyLoaded() && !item.needsDraw();
  });
  const points: [number, number][] = [];
  for (let y = 150; y < 1200; y += 75) for (let x = 100; x < 1850; x += 75) points.push([x, y]);
  // Away from borders, where the colour fades, and where the page's own controls do not lie above.
  const inside = points.filter(([x, y]) =>
    [-60, 0, 60].every((dx) => [-60, 0, 60].every((dy) => trueClass(x + dx, y + dy) === trueClass(x, y))),
  );
  expect(inside.length).toBeGreaterThan(20);
  const count = async () => {
    const shown = await page.evaluate((places) => {
      const { viewer } = window.demoCam;
      const item = viewer.world.getItemAt(0);
      const context = viewer.drawer.canvas.getContext('2d');
      const density = viewer.drawer.canvas.width / viewer.container.clientWidth;
      return places.map(([x, y]) => {
        const point = item.imageToViewerElementCoordinates(new window.OpenSeadragon.Point(x, y));
        return [...(context?.getImageData(point.x * density, point.y * density, 1, 1).data ?? [])].slice(0, 3);
      });
    }, inside);
    const near = inside.filter(([x, y], index) => {
      const distances = descriptor.classes.map(({ color }) => {
        const rgb = parseColour(color) ?? [0, 0, 0];
        return rgb.reduce((sum, value, channel) => sum + (value - shown[index][channel]) ** 2, 0);
      });
      return distances.indexOf(Math.min(...distances)) === trueClass(x, y);
    });
    return near.length / inside.length;
  };
  await expect.poll(count).toBeGreaterThan(0.85);
});

declare global {
  interface Window {
    demoCam: import('../../plugin/src/index.ts').CamOverlay;
  }
}

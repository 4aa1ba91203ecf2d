import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, runCommand, startCommand } from '../command-line.ts';
import { settled } from '../plugin/browser.ts';
import { type ForeignPage, foreignPage } from './foreign-page.ts';
import { LANDMARK_SLIDE, landmarkCatalogue } from './landmarks.ts';

let catalogue: Awaited<ReturnType<typeof landmarkCatalogue>>;
let server: RunningCommand;
let page: ForeignPage;
let browser: Browser;

beforeAll(async () => {
  [catalogue, page, browser] = await Promise.all([landmarkCatalogue(), foreignPage(), launchBrowser()]);
  const { slides, models, store } = catalogue;
  // Estimates have edges of their own.
  const model = join(models, 'darkness/model.json');
  const analysis = await runCommand('analyze', join(slides, 'marks.png'), model, '--store', store);
  expect(analysis.status, analysis.stderr).toBe(0);
  server = await startCommand(
    ...['serve', '--slides', slides, '--models', models, '--store', store, '--port', '0', '--cors', page.origin],
  );
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop(), page?.close()]);
  await rm(catalogue.root, { recursive: true, force: true });
});

/** How image and view are placed; what is left out is as OpenSeadragon has it. */
interface Placement {
  drawer?: 'canvas' | 'webgl';
  collection?: boolean;
  navigator?: boolean;
  zoom?: number;
  /** Middle of the view, in slide pixels. */
  centre?: [x: number, y: number];
  /** Of the viewport. */
  turn?: number;
  mirror?: boolean;
  item?: { turn?: number; mirror?: boolean; x?: number; y?: number; width?: number };
  clip?: [x: number, y: number, width: number, height: number];
}

const placements: [string, Placement][] = [
  ['as it is', {}],
  ['magnified, off the middle', { zoom: 3.7, centre: [400, 300] }],
  ['beyond its own pixels', { zoom: 9, centre: [300, 220] }],
  ['the view turned by a right angle', { turn: 90 }],
  ['the view turned by 33 degrees and magnified', { turn: 33, zoom: 2.3, centre: [420, 420] }],
  ['the view mirrored', { mirror: true }],
  ['the view mirrored and turned', { mirror: true, turn: 123, zoom: 1.4 }],
  ['the image turned', { item: { turn: 45 } }],
  ['the image mirrored', { item: { mirror: true } }],
  ['the image moved and scaled', { item: { x: 0.31, y: -0.17, width: 0.37 }, zoom: 1.6 }],
  [
    'image and view turned, mirrored, moved and scaled',
    { item: { x: -0.4, y: 0.2, width: 1.7, turn: 30, mirror: true }, turn: 200, mirror: true, zoom: 1.3 },
  ],
  ['one of a collection, beside a navigator', { collection: true, navigator: true, turn: 10, zoom: 0.55 }],
  ['clipped', { clip: [160, 100, 700, 500] }],
  ['webgl, the view turned and mirrored', { drawer: 'webgl', turn: 33, mirror: true, zoom: 2.3, centre: [420, 420] }],
];

test.each(placements)(
  'landmarks of slide and heatmap lie on each other: %s',
  async (_name, placement) => {
    const tab = await open(placement);
    await settled(tab);
    const slide = await maskOf(tab, 'slide');
    const heatmap = await maskOf(tab, 'heatmap');
    // Enough of the shape is on screen to tell where it is.
    expect(slide.count).toBeGreaterThan(1500);
    expect(heatmap.count).toBeGreaterThan(1500);
    expect({ slide: strays(slide, heatmap), heatmap: strays(heatmap, slide) }).toEqual({ slide: 0, heatmap: 0 });
    await tab.context().close();
  },
  90_000,
);

/** Opens a viewer with the slide, the heatmap on it, kept as `window.cam`, and places both. */
async function open(placement: Placement): Promise<Page> {
  const tab = await browser.newPage({
    viewport: { width: 600, height: 450 },
  });
  await tab.goto(`${page.origin}/?plugin`);
  const addresses = {
    marks: new URL('slides/marks.png.dzi?format=png', server.address).href,
    other: new URL('slides/other.png.dzi?format=png', server.address).href,
    heatmap: new URL('heatmaps/marks.png/darkness:model.json.json', server.address).href,
  };
  const drawer = await tab.evaluate(
    async ({ addresses, placement, slide }) => {
      const { OpenSeadragon } = window;
      const { item: own = {}, clip, turn = 0, mirror = false, zoom = 1, collection = false } = placement;
      const viewer = OpenSeadragon({
        element: document.getElementById('viewer') ?? undefined,
        drawer: placement.drawer ?? 'canvas',
        showNavigationControl: false,
        showNavigator: placement.navigator === true,
        collectionMode: collection,
        collectionRows: 1,
        animationTime: 0,
        blendTime: 0,
        immediateRender: true,
        maxZoomPixelRatio: 20,
        crossOriginPolicy: 'Anonymous',
      });
      window.viewer = viewer;
      const add = (tileSource: string, options: object = {}) =>
        new Promise<OpenSeadragon.TiledImage>((resolve, reject) => {
          viewer.addTiledImage({
            ...options,
            tileSource,
            success: (event) => resolve(Reflect.get(event, 'item')),
            error: (event) => reject(new Error(event.message)),
          });
        });
      if (collection) await add(addresses.other);
      const base = await add(addresses.marks, { x: own.x ?? 0, y: own.y ?? 0, width: own.width ?? 1 });
      window.cam = viewer.cam({
        heatmap: addresses.heatmap,
        tiledImage: base,
        classes: ['Dark'],
        interpolation: 'cells',
        threshold: 0.5,
        opacity: 1,
        showControl: false,
      });
      await window.cam.ready;
      // Half of it before the heatmap is there, half of it after.
      base.setRotation(own.turn ?? 0, true);
      base.setFlip(own.mirror ?? false);
      if (clip) base.setClip(new OpenSeadragon.Rect(...clip));
      viewer.viewport.setRotation(turn, true);
      viewer.viewport.setFlip(mirror);
      const [x, y] = placement.centre ?? [slide.width / 2, slide.height / 2];
      viewer.viewport.fitBounds(base.getBounds(), true);
      viewer.viewport.zoomBy(zoom, undefined, true);
      viewer.viewport.panTo(base.imageToViewportCoordinates(new OpenSeadragon.Point(x, y)), true);
      return viewer.drawer.getType();
    },
    { addresses, placement, slide: LANDMARK_SLIDE },
  );
  expect(drawer).toBe(placement.drawer ?? 'canvas');
  return tab;
}

interface Mask {
  width: number;
  height: number;
  /** 1 where the landmarks are. */
  bits: number[];
  count: number;
}

/** Where on screen the landmarks of the slide alone are, or those of the heatmap alone. */
async function maskOf(tab: Page, what: 'slide' | 'heatmap'): Promise<Mask> {
  await tab.evaluate((shown) => {
    const { viewer, cam } = window;
    for (let i = 0; i < viewer.world.getItemCount(); i++) {
      const item = viewer.world.getItemAt(i);
      if (item !== cam.item) item.setOpacity(shown === 'slide' ? 1 : 0);
    }
    cam.item?.setOpacity(shown === 'slide' ? 0 : 1);
  }, what);
  // Both are loaded; what is not shown counts as not loaded.
  await tab.evaluate(async () => {
    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
  });
  return tab.evaluate((shown) => {
    const { viewer } = window;
    viewer.forceRedraw();
    const { canvas } = viewer.drawer;
    const { width, height } = canvas;
    const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
    const base = viewer.world.getItemAt(viewer.world.getItemCount() - 2);
    const ratio = width / viewer.container.clientWidth;
    const area = base.getClip();
    /** Whether a pixel lies on the slide itself; around it another one, or nothing, is seen. */
    const isOnSlide = (x: number, y: number) => {
      const point = new window.OpenSeadragon.Point((x + 0.5) / ratio, (y + 0.5) / ratio);
      const { x: column, y: row } = base.viewerElementToImageCoordinates(point);
      const size = base.getContentSize();
      const { x: left, y: top, width: w, height: h } = area ?? { x: 0, y: 0, width: size.x, height: size.y };
      return column > left && row > top && column < left + w && row < top + h;
    };
    const bits: number[] = [];
    let count = 0;
    for (let i = 0; i < width * height; i++) {
      const isMark = data[4 * i + 3] >= 128 && (shown === 'heatmap' || data[4 * i] < 128);
      const bit = isMark && isOnSlide(i % width, Math.floor(i / width)) ? 1 : 0;
      bits.push(bit);
      count += bit;
    }
    return { width, height, bits, count };
  }, what);
}

/** Pixels of a mask that lie further than one pixel from all of another. */
function strays({ width, height, bits }: Mask, other: Mask): number {
  let found = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!bits[y * width + x]) continue;
      let isNear = false;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const [column, row] = [x + dx, y + dy];
          const isInside = column >= 0 && row >= 0 && column < width && row < height;
          if (isInside && other.bits[row * width + column]) isNear = true;
        }
      }
      if (!isNear) found++;
    }
  }
  return found;
}

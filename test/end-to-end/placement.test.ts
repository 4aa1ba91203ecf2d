import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { type RunningCommand, runCommand, startCommand } from '../command-line.ts';
import { settled } from '../plugin/browser.ts';
import { type ForeignPage, foreignPage } from './foreign-page.ts';
import { LANDMARK_SLIDE, LANDMARKS, landmarkCatalogue } from './landmarks.ts';

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
  /**
   * Pixels of the screen for one of the page, in each direction. The slide is then one tile, for OpenSeadragon draws tiles
   * without overlap a pixel of the page larger than they are, which are two of the screen.
   */
  density?: number;
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
  ['two pixels for one, the view turned', { density: 2, turn: 33, zoom: 2.3, centre: [420, 420] }],
  ['two pixels for one, the view mirrored and turned', { density: 2, mirror: true, turn: 123, zoom: 1.4 }],
  [
    'two pixels for one, image and view turned and mirrored',
    { density: 2, item: { turn: 30, mirror: true }, turn: 200, mirror: true, zoom: 1.3 },
  ],
  ['webgl, the view turned and mirrored', { drawer: 'webgl', turn: 33, mirror: true, zoom: 2.3, centre: [420, 420] }],
  ['webgl, the view turned by 160 degrees and mirrored', { drawer: 'webgl', turn: 160, mirror: true, zoom: 1.4 }],
];

test.each(placements)(
  'landmarks of slide and heatmap lie on each other: %s',
  async (_name, placement) => {
    const tab = await open(placement);
    await settled(tab);
    const found = async () => {
      const slide = await maskOf(tab, 'slide');
      const heatmap = await maskOf(tab, 'heatmap');
      // Enough of the shape is on screen to tell where it is.
      return { isShown: Math.min(slide, heatmap) > 1500, strays: await strays(tab) };
    };
    // Of what WebGL by software draws pieces can be missing at first, in viewers without a heatmap, too.
    await expect.poll(found, { timeout: 100_000 }).toEqual({ isShown: true, strays: { slide: [], heatmap: [] } });
    await tab.context().close();
  },
  240_000,
);

/** Opens a viewer with the slide, the heatmap on it, kept as `window.cam`, and places both. */
async function open(placement: Placement): Promise<Page> {
  const tab = await browser.newPage({
    viewport: { width: 600, height: 450 },
    deviceScaleFactor: placement.density ?? 1,
  });
  // Frames of WebGL by software, with four times the pixels, take seconds on a busy machine.
  tab.setDefaultTimeout(100_000);
  await tab.goto(`${page.origin}/?plugin`);
  const addresses = {
    marks: new URL('slides/marks.png.dzi?format=png', server.address).href,
    other: new URL('slides/other.png.dzi?format=png', server.address).href,
    heatmap: new URL('heatmaps/marks.png/darkness:model.json.json', server.address).href,
  };
  const drawer = await tab.evaluate(
    async ({ addresses, placement, slide, marks }) => {
      const { OpenSeadragon } = window;
      const { item: own = {}, clip, turn = 0, mirror = false, zoom = 1, collection = false } = placement;
      const element = document.getElementById('viewer');
      // As many pixels of the screen at every density: drawing them takes its time.
      if (element && placement.density) {
        const { clientWidth, clientHeight } = element;
        element.style.width = `${clientWidth / placement.density}px`;
        element.style.height = `${clientHeight / placement.density}px`;
      }
      const viewer = OpenSeadragon({
        element: element ?? undefined,
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
      const paint = () => {
        const canvas = document.createElement('canvas');
        Object.assign(canvas, slide);
        const context = canvas.getContext('2d');
        if (!context) throw new Error('no canvas');
        context.fillStyle = '#fff';
        context.fillRect(0, 0, slide.width, slide.height);
        context.fillStyle = '#000';
        for (const [x, y, w, h] of marks) context.fillRect(x, y, w, h);
        const url = canvas.toDataURL();
        // One tile, which is drawn as large as it is because it says that it overlaps others.
        return { ...slide, tileSize: 2048, tileOverlap: 1, minLevel: 11, getTileUrl: () => url };
      };
      const add = (tileSource: string | object, options: object = {}) =>
        new Promise<OpenSeadragon.TiledImage>((resolve, reject) => {
          viewer.addTiledImage({
            ...options,
            tileSource,
            success: (event) => resolve(Reflect.get(event, 'item')),
            error: (event) => reject(new Error(event.message)),
          });
        });
      if (collection) await add(addresses.other);
      const base = await add(placement.density ? paint() : addresses.marks, {
        x: own.x ?? 0,
        y: own.y ?? 0,
        width: own.width ?? 1,
      });
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
    { addresses, placement, slide: LANDMARK_SLIDE, marks: LANDMARKS },
  );
  expect(drawer).toBe(placement.drawer ?? 'canvas');
  return tab;
}

/** Keeps where on screen the landmarks of the slide alone are, or those of the heatmap alone. @returns how many pixels */
async function maskOf(tab: Page, what: 'slide' | 'heatmap'): Promise<number> {
  await tab.evaluate(async (shown) => {
    const { viewer, cam } = window;
    for (let i = 0; i < viewer.world.getItemCount(); i++) {
      const item = viewer.world.getItemAt(i);
      if (item !== cam.item) item.setOpacity(shown === 'slide' ? 1 : 0);
    }
    cam.item?.setOpacity(shown === 'slide' ? 0 : 1);
    // Both are loaded; what is not shown counts as not loaded.
    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
  }, what);
  return tab.evaluate((shown) => {
    const { viewer } = window;
    const { canvas } = viewer.drawer;
    const { width, height } = canvas;
    viewer.forceRedraw();
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
    const bits = new Uint8Array(width * height);
    for (let i = 0; i < bits.length; i++) {
      const isMark = data[4 * i + 3] >= 128 && (shown === 'heatmap' || data[4 * i] < 128);
      if (isMark && isOnSlide(i % width, Math.floor(i / width))) bits[i] = 1;
    }
    window.masks = { ...window.masks, [shown]: bits };
    return bits.reduce((sum, bit) => sum + bit, 0);
  }, what);
}

/** Places of pixels of either mask that lie further than one pixel from all of the other. */
function strays(tab: Page): Promise<Record<'slide' | 'heatmap', [x: number, y: number][]>> {
  return tab.evaluate(() => {
    const { width } = window.viewer.drawer.canvas;
    const { slide, heatmap } = window.masks;
    const far = (mask: Uint8Array, other: Uint8Array) => {
      const found: [number, number][] = [];
      mask.forEach((bit, at) => {
        if (!bit) return;
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) if (other[at + dy * width + dx]) return;
        }
        found.push([at % width, Math.floor(at / width)]);
      });
      return found;
    };
    return { slide: far(slide, heatmap), heatmap: far(heatmap, slide) };
  });
}

declare global {
  interface Window {
    masks: Record<'slide' | 'heatmap', Uint8Array>;
  }
}

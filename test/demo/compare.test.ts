import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useServer } from '../served-catalogue.ts';
import { useBrowser } from './use-browser.ts';

const server = useServer([], async ({ models }) => {
  for (const ending of ['h5', 'manifest.json']) {
    await copyFile(join(models, `tissue.${ending}`), join(models, `other.${ending}`));
  }
});
const browser = useBrowser();

async function openPage(query: string, viewport = { width: 1500, height: 800 }): Promise<Page> {
  const page = await browser.newPage({ viewport });
  await page.addInitScript(() => localStorage.setItem('openseadragon-cam-hints-seen', 'true'));
  await page.goto(server.address + query);
  await page.locator('.half .osd-cam').first().waitFor({ timeout: 60_000 });
  return page;
}

const COMPARED = '?slide=tissue.tif&model=tissue.h5&compare=other.h5';

async function openComparison(viewport?: { width: number; height: number }): Promise<Page> {
  const page = await openPage(COMPARED, viewport);
  await page.locator('.half .osd-cam').nth(1).waitFor({ timeout: 60_000 });
  return page;
}

interface Place {
  /** Whether no movement is under way. */
  isStill: boolean;
  middle: [number, number];
  /** Pixels of the screen for the slide's width. */
  scale: number;
  rotation: number;
  flipped: boolean;
}

/** Where every viewer of the page is now. */
function places(page: Page): Promise<Place[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.half > .viewer')].map((element) => {
      const { viewport } = window.OpenSeadragon.getViewer(element);
      const { x, y } = viewport.getCenter(true);
      const end = viewport.getCenter();
      const isStill =
        Math.hypot(end.x - x, end.y - y) < 1e-9 && Math.abs(viewport.getZoom() / viewport.getZoom(true) - 1) < 1e-9;
      const round = (value: number) => Math.round(1e6 * value) / 1e6;
      return {
        isStill,
        middle: [round(x), round(y)],
        scale: round(viewport.getZoom(true) * element.clientWidth),
        rotation: viewport.getRotation(true),
        flipped: viewport.getFlip(),
      } satisfies Place;
    }),
  );
}

/** Where both are when they move no more. */
async function together(page: Page): Promise<Place> {
  let last = '';
  await expect
    .poll(
      async () => {
        const before = last;
        last = JSON.stringify(await places(page));
        const [first, second] = JSON.parse(last);
        return before === last && first.isStill && JSON.stringify(first) === JSON.stringify(second);
      },
      { interval: 250 },
    )
    .toBe(true);
  return JSON.parse(last)[0];
}

test('the halves show a model each, and move together whichever is moved', async () => {
  const page = await openComparison();
  expect(new URL(page.url()).hash).toBe('#slide=tissue.tif&model=tissue.h5&compare=other.h5');
  expect(new URL(page.url()).search).toBe('');
  for (const name of ['tissue', 'other']) {
    await page
      .getByRole('region', { name: `Viewer of ${name}` })
      .locator('canvas')
      .first()
      .waitFor();
  }
  const home = await together(page);
  const halves = page.locator('.half');

  const box = await halves.nth(0).boundingBox();
  if (!box) throw new Error('no half');
  await page.mouse.move(box.x + 200, box.y + 300);
  await page.mouse.wheel(0, -400);
  await expect.poll(async () => (await places(page))[1].scale).toBeGreaterThan(1.1 * home.scale);
  const zoomed = await together(page);

  // What is dragged in the second moves the first.
  const second = await halves.nth(1).boundingBox();
  if (!second) throw new Error('no second half');
  await page.mouse.move(second.x + 300, second.y + 400);
  await page.mouse.down();
  await page.mouse.move(second.x + 200, second.y + 350, { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await places(page))[0].middle[0]).toBeGreaterThan(zoomed.middle[0]);
  const moved = await together(page);
  expect(moved.scale).toBe(zoomed.scale);

  // By keys, too: turned and mirrored in the first, moved in the second.
  await halves.nth(0).getByRole('application').focus();
  await page.keyboard.press('r');
  await page.keyboard.press('f');
  await expect.poll(async () => (await places(page))[1]).toMatchObject({ rotation: 90, flipped: true });
  const turned = await together(page);
  await halves.nth(1).getByRole('application').focus();
  await page.keyboard.press('ArrowUp');
  await expect.poll(async () => (await places(page))[0].middle).not.toEqual(turned.middle);
  await together(page);

  // At rest nothing goes back and forth.
  const changes = () =>
    page.evaluate(async () => {
      let count = 0;
      for (const element of document.querySelectorAll<HTMLElement>('.half > .viewer')) {
        const viewer = window.OpenSeadragon.getViewer(element);
        viewer.addHandler('viewport-change', () => count++);
        viewer.addHandler('pan', () => count++);
        viewer.addHandler('zoom', () => count++);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      return count;
    });
  // On a busy machine the last movement takes its time to end.
  await expect.poll(changes, { timeout: 30_000 }).toBe(0);
  await page.close();
}, 120_000);

test('a comparison begins and ends in the page without losing the place', async () => {
  const page = await openPage('#slide=tissue.tif&model=tissue.h5');
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  await page.evaluate(() => {
    const element = document.querySelector<HTMLElement>('.half > .viewer');
    const { viewport } = window.OpenSeadragon.getViewer(element ?? '');
    viewport.zoomTo(4, undefined, true);
    viewport.panTo(new window.OpenSeadragon.Point(0.3, 0.2), true);
  });
  const compare = page.getByRole('combobox', { name: 'Compare with' });
  expect(await compare.locator('option:not([disabled])').allTextContents()).toEqual(['No other model', 'other']);
  await compare.selectOption('other');
  await page.locator('.half .osd-cam').nth(1).waitFor({ timeout: 60_000 });
  expect((await together(page)).middle).toEqual([0.3, 0.2]);

  // Another slide in both, and back.
  await page.getByRole('button', { name: /^brain/ }).click();
  await expect.poll(() => page.title()).toBe('brain/piece');
  await expect.poll(async () => (await places(page))[1].middle[1]).toBeCloseTo(500 / 700 / 2, 3);
  await together(page);
  await page.goBack();
  await expect.poll(() => page.title()).toBe('tissue');
  await page.goBack();
  await expect.poll(() => page.locator('.half').count()).toBe(1);
  expect(await compare.inputValue()).toBe('');
  await compare.selectOption('other');
  await compare.selectOption('');
  await expect.poll(() => page.locator('.half').count()).toBe(1);
  expect(faults).toEqual([]);
  await page.close();
}, 120_000);

test('the mouse over one half is marked in the other', async () => {
  const page = await openComparison();
  await together(page);
  const [first, second] = await Promise.all([0, 1].map((at) => page.locator('.half > .viewer').nth(at).boundingBox()));
  if (!first || !second) throw new Error('no halves');
  await page.mouse.move(first.x + 150, first.y + 210);
  const mark = page.locator('.pointer-mark:visible');
  const { x, y, width, height } = (await mark.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  expect(Math.abs(x + width / 2 - second.x - 150)).toBeLessThan(1.5);
  expect(Math.abs(y + height / 2 - second.y - 210)).toBeLessThan(1.5);
  await page.mouse.move(20, 400);
  await expect.poll(() => mark.count()).toBe(0);
  await page.close();
}, 120_000);

test('on a narrow screen the halves lie below each other', async () => {
  const page = await openComparison({ width: 420, height: 860 });
  const [first, second] = await Promise.all([0, 1].map((at) => page.locator('.half').nth(at).boundingBox()));
  expect(second?.x).toBe(first?.x);
  expect(second?.y).toBeGreaterThan((first?.y ?? 0) + 200);
  expect(second?.height).toBeGreaterThan(200);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(420);
  await together(page);
  await page.close();
}, 120_000);

import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useServer } from '../served-catalogue.ts';
import { useBrowser } from './use-browser.ts';

const server = useServer();
const browser = useBrowser();

const LIGHT = 'rgb(255, 255, 255)';
const DARK = 'rgb(21, 23, 27)';

async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(`${server.address}#slide=tissue.tif`);
  await page.getByRole('radio', { name: 'Dark' }).waitFor();
  return page;
}

const surface = (page: Page, selector = 'aside') =>
  page
    .locator(selector)
    .first()
    .evaluate((found) => getComputedStyle(found).backgroundColor);

test('the page and its panel take the theme that is chosen, and keep it', async () => {
  const page = await openPage({ colorScheme: 'dark' });
  await page.locator('.osd-cam').waitFor();
  expect([await surface(page), await page.getByRole('radio', { name: 'As the system says' }).isChecked()]).toEqual([
    DARK,
    true,
  ]);
  await page.getByRole('radio', { name: 'Light' }).check();
  expect(await surface(page)).toBe(LIGHT);
  expect(await surface(page, '.osd-cam')).toBe('rgba(255, 255, 255, 0.88)');

  const other = await page.context().newPage();
  await other.goto(server.address);
  await expect.poll(() => other.getByRole('radio', { name: 'Light' }).isChecked()).toBe(true);
  expect(await surface(other)).toBe(LIGHT);
  // What is chosen on one page holds on the others at once.
  await other.getByRole('radio', { name: 'As the system says' }).check();
  await expect.poll(() => surface(page)).toBe(DARK);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(() => surface(page)).toBe(LIGHT);
  await page.context().close();
}, 90_000);

test('the theme is chosen by keyboard, and without storage too', async () => {
  const page = await openPage({ colorScheme: 'light' });
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await page.reload();
  await page.getByRole('radio', { name: 'As the system says' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('radio', { name: 'Dark' }).isChecked()).toBe(true);
  expect(await surface(page)).toBe(DARK);
  expect(faults).toEqual([]);
  await page.context().close();
});

/** Text and what it stands on, edges and what they must be told from: the contrast of WCAG AA. */
const PAIRS: [front: string, back: string, least: number][] = [
  ...['surface', 'stage', 'hover', 'current'].flatMap((back): [string, string, number][] => [
    ['text', back, 4.5],
    ['quiet', back, 4.5],
    ['accent', back, 3],
  ]),
  ['warning', 'surface', 4.5],
  ['accent', 'current', 4.5],
  ['edge', 'surface', 3],
  ['edge', 'stage', 3],
];

test.each(['light', 'dark'] as const)('colours that stand on each other differ enough: %s', async (colorScheme) => {
  const page = await openPage({ colorScheme });
  const found = await page.evaluate((pairs) => {
    const probe = document.body.appendChild(document.createElement('i'));
    const luminance = (name: string) => {
      probe.style.color = `var(--${name})`;
      const channels = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
      const [red, green, blue] = channels.map(Number).map((channel) => {
        const value = channel / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    return pairs.map(([front, back]) => {
      const [low, high] = [luminance(front), luminance(back)].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    });
  }, PAIRS);
  const tooClose = PAIRS.flatMap(([front, back, least], at) =>
    found[at] >= least ? [] : [`${front} on ${back}: ${found[at].toFixed(2)} : 1`],
  );
  expect(tooClose).toEqual([]);
  await page.context().close();
});

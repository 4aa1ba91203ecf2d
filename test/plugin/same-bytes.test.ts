import { expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import type { CamChanges } from '../../plugin/src/options.ts';
import { tilePixels } from '../../plugin/src/tile-pixels.ts';
import { tileRequest } from '../../plugin/src/tile-request.ts';
import { useBrowser } from './browser.ts';
import { buildModule } from './bundles.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';
import { tileBody } from './made-up-scores.ts';

const browser = useBrowser();
const descriptor = describeHeatmap(4);

const styles: CamChanges[] = [
  { mode: 'single' },
  { mode: 'single', colormap: 'YlOrRd', range: [0.1, 0.7], threshold: 0.3 },
  { mode: 'single', interpolation: 'cells' },
  { mode: 'single', interpolation: 'patches' },
  { mode: 'single', score: 'cam' },
  { mode: 'blend' },
  { mode: 'blend', threshold: 0.2, classes: ['Blank', 'Lesion'] },
  { mode: 'argmax' },
  { mode: 'argmax', gamma: 0.5, interpolation: 'patches' },
  { mode: 'blend', gamma: 2.2 },
  { mode: 'single', gamma: 0.4, opacityByValue: true, colormap: ['#000000', [0.2, '#ff8800'], '#ffffff'] },
  { mode: 'entropy' },
  { mode: 'entropy', threshold: 0.3, range: [0.2, 0.9], colormap: 'Spectral' },
  { mode: 'difference', classes: ['White matter', 'Lesion'] },
  { mode: 'difference', threshold: 0.2, gamma: 0.7, opacityByValue: true, colormap: 'PuOr' },
];

test('the browser paints the same bytes from a tile as Node does', async () => {
  await browser.page.goto(browser.url);
  await browser.page.addScriptTag({ content: await buildModule('plugin/src/tile-pixels.ts', 'tilePainting') });
  for (const changes of styles) {
    const settings = changedSettings(defaultSettings(descriptor), changes, descriptor);
    const request = tileRequest(settings, descriptor);
    for (const address of [
      { level: 11, column: 3, row: 2 },
      { level: 11, column: 7, row: 5 },
      { level: 9, column: 0, row: 1 },
      { level: 6, column: 0, row: 0 },
    ]) {
      const npy = tileBody(descriptor, address, [...request.planes], request.score, 200);
      const expected = tilePixels(npy, address, request, descriptor, settings);
      const found = await browser.page.evaluate(
        async ([encoded, ...rest]) => {
          const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
          const painted = window.tilePainting.tilePixels(bytes, ...rest);
          const digest = await crypto.subtle.digest('SHA-256', painted.data);
          return [painted.width, painted.height, ...new Uint8Array(digest)];
        },
        [Buffer.from(npy).toString('base64'), address, request, descriptor, settings] as const,
      );
      const digest = await crypto.subtle.digest('SHA-256', expected.data);
      expect(found).toEqual([expected.width, expected.height, ...new Uint8Array(digest)]);
    }
  }
});

declare global {
  interface Window {
    tilePainting: typeof import('../../plugin/src/tile-pixels.ts');
  }
}

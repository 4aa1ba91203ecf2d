import { expect, test } from 'vitest';
import { german } from '../../plugin/src/languages/de.ts';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();

test('a page sets its own words before it adds a heatmap, and numbers are those of its language', async () => {
  const { page, url } = browser;
  await openViewer(page, url);
  await page.evaluate((words) => {
    document.documentElement.lang = 'de';
    for (const [key, text] of Object.entries(words)) window.OpenSeadragon.setString(`Cam.${key}`, text);
    window.OpenSeadragon.setString('Cam.Reset', 'Alles wie am Anfang');
  }, german);
  await addCam(page, { showControl: true });
  await page.getByRole('button', { name: 'Alles wie am Anfang' }).waitFor();
  await expect.poll(() => page.locator('.osd-cam-value').allTextContents()).toEqual(['51 %', '37 %', '8,4 %', '3,0 %']);
  const panel = await page.locator('.osd-cam').textContent();
  for (const word of ['Eine', 'Mehrere', 'Unsicher', 'Deckkraft', 'alles analysiert']) expect(panel).toContain(word);
  for (const word of ['Several', 'Opacity', 'analysed']) expect(panel).not.toContain(word);
});

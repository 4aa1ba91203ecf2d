import type OpenSeadragon from 'openseadragon';
import { expect, test } from 'vitest';
import { german } from '../../plugin/src/languages/de.ts';
import { ENGLISH } from '../../plugin/src/languages/en.ts';
import { learnStrings } from '../../plugin/src/strings.ts';
import { addCam, openViewer, useBrowser } from './browser.ts';

const browser = useBrowser();

test.each(Object.entries(ENGLISH))('%s has its values in every language', (key, english) => {
  const values = (text: string) => text.match(/\{\d\}/g)?.sort() ?? [];
  const translated = new Map<string, string>(Object.entries(german)).get(key) ?? '';
  expect(translated).not.toBe('');
  expect(values(translated)).toEqual(values(english));
});

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

test('words that were set before the plugin came are kept', () => {
  const words = new Map([['Cam.Reset', 'Anew']]);
  const complaints: string[] = [];
  const osd = {
    console: { error: (text: string) => complaints.push(text) },
    getString(property: string) {
      if (!words.has(property)) this.console.error(property);
      return words.get(property) ?? '';
    },
    setString: (property: string, text: string) => words.set(property, text),
  };
  // Of OpenSeadragon it uses no more.
  learnStrings(osd as unknown as typeof OpenSeadragon);
  expect(words.get('Cam.Reset')).toBe('Anew');
  expect(words.get('Cam.Opacity')).toBe('Opacity');
  expect(complaints).toEqual([]);
});

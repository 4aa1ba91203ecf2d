import type OpenSeadragon from 'openseadragon';
import { expect, test } from 'vitest';
import { german } from '../../plugin/src/languages/de.ts';
import { ENGLISH } from '../../plugin/src/languages/en.ts';
import { learnStrings } from '../../plugin/src/strings.ts';

test.each(Object.entries(ENGLISH))('%s has its values in every language', (key, english) => {
  const values = (text: string) => text.match(/\{\d\}/g)?.sort() ?? [];
  const translated = new Map<string, string>(Object.entries(german)).get(key) ?? '';
  expect(translated).not.toBe('');
  expect(values(translated)).toEqual(values(english));
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

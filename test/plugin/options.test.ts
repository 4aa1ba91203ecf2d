import { expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import type { CamChanges, CamSettings } from '../../plugin/src/options.ts';
import { colourOf, modesOf, shownClasses } from '../../plugin/src/shown.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';

const descriptor = describeHeatmap(4);
const settings = defaultSettings(descriptor);
const changed = (changes: CamChanges) => changedSettings(settings, changes, descriptor);

test('what is left out or undefined stays', () => {
  expect(changed({})).toEqual(settings);
  expect(changed({ opacity: undefined, classes: undefined })).toEqual(settings);
  expect(changed({ opacity: 0.2 })).toEqual({ ...settings, opacity: 0.2 });
});

test.each<[CamChanges & Record<string, unknown>, string | undefined]>([
  [{ opacity: 1, region: null, heatmap: 'a', theme: 'dark', controlAnchor: 1, ajaxHeaders: {} }, undefined],
  [{ opactiy: 1 }, 'opactiy: expected an option'],
  [{ opacity: 1, Mode: 'blend' }, 'Mode: expected an option'],
])('names of options: %j', (changes, message) => {
  if (message === undefined) expect(changed(changes).opacity).toBe(1);
  else expect(() => changed(changes)).toThrow(message);
});

test('colours by class name are colours, not a colour map', () => {
  const next = changed({ colormap: { Lesion: '#f00' } });
  expect(next.colormap).toBe(settings.colormap);
  expect(colourOf(0, next, descriptor)).toBe('#ff0000');
  expect(colourOf(1, next, descriptor)).toBe(descriptor.classes[1].color);
});

test.each<[CamChanges, number[]]>([
  [{}, [0]],
  [{ classes: ['White matter', 'Lesion'] }, [2]],
  [{ classes: ['White matter', 'Lesion', 'White matter'], mode: 'blend' }, [0, 2]],
  [{ mode: 'argmax' }, [0, 1, 2, 3]],
  [{ mode: 'entropy', classes: ['Lesion'] }, [0, 1, 2, 3]],
  [{ mode: 'difference', classes: ['White matter', 'Lesion'] }, [2, 0]],
  [{ mode: 'difference', classes: ['Gray matter'] }, [1, 0]],
])('%j shows classes %j', (changes, expected) => {
  expect(shownClasses(changed(changes), descriptor)).toEqual(expected);
});

test('the range of a map by gradients is that of a CAM over its cells, and follows the score until one is chosen', () => {
  const mapped = describeHeatmap(3, 'hirescam');
  const first = defaultSettings(mapped);
  const range = (...changes: CamChanges[]) =>
    changes.reduce<CamSettings>((before, change) => changedSettings(before, change, mapped), first).range;
  expect(first).toMatchObject({ score: 'cam', range: [0, 1 / 64] });
  expect(range({ score: 'patch' })).toEqual([0, 1]);
  expect(range({ interpolation: 'patches' }, { interpolation: 'smooth' })).toEqual([0, 1 / 64]);
  expect(range({ range: [0, 0.1] }, { score: 'patch' })).toEqual([0, 0.1]);
  expect(changedSettings(first, { opacity: 1 }, mapped).range).toBe(first.range);
});

test.each<[number, Partial<HeatmapDescriptor>, string[]]>([
  [4, {}, ['single', 'blend', 'argmax', 'entropy', 'difference']],
  [1, {}, ['single', 'blend', 'argmax']],
  [40, {}, ['single', 'blend', 'argmax', 'difference']],
  [
    4,
    { encodings: { ...descriptor.encodings, patch: { dtype: '<f2', one: 1 } } },
    ['single', 'blend', 'argmax', 'difference'],
  ],
])('a model of %i classes with %j can be shown as %j', (classes, changes, modes) => {
  const other = { ...describeHeatmap(classes), ...changes };
  expect(modesOf(other)).toEqual(modes);
  if (!modes.includes('entropy')) {
    expect(() => changedSettings(defaultSettings(other), { mode: 'entropy' }, other)).toThrow('mode: expected one of');
  }
});

const wrong: [CamChanges, RegExp][] = [
  [{ classes: ['Lesions'] }, /classes: expected one of Lesion, .* found Lesions/],
  [{ range: [1, 0] }, /range: expected two numbers in ascending order/],
  [{ range: [0, Number.NaN] }, /range/],
  [{ opacity: 2 }, /opacity: expected 0 to 1, found 2/],
  [{ threshold: Number.NaN }, /threshold/],
  [{ colormap: 'jet' }, /colormap: expected one of viridis/],
  [{ colormap: ['#000000'] }, /colormap: expected at least two colours/],
  [{ gamma: 0 }, /gamma: expected above 0 and up to 10, found 0/],
  [{ classColors: { Lesion: 'red' } }, /colour of Lesion: expected #rrggbb, found red/],
];
test.each(wrong)('refuses %j', (changes, message) => {
  expect(() => changed(changes)).toThrow(message);
});

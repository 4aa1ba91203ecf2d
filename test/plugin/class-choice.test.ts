import { describe, expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import { classChoice } from '../../plugin/src/class-choice.ts';
import type { CamChanges } from '../../plugin/src/options.ts';
import { describeHeatmap } from './made-up-heatmaps.ts';

/** Of 20 classes: the later, the more present. */
const ORDER = Array.from({ length: 20 }, (_, i) => 19 - i);
const many = { ...describeHeatmap(20), classOrder: ORDER };
const settings = (changes: CamChanges) => changedSettings(defaultSettings(many), changes, many);

test.each<[string, CamChanges, number | undefined, readonly string[] | 'all']>([
  ['the most present of the slide, in the model’s order', { mode: 'blend' }, 3, ['class 17', 'class 18', 'class 19']],
  [
    'eight where no number is given',
    { mode: 'argmax' },
    undefined,
    ORDER.slice(0, 8)
      .map((i) => `class ${i}`)
      .reverse(),
  ],
  ['the most present one minus the next', { mode: 'difference' }, 3, ['class 19', 'class 18']],
  ['all where they have room', { mode: 'argmax' }, 20, 'all'],
  ['all of one class at a time', { mode: 'single' }, 3, 'all'],
  ['all of the model’s uncertainty', { mode: 'entropy' }, 3, 'all'],
])('nobody has named classes: %s', (_, changes, most, expected) => {
  expect(classChoice(many, false, most).settled(settings(changes)).classes).toEqual(expected);
});

describe('before the order is known', () => {
  const unknown = { ...many, classOrder: null };

  test('all are shown, and it is waited for where it matters', () => {
    const choice = classChoice(unknown, false, 3);
    const shown = settings({ mode: 'blend' });
    expect(choice.settled(shown)).toBe(shown);
    expect([choice.isWaiting('blend'), choice.isWaiting('single')]).toEqual([true, false]);
    choice.told(ORDER);
    expect(choice.isWaiting('blend')).toBe(false);
    expect(choice.settled(shown).classes).toEqual(['class 17', 'class 18', 'class 19']);
    choice.told([0, 1, 2]);
    expect(choice.settled(shown).classes).toEqual(['class 17', 'class 18', 'class 19']);
  });

  test('nothing is waited for by who has named classes, until they follow from the slide again', () => {
    const choice = classChoice(unknown, true, 3);
    expect(choice.isWaiting('blend')).toBe(false);
    choice.named(false);
    expect(choice.isWaiting('blend')).toBe(true);
  });
});

test('named classes stay, and settings that are right are not copied', () => {
  const named = settings({ mode: 'blend', classes: ['class 4'] });
  expect(classChoice(many, true, 3).settled(named)).toBe(named);
  const choice = classChoice(many, false, 3);
  const shown = choice.settled(settings({ mode: 'blend' }));
  expect(choice.settled(shown)).toBe(shown);
});

import { expect, test } from 'vitest';
import { checkShown, paintStyle, type ShownChoice } from '../../../server/src/heatmaps/paint-style.ts';
import { colormapTable } from '../../../shared/colour/colormaps.ts';
import type { Method } from '../../../shared/heatmap-descriptor.ts';
import { syntheticHeatmap } from './synthetic-heatmap.ts';

const { model } = await syntheticHeatmap(2, 2);

// The synthetic model has 2 x 2 cells.
test.each<[Method, 'cam' | 'patch', [number, number]]>([
  ['cam', 'cam', [0, 1]],
  ['hirescam', 'cam', [0, 0.25]],
  ['gradcam', 'cam', [0, 0.25]],
  ['gradcam', 'patch', [0, 1]],
])('colours of %s, score %s, end at %j unless told otherwise', (method, score, range) => {
  const mapped = { ...model, method };
  expect(paintStyle(mapped, [0], { score }).range).toEqual(range);
  expect(paintStyle(mapped, [0], { score, range: [-1, 2] }).range).toEqual([-1, 2]);
});

const names = model.classes.map(({ name }) => name);

test.each<[ShownChoice, number[] | undefined]>([
  [{}, undefined],
  [{ class: [names[1], names[0]] }, [0, 1]],
  [{ mode: 'difference', class: [names[1], names[0]] }, [1, 0]],
  [{ mode: 'entropy' }, names.map((_, index) => index)],
])('%j shows the classes %j', (choice, classes) => {
  expect(checkShown(model, choice)).toEqual(classes);
});

test.each<[ShownChoice, string]>([
  [{ mode: 'difference' }, 'class: expected two classes for difference, found none'],
  [{ mode: 'difference', class: [names[0], names[0]] }, 'found'],
  [{ mode: 'entropy', class: [names[0]] }, 'mode: expected all classes for entropy, found classes named'],
  [{ mode: 'entropy', top: 2 }, 'found a number of them named'],
  [{ mode: 'entropy', score: 'cam' }, 'score: expected probability or patch for entropy, found cam'],
  [{ colormap: 'jet' }, 'or colours such as #000000,#ff0000, found jet'],
  [{ colormap: '#000000,red' }, 'colormap: expected colours #rrggbb, found "red"'],
])('%j is refused', (choice, says) => {
  expect(() => checkShown(model, choice)).toThrow(says);
});

test('entropy of a model without activation is refused', () => {
  expect(() => checkShown({ ...model, activation: 'none' }, { mode: 'entropy' })).toThrow(
    'found one without activation',
  );
});

test('a difference has a map with a middle, and any map takes stops', () => {
  const table = (choice: ShownChoice) => [...paintStyle(model, [0, 1], choice).colormap];
  expect(table({ mode: 'difference' })).toEqual([...(colormapTable('BrBG') ?? [])]);
  expect(table({ mode: 'difference', colormap: 'PuOr' })).toEqual([...(colormapTable('PuOr') ?? [])]);
  expect(table({ colormap: '#000000,#ffffff' }).slice(0, 6)).toEqual([0, 0, 0, 1, 1, 1]);
});

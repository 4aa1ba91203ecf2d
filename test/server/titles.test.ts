import { expect, test } from 'vitest';
import { titleOf, titlesOf } from '../../server/src/titles.ts';

test.each([
  ['tissue.h5', 'tissue'],
  ['brain:a.b.svs', 'brain/a.b'],
  ['model.json', 'model'],
  ['tissue:model.json', 'tissue'],
  ['brain:tissue.v2:model.json', 'brain/tissue.v2'],
])('the title of %s is %s', (id, title) => {
  expect(titleOf(id)).toBe(title);
});

test('titles that only endings tell apart keep them', () => {
  expect(titlesOf(['a.h5', 'a.keras', 'b.onnx', 'c:model.json', 'c.h5'])).toEqual([
    'a.h5',
    'a.keras',
    'b',
    'c/model.json',
    'c.h5',
  ]);
});

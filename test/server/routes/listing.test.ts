import { expect, test } from 'vitest';
import { titleOf } from '../../../server/src/routes/listing.ts';

test.each([
  ['tissue.h5', 'tissue'],
  ['brain:a.b.svs', 'brain/a.b'],
  ['model.json', 'model'],
  ['tissue:model.json', 'tissue'],
  ['brain:tissue.v2:model.json', 'brain/tissue.v2'],
])('the title of %s is %s', (id, title) => {
  expect(titleOf(id)).toBe(title);
});

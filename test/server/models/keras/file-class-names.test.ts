import { expect, test } from 'vitest';
import { fileClassNames } from '../../../../server/src/models/keras/file-class-names.ts';

const namesIn = (metadata: Record<string, unknown>) => fileClassNames((name) => metadata[name]);

test.each([
  ['a list', { class_names: ['cat', 'dog'] }],
  ['a list in JSON', { classes: '["cat", "dog"]' }],
  ['names by index', { labels: { 1: 'dog', 0: 'cat' } }],
  ['names by index in JSON', { labels: '{"0": "cat", "1": "dog"}' }],
  ["indices by name, as Keras's class_indices", { class_indices: { dog: 1, cat: 0 } }],
  ['the first field that is right', { class_names: 5, labels: ['cat', 'dog'] }],
])('%s', (_, metadata) => {
  expect(namesIn(metadata)).toEqual(['cat', 'dog']);
});

test.each([
  ['nothing', {}],
  ['an empty list', { labels: [] }],
  ['a text that is no JSON', { labels: 'cat, dog' }],
  ['numbers among the names', { labels: ['cat', 5] }],
  ['a name twice', { labels: ['cat', 'cat'] }],
  ['an empty name', { labels: ['cat', ' '] }],
  ['an index left out', { labels: { 0: 'cat', 2: 'dog' } }],
  ['an index twice', { class_indices: { cat: 0, dog: 0 } }],
])('%s gives no names', (_, metadata) => {
  expect(namesIn(metadata)).toBeUndefined();
});

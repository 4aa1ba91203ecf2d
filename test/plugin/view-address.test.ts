import { expect, test } from 'vitest';
import { viewAddress } from '../../plugin/src/view-stream/view-address.ts';

test.each([
  ['http://h:81/heatmaps/a%3Ab.tif/m.h5.json', 'http://h:81/view', '/heatmaps/a%3Ab.tif/m.h5.json'],
  ['http://h/heatmaps/a/b.json?overlap=2&x=/heatmaps/', 'http://h/view', '/heatmaps/a/b.json?overlap=2&x=/heatmaps/'],
  ['https://h/tools/cam/heatmaps/a/b.json', 'https://h/tools/cam/view', '/heatmaps/a/b.json'],
  ['https://h/heatmaps/heatmaps/a/b.json', 'https://h/heatmaps/view', '/heatmaps/a/b.json'],
])('%s', (descriptor, stream, heatmap) => {
  expect(viewAddress(descriptor)).toEqual({ stream, heatmap });
});

test.each(['http://h/export/brain.json', 'http://h/heatmaps/a.json', 'http://h/heatmaps/a/b/c.json'])(
  '%s has no stream',
  (descriptor) => {
    expect(viewAddress(descriptor)).toBeUndefined();
  },
);

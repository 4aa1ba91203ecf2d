import { expect, test } from 'vitest';
import { manifestFile, parseManifest } from '../../../server/src/models/manifest.ts';

test('a manifest stands beside its model', () => {
  expect(manifestFile('models/brain.v2.h5')).toBe('models/brain.v2.manifest.json');
});

test('everything is optional, and preprocessing has defaults', () => {
  expect(parseManifest('{}', 'm')).toEqual({});
  expect(parseManifest('\uFEFF{"preprocessing": {"channelOrder": "bgr"}}', 'm')).toEqual({
    preprocessing: { channelOrder: 'bgr', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
  });
});

test.each([
  ['{"patchSize": 128', 'is not JSON'],
  ['[]', 'the manifest'],
  ['{"clases": []}', 'the manifest'],
  ['{"classes": []}', 'classes'],
  ['{"classes": ["a", {"name": "b", "color": "red"}]}', 'classes[1]'],
  ['{"patchSize": -1}', 'patchSize'],
  ['{"patchSize": [1, 2, 3]}', 'patchSize'],
  ['{"preprocessing": {"std": [1, 0, 1]}}', 'preprocessing.std[1]'],
  ['{"preprocessing": {"scale": "1/255"}}', 'preprocessing.scale'],
  ['{"resolution": {"mpp": 0}}', 'resolution'],
  ['{"activation": "relu"}', 'activation'],
])('%s is refused, naming file and value', (text, path) => {
  expect(() => parseManifest(text, 'brain.manifest.json')).toThrow(
    expect.objectContaining({
      code: 'unreadable-model',
      message: expect.stringContaining(`brain.manifest.json: ${path}`),
    }),
  );
});

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { manifestFile, parseManifest } from '../../../server/src/models/manifest.ts';
import { manifestJsonSchema } from '../../../server/src/models/manifest-schema.ts';

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
  [
    '{"classes": ["a", {"name": "b", "color": "red"}]}',
    'classes[1].color: a colour like #d62728 is expected, found "red"',
  ],
  ['{"classes": ["a", 5]}', 'classes[1]: a name, or { "name", "color" }'],
  ['{"classes": ["a", {"name": "b", "colour": "#d62728"}]}', 'classes[1] has "colour", which is no field of it'],
  ['{"patchSize": -1}', 'patchSize'],
  ['{"patchSize": [1, 2, 3]}', 'patchSize'],
  ['{"preprocessing": {"std": [1, 0, 1]}}', 'preprocessing.std[1]'],
  ['{"preprocessing": {"scale": "1/255"}}', 'preprocessing.scale'],
  ['{"resolution": {"mpp": 0}}', 'resolution.mpp: a number above 0 is expected, found 0'],
  ['{"resolution": "fine"}', 'resolution: "any", or { "mpp" }'],
  ['{"method": "scorecam"}', 'method'],
  ['{"activation": "relu"}', 'activation'],
])('%s is refused, naming file and value', (text, path) => {
  expect(() => parseManifest(text, 'brain.manifest.json')).toThrow(
    expect.objectContaining({
      code: 'unreadable-model',
      message: expect.stringContaining(`brain.manifest.json: ${path}`),
    }),
  );
});

test('the published JSON Schema is what is checked; UPDATE=1 writes it, for `npm run format` to lay out', () => {
  const file = fileURLToPath(new URL('../../../docs/manifest.schema.json', import.meta.url));
  const schema = manifestJsonSchema();
  if (process.env.UPDATE === '1') writeFileSync(file, JSON.stringify(schema, null, 2));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
});

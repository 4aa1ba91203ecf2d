import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestFile } from '../../../server/src/models/manifest.ts';
import { openModel } from '../../../server/src/models/open-model.ts';
import { FIXTURES, fixturePatch, fixtures, refusals } from './fixtures.ts';
import { fixturesSuite } from './frameworks-table-suite.ts';

/** Of all files together, so that a checkout stays small. */
const MAXIMAL_BYTES = 15_000_000;

fixturesSuite('onnxruntime-float32', fixtures(), async (fixture) => {
  const model = await openModel(fixture.path, { engine: 'onnxruntime-float32', threads: 1 });
  const { description } = model;
  try {
    const { camLayer, classes, cells } = fixture.expected;
    expect([description.cellRows, description.cellColumns, description.classes.length]).toEqual(cells.shape);
    if (classes) expect(description.classes.map(({ name }) => name)).toEqual(classes);
    // The tools that write ONNX have their own names of layers.
    if (!fixture.file.endsWith('.onnx')) expect(description.camLayer).toBe(camLayer);
    return await model.classify(await fixturePatch(fixture), 1);
  } finally {
    await model.close();
  }
});

it.each(refusals())('$folder says what, why and what to do', async ({ path, message, expectedFile }) => {
  const said = await openModel(path).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
  expect(said).not.toBe('nothing');
  const found = said.replaceAll(manifestFile(path), '{manifest}').replaceAll(path, '{file}');
  if (process.env.UPDATE === '1' && found !== message) {
    const expected = { ...JSON.parse(readFileSync(expectedFile, 'utf8')), message: found };
    writeFileSync(expectedFile, `${JSON.stringify(expected)}\n`);
  } else expect(found).toBe(message);
});

it('are small, and each is in the list of README.md', () => {
  const entries = readdirSync(FIXTURES, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  expect(bytes).toBeLessThan(MAXIMAL_BYTES);
  const list = readFileSync(join(FIXTURES, 'README.md'), 'utf8');
  const folders = files.filter(({ name }) => name === 'expected.json').map(({ parentPath }) => parentPath);
  const missing = folders
    .map((path) => path.slice(FIXTURES.length + 1))
    .filter((name) => !list.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

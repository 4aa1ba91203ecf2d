import { expect, it } from 'vitest';
import { DEFAULT_ENGINE, ENGINE_NAMES, engineNamed, loadEngine } from '../../../server/src/engines/engines.ts';
import { pixels, twoPatches } from './pixels.ts';

it('names engines with their precision', () => {
  expect(ENGINE_NAMES).toEqual(['onnxruntime-float32', 'tfjs-float32']);
  expect(ENGINE_NAMES).toContain(DEFAULT_ENGINE);
});

it.each([
  ['onnxruntime', 'onnxruntime-float32'],
  ['tfjs', 'tfjs-float32'],
  ['tfjs-float32', 'tfjs-float32'],
])("means by '%s' %s", (name, full) => {
  expect(engineNamed(name)).toBe(full);
});

it.each(['tensorflow', 'toString', ''])("knows no '%s'", async (name) => {
  const message = `engine: expected onnxruntime-float32 or tfjs-float32, found '${name}'`;
  expect(() => engineNamed(name)).toThrow(message);
  await expect(loadEngine(name)).rejects.toMatchObject({ code: 'bad-parameter', message });
});

it('onnxruntime gives cells and logits of every patch', async () => {
  const create = await loadEngine('onnxruntime-float32');
  const engine = await create({ onnx: pixels(), height: 2, width: 3 }, { threads: 1 });
  const { cells, logits, rows, columns } = await engine.run(twoPatches.patches, 2);
  await engine.close();
  expect([rows, columns]).toEqual([2, 3]);
  expect(Array.from(cells)).toEqual(Array.from(twoPatches.patches));
  expect(Array.from(logits)).toEqual(twoPatches.logits);
});

it('onnxruntime says what it cannot load', async () => {
  const create = await loadEngine('onnxruntime-float32');
  await expect(create({ onnx: new Uint8Array(10), height: 2, width: 3 }, {})).rejects.toThrow();
});

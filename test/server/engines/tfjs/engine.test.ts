import { expect, it } from 'vitest';
import { createTfjsEngine } from '../../../../server/src/engines/tfjs.ts';
import { pixels, twoPatches } from '../pixels.ts';
import { tf } from './tensorflow.ts';

it('gives cells and logits of every patch, and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const engine = await createTfjsEngine(tf, { onnx: pixels(), height: 2, width: 3 });
  const { cells, logits, rows, columns } = await engine.run(twoPatches.patches, 2);
  await engine.close();
  expect([rows, columns]).toEqual([2, 3]);
  expect(Array.from(cells)).toEqual(Array.from(twoPatches.patches));
  expect(Array.from(logits)).toEqual(twoPatches.logits);
  expect(tf.memory().numTensors).toBe(before);
});

it('refuses what is not an ONNX model', async () => {
  await expect(createTfjsEngine(tf, { onnx: new Uint8Array(10), height: 2, width: 3 })).rejects.toThrow();
});

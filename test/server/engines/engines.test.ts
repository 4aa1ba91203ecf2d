import { expect, it } from 'vitest';
import { TENSORS } from '../../../server/src/engines/engine.ts';
import { DEFAULT_ENGINE, ENGINE_NAMES, loadEngine } from '../../../server/src/engines/engines.ts';
import { DATA_TYPE, makeNode, makeTensor, makeValueInfo, onnx } from '../../../server/src/models/onnx/proto.ts';

it('names engines with their precision', () => {
  expect(ENGINE_NAMES).toEqual(['onnxruntime-float32']);
  expect(ENGINE_NAMES).toContain(DEFAULT_ENGINE);
});

it.each(['onnxruntime', 'toString', ''])("knows no '%s'", async (name) => {
  await expect(loadEngine(name)).rejects.toMatchObject({ code: 'bad-parameter' });
});

/** Cells are the pixels themselves, logits their mean over rows and columns. */
function pixels(): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 15 }],
    graph: {
      name: 'pixels',
      node: [
        makeNode('Cast', [TENSORS.patches], 'floats', { to: DATA_TYPE.float }),
        makeNode('Mul', ['floats', 'one'], TENSORS.cells),
        makeNode('ReduceMean', [TENSORS.cells], TENSORS.logits, { axes: [1, 2], keepdims: 0 }),
      ],
      initializer: [makeTensor('one', [], Float32Array.of(1))],
      input: [makeValueInfo(TENSORS.patches, DATA_TYPE.uint8, ['N', 2, 3, 3])],
      output: [
        makeValueInfo(TENSORS.cells, DATA_TYPE.float, ['N', 2, 3, 3]),
        makeValueInfo(TENSORS.logits, DATA_TYPE.float, ['N', 3]),
      ],
    },
  }).finish();
}

it('onnxruntime gives cells and logits of every patch', async () => {
  const create = await loadEngine('onnxruntime-float32');
  const engine = await create({ onnx: pixels(), height: 2, width: 3 }, { threads: 1 });
  const patches = Uint8Array.from({ length: 36 }, (_, i) => i * 7);
  const { cells, logits, rows, columns } = await engine.run(patches, 2);
  await engine.close();
  expect([rows, columns]).toEqual([2, 3]);
  expect(Array.from(cells)).toEqual(Array.from(patches));
  expect(Array.from(logits)).toEqual([52.5, 59.5, 66.5, 178.5, 185.5, 192.5]);
});

it('onnxruntime says what it cannot load', async () => {
  const create = await loadEngine('onnxruntime-float32');
  await expect(create({ onnx: new Uint8Array(10), height: 2, width: 3 }, {})).rejects.toThrow();
});

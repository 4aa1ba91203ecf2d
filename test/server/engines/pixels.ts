import { TENSORS } from '../../../server/src/engines/engine.ts';
import { DATA_TYPE, makeNode, makeTensor, makeValueInfo, onnx } from '../../../server/src/models/onnx/proto.ts';

/** A network for patches of 2 x 3: cells are the pixels themselves, logits their mean over rows and columns. */
export function pixels(): Uint8Array {
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

/** Two patches, shape [2, 2, 3, 3], and the logits of each. */
export const twoPatches = {
  patches: Uint8Array.from({ length: 36 }, (_, i) => i * 7),
  logits: [52.5, 59.5, 66.5, 178.5, 185.5, 192.5],
};

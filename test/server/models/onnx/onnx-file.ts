import {
  DATA_TYPE,
  makeNode,
  makeTensor,
  makeValueInfo,
  type NodeProto,
  onnx,
  type TensorProto,
} from '../../../../server/src/models/onnx/proto.ts';
import { numbers } from '../keras-file.ts';

export const SIDE = 8;
export const OUTPUTS = 3;
export const CHANNELS = 4;

/** Constants that the heads of tests share. */
export const CONSTANTS = {
  dense: makeTensor('dense', [CHANNELS, OUTPUTS], numbers(CHANNELS * OUTPUTS, 3)),
  denseTransposed: makeTensor('denseTransposed', [OUTPUTS, CHANNELS], transposed(numbers(CHANNELS * OUTPUTS, 3))),
  denseCell: makeTensor('denseCell', [OUTPUTS, CHANNELS, 1, 1], transposed(numbers(CHANNELS * OUTPUTS, 3))),
  bias: makeTensor('bias', [OUTPUTS], numbers(OUTPUTS, 4)),
};

export interface OnnxCase {
  nodes: NodeProto[];
  constants?: TensorProto[];
  output: string;
  /** Sizes of the input; a text is open. */
  input?: (number | string)[];
  opset?: number;
  irVersion?: number;
}

/** `image` -> 3 x 3 convolution and Relu -> `map`, then the nodes given; the image has its channels first. */
export function encodeOnnx({
  nodes,
  constants = [],
  output,
  input = ['N', 3, SIDE, SIDE],
  opset = 13,
  irVersion = 8,
}: OnnxCase): Uint8Array {
  const kernel = makeTensor('kernel', [CHANNELS, 3, 3, 3], numbers(CHANNELS * 27, 1));
  return onnx.ModelProto.encode({
    irVersion,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'test',
      node: [
        makeNode('Conv', ['image', 'kernel'], 'convolved', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        makeNode('Relu', ['convolved'], 'map'),
        ...nodes,
      ],
      initializer: [kernel, ...Object.values(CONSTANTS), ...constants],
      input: [makeValueInfo('image', DATA_TYPE.float, input)],
      output: [makeValueInfo(output, DATA_TYPE.float, [input[0], OUTPUTS])],
    },
  }).finish();
}

function transposed(values: Float32Array): Float32Array {
  return values.map((_, i) => values[(i % CHANNELS) * OUTPUTS + Math.floor(i / CHANNELS)]);
}

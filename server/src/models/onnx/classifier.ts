import { TENSORS } from '../../engines/engine.ts';
import { Problem } from '../../errors.ts';
import type { Head } from './head.ts';
import { liveNodes } from './live-nodes.ts';
import type { NetworkGraph } from './network-graph.ts';
import {
  DATA_TYPE,
  type ModelProto,
  makeNode,
  makeTensor,
  makeValueInfo,
  type NodeProto,
  onnx,
  type TensorProto,
} from './proto.ts';

/** Pixels to the network's input: x = (pixel * scale - mean) / std for each channel, in the order given. */
export interface Preprocessing {
  channelOrder: 'rgb' | 'bgr';
  scale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Before the names of what is added, so that none is one of the network's own. */
const PREFIX = 'openseadragon-cam/';

/** How the map comes about: from the weights of a linear head, or from nodes that were written before. */
export interface ClassifierMap {
  /** The tensor of the network that holds the logits. */
  logits: string;
  /** Of the network, before one output becomes two. */
  outputs: number;
  /** Whether the one output p becomes two, [1 - p, p]: logits [-x, x]. */
  complement: boolean;
  /** Nodes that end in `TENSORS.cells`, and their constants; their input is any tensor of the network. */
  cells: { nodes: NodeProto[]; constants: TensorProto[] };
  /** Kept with the model. */
  metadata?: ModelProto['metadataProps'];
}

/**
 * Makes of a network the model that an engine runs: uint8 patches [N, height, width, 3] to cells in float32 [N, rows,
 * columns, classes], and logits [N, classes] as the network itself computes them (`TENSORS` has the names).
 *
 * @returns the ONNX model, not encoded yet
 */
export function classifierModel(
  network: NetworkGraph,
  preprocessing: Preprocessing,
  { logits, outputs, complement, cells, metadata }: ClassifierMap,
): ModelProto {
  const { input } = network;
  const before = partWriter();
  preprocess(input, preprocessing, before);
  // A float32 network passes this cast untouched.
  const after = partWriter('logits/');
  const flat = after.add('Flatten', [after.add('Cast', [logits], { to: DATA_TYPE.float })], { axis: 1 });
  if (complement) after.add('Mul', [flat, after.constant([1, 2], Float32Array.of(-1, 1))], {}, TENSORS.logits);
  else after.add('Identity', [flat], {}, TENSORS.logits);
  const classes = complement ? 2 : outputs;

  const needed = [logits, ...cells.nodes.flatMap(({ input: names }) => names ?? [])];
  return new onnx.ModelProto({
    // Before version 4 constants had to be inputs too.
    irVersion: Math.max(4, network.irVersion),
    producerName: 'openseadragon-cam',
    opsetImport: network.opsets,
    graph: {
      name: 'classifier',
      node: [...before.nodes, ...liveNodes(network.proto.node ?? [], needed), ...cells.nodes, ...after.nodes],
      initializer: [...(network.proto.initializer ?? []), ...before.constants, ...cells.constants, ...after.constants],
      sparseInitializer: network.proto.sparseInitializer,
      input: [makeValueInfo(TENSORS.patches, DATA_TYPE.uint8, ['N', input.height, input.width, 3])],
      output: [
        makeValueInfo(TENSORS.cells, DATA_TYPE.float, ['N', 'rows', 'columns', classes]),
        makeValueInfo(TENSORS.logits, DATA_TYPE.float, ['N', classes]),
      ],
    },
    functions: network.functions,
    metadataProps: metadata,
  });
}

/** The class activation map of a linear head, CAM + bias: a 1 x 1 convolution of the features with its weights. */
export function linearCells(head: Head, complement: boolean): ClassifierMap['cells'] {
  const { add, constant, nodes, constants } = partWriter('cells/');
  const { outputs, channels, weights, bias } = complement ? complemented(head) : head;
  // A float32 network passes this cast untouched; one in float16 gives its maps away in float32.
  const features = add('Cast', [head.features], { to: DATA_TYPE.float });
  if (head.layout === 'NCHW') {
    const kernel = constant([outputs, channels, 1, 1], weights);
    const maps = add('Conv', [features, kernel, constant([outputs], bias)], { kernel_shape: [1, 1] });
    add('Transpose', [maps], { perm: [0, 2, 3, 1] }, TENSORS.cells);
  } else {
    const kernel = constant([channels, outputs], transposed(weights, outputs, channels));
    add('Add', [add('MatMul', [features, kernel]), constant([outputs], bias)], {}, TENSORS.cells);
  }
  return { nodes, constants };
}

interface PartWriter {
  nodes: NodeProto[];
  constants: TensorProto[];
  add(operator: string, inputs: string[], attributes?: Parameters<typeof makeNode>[3], output?: string): string;
  constant(shape: number[], values: Float32Array | number[]): string;
}

function partWriter(part = ''): PartWriter {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  return {
    nodes,
    constants,
    add(operator, inputs, attributes, output) {
      const name = output ?? `${PREFIX}${part}${operator}:${nodes.length}`;
      nodes.push(makeNode(operator, inputs, name, attributes));
      return name;
    },
    constant(shape, values) {
      const name = `${PREFIX}${part}constant:${constants.length}`;
      constants.push(makeTensor(name, shape, values));
      return name;
    },
  };
}

/** The head's linear layer for the classes [not it, it]. */
export function complemented(head: Head): Pick<Head, 'outputs' | 'channels' | 'weights' | 'bias'> {
  if (head.outputs !== 1) throw new Problem('failed', `1 output was expected, found ${head.outputs}`);
  const { channels, weights, bias } = head;
  return {
    outputs: 2,
    channels,
    weights: Float32Array.of(...weights.map((w) => -w), ...weights),
    bias: Float32Array.of(-bias[0], bias[0]),
  };
}

function preprocess(
  input: NetworkGraph['input'],
  { channelOrder, scale, mean, std }: Preprocessing,
  { add, constant }: PartWriter,
): void {
  let pixels = add('Cast', [TENSORS.patches], { to: DATA_TYPE.float });
  if (channelOrder === 'bgr') pixels = add('Gather', [pixels, constant([3], [2, 1, 0])], { axis: 3 });
  // Bytes less a mean on their own scale, then scaled: the difference of near numbers is taken before anything is rounded.
  const shifts = mean.map((value) => -value / scale);
  const factors = std.map((deviation) => scale / deviation);
  if (shifts.some((shift) => shift !== 0)) pixels = add('Add', [pixels, constant([3], Float32Array.from(shifts))]);
  if (factors.some((factor) => factor !== 1)) pixels = add('Mul', [pixels, constant([3], Float32Array.from(factors))]);
  if (input.layout === 'NCHW') pixels = add('Transpose', [pixels], { perm: [0, 3, 1, 2] });
  add('Cast', [pixels], { to: input.elementType }, input.name);
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return result;
}

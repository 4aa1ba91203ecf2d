import { TENSORS } from '../../engines/engine.ts';
import { Problem } from '../../errors.ts';
import type { Head } from './head.ts';
import type { NetworkGraph } from './network-graph.ts';
import { DATA_TYPE, makeNode, makeTensor, makeValueInfo, type NodeProto, onnx, type TensorProto } from './proto.ts';

/** Pixels to the network's input: x = (pixel * scale - mean) / std for each channel, in the order given. */
export interface Preprocessing {
  channelOrder: 'rgb' | 'bgr';
  scale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Before the names of what is added, so that none is one of the network's own. */
const PREFIX = 'openseadragon-cam/';

/**
 * Makes of a network the model that an engine runs: uint8 patches [N, height, width, 3] to cells, CAM + bias in float32
 * [N, rows, columns, outputs], and logits [N, outputs] as the network itself computes them (`TENSORS` has the names).
 *
 * @param complement whether the one output p becomes two, [1 - p, p]: logits [-x, x]
 * @returns the encoded ONNX model
 */
export function classifierModel(
  network: NetworkGraph,
  head: Head,
  preprocessing: Preprocessing,
  complement: boolean,
): Uint8Array {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const add = (operator: string, inputs: string[], attributes?: Parameters<typeof makeNode>[3], output?: string) => {
    const name = output ?? `${PREFIX}${operator}:${nodes.length}`;
    nodes.push(makeNode(operator, inputs, name, attributes));
    return name;
  };
  const constant = (shape: number[], values: Float32Array | number[]) => {
    const name = `${PREFIX}constant:${constants.length}`;
    constants.push(makeTensor(name, shape, values));
    return name;
  };

  const { input } = network;
  preprocess(input, preprocessing, add, constant);
  nodes.push(...liveNodes(network, head.logits));
  const { outputs, channels, weights, bias } = complement ? complemented(head) : head;
  // A float32 network passes these casts untouched; one in float16 gives its maps away in float32.
  const features = add('Cast', [head.features], { to: DATA_TYPE.float });
  if (head.layout === 'NCHW') {
    const kernel = constant([outputs, channels, 1, 1], weights);
    const maps = add('Conv', [features, kernel, constant([outputs], bias)], { kernel_shape: [1, 1] });
    add('Transpose', [maps], { perm: [0, 2, 3, 1] }, TENSORS.cells);
  } else {
    const kernel = constant([channels, outputs], transposed(weights, outputs, channels));
    add('Add', [add('MatMul', [features, kernel]), constant([outputs], bias)], {}, TENSORS.cells);
  }
  const logits = add('Flatten', [add('Cast', [head.logits], { to: DATA_TYPE.float })], { axis: 1 });
  if (complement) add('Mul', [logits, constant([1, 2], Float32Array.of(-1, 1))], {}, TENSORS.logits);
  else add('Identity', [logits], {}, TENSORS.logits);

  return onnx.ModelProto.encode({
    // Before version 4 constants had to be inputs too.
    irVersion: Math.max(4, network.irVersion),
    producerName: 'openseadragon-cam',
    opsetImport: network.opsets,
    graph: {
      name: 'classifier',
      node: nodes,
      initializer: [...(network.proto.initializer ?? []), ...constants],
      sparseInitializer: network.proto.sparseInitializer,
      input: [makeValueInfo(TENSORS.patches, DATA_TYPE.uint8, ['N', input.height, input.width, 3])],
      output: [
        makeValueInfo(TENSORS.cells, DATA_TYPE.float, ['N', 'rows', 'columns', outputs]),
        makeValueInfo(TENSORS.logits, DATA_TYPE.float, ['N', outputs]),
      ],
    },
    functions: network.functions,
  }).finish();
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
  add: (operator: string, inputs: string[], attributes?: Parameters<typeof makeNode>[3], output?: string) => string,
  constant: (shape: number[], values: Float32Array | number[]) => string,
): void {
  let pixels = add('Cast', [TENSORS.patches], { to: DATA_TYPE.float });
  if (channelOrder === 'bgr') pixels = add('Gather', [pixels, constant([3], [2, 1, 0])], { axis: 3 });
  const factors = std.map((deviation) => scale / deviation);
  const shifts = std.map((deviation, i) => -mean[i] / deviation);
  if (factors.some((factor) => factor !== 1)) pixels = add('Mul', [pixels, constant([3], Float32Array.from(factors))]);
  if (shifts.some((shift) => shift !== 0)) pixels = add('Add', [pixels, constant([3], Float32Array.from(shifts))]);
  if (input.layout === 'NCHW') pixels = add('Transpose', [pixels], { perm: [0, 3, 1, 2] });
  add('Cast', [pixels], { to: input.elementType }, input.name);
}

/** The nodes that a tensor depends on, in their order: the rest of the network, its softmax at least, is not needed. */
function liveNodes(network: NetworkGraph, tensor: string): NodeProto[] {
  const nodes = network.proto.node ?? [];
  const wanted = new Set([tensor]);
  const live: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output?.some((output) => wanted.has(output))) continue;
    for (const input of node.input ?? []) wanted.add(input);
    for (const input of outerInputs(node)) wanted.add(input);
    live.push(node);
  }
  return live.reverse();
}

/** Tensors that a node's inner graphs (of If and Loop) take from around them; inner names among them do no harm. */
function outerInputs(node: NodeProto): string[] {
  return (node.attribute ?? []).flatMap(({ g }) =>
    (g?.node ?? []).flatMap((inner) => [...(inner.input ?? []), ...outerInputs(inner)]),
  );
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return result;
}

import type ort from 'onnxruntime-node';
import { Problem } from '../../../errors.ts';
import { liveNodes } from '../live-nodes.ts';
import type { NetworkGraph } from '../network-graph.ts';
import { DATA_TYPE, makeNode, makeTensor, makeValueInfo, type NodeProto, onnx, type TensorProto } from '../proto.ts';

/** The part of a network that its logits come from, and the sizes of everything in it. */
export interface ShapedNetwork {
  /** Nodes that the logits depend on, in their order. */
  nodes: readonly NodeProto[];
  /** Tensors that depend on the image. */
  dependent: ReadonlySet<string>;
  /**
   * Sizes of a tensor: of one image where it depends on the image, and then null where its first dimension is not the
   * images'; else all. Null for one that there is not.
   */
  shape(tensor: string): readonly number[] | null;
}

/** Images in the run: 2 tell the dimension of the images from one of size 1. */
const IMAGES = 2;

/** Numbers from which on weights are large. */
const LARGE = 2 ** 16;

/** The opset that has ConstantOfShape. */
const CONSTANT_OF_SHAPE = 9;

const PREFIX = 'openseadragon-cam/shape/';
const PATCHES = `${PREFIX}patches`;

/**
 * Finds the sizes by running the network once: files say few of them, and the run knows all.
 *
 * @param logits the tensor where the network's scores are
 * @throws Problem `unreadable-model` where the network cannot run
 */
export async function shapedNetwork(network: NetworkGraph, logits: string): Promise<ShapedNetwork> {
  const nodes = liveNodes(network.proto.node ?? [], [logits]);
  const dependent = dependents(nodes, network.input.name);
  const outputs = nodes.flatMap(({ output }) => (output ?? []).filter((name) => name !== ''));
  const tensors = [network.input.name, ...outputs];
  const shapes = await measured(network, nodes, tensors);
  const constants = (network.proto.initializer ?? []).map(({ name, dims }): [string, number[]] => [
    name ?? '',
    (dims ?? []).map(Number),
  ]);
  const known = new Map<string, readonly number[]>([...constants, ...shapes.sizes]);
  return {
    nodes,
    dependent,
    shape: (tensor) => {
      const sizes = known.get(tensor);
      if (!sizes) return null;
      if (!dependent.has(tensor)) return sizes;
      return sizes[0] === shapes.images ? sizes.slice(1) : null;
    },
  };
}

/** Tensors that depend on one of the network's, with it; nodes in their order. */
export function dependents(nodes: readonly NodeProto[], tensor: string): Set<string> {
  const found = new Set([tensor]);
  for (const { input, output, attribute } of nodes) {
    // What inner graphs take from around them is not looked for: such nodes count as dependent.
    const depends = input?.some((name) => found.has(name)) || attribute?.some(({ g }) => g);
    if (depends) for (const name of output ?? []) found.add(name);
  }
  return found;
}

async function measured(network: NetworkGraph, nodes: readonly NodeProto[], tensors: readonly string[]) {
  const { InferenceSession, Tensor } = await runtime();
  const { height, width } = network.input;
  try {
    const session = await InferenceSession.create(measuringModel(network, nodes, tensors), {
      // As the network is, so that no tensor is optimised away.
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const sizesFor = async (images: number) => {
      const pixels = new Uint8Array(images * height * width * 3);
      const results = await session.run({ [PATCHES]: new Tensor('uint8', pixels, [images, height, width, 3]) });
      const sizes = tensors.map((name, i): [string, number[]] => [name, integers(results[`${PREFIX}${i}`].data)]);
      return { images, sizes: new Map(sizes) };
    };
    try {
      // A file for a batch of 1 runs with nothing else.
      return await sizesFor(IMAGES).catch(() => sizesFor(1));
    } finally {
      await session.release();
    }
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('unreadable-model', `onnxruntime cannot run the network: ${reason}`, { cause: error });
  }
}

/** The network from uint8 patches to the sizes of its tensors. */
function measuringModel(network: NetworkGraph, nodes: readonly NodeProto[], tensors: readonly string[]): Uint8Array {
  const { input, proto } = network;
  const { layout, elementType, height, width } = input;
  const pixels = `${PREFIX}pixels`;
  const entry =
    layout === 'NCHW'
      ? [
          makeNode('Cast', [PATCHES], pixels, { to: elementType }),
          makeNode('Transpose', [pixels], input.name, { perm: [0, 3, 1, 2] }),
        ]
      : [makeNode('Cast', [PATCHES], input.name, { to: elementType })];
  const zeros = withoutWeights(network);
  return onnx.ModelProto.encode({
    irVersion: Math.max(4, network.irVersion),
    opsetImport: network.opsets,
    graph: {
      name: 'shapes',
      node: [
        ...entry,
        ...zeros.nodes,
        ...nodes,
        ...tensors.map((name, i) => makeNode('Shape', [name], `${PREFIX}${i}`)),
      ],
      initializer: zeros.constants,
      sparseInitializer: proto.sparseInitializer,
      input: [makeValueInfo(PATCHES, DATA_TYPE.uint8, ['N', height, width, 3])],
      output: tensors.map((_, i) => makeValueInfo(`${PREFIX}${i}`, DATA_TYPE.int64, ['dimensions'])),
    },
    functions: network.functions,
  }).finish();
}

/**
 * The network's constants with zeros, made where they are used, in the place of large weights: sizes do not depend on them,
 * and they would be copied twice.
 */
function withoutWeights({ proto, opsets }: NetworkGraph): { nodes: NodeProto[]; constants: TensorProto[] } {
  const opset = opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  for (const tensor of proto.initializer ?? []) {
    const dims = (tensor.dims ?? []).map(Number);
    const isLarge = dims.reduce((product, size) => product * size, 1) > LARGE;
    if (!isLarge || tensor.dataType !== DATA_TYPE.float || opset < CONSTANT_OF_SHAPE) {
      constants.push(tensor);
      continue;
    }
    const sizes = `${PREFIX}sizes/${constants.length}`;
    constants.push(makeTensor(sizes, [dims.length], dims));
    nodes.push(makeNode('ConstantOfShape', [sizes], tensor.name ?? ''));
  }
  return { nodes, constants };
}

async function runtime(): Promise<typeof ort> {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return (await import('onnxruntime-node')).default;
}

function integers(data: unknown): number[] {
  if (data instanceof BigInt64Array) return Array.from(data, Number);
  throw new Error('a shape of integers was expected');
}

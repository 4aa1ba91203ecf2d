import { readFile } from 'node:fs/promises';
import { Problem } from '../../errors.ts';
import { inputSize, type PatchSize } from '../patch-size.ts';
import type { NetworkGraph } from './network-graph.ts';
import {
  DATA_TYPE,
  type GraphProto,
  integersAttribute,
  type ModelProto,
  onnx,
  tensorValues,
  valueShape,
} from './proto.ts';

/** Since this version operators broadcast as they do now. */
const OLDEST_OPSET = 7;

/**
 * Reads an ONNX classifier: one image input, channels first (PyTorch) or last (tf2onnx), and one output.
 *
 * @throws Problem `unreadable-model` for what is not such a file
 */
export async function readOnnx(file: string, patchSize: PatchSize | undefined): Promise<NetworkGraph> {
  const model = decoded(await readFile(file));
  const graph = model.graph;
  if (!graph?.node?.length || !graph.output?.length) throw new Problem('unreadable-model', 'is not an ONNX model');
  const opsets = model.opsetImport.map(({ domain, version }) => ({ domain: domain ?? '', version: Number(version) }));
  const version = opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  if (version < OLDEST_OPSET) {
    throw new Problem('unreadable-model', `is of ONNX opset ${version}; ${OLDEST_OPSET} or later is read`);
  }
  checkConstants(graph);
  if (graph.output.length !== 1) {
    const names = graph.output.map(({ name }) => `'${name}'`).join(', ');
    throw new Problem('unreadable-model', `should have 1 output, the logits or probabilities, found ${names}`);
  }
  const makers = new Map<string, { name: string; type: string }[]>();
  for (const { name, opType, output } of graph.node) {
    for (const tensor of output ?? []) makers.set(tensor, [{ name: name || tensor, type: opType ?? '' }]);
  }
  return {
    format: `ONNX opset ${version}`,
    irVersion: Number(model.irVersion),
    opsets,
    proto: graph,
    functions: model.functions,
    input: imageInput(graph, patchSize),
    output: graph.output[0].name ?? '',
    layers: graph.node
      .filter(({ opType }) => opType !== 'Constant')
      .map(({ name, opType, output }) => ({ name: name || output?.[0] || '', type: opType ?? '', outputShape: null })),
    classNames: null,
    companions: [],
    layersOf: (tensor) => makers.get(tensor) ?? [],
    rescales: false,
  };
}

function decoded(bytes: Uint8Array): ModelProto {
  try {
    return onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new Problem('unreadable-model', 'is not a complete ONNX file (truncated, or of another kind)', {
      cause: error,
    });
  }
}

/** Every constant must be whole, here, and finite. */
function checkConstants(graph: GraphProto): void {
  for (const tensor of graph.initializer ?? []) {
    if (tensor.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || tensor.externalData?.length) {
      throw new Problem(
        'unreadable-model',
        `keeps tensor '${tensor.name}' in another file, which is not read; save the model with its data inside`,
      );
    }
    const values = tensorValues(tensor)?.values;
    if (values?.every(Number.isFinite) === false) {
      const user = graph.node?.find(({ input }) => input?.includes(tensor.name ?? ''));
      const title = user ? `node '${user.name || user.output?.[0]}' (${user.opType})` : 'the model';
      throw new Problem('unreadable-model', `${title} has a weight '${tensor.name}' that is not finite`);
    }
  }
}

function imageInput(graph: GraphProto, patchSize: PatchSize | undefined): NetworkGraph['input'] {
  // Before IR version 4 the constants were inputs too.
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !constants.has(name));
  if (inputs.length !== 1) {
    throw new Problem('unreadable-model', `should have 1 input, an image, found ${inputs.length}`);
  }
  const [input] = inputs;
  const shape = valueShape(input);
  const elementType = input.type?.tensorType?.elemType ?? 0;
  const name = input.name ?? '';
  if (shape?.length !== 4) {
    throw new Problem(
      'unreadable-model',
      `the input '${name}' should be images in 4 dimensions, found ${shape?.length ?? 0}`,
    );
  }
  if (elementType !== DATA_TYPE.float && elementType !== DATA_TYPE.float16) {
    throw new Problem(
      'unreadable-model',
      `the input '${name}' should be float32 or float16, found ONNX type ${elementType}`,
    );
  }
  const layout = isChannelsLast(graph, name, shape) ? 'NHWC' : 'NCHW';
  return { name, layout, elementType, ...inputSize(shape.slice(1), layout, patchSize) };
}

/** By the dimension that can be channels, else by what the graph does first: tf2onnx begins with a Transpose. */
function isChannelsLast(graph: GraphProto, input: string, shape: readonly (number | null)[]): boolean {
  const channels = [1, 3, 4];
  if (shape[1] !== null && channels.includes(shape[1])) return false;
  if (shape[3] !== null && channels.includes(shape[3])) return true;
  const first = graph.node?.find((node) => node.input?.includes(input));
  return first?.opType === 'Transpose' && integersAttribute(first, 'perm')?.join() === '0,3,1,2';
}

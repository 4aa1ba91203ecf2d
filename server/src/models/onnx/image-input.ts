import { Problem } from '../../errors.ts';
import { inputSize, type PatchSize } from '../patch-size.ts';
import type { GraphView } from './graph-view.ts';
import { type NetworkInput, shown } from './network-graph.ts';
import { inputName, operator } from './node.ts';
import { DATA_TYPE, dataTypeName, type GraphProto, integersAttribute, type NodeProto, valueShape } from './proto.ts';

const READ_TYPES: readonly number[] = [
  DATA_TYPE.float,
  DATA_TYPE.float16,
  DATA_TYPE.double,
  DATA_TYPE.bfloat16,
  DATA_TYPE.uint8,
];

/** From here on a number that pixels are divided by, or that is subtracted, means that they go from 0 to 255. */
const LARGEST_UNIT_DIVISOR = 50;
const LARGEST_UNIT_MEAN = 20;

/**
 * The only input that is no constant: a batch of RGB images, channels first or last.
 *
 * @param patchSize from the manifest, for a model whose input is open
 * @throws Problem where there is none, several, or something else than such images
 */
export function imageInput(graph: GraphProto, patchSize: PatchSize | undefined): NetworkInput {
  // Before IR version 4 the constants were inputs too.
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name));
  const inputs = (graph.input ?? []).filter(({ name }) => !constants.has(name));
  if (inputs.length !== 1) {
    const names =
      inputs.length === 0
        ? ''
        : `: ${inputs
            .slice(0, 5)
            .map((input) => `'${shown(input.name)}'`)
            .join(', ')}`;
    throw new Problem('unreadable-model', `should have 1 input, an image, found ${inputs.length}${names}`);
  }
  const [input] = inputs;
  const name = input.name ?? '';
  const title = `the input '${shown(name)}'`;
  const shape = valueShape(input);
  if (shape?.length !== 4) {
    const found = shape ? `${shape.length}` : 'none that the file tells';
    throw new Problem('unreadable-model', `${title} should be images in 4 dimensions, found ${found}`);
  }
  const elementType = input.type?.tensorType?.elemType ?? 0;
  if (!READ_TYPES.includes(elementType)) {
    const expected = READ_TYPES.map(dataTypeName).join(', ');
    throw new Problem('unreadable-model', `${title} should be of ${expected}, found ${dataTypeName(elementType)}`);
  }
  const layout = isChannelsLast(graph, name, shape) ? 'NHWC' : 'NCHW';
  return { name, layout, elementType, ...inputSize(shape.slice(1), layout, patchSize) };
}

/** By the dimension that can be channels, else by what the graph does first: tf2onnx begins with a Transpose. */
function isChannelsLast(graph: GraphProto, input: string, shape: readonly (number | null)[]): boolean {
  const channels = [1, 3, 4];
  if (shape[1] !== null && channels.includes(shape[1])) return false;
  if (shape[3] !== null && channels.includes(shape[3])) return true;
  let tensor = input;
  for (const node of graph.node ?? []) {
    if (!node.input?.includes(tensor)) continue;
    if (operator(node) === 'Transpose') return integersAttribute(node, 'perm')?.join() === '0,3,1,2';
    if (!BEFORE_LAYOUT.has(operator(node))) return false;
    tensor = node.output?.[0] ?? '';
  }
  return false;
}

const BEFORE_LAYOUT: ReadonlySet<string> = new Set(['Cast', 'Identity', 'Mul', 'Div', 'Sub', 'Add']);

/** Whether the network begins by bringing bytes, 0 to 255, to its own scale; a network that takes bytes always does. */
export function rescalesBytes(
  graph: GraphView,
  nodes: readonly NodeProto[],
  { name, elementType }: NetworkInput,
): boolean {
  if (elementType === DATA_TYPE.uint8) return true;
  let tensor = name;
  for (const node of nodes) {
    if (!node.input?.includes(tensor)) continue;
    if (!['Cast', 'Identity', 'Transpose', 'Reshape'].includes(operator(node))) return scalesBytes(graph, node, tensor);
    tensor = node.output?.[0] ?? '';
  }
  return false;
}

function scalesBytes(graph: GraphView, node: NodeProto, pixels: string): boolean {
  const statistics = operator(node) === 'BatchNormalization' ? 3 : inputName(node, 0) === pixels ? 1 : 0;
  const values = graph.constant(inputName(node, statistics))?.values;
  if (!values?.length || values.length > 4) return false;
  const largest = Math.max(...values.map(Math.abs));
  switch (operator(node)) {
    case 'Div':
      return largest > LARGEST_UNIT_DIVISOR;
    case 'Mul':
      return largest < 1 / LARGEST_UNIT_DIVISOR;
    case 'Sub':
    case 'Add':
    case 'BatchNormalization':
      return largest > LARGEST_UNIT_MEAN;
    default:
      return false;
  }
}

import { TENSORS } from '../../../engines/engine.ts';
import { operator } from '../node.ts';
import { DATA_TYPE, type ModelProto, type NodeProto, onnx } from '../proto.ts';
import type { Backward } from './backward.ts';
import type { MapTensor } from './cam-layer.ts';
import { type GraphPart, neededPart, renamed, writeMap } from './gradient-map.ts';
import { GradientWriter } from './gradient-writer.ts';
import { dependents, type ShapedNetwork } from './tensor-shapes.ts';

/**
 * How a gradient is proved by the network's own logits. Scaling the feature maps A of one image by t changes logit_c
 * along A, and the chain rule says by how much: d logit_c(t A) / dt at t = 1 is the sum over all cells of HiResCAM_c. It is
 * measured as (logit_c(to A) - logit_c(from A)) / (to - from), on ways of several lengths where the head bends: on a long
 * one activations change their sides, on a short one float32 has few digits left, and one that agrees is enough.
 */
export interface GradientCheck {
  /**
   * A variant of the classifier: `TENSORS.cells` is HiResCAM of the network's outputs, whatever the method shows, and
   * `TENSORS.logits` are the logits at both ends of each way, one after the other.
   */
  onnx: Uint8Array;
  ways: Way[];
  /** Whether the logits are linear in the maps, so that the measured slope is exact. */
  linear: boolean;
}

/** From which scale of the maps to which. */
export interface Way {
  from: number;
  to: number;
}

/** Of one variant: its nodes come after those of the classifier. Kept in the classifier itself, as metadata. */
interface StoredCheck {
  /** A GraphProto with nodes and constants, in base64. */
  part: string;
  ways: Way[];
  linear: boolean;
}

const METADATA_KEY = 'openseadragon-cam/gradient-check';

/** Half the lengths of the ways: powers of 2, by which scaling is exact; the longest first. */
const STEPS: readonly number[] = [2 ** -7, 2 ** -10, 2 ** -13];
/** The same for logits of float16, of 11 bits. */
const HALF_STEPS: readonly number[] = [2 ** -3];

/** Operators that give a linear function of their one input that depends on the maps, or of all of them. */
const LINEAR: ReadonlySet<string> = new Set([
  ...['Gemm', 'MatMul', 'Conv', 'ConvTranspose', 'BatchNormalization', 'Mul', 'Div', 'Neg'],
  ...['GlobalAveragePool', 'AveragePool', 'ReduceMean', 'ReduceSum'],
  ...['Add', 'Sub', 'Sum', 'Mean', 'Concat'],
  ...['Identity', 'Dropout', 'Cast', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand'],
  ...['Gather', 'Slice', 'Split', 'Pad'],
]);
const ADDITIVE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Sum', 'Mean', 'Concat']);

/**
 * Writes the variant that checks a map, as metadata of the classifier that it belongs to.
 *
 * @param half whether the network computes in float16
 */
export function gradientCheckMetadata(
  backward: Backward,
  shaped: ShapedNetwork,
  map: MapTensor,
  { logits, outputs }: { logits: string; outputs: number },
  half: boolean,
): ModelProto['metadataProps'] {
  const behind = dependents(shaped.nodes, map.tensor);
  const head = shaped.nodes.filter(({ output }) => output?.some((name) => name !== map.tensor && behind.has(name)));
  const linear = head.every((node) => isLinear(node, behind));
  const steps = half ? HALF_STEPS : STEPS;
  const ways = linear ? [{ from: 0, to: 1 }] : steps.map((step) => ({ from: 1 - step, to: 1 + step }));

  const cells = writeMap(backward, map, 'hirescam', outputs === 1 ? [1] : undefined);
  const main = neededPart(backward.writer, [cells]);
  const writer = new GradientWriter('openseadragon-cam/check/', backward.writer.classes, backward.writer.opset);
  const ends = ways
    .flatMap(({ from, to }) => [from, to])
    .map((scale) => {
      const moved = scaledHead(writer, head, behind, map.tensor, scale, half);
      return writer.toFloat(writer.reshape(moved(logits), [-1, outputs]));
    });
  renamed(writer, cells, TENSORS.cells);
  renamed(writer, writer.node('Concat', ends, { axis: 1 }), TENSORS.logits);
  const part = { nodes: [...main.nodes, ...writer.nodes], constants: [...main.constants, ...writer.constants] };
  const stored: StoredCheck = { part: encoded(part), ways, linear };
  return [{ key: METADATA_KEY, value: JSON.stringify(stored) }];
}

/**
 * The variant of a classifier that checks its gradient; null for one without.
 *
 * @param model the classifier
 */
export function gradientCheck(model: ModelProto): GradientCheck | null {
  const text = model.metadataProps.find(({ key }) => key === METADATA_KEY)?.value;
  if (!text || !model.graph) return null;
  const { part, ways, linear }: StoredCheck = JSON.parse(text);
  const { node, initializer } = onnx.GraphProto.decode(Buffer.from(part, 'base64'));
  const results: readonly string[] = [TENSORS.cells, TENSORS.logits];
  const isResult = ({ output }: NodeProto) => output?.some((name) => results.includes(name)) ?? false;
  const own = (model.graph.node ?? []).filter((candidate) => !isResult(candidate));
  const named = new Set(own.flatMap(({ output }) => output ?? []));
  const added = node.filter(({ output }) => !output?.some((name) => named.has(name)));
  const constants = new Set((model.graph.initializer ?? []).map(({ name }) => name));
  const graph = {
    ...model.graph,
    node: [...own, ...added],
    initializer: [...(model.graph.initializer ?? []), ...initializer.filter(({ name }) => !constants.has(name))],
    output: model.graph.output?.map(({ name }) => ({ name, type: { tensorType: { elemType: DATA_TYPE.float } } })),
  };
  return { onnx: onnx.ModelProto.encode({ ...model, metadataProps: [], graph }).finish(), ways, linear };
}

function isLinear(node: NodeProto, behind: ReadonlySet<string>): boolean {
  if (!LINEAR.has(operator(node))) return false;
  const moving = (node.input ?? []).flatMap((input, index) => (behind.has(input) ? [index] : []));
  if (ADDITIVE.has(operator(node))) return true;
  return moving.length === 1 && !(operator(node) === 'Div' && moving[0] === 1);
}

/** The nodes behind the maps once more, with the maps scaled; gives the name that a tensor has there. */
function scaledHead(
  writer: GradientWriter,
  head: readonly NodeProto[],
  behind: ReadonlySet<string>,
  maps: string,
  scale: number,
  half: boolean,
): (tensor: string) => string {
  const prefix = `openseadragon-cam/check/${scale}/`;
  const factor = half ? writer.node('Cast', [writer.scalar(scale)], { to: DATA_TYPE.float16 }) : writer.scalar(scale);
  const scaled = writer.multiply(maps, factor);
  const moved = (tensor: string) => {
    if (tensor === maps) return scaled;
    return behind.has(tensor) ? `${prefix}${tensor}` : tensor;
  };
  for (const node of head) {
    writer.nodes.push({
      ...node,
      name: `${prefix}${node.output?.find((name) => name !== '') ?? ''}`,
      input: node.input?.map(moved),
      output: node.output?.map((name) => (name === '' ? '' : moved(name))),
    });
  }
  return moved;
}

function encoded({ nodes, constants }: GraphPart): string {
  return Buffer.from(onnx.GraphProto.encode({ node: nodes, initializer: constants }).finish()).toString('base64');
}

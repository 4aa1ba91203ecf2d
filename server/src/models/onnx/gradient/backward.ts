import { type GraphView, graphView } from '../graph-view.ts';
import { layerTitle, type NetworkGraph } from '../network-graph.ts';
import { inputName, operator } from '../node.ts';
import { DATA_TYPE, type NodeProto } from '../proto.ts';
import type { TensorValues } from '../tensor-values.ts';
import { type GradientStep, Unsupported } from './gradient-rule.ts';
import { GradientWriter } from './gradient-writer.ts';
import { GRADIENT_RULES } from './rules/table.ts';
import type { ShapedNetwork } from './tensor-shapes.ts';

/** The way back from the logits through the whole network, as far as it goes. */
export interface Backward {
  writer: GradientWriter;
  /**
   * The gradient of the logits by a tensor, [classes, images or 1, ...its shape]; null where there is none. A single
   * output x has the classes -x and x.
   */
  gradient(tensor: string): string | null;
  /** Why there is none though the logits come from the tensor: `layer 'x' (Lstm) has no gradient`; null otherwise. */
  obstacle(tensor: string): string | null;
  /** A tensor's values in float32. */
  value(tensor: string): string;
}

/**
 * Writes the gradient of every logit by every tensor before it: the chain rule from the last node to the first. What is
 * not needed for the tensor that is chosen is left out later.
 *
 * @param logits a tensor of `outputs` numbers for each image
 * @param prefix of the names that are written
 */
export function writeBackward(
  network: NetworkGraph,
  shaped: ShapedNetwork,
  logits: string,
  outputs: number,
  prefix: string,
): Backward {
  const opset = network.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  // One output counts as two classes, not it and it: a single row takes other ways through onnxruntime than several, and
  // the bits of its products then depend on the number of images.
  const writer = new GradientWriter(prefix, Math.max(2, outputs), opset);
  const graph = graphView(network);
  const parts = new Map<string, string[]>();
  const sums = new Map<string, string>();
  const obstacles = new Map<string, string>();
  const gradient = (tensor: string): string | null => {
    const known = sums.get(tensor);
    if (known) return known;
    const own = parts.get(tensor);
    if (!own || obstacles.has(tensor)) return null;
    const sum = own.reduce((total, part) => writer.add(total, part));
    sums.set(tensor, sum);
    return sum;
  };
  const value = computesInHalf(network) ? (tensor: string) => writer.toFloat(tensor) : (tensor: string) => tensor;

  const first = outputs === 1 ? Float32Array.of(-1, 1) : identity(outputs);
  const seed = writer.constant([writer.classes, 1, ...(shaped.shape(logits) ?? [])], first);
  parts.set(logits, [seed]);

  const stepFor = (node: NodeProto, output: number, at: string): GradientStep => ({
    node,
    writer,
    gradient: at,
    output,
    isIdentity: at === seed && outputs > 1,
    depends: (index) => shaped.dependent.has(inputName(node, index)),
    shape: (input) => {
      const sizes = shaped.shape(typeof input === 'number' ? inputName(node, input) : input);
      if (!sizes) throw new Unsupported('mixes the images of a batch');
      return sizes;
    },
    value,
    constant: (index) => {
      const found = storedNumbers(graph, inputName(node, index), shaped.dependent.has(inputName(node, index)));
      if (!found) throw new Unsupported('has settings that are not stored as numbers');
      return found;
    },
  });

  /** Why there is no gradient through one output of a node; undefined where there is. */
  const through = (node: NodeProto, output: number): string | undefined => {
    const name = node.output?.[output] ?? '';
    const before = obstacles.get(name);
    if (before) return before;
    const own = gradient(name);
    if (own === null) return undefined;
    const rule = GRADIENT_RULES.get(operator(node));
    if (!rule) return `${layerTitle(network, node)} has an operator, ${operator(node)}, whose gradient is not known`;
    try {
      for (const [index, part] of rule(stepFor(node, output, own)).entries()) {
        const input = inputName(node, index);
        if (part === null || !shaped.dependent.has(input)) continue;
        parts.set(input, [...(parts.get(input) ?? []), part]);
      }
      return undefined;
    } catch (error) {
      if (error instanceof Unsupported) return `${layerTitle(network, node)} ${error.message}`;
      throw error;
    }
  };

  for (const node of [...shaped.nodes].reverse()) {
    for (const output of (node.output ?? []).keys()) {
      const obstacle = through(node, output);
      if (obstacle === undefined) continue;
      for (const input of node.input ?? []) if (shaped.dependent.has(input)) obstacles.set(input, obstacle);
    }
  }
  return { writer, gradient, obstacle: (tensor) => obstacles.get(tensor) ?? null, value };
}

/** Numbers that are the same for every image of the input's size. */
function storedNumbers(graph: GraphView, tensor: string, dependent: boolean): TensorValues | null {
  if (!dependent) return graph.constant(tensor);
  const integers = (graph.integers(tensor) ?? []).flatMap((value) => value ?? []);
  const isWhole = integers.length > 0 && integers.length === graph.integers(tensor)?.length;
  return isWhole ? { shape: [integers.length], values: Float32Array.from(integers) } : null;
}

/** Whether any number of the network is in float16; gradients are float32 always. */
function computesInHalf({ input, proto }: NetworkGraph): boolean {
  const isHalf = (type: unknown) => type === DATA_TYPE.float16;
  return isHalf(input.elementType) || (proto.initializer ?? []).some(({ dataType }) => isHalf(dataType));
}

function identity(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

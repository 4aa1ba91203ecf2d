import { type GraphView, RESHAPING } from './graph-view.ts';
import type { Shape } from './infer-shapes.ts';
import { inputName, operator } from './node.ts';
import { integerAttribute, integersAttribute, type NodeProto } from './proto.ts';
import { reshapedAxes } from './reshaped-axes.ts';
import { fromFront } from './sizes.ts';

export type Layout = 'NCHW' | 'NHWC';

/** The mean over all cells of a feature map. */
export interface Pooling {
  features: string;
  layout: Layout;
  /** The value is this times the mean: 1, unless cells are summed or the mean is scaled. */
  factor: number;
  /** The first node that pools. */
  node: NodeProto;
}

/** A node that pools, but not all cells of a map into one value for each channel. */
interface PartialPooling {
  node: NodeProto;
  reason: string;
}

const POOLS: ReadonlySet<string> = new Set(['GlobalAveragePool', 'AveragePool', 'ReduceMean', 'ReduceSum']);
/** Steps between a map and its mean: real ones are a handful. */
const LONGEST_CHAIN = 64;

/** What each dimension of a tensor runs over: `''` where it is of size 1, `HW` where rows and columns are laid out. */
export type Axes = readonly string[];

/**
 * The pooling that makes a tensor, in one node or several (a sum divided by a constant, a mean along rows and then
 * along columns, rows and columns laid out and then averaged); null where the tensor is none of this.
 */
export function findPooling(graph: GraphView, tensor: string): Pooling | PartialPooling | null {
  const chain = chainBefore(graph, tensor);
  const last = chain.findLastIndex((node) => POOLS.has(operator(node)));
  if (last < 0) return null;
  let reason: string | null = null;
  // The map nearest to the pooling, for it is the one that people know.
  for (let first = last; first >= 0; first--) {
    const features = dataInput(graph, chain[first]);
    const shape = graph.shape(features);
    if (shape !== null && shape.length !== 4) continue;
    for (const layout of layoutsOf(graph, features)) {
      const found = pooled(graph, chain.slice(first, last + 1), layout, sizesOf(shape, layout));
      if (typeof found === 'number') {
        const factor = found * scalesOf(graph, chain.slice(last + 1));
        const node = chain.slice(first).find((candidate) => POOLS.has(operator(candidate))) ?? chain[last];
        return { features, layout, factor, node };
      }
      reason ??= found;
    }
  }
  return { node: chain[last], reason: reason ?? 'averages something else than the rows and columns of a map' };
}

export function isPooling(found: Pooling | PartialPooling): found is Pooling {
  return 'features' in found;
}

/** The nodes that a tensor comes from, the first of them first, as long as they only pool, reshape or scale. */
function chainBefore(graph: GraphView, tensor: string): NodeProto[] {
  const chain: NodeProto[] = [];
  let node = graph.producer(tensor);
  while (node && chain.length < LONGEST_CHAIN && isStep(graph, node)) {
    chain.unshift(node);
    node = graph.producer(dataInput(graph, node));
  }
  return chain;
}

function isStep(graph: GraphView, node: NodeProto): boolean {
  return POOLS.has(operator(node)) || RESHAPING.has(operator(node)) || scaleOf(graph, node) !== null;
}

/** The input that is no constant; of a node with one input the first. */
function dataInput(graph: GraphView, node: NodeProto): string {
  const [first, second] = [inputName(node, 0), inputName(node, 1)];
  return operator(node) === 'Mul' && graph.constant(first) ? second : first;
}

/** What a node multiplies all values by; null for a node that does something else. */
function scaleOf(graph: GraphView, node: NodeProto): number | null {
  const name = operator(node);
  if (name !== 'Mul' && name !== 'Div') return null;
  const second = graph.constant(inputName(node, 1)) ?? computedSize(graph, inputName(node, 1));
  const constant = second ?? (name === 'Mul' ? graph.constant(inputName(node, 0)) : null);
  if (constant?.values.length !== 1) return null;
  const [value] = constant.values;
  return name === 'Mul' ? value : 1 / value;
}

/** A number that the network computes from the sizes of its map, which are known for its input. */
function computedSize(graph: GraphView, tensor: string): { values: Float32Array } | null {
  const [value, ...others] = graph.integers(tensor) ?? [];
  return typeof value === 'number' && others.length === 0 ? { values: Float32Array.of(value) } : null;
}

function scalesOf(graph: GraphView, nodes: readonly NodeProto[]): number {
  return nodes.reduce((product, node) => product * (scaleOf(graph, node) ?? 1), 1);
}

const MAPS_FIRST: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'LRN'],
  ...['InstanceNormalization', 'BatchNormalization', 'DepthToSpace', 'SpaceToDepth'],
]);

/** In which order a map has its dimensions: ONNX's own operators on maps have channels first. */
function layoutsOf(graph: GraphView, tensor: string): Layout[] {
  let turned = false;
  let name = tensor;
  for (let steps = 0; steps < LONGEST_CHAIN; steps++) {
    const node = graph.producer(name);
    if (!node) break;
    if (MAPS_FIRST.has(operator(node))) return [turned ? 'NHWC' : 'NCHW'];
    if (operator(node) === 'Transpose') {
      const order = integersAttribute(node, 'perm')?.join();
      if (order !== '0,2,3,1' && order !== '0,3,1,2') break;
      turned = !turned;
    } else if (RESHAPING.has(operator(node)) && operator(node) !== 'Identity' && operator(node) !== 'Cast') break;
    const inputs = (node.input ?? []).filter((input) => graph.constant(input) === null);
    name = inputs.find((input) => graph.shape(input)?.length === 4) ?? inputs[0] ?? '';
  }
  return ['NCHW', 'NHWC'];
}

type Sizes = Readonly<Record<string, number | null>>;

function sizesOf(shape: Shape | null, layout: Layout): Sizes {
  const [n, ...rest] = shape ?? [null, null, null, null];
  const [c, h, w] = layout === 'NCHW' ? rest : [rest[2], rest[0], rest[1]];
  return { N: n, C: c, H: h, W: w };
}

/** What the mean is multiplied by after these nodes; a text tells why they are not the mean over all cells. */
function pooled(graph: GraphView, nodes: readonly NodeProto[], layout: Layout, sizes: Sizes): number | string {
  let axes: Axes = layout === 'NCHW' ? ['N', 'C', 'H', 'W'] : ['N', 'H', 'W', 'C'];
  let factor = 1;
  for (const node of nodes) {
    const step = nextStep(graph, node, axes, sizes);
    if (typeof step === 'string') return step;
    axes = step.axes;
    factor *= step.factor;
  }
  if (/[HW]/.test(axes.join(''))) return 'averages only rows or only columns of a map';
  return axes.includes('N') && axes.includes('C') ? factor : 'averages more than the rows and columns of a map';
}

interface Step {
  axes: Axes;
  factor: number;
}

function nextStep(graph: GraphView, node: NodeProto, axes: Axes, sizes: Sizes): Step | string {
  const same = (changed: Axes | null): Step | string =>
    changed ? { axes: changed, factor: 1 } : 'averages a map after its dimensions were mixed';
  const output = graph.shape(node.output?.[0] ?? '');
  switch (operator(node)) {
    case 'Transpose': {
      const order = integersAttribute(node, 'perm') ?? axes.map((_, i) => axes.length - 1 - i);
      return same(order.every((axis) => axis in axes) ? order.map((axis) => axes[axis]) : null);
    }
    case 'Flatten':
      return same(integerAttribute(node, 'axis', 1) === 1 ? [axes[0], axes.slice(1).join('')] : null);
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return same(reshapedAxes(axes, output, (label) => sizes[label]));
    case 'GlobalAveragePool':
      return averaged(axes, [2, 3].slice(0, axes.length - 2), true);
    case 'AveragePool': {
      const fault = axes.join() === 'N,C,H,W' ? windowFault(node, sizes) : 'averages windows of no map';
      return fault ?? averaged(axes, [2, 3], true);
    }
    case 'ReduceMean':
    case 'ReduceSum': {
      const given = integersAttribute(node, 'axes') ?? graph.integers(inputName(node, 1));
      if (!given) return 'averages along dimensions that are not known';
      const along = given.map((axis) => fromFront(axis, axes.length));
      const removed = along.map((axis) => axes[axis] ?? '?').join('');
      if (!/^[HW]*$/.test(removed)) return `takes the mean along axes [${given.join(', ')}], not over rows and columns`;
      const step = averaged(axes, along, integerAttribute(node, 'keepdims', 1) === 1);
      if (operator(node) === 'ReduceMean') return step;
      const count = [...removed].reduce((product, label) => product * (sizes[label] ?? Number.NaN), 1);
      return Number.isNaN(count) ? 'sums cells of a map whose size is not known' : { ...step, factor: count };
    }
    default:
      return { axes, factor: scaleOf(graph, node) ?? 1 };
  }
}

function averaged(axes: Axes, along: readonly number[], keepsDimensions: boolean): Step {
  if (keepsDimensions) return { axes: axes.map((label, i) => (along.includes(i) ? '' : label)), factor: 1 };
  return { axes: axes.filter((_, i) => !along.includes(i)), factor: 1 };
}

/** Why an AveragePool is not the mean over the whole map; where sizes are not known the load check tells. */
function windowFault(node: NodeProto, { H, W }: Sizes): string | null {
  const [rows, columns] = integersAttribute(node, 'kernel_shape') ?? [0, 0];
  if (H === null || W === null) return null;
  const pads = integersAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const covers = rows - pads[0] >= H && columns - pads[1] >= W;
  const counted = integerAttribute(node, 'count_include_pad', 0) === 1 && (rows !== H || columns !== W);
  if (covers && !counted) return null;
  return `averages windows of ${rows} x ${columns} of a map of ${H} x ${W} cells, not the whole`;
}

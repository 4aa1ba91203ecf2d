import { type GraphView, RESHAPING } from './graph-view.ts';
import { afterScale, asProduct, joined, type LinearForm, scaled, summed } from './linear-form.ts';
import { linearNode } from './linear-node.ts';
import { layerTitle, type NetworkGraph } from './network-graph.ts';
import { inputName, operator } from './node.ts';
import { findPooling, isPooling, type Pooling } from './pooling.ts';
import type { NodeProto } from './proto.ts';
import type { HeadFault } from './refusal.ts';
import { reshapedBranches } from './reshaped-branches.ts';

/** Values that are linear in the mean over the cells of one map. */
export interface PooledValues {
  pooling: Pooling;
  form: LinearForm;
}

/** Why a tensor is not linear in the mean over the cells of one map. */
interface Fault {
  fault: HeadFault;
  reason: string;
}

/** A head of more steps than this is none. */
const DEEPEST = 500;

/** Follows a tensor back to the pooling, composing what lies between into one linear form. */
export function pooledValues(network: NetworkGraph, graph: GraphView, logits: string): PooledValues | Fault {
  const known = new Map<string, PooledValues | Fault>();

  const valuesOf = (tensor: string, depth: number): PooledValues | Fault => {
    const before = known.get(tensor);
    if (before) return before;
    const values = read(tensor, depth);
    known.set(tensor, values);
    return values;
  };

  const read = (tensor: string, depth: number): PooledValues | Fault => {
    const node = graph.producer(tensor);
    if (!node) return { fault: 'no-pooling', reason: 'the network has no global average pooling' };
    if (depth > DEEPEST) return { fault: 'other', reason: `its head has more than ${DEEPEST} steps` };
    const title = layerTitle(network, node);
    const pooling = findPooling(graph, tensor);
    if (pooling && isPooling(pooling)) {
      const attention = attentionBefore(graph, pooling);
      if (attention)
        return {
          fault: 'product',
          reason: `${layerTitle(network, attention)} weighs the cells before they are summed`,
        };
      return { pooling, form: scaled(pooling.factor) };
    }
    if (pooling) return { fault: 'partial-pooling', reason: `${layerTitle(network, pooling.node)} ${pooling.reason}` };
    if (RESHAPING.has(operator(node))) {
      if (laysOutCells(graph, node)) {
        const reason = `${title} lays out the cells of the map, so that the Dense layer after it has weights for each of them`;
        return { fault: 'no-pooling', reason };
      }
      return valuesOf(inputName(node, 0), depth + 1);
    }
    const branches = reshapedBranches(node);
    if (branches !== null) return valuesOf(branches, depth + 1);
    const linear = linearNode(graph, node);
    if (linear) {
      const values = valuesOf(linear.input, depth + 1);
      if ('fault' in values) return values;
      const form = linear.apply(values.form);
      return form
        ? { ...values, form }
        : { fault: 'other', reason: `${title} has constants that do not fit its input` };
    }
    return merged(node, title, depth) ?? faultOf(node, title, tensor, depth);
  };

  /** Several values of the same map, added or joined. */
  const merged = (node: NodeProto, title: string, depth: number): PooledValues | Fault | null => {
    const name = operator(node);
    if (!['Add', 'Sub', 'Sum', 'Mean', 'Concat'].includes(name)) return null;
    const all = (node.input ?? []).map((input) => valuesOf(input, depth + 1));
    const values: PooledValues[] = [];
    for (const value of all) {
      if ('fault' in value) return value;
      values.push(value);
    }
    const [first] = values;
    if (!first) return null;
    const others = values.filter(({ pooling }) => pooling.features !== first.pooling.features);
    if (others.length > 0) {
      const maps = [first, others[0]].map(({ pooling }) => layerTitle(network, pooling.node));
      return { fault: 'two-maps', reason: `${title} takes pooled values of two maps, by ${maps.join(' and by ')}` };
    }
    const channels = channelsOf(graph, first.pooling);
    const forms = values.map(({ form }) => asProduct(form, channels)).filter((form) => form !== null);
    if (forms.length !== values.length) return null;
    const form = combined(name, forms);
    return form && { pooling: first.pooling, form };
  };

  /** Why a node that is not linear stands in the way; what lies before it may tell more. */
  const faultOf = (node: NodeProto, title: string, tensor: string, depth: number): Fault => {
    const input = (node.input ?? []).find((name) => graph.constant(name) === null) ?? '';
    const before = input === '' ? null : valuesOf(input, depth + 1);
    const isMaximum = takesMaximum(graph, node);
    const fault = FAULTS.get(isMaximum ? 'GlobalMaxPool' : operator(node));
    const activates = !isMaximum && (ACTIVATIONS.has(operator(node)) || isGated(graph, node));
    if (before && 'fault' in before && PASSED_ON.has(before.fault) && PASSING.has(operator(node))) return before;
    if (tensor === logits && SCORES.has(operator(node))) {
      return { fault: 'activation', reason: `${title} makes scores, of which the network makes scores once more` };
    }
    if (fault && !activates) return { fault: fault.fault, reason: `${title} ${fault.reason}` };
    const kind = activates ? 'activation' : 'other';
    if (tensor === logits) {
      return {
        fault: kind,
        reason: activates
          ? `${title} ends in ${operator(node)} where scores by softmax or sigmoid, or none, are expected`
          : `${title} stands where a Dense layer, or softmax or sigmoid after one, is expected`,
      };
    }
    if (before && !('fault' in before)) {
      return { fault: kind, reason: `${title} lies between the pooling and the scores and is not linear` };
    }
    return {
      fault: kind === 'activation' ? 'no-pooling' : kind,
      reason: `${title} lies before the last Dense layer, where global average pooling is expected`,
    };
  };

  return valuesOf(logits, 0);
}

/** Channels of a pooled map, null where not known. */
export function channelsOf(
  graph: GraphView,
  { features, layout }: Pick<Pooling, 'features' | 'layout'>,
): number | null {
  return graph.shape(features)?.[layout === 'NCHW' ? 1 : 3] ?? null;
}

function combined(name: string, forms: LinearForm[]): LinearForm | null {
  if (name === 'Concat') return joined(forms);
  if (name === 'Sub') forms = forms.flatMap((form, i) => (i === 0 ? form : (afterScale(form, [-1], [0]) ?? [])));
  const sum = summed(forms);
  return sum && name === 'Mean' ? afterScale(sum, [1 / forms.length], [0]) : sum;
}

/** Whether a map of more than one cell becomes a vector. */
function laysOutCells(graph: GraphView, node: NodeProto): boolean {
  if (!['Flatten', 'Reshape'].includes(operator(node))) return false;
  const before = graph.shape(inputName(node, 0));
  const after = graph.shape(node.output?.[0] ?? '');
  if (before?.length !== 4 || (after !== null && after.length !== 2)) return false;
  return before.filter((size, i) => i > 0 && size !== null && size > 1).length > 1;
}

/** An activation written as the product of its input with a function of it: swish, hard swish, GELU. */
function isGated(graph: GraphView, node: NodeProto): boolean {
  if (operator(node) !== 'Mul') return false;
  const [a, b] = [inputName(node, 0), inputName(node, 1)].map((tensor) => origin(graph, tensor));
  return a === b;
}

/** The tensor that another is computed of value by value. */
function origin(graph: GraphView, tensor: string): string {
  let name = tensor;
  for (let steps = 0; steps < 8; steps++) {
    const node = graph.producer(name);
    if (!node || !(ACTIVATIONS.has(operator(node)) || ['Add', 'Sub', 'Mul', 'Div'].includes(operator(node))))
      return name;
    const inputs = (node.input ?? []).filter((input) => input !== '' && graph.constant(input) === null);
    if (inputs.length !== 1) return name;
    [name] = inputs;
  }
  return name;
}

/** A maximum over the whole map, written as a window. */
function takesMaximum(graph: GraphView, node: NodeProto): boolean {
  if (operator(node) !== 'MaxPool') return false;
  const [, , rows, columns] = graph.shape(node.output?.[0] ?? '') ?? [];
  return rows === 1 && columns === 1;
}

/** The Softmax behind the weights of cells that are summed. */
function attentionBefore(graph: GraphView, { features, node }: Pooling): NodeProto | null {
  const product = graph.producer(features);
  if (operator(node) !== 'ReduceSum' || !product || operator(product) !== 'Mul') return null;
  for (const input of product.input ?? []) {
    let factor = graph.producer(input);
    for (let i = 0; i < 8 && factor && RESHAPING.has(operator(factor)); i++)
      factor = graph.producer(inputName(factor, 0));
    if (factor && operator(factor) === 'Softmax') return factor;
  }
  return null;
}

const SCORES: ReadonlySet<string> = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);

const ACTIVATIONS: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Gelu', 'Mish', 'Swish', 'Softplus', 'Softsign', 'Clip'],
  ...['ThresholdedRelu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Erf', 'Exp', 'Max', 'Min', 'MaxPool'],
]);

/** Faults that nodes of these operators, which only pick or scale, do not hide. */
const PASSED_ON: ReadonlySet<HeadFault> = new Set(['recurrent', 'quantized']);
const PASSING: ReadonlySet<string> = new Set(['Gather', 'Slice', 'Split', 'Mul', 'DequantizeLinear']);

const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ...each(
    'GlobalMaxPool ReduceMax',
    'maximum',
    'takes the maximum; only an average of the cells can be traced back to them',
  ),
  ...each(
    'LayerNormalization GroupNormalization InstanceNormalization LpNormalization SimplifiedLayerNormalization ' +
      'RMSNormalization ReduceL2 ReduceL1 ReduceSumSquare Sqrt Pow GlobalLpPool MeanVarianceNormalization',
    'normalization',
    'lies between the cells and the scores; it is not linear, for what it divides by depends on the image',
  ),
  ...each(
    'LSTM GRU RNN Scan Loop If',
    'recurrent',
    'passes the cells on from one step to the next, which is not linear',
  ),
  ...each(
    'Mul MatMul Gemm Einsum Softmax Attention MultiHeadAttention',
    'product',
    'multiplies values that all depend on the image, as attention and gates do, which is not linear',
  ),
  ...each(
    'Div',
    'normalization',
    'divides by a value that depends on the image, as normalization does, which is not linear',
  ),
  ...each(
    'QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearMatMul QLinearConv QGemm',
    'quantized',
    'rounds the pooled values; leave what follows the last map in floating point when quantizing',
  ),
]);

function each(operators: string, fault: HeadFault, reason: string): [string, Fault][] {
  return operators.split(' ').map((name) => [name, { fault, reason }]);
}

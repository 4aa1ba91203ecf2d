import type { GraphView } from './graph-view.ts';
import { type LinearForm, scaled } from './linear-form.ts';
import { linearNode } from './linear-node.ts';
import { inputName, operator } from './node.ts';
import type { Layout } from './pooling.ts';
import { integersAttribute, type NodeProto } from './proto.ts';

/** A linear layer of single cells before the pooling: a 1 x 1 convolution makes a map for each class. */
export interface ClassMaps {
  /** What the layer takes. */
  features: string;
  layout: Layout;
  form: LinearForm;
}

const MOST_STEPS = 16;

/**
 * The last 1 x 1 convolution (or product over channels) before a map, with what scales and shifts its channels after
 * it; null where the map comes from something else.
 */
export function classMaps(graph: GraphView, map: string, mapLayout: Layout): ClassMaps | null {
  const steps: ((form: LinearForm) => LinearForm | null)[] = [];
  let tensor = map;
  let layout = mapLayout;
  let hasLayer = false;
  for (let i = 0; i < MOST_STEPS; i++) {
    if (hasLayer && graph.shape(tensor)?.length === 4) return composed(steps, tensor, layout);
    const node = graph.producer(tensor);
    if (!node) return null;
    if (passes(graph, node, layout)) {
      tensor = inputName(node, 0);
      continue;
    }
    if (isTurned(node, layout)) {
      layout = layout === 'NCHW' ? 'NHWC' : 'NCHW';
      tensor = inputName(node, 0);
      continue;
    }
    const name = operator(node);
    const linear = hasLayer ? null : linearNode(graph, node);
    const isLayer = name === 'Conv' || name === 'MatMul' || name === 'Gemm';
    if (!linear || (isLayer && (name === 'Conv') !== (layout === 'NCHW'))) return null;
    steps.unshift(linear.apply);
    tensor = linear.input;
    hasLayer = isLayer;
    // A convolution's input is a map, whether its size is known or not.
    if (name === 'Conv') return composed(steps, tensor, layout);
  }
  return null;
}

function composed(
  steps: readonly ((form: LinearForm) => LinearForm | null)[],
  features: string,
  layout: Layout,
): ClassMaps | null {
  let form: LinearForm | null = scaled(1);
  for (const step of steps) form = form && step(form);
  return form?.weights ? { features, layout, form } : null;
}

/** Cells laid out one after the other and back, with their channels last, are the same to a product over channels. */
function passes(graph: GraphView, node: NodeProto, layout: Layout): boolean {
  if (['Identity', 'Cast', 'Dropout'].includes(operator(node))) return true;
  if (operator(node) !== 'Reshape' || layout !== 'NHWC') return false;
  const before = graph.shape(inputName(node, 0))?.at(-1);
  const after = graph.shape(node.output?.[0] ?? '')?.at(-1);
  return typeof before === 'number' && before === after;
}

function isTurned(node: NodeProto, layout: Layout): boolean {
  const order = layout === 'NHWC' ? '0,2,3,1' : '0,3,1,2';
  return operator(node) === 'Transpose' && integersAttribute(node, 'perm')?.join() === order;
}

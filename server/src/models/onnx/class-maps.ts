import { type GraphView, operator } from './graph-view.ts';
import { type LinearForm, scaled } from './linear-form.ts';
import { linearNode } from './linear-node.ts';
import type { Layout } from './pooling.ts';

/** A linear layer of single cells before the pooling: a 1 x 1 convolution makes a map for each class. */
export interface ClassMaps {
  /** What the layer takes. */
  features: string;
  form: LinearForm;
}

const MOST_STEPS = 8;

/**
 * The last 1 x 1 convolution (or product over channels) before a map, with what scales and shifts its channels after
 * it; null where the map comes from something else.
 */
export function classMaps(graph: GraphView, map: string, layout: Layout): ClassMaps | null {
  const steps: ((form: LinearForm) => LinearForm | null)[] = [];
  let tensor = map;
  for (let i = 0; i < MOST_STEPS; i++) {
    const node = graph.producer(tensor);
    if (!node) return null;
    const name = operator(node);
    if (['Identity', 'Cast', 'Dropout'].includes(name)) {
      tensor = node.input?.[0] ?? '';
      continue;
    }
    const linear = linearNode(graph, node);
    const isLayer = name === 'Conv' || name === 'MatMul';
    if (!linear || (isLayer && (name === 'Conv') !== (layout === 'NCHW'))) return null;
    steps.unshift(linear.apply);
    tensor = linear.input;
    if (!isLayer) continue;
    let form: LinearForm | null = scaled(1);
    for (const step of steps) form = form && step(form);
    return form?.weights ? { features: tensor, form } : null;
  }
  return null;
}

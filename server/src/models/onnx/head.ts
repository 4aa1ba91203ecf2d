import { type ClassMaps, classMaps } from './class-maps.ts';
import { type GraphView, graphView } from './graph-view.ts';
import { afterProduct, afterScale, type LinearForm, scaled } from './linear-form.ts';
import { channelsOf, type PooledValues, pooledValues } from './linear-head.ts';
import { findLogits, type Logits } from './logits.ts';
import { layerTitle, type NetworkGraph } from './network-graph.ts';
import type { Layout } from './pooling.ts';
import { HeadProblem } from './refusal.ts';

/**
 * The end of a classifier with a class activation map (Zhou et al. 2016): logits = weights x mean of the CAM layer's
 * cells + bias. Because both are linear, the same weights applied to every cell give the map.
 */
export interface Head extends Logits {
  /** The tensor of the CAM layer's feature maps. */
  features: string;
  layout: Layout;
  outputs: number;
  channels: number;
  /** Shape [outputs, channels]. */
  weights: Float32Array;
  /** Shape [outputs]. */
  bias: Float32Array;
}

/**
 * Finds the head from the output backwards.
 *
 * @param manifest name of the model's manifest, for what a refusal advises
 * @throws HeadProblem naming the layer that makes an exact CAM impossible, and why
 */
export function findHead(
  network: NetworkGraph,
  manifest = 'the manifest',
  graph: GraphView = graphView(network),
): Head {
  const { logits, activation } = findLogits(network, graph);
  const found = pooledValues(network, graph, logits);
  if ('fault' in found) throw new HeadProblem(found.fault, found.reason, manifest);
  const { pooling } = found;
  const { features, layout, form } = found.form.weights
    ? { ...pooling, form: found.form }
    : beforePooling(network, graph, found, activation !== null, manifest);
  const { weights, bias } = form;
  if (!weights) throw new HeadProblem('no-linear-layer', 'no Dense layer follows the pooling', manifest);
  const outputs = bias.length;
  const channels = weights.length / outputs;
  const known = channelsOf(graph, { features, layout });
  if (known !== null && known !== channels) {
    const reason = `${layerTitle(network, pooling.node)} gives ${channels} values of a map of ${known} channels`;
    throw new HeadProblem('partial-pooling', reason, manifest);
  }
  return {
    activation,
    logits,
    features,
    layout,
    outputs,
    channels,
    weights,
    bias: Float32Array.from(bias),
  };
}

/**
 * A linear layer that works on the cells before they are pooled, with what scales the mean after it. Where a network goes
 * on from the pooling to softmax or sigmoid, the maps themselves are those of its classes, whatever made them.
 *
 * @param endsInScores a network that ends with the pooling is one without a classifier, more likely
 */
function beforePooling(
  network: NetworkGraph,
  graph: GraphView,
  { pooling, form: after }: PooledValues,
  endsInScores: boolean,
  manifest: string,
): ClassMaps {
  const maps = classMaps(graph, pooling.features, pooling.layout);
  if (maps) {
    const form = afterScale(maps.form, after.scale, after.bias);
    if (form) return { ...maps, form };
  }
  const classes = channelsOf(graph, pooling);
  const itself = endsInScores && classes !== null && afterScale(identity(classes), after.scale, after.bias);
  if (itself) return { features: pooling.features, layout: pooling.layout, form: itself };
  const node = graph.producer(pooling.features);
  const before = node ? `, and ${layerTitle(network, node)} before it is no linear layer either` : '';
  throw new HeadProblem(
    'no-linear-layer',
    `${layerTitle(network, pooling.node)} pools, but no Dense layer follows${before}`,
    manifest,
  );
}

function identity(size: number): LinearForm {
  const weights = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return afterProduct(scaled(1), weights, new Float64Array(size));
}

import type { Activation } from '../../../../shared/activation.ts';
import { Problem } from '../../errors.ts';
import { type AffineMap, linearStep } from './affine-map.ts';
import { type GraphView, graphView, inputName, operator, RESHAPING } from './graph-view.ts';
import { findLogits, type Logits } from './logits.ts';
import { layerTitle, type NetworkGraph } from './network-graph.ts';
import { integersAttribute, type NodeProto } from './proto.ts';

/**
 * The end of a classifier with a class activation map (Zhou et al. 2016): logits = weights x mean of the CAM layer's
 * cells + bias. Because both are linear, the same weights applied to every cell give the map.
 */
export interface Head extends Logits {
  /** The tensor of the CAM layer's feature maps. */
  features: string;
  layout: 'NCHW' | 'NHWC';
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
 * @throws Problem `unreadable-model` naming the layer that makes an exact CAM impossible, and why
 */
export function findHead(network: NetworkGraph): Head {
  const graph = graphView(network);
  const { logits, activation } = findLogits(network, graph);
  return linearHead(network, graph, logits, activation);
}

/** Walks from the logits to the pooling, composing what lies between into one linear map. */
function linearHead(network: NetworkGraph, graph: GraphView, logits: string, activation: Activation | null): Head {
  let map: AffineMap | null = null;
  let tensor = logits;
  for (;;) {
    const node = graph.producer(tensor);
    if (!node) throw refusal('the network has no global average pooling');
    const name = operator(node);
    const pooled = pooling(network, graph, node);
    if (pooled) {
      if (!map) throw refusal(`${layerTitle(network, node)} pools, but no Dense layer follows`);
      const channels = network.layers.find(({ name }) => name === network.layersOf(pooled.features)[0]?.name)
        ?.outputShape?.[2];
      if (channels !== undefined && channels !== map.channels) {
        throw refusal(`${layerTitle(network, node)} averages parts of the map, not the whole`);
      }
      return { activation, logits, ...pooled, ...map };
    }
    if (!RESHAPING.has(name)) {
      const step = linearStep(graph, node, map);
      if (!step) throw refusal(reasonAgainst(network, node, map));
      map = step.map;
      tensor = step.input;
    } else {
      tensor = inputName(node, 0);
    }
  }
}

function reasonAgainst(network: NetworkGraph, node: NodeProto, map: AffineMap | null): string {
  const title = layerTitle(network, node);
  if (['GlobalMaxPool', 'ReduceMax'].includes(operator(node))) {
    return `${title} takes the maximum; only an average of the cells can be traced back to them`;
  }
  if (!map) return `${title} stands where a Dense layer, or softmax or sigmoid after one, is expected`;
  return `${title} lies before the last Dense layer, where global average pooling is expected`;
}

function refusal(reason: string): Problem {
  return new Problem(
    'unreadable-model',
    `no exact class activation map: ${reason} (it needs global average pooling followed by one linear layer, Zhou et al. 2016)`,
  );
}

/** The mean over all cells, and the order of dimensions in which its input has them; null for any other node. */
function pooling(
  network: NetworkGraph,
  graph: GraphView,
  node: NodeProto,
): { features: string; layout: Head['layout'] } | null {
  const features = inputName(node, 0);
  switch (operator(node)) {
    case 'GlobalAveragePool':
    // A window that is not the whole map shows in the load check, which compares the mean over all cells.
    case 'AveragePool':
      return { features, layout: 'NCHW' };
    case 'ReduceMean': {
      const axes = (integersAttribute(node, 'axes') ?? Array.from(graph.constant(inputName(node, 1))?.values ?? []))
        .map((axis) => (axis < 0 ? axis + 4 : axis))
        .sort((a, b) => a - b)
        .join();
      if (axes === '2,3') return { features, layout: 'NCHW' };
      if (axes === '1,2') return { features, layout: 'NHWC' };
      throw refusal(`${layerTitle(network, node)} takes the mean along axes [${axes}], not over rows and columns`);
    }
    default:
      return null;
  }
}

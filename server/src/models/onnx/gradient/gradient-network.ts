import { TENSORS } from '../../../engines/engine.ts';
import { Problem } from '../../../errors.ts';
import { graphView } from '../graph-view.ts';
import { findLogits, type Logits } from '../logits.ts';
import type { NetworkGraph } from '../network-graph.ts';
import { DATA_TYPE, type ModelProto } from '../proto.ts';
import { writeBackward } from './backward.ts';
import { chooseCamLayer } from './cam-layer.ts';
import { gradientCheckMetadata } from './gradient-check.ts';
import { type GradientMethod, type GraphPart, neededPart, renamed, writeMap } from './gradient-map.ts';
import { shapedNetwork } from './tensor-shapes.ts';

/** A map by gradients of a network's logits. */
export interface GradientMap extends Logits {
  outputs: number;
  /** The layer of the map, as people know it. */
  camLayer: string;
  /** What makes `TENSORS.cells` of the network's own tensors. */
  cells(complement: boolean): GraphPart;
  /** What `gradientCheck` needs later. */
  metadata: ModelProto['metadataProps'];
}

const PREFIX = 'openseadragon-cam/gradient/';

/**
 * Finds the logits and the feature maps of a network and writes the gradient of the one by the other in ONNX nodes.
 *
 * @param wanted `camLayer` of the manifest
 * @param file the manifest's path, for messages
 * @throws Problem `unreadable-model` naming the layer that stands in the way
 */
export async function gradientMap(
  network: NetworkGraph,
  method: GradientMethod,
  wanted: string | undefined,
  file: string,
): Promise<GradientMap> {
  const found = findLogits(network, graphView(network));
  const { logits } = found;
  const shaped = await shapedNetwork(network, logits);
  const sizes = shaped.shape(logits);
  const outputs = sizes?.reduce((count, size) => count * size, 1) ?? 0;
  if (!sizes || outputs < 1 || sizes.filter((size) => size !== 1).length > 1) {
    const shown = sizes ? `[${sizes.join(', ')}]` : 'none for each image';
    throw new Problem('unreadable-model', `one logit for each class is expected, found a result of shape ${shown}`);
  }
  const backward = writeBackward(network, shaped, logits, outputs, PREFIX);
  const map = chooseCamLayer(network, shaped, backward, logits, wanted, file);
  const half = network.input.elementType === DATA_TYPE.float16;
  return {
    ...found,
    outputs,
    camLayer: map.name,
    metadata: gradientCheckMetadata(backward, shaped, map, { logits, outputs }, half),
    cells: (complement) => {
      const cells = writeMap(backward, map, method, outputs === 1 && !complement ? [1] : undefined);
      return neededPart(backward.writer, [renamed(backward.writer, cells, TENSORS.cells)]);
    },
  };
}

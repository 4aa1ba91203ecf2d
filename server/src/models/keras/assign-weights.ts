import { layerProblem } from './layer.ts';
import type { KerasLayer, KerasModel, WeightArray } from './network.ts';

/**
 * Gives every leaf layer its weights. A model inside a model is stored as one list for all its layers, in which the
 * trainable weights of all come before the others: there the names tell the layers apart.
 *
 * @param stored by the name of the outermost layer, each in the order of get_weights()
 */
export function assignWeights(
  model: KerasModel,
  stored: ReadonlyMap<string, WeightArray[]>,
): Map<KerasLayer, WeightArray[]> {
  const assigned = new Map<KerasLayer, WeightArray[]>();
  for (const layer of model.layers) {
    const weights = stored.get(layer.name) ?? [];
    if (layer.model) assignNested(layer, layer.model, weights, assigned);
    else assigned.set(layer, weights);
  }
  return assigned;
}

function assignNested(
  outer: KerasLayer,
  model: KerasModel,
  weights: readonly WeightArray[],
  assigned: Map<KerasLayer, WeightArray[]>,
): void {
  const leaves = leafLayers(model);
  const groups = new Map<string, WeightArray[]>();
  for (const weight of weights) {
    const owner = weight.name.slice(0, Math.max(0, weight.name.lastIndexOf('/')));
    groups.set(owner, [...(groups.get(owner) ?? []), weight]);
  }
  for (const [owner, members] of groups) {
    const layer = ownerOf(owner, leaves);
    if (!layer) throw layerProblem(outer, `holds weights '${owner}' that belong to none of its layers`);
    assigned.set(layer, [...(assigned.get(layer) ?? []), ...members]);
  }
}

function leafLayers(model: KerasModel): KerasLayer[] {
  return model.layers.flatMap((layer) => (layer.model ? leafLayers(layer.model) : [layer]));
}

/**
 * The layer that a weight's path names: the path itself, its end (`vgg16/block1_conv1`), or its beginning
 * (TensorFlow adds `_1` to a name that it has seen before, Keras 2 a second part to it). The longest name wins,
 * because names may hold a slash.
 */
function ownerOf(path: string, layers: readonly KerasLayer[]): KerasLayer | undefined {
  const candidates = [path, path.replace(/_\d+$/, '')];
  let found: KerasLayer | undefined;
  for (const candidate of candidates) {
    for (const layer of layers) {
      const matches = candidate === layer.name || candidate.endsWith(`/${layer.name}`);
      const ancestor = candidate.startsWith(`${layer.name}/`) || candidate.includes(`/${layer.name}/`);
      if ((matches || ancestor) && layer.name.length > (found?.name.length ?? 0)) found = layer;
    }
    if (found) return found;
  }
  return undefined;
}

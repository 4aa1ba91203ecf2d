import { layerProblem } from './layer.ts';
import type { KerasLayer, KerasModel, WeightArray } from './network.ts';
import { ownersInOrder, weightCounts } from './weight-order.ts';

/**
 * Gives every leaf layer its weights. A model inside a model is stored as one list for all its layers, in which the
 * trainable weights of all come before the others: there the names tell the layers apart, or, where they are not those
 * of the layers, the order.
 *
 * @param stored by the name of the outermost layer, each in the order of get_weights()
 * @throws Problem `unreadable-model` naming a model whose weights belong to none of its layers
 */
export function assignWeights(
  model: KerasModel,
  stored: ReadonlyMap<string, WeightArray[]>,
): Map<KerasLayer, WeightArray[]> {
  const assigned = new Map<KerasLayer, WeightArray[]>();
  const named = new Set(model.layers.map(({ name }) => name));
  const unclaimed = [...stored.keys()].filter((name) => !named.has(name));
  for (const layer of model.layers) {
    if (!layer.model) assigned.set(layer, stored.get(layer.name) ?? []);
    else for (const [leaf, own] of innerWeights(layer, layer.model, stored, unclaimed)) assigned.set(leaf, own);
  }
  return assigned;
}

/** @param unclaimed names of what is stored for no layer by its name; those that are used are taken away */
function innerWeights(
  outer: KerasLayer,
  model: KerasModel,
  stored: ReadonlyMap<string, WeightArray[]>,
  unclaimed: string[],
): Map<KerasLayer, WeightArray[]> {
  const own = stored.get(outer.name);
  if (own) return nestedWeights(outer, model, own);
  // Keras 1 stores the layers of a Sequential model inside another beside those of the outer one.
  if (leafLayers(model).some(({ name }) => stored.has(name))) return assignWeights(model, stored);
  // Up to Keras 2.2.2 a Sequential model has no name in the configuration: the order tells which it is.
  const name = unclaimed.shift();
  return nestedWeights(outer, model, (name !== undefined && stored.get(name)) || []);
}

function nestedWeights(
  outer: KerasLayer,
  model: KerasModel,
  weights: readonly WeightArray[],
): Map<KerasLayer, WeightArray[]> {
  const leaves = leafLayers(model);
  const names = layersByName(leaves);
  const byName = grouped(weights, (weight) => ownerOf(ownerPath(weight.name), names));
  if (byName && leaves.every((leaf) => fits(leaf, byName.get(leaf) ?? []))) return byName;
  // Layers that were renamed, or that bear one name in two models, keep their weights' order.
  const owners = ownersInOrder(model);
  const byOrder = owners.length === weights.length ? grouped(weights, (_, index) => owners[index]) : null;
  if (byOrder) return byOrder;
  if (byName) return byName;
  throw layerProblem(
    outer,
    `holds ${weights.length} weights that its layers, which need ${owners.length}, do not name`,
  );
}

/** Null where a weight has no owner. */
function grouped(
  weights: readonly WeightArray[],
  ownerOfWeight: (weight: WeightArray, index: number) => KerasLayer | undefined,
): Map<KerasLayer, WeightArray[]> | null {
  const groups = new Map<KerasLayer, WeightArray[]>();
  for (const [index, weight] of weights.entries()) {
    const owner = ownerOfWeight(weight, index);
    if (!owner) return null;
    const members = groups.get(owner);
    if (members) members.push(weight);
    else groups.set(owner, [weight]);
  }
  return groups;
}

function fits(layer: KerasLayer, weights: readonly WeightArray[]): boolean {
  const { trained, other } = weightCounts(layer);
  return trained + other === 0 || weights.length === trained + other;
}

/** The layers of a model and of those inside it that are no models themselves. */
export function leafLayers(model: KerasModel): KerasLayer[] {
  return model.layers.flatMap((layer) => (layer.model ? leafLayers(layer.model) : [layer]));
}

/** A weight's name without its own last part. */
export function ownerPath(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** Layers by name; undefined for a name that two of them have. */
export function layersByName(layers: readonly KerasLayer[]): Map<string, KerasLayer | undefined> {
  const byName = new Map<string, KerasLayer | undefined>();
  for (const layer of layers) byName.set(layer.name, byName.has(layer.name) ? undefined : layer);
  return byName;
}

/** Parts of a path that are looked at, from its end. */
const MAX_PARTS = 12;

/**
 * The layer that a weight's path names: the path itself, its end (`vgg16/block1_conv1`), or its beginning
 * (TensorFlow adds `_1` to a name that it has seen before, Keras 2 a second part to it). The longest name wins,
 * because names may hold a slash, and then the one nearest the end.
 */
export function ownerOf(path: string, layers: ReadonlyMap<string, KerasLayer | undefined>): KerasLayer | undefined {
  for (const candidate of [path, path.replace(/_\d+$/, '')]) {
    const parts = candidate.split('/').slice(-MAX_PARTS);
    let longest: string | undefined;
    for (let end = parts.length; end > 0; end--) {
      for (let start = 0; start < end; start++) {
        const name = parts.slice(start, end).join('/');
        if (layers.has(name) && name.length > (longest?.length ?? 0)) longest = name;
      }
    }
    if (longest !== undefined) return layers.get(longest);
  }
  return undefined;
}

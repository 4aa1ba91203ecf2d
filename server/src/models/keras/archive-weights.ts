import { Problem } from '../../errors.ts';
import { layerProblem } from './layer.ts';
import type { KerasLayer, KerasModel, WeightArray } from './network.ts';

/** What is stored at a path of Keras's own weight format: `layers/conv2d_3` has `vars/0`, `vars/1`. */
export interface StoredWeights {
  /** The layer's name, where the file says it (Keras 3.6 and later). */
  name?: string;
  /** Its own variables in the order of get_weights(). */
  weights: WeightArray[];
  /** What is below it, by the last part of its path. */
  children: ReadonlyMap<string, StoredWeights>;
}

/**
 * Gives every leaf layer its weights by its path, which is not made of names but of classes: the layers of a model lie
 * in its container under their class in snake case and, from the second of a class on, a number.
 *
 * @throws Problem `unreadable-model` naming the layer that another one's weights are stored for
 */
export function assignArchiveWeights(model: KerasModel, stored: StoredWeights): Map<KerasLayer, WeightArray[]> {
  const assigned = new Map<KerasLayer, WeightArray[]>();
  assignContainer(model, stored, assigned);
  return assigned;
}

function assignContainer(model: KerasModel, stored: StoredWeights, assigned: Map<KerasLayer, WeightArray[]>): void {
  const container = containerOf(stored);
  const byClass = new Map<string, KerasLayer[]>();
  for (const layer of model.layers) {
    const key = snakeCase(layer.className);
    byClass.set(key, [...(byClass.get(key) ?? []), layer]);
  }
  for (const [key, members] of byClass) {
    const places = placesOf(container, key, members.length);
    for (const [index, layer] of members.entries()) {
      const place = container.children.get(places[index]);
      if (place) assignLayer(layer, place, assigned);
    }
  }
}

function assignLayer(layer: KerasLayer, place: StoredWeights, assigned: Map<KerasLayer, WeightArray[]>): void {
  if (place.weights.length > 0 && place.name !== undefined && place.name !== layer.name) {
    throw layerProblem(layer, `finds the weights of '${place.name}' in its place; save the model again as .h5`);
  }
  if (layer.model) assignContainer(layer.model, place, assigned);
  else assigned.set(layer, [...place.weights, ...wrapped(place)]);
}

/** A wrapper such as TimeDistributed has its weights in the layer inside. */
function wrapped({ children }: StoredWeights): WeightArray[] {
  const inner = children.get('layer');
  return inner ? [...inner.weights, ...wrapped(inner)] : [];
}

/** Keras 2.12 to 2.14 have the first name, later ones the second, Keras 3.0 a Sequential model inside another. */
const CONTAINERS = ['layers', '_layer_checkpoint_dependencies'];

function containerOf(stored: StoredWeights): StoredWeights {
  for (const name of CONTAINERS) {
    const container = stored.children.get(name);
    if (container) return container;
  }
  const inner = stored.children.get('_functional');
  return inner ? containerOf(inner) : stored;
}

/**
 * Where a class's layers lie: `conv2d`, `conv2d_1`, ... Keras 2.12 and 2.13 count a layer with weights twice and so
 * leave numbers out: where there are as many places as layers, the n-th place is the n-th layer's.
 */
function placesOf(container: StoredWeights, key: string, count: number): string[] {
  const numbers = [...container.children.keys()].flatMap((name) => {
    if (name === key) return [0];
    const number = name.startsWith(`${key}_`) ? name.slice(key.length + 1) : '';
    return /^[1-9]\d*$/.test(number) ? [Number(number)] : [];
  });
  const found = numbers.length === count ? numbers.sort((a, b) => a - b) : Array.from({ length: count }, (_, i) => i);
  return found.map((number) => (number === 0 ? key : `${key}_${number}`));
}

/** As Keras has it: `Conv2DTranspose` is `conv2d_transpose`, `PReLU` is `p_re_lu`. */
export function snakeCase(className: string): string {
  return className
    .replace(/^.*>/, '')
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * The tree of paths such as `layers/conv2d_3/vars/0`.
 *
 * @throws Problem `unreadable-model` for a path that is no such
 */
export function storedWeights(weights: Iterable<WeightArray>): StoredWeights {
  const root: Place = { weights: [], children: new Map() };
  const numbered = [...weights].map((weight) => {
    const match = /^(.*\/)?vars\/(\d+)$/.exec(weight.name);
    if (match) return { weight, path: match[1] ?? '', number: Number(match[2]) };
    throw new Problem('unreadable-model', `weight '${weight.name}' has a name that Keras 3 does not give`);
  });
  for (const { weight, path } of numbered.sort((a, b) => a.number - b.number)) {
    let place = root;
    for (const part of path.split('/').filter((name) => name !== '')) {
      const child = place.children.get(part) ?? { weights: [], children: new Map() };
      place.children.set(part, child);
      place = child;
    }
    place.weights.push(weight);
  }
  return root;
}

interface Place extends StoredWeights {
  children: Map<string, Place>;
}

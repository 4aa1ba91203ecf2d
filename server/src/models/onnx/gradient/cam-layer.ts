import { Problem } from '../../../errors.ts';
import type { NetworkGraph } from '../network-graph.ts';
import { inputName, operator } from '../node.ts';
import { integersAttribute } from '../proto.ts';
import type { Backward } from './backward.ts';
import { dependents, type ShapedNetwork } from './tensor-shapes.ts';

/** A tensor of feature maps. */
export interface MapTensor {
  tensor: string;
  /** Its layer, as people know it. */
  name: string;
  layout: 'NCHW' | 'NHWC';
  rows: number;
  columns: number;
}

/** Layers that a message names at most. */
const MOST_NAMED = 8;

/**
 * The feature maps that a map by gradients is made of: the manifest's layer, else the last maps that all of the logits
 * come from.
 *
 * @param wanted `camLayer` of the manifest
 * @param file the manifest's path, for messages
 * @throws Problem `unreadable-model` naming the layer, what stands in its way and the layers that could be chosen
 */
export function chooseCamLayer(
  network: NetworkGraph,
  shaped: ShapedNetwork,
  backward: Backward,
  logits: string,
  wanted: string | undefined,
  file: string,
): MapTensor {
  const maps = mapTensors(network, shaped).filter(({ tensor }) => tensor !== logits);
  const usable = maps.filter(({ tensor }) => backward.gradient(tensor) !== null);
  const uses = (name: string) => network.layers.filter((layer) => layer.name === name).length;
  const choice = listed([...new Set(usable.map(({ name }) => name))].filter((name) => uses(name) <= 1));
  if (wanted === undefined) {
    const last = maps.findLast(({ tensor }) => isOnEveryWay(network, shaped, tensor, logits)) ?? usable.at(-1);
    // The layer that made the maps, not one that passes them on.
    const chosen = maps.find(({ tensor }) => tensor === last?.tensor);
    if (!chosen)
      throw new Problem('unreadable-model', 'no map by gradients: no layer before the logits has feature maps');
    const obstacle = backward.obstacle(chosen.tensor);
    if (obstacle === null) return chosen;
    throw new Problem(
      'unreadable-model',
      `no map by gradients at layer '${chosen.name}': between it and the logits ${obstacle}; ${choice}`,
    );
  }
  const refused = (reason: string) =>
    new Problem('unreadable-model', `${file}: camLayer: layer '${wanted}' ${reason}; ${choice}`);
  const chosen = maps.findLast(({ tensor, name }) => name === wanted || tensor === wanted);
  if (!chosen) {
    if (!network.layers.some(({ name }) => name === wanted)) throw refused('is not in the model');
    const isLive = shaped.nodes.some(({ output }) =>
      output?.some((tensor) => namesOf(network, tensor).includes(wanted)),
    );
    throw refused(isLive ? 'has no feature maps of more than one cell' : 'is not on the way to the logits');
  }
  if (uses(wanted) > 1) {
    throw refused(`is there ${uses(wanted)} times, so its name does not say which feature maps are meant`);
  }
  const obstacle = backward.obstacle(chosen.tensor);
  if (obstacle !== null) throw refused(`cannot be used: between it and the logits ${obstacle}`);
  if (backward.gradient(chosen.tensor) === null) throw refused('is not on the way to the logits');
  return chosen;
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no layer can be chosen';
  const last = names.slice(-MOST_NAMED).map((name) => `'${name}'`);
  const more = names.length > last.length ? `, and ${names.length - last.length} before them` : '';
  return `layers that can be chosen: ${last.join(', ')}${more}`;
}

/** Whether nothing of the image reaches the logits but through a tensor. */
function isOnEveryWay(network: NetworkGraph, shaped: ShapedNetwork, tensor: string, logits: string): boolean {
  const around = shaped.nodes.filter(({ output }) => !output?.includes(tensor));
  return !dependents(around, network.input.name).has(logits);
}

/** Every tensor that is a layer's feature maps, in the order of the nodes; once for each name of the layer. */
function mapTensors(network: NetworkGraph, shaped: ShapedNetwork): MapTensor[] {
  const isKeras = network.layers.some(({ type }) => type === 'InputLayer');
  const layouts = isKeras ? kerasMaps(network, shaped) : namedMaps(shaped);
  return [...layouts].flatMap(([tensor, layout]) => {
    const shape = shaped.shape(tensor);
    if (shape?.length !== 3) return [];
    const [rows, columns] = layout === 'NCHW' ? shape.slice(1) : shape;
    if (rows * columns <= 1) return [];
    return namesOf(network, tensor).map((name) => ({ tensor, name, layout, rows, columns }));
  });
}

function namesOf(network: NetworkGraph, tensor: string): string[] {
  const names = network.layersOf(tensor).map(({ name }) => name);
  return names.length > 0 ? names : [tensor];
}

/** The result of each layer whose output is rows, columns and channels; ONNX's order has the channels first. */
function kerasMaps(network: NetworkGraph, { nodes, dependent }: ShapedNetwork): Map<string, 'NCHW'> {
  const results = new Map<string, string>();
  for (const { output } of nodes) {
    const [tensor = ''] = output ?? [];
    if (!dependent.has(tensor)) continue;
    for (const { name } of network.layersOf(tensor)) results.set(name, tensor);
  }
  const isMap = new Set(network.layers.filter(({ outputShape }) => outputShape?.length === 3).map(({ name }) => name));
  const found = [...results].filter(([name]) => isMap.has(name)).map(([, tensor]) => tensor);
  const order = new Map(nodes.map(({ output }, i) => [output?.[0] ?? '', i]));
  found.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  return new Map(found.map((tensor) => [tensor, 'NCHW']));
}

/** Operators that ONNX defines for channels first alone. */
const CHANNELS_FIRST: ReadonlySet<string> = new Set([
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'LRN',
]);

/** Operators that give their dimensions a new meaning. */
const REARRANGING: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'MatMul']);

/** The maps of a file's nodes but those of a Transpose, which has the maps of the node before it. */
function namedMaps(shaped: ShapedNetwork): Map<string, 'NCHW' | 'NHWC'> {
  const all = onnxMaps(shaped);
  const turned = new Set(
    shaped.nodes.filter((node) => operator(node) === 'Transpose').map(({ output }) => output?.[0]),
  );
  const named = new Map([...all].filter(([tensor]) => !turned.has(tensor)));
  return named.size > 0 ? named : all;
}

/** Which dimension holds the channels, followed from operators that say so through those that keep it. */
function onnxMaps({ nodes, dependent, shape }: ShapedNetwork): Map<string, 'NCHW' | 'NHWC'> {
  const layouts = new Map<string, 'NCHW' | 'NHWC'>();
  for (const node of nodes) {
    const [tensor = ''] = node.output ?? [];
    if (!dependent.has(tensor) || shape(tensor)?.length !== 3) continue;
    const before = layouts.get(inputName(node, 0));
    const inherited = (node.input ?? []).flatMap((input) => layouts.get(input) ?? [])[0];
    if (CHANNELS_FIRST.has(operator(node))) layouts.set(tensor, 'NCHW');
    else if (operator(node) === 'Transpose') {
      const perm = integersAttribute(node, 'perm')?.join();
      if (before === 'NCHW' && perm === '0,2,3,1') layouts.set(tensor, 'NHWC');
      if (before === 'NHWC' && perm === '0,3,1,2') layouts.set(tensor, 'NCHW');
      // A MatMul over the last dimension is a layer of cells, channels last.
    } else if (operator(node) === 'MatMul' && before === 'NHWC') layouts.set(tensor, 'NHWC');
    else if (!REARRANGING.has(operator(node)) && inherited) layouts.set(tensor, inherited);
  }
  return layouts;
}

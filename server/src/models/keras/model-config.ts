import { Problem } from '../../errors.ts';
import { modernConfig } from './keras1.ts';
import type { KerasCall, KerasLayer, KerasModel, TensorReference } from './network.ts';

const MODEL_CLASSES = new Set(['Sequential', 'Functional', 'Model']);

/**
 * Keras's `model_config` of any version (1.2 to 3) as one form.
 *
 * @param config the parsed JSON
 * @param version major version of Keras that wrote it
 * @throws Problem `unreadable-model` naming the layer that is not as Keras writes it
 */
export function parseModelConfig(config: unknown, version: number): KerasModel {
  if (!isRecord(config)) throw malformed('the model', 'an object with class_name and config', config);
  const { class_name: className } = config;
  if (typeof className !== 'string' || !MODEL_CLASSES.has(className)) {
    throw malformed('class_name of the model', 'Sequential, Functional or Model', className);
  }
  return className === 'Sequential' ? sequential(config.config, version) : functional(config.config, version);
}

/** A list of layers; Keras 1 to 2.2.2 write it bare, later versions inside an object with a name. */
function sequential(config: unknown, version: number): KerasModel {
  const list = Array.isArray(config) ? config : isRecord(config) ? config.layers : undefined;
  if (!Array.isArray(list) || list.length === 0) throw malformed('the layers of a Sequential model', 'a list', list);
  const layers = list.map((entry, index) => parseLayer(entry, version, `layer ${index}`));
  const [first] = layers;
  if (first.className !== 'InputLayer') layers.unshift(impliedInput(first, version));
  for (let i = 1; i < layers.length; i++) layers[i].calls = [[{ layer: layers[i - 1].name, call: 0 }]];
  const name = isRecord(config) && typeof config.name === 'string' ? config.name : 'sequential';
  const last = layers[layers.length - 1];
  return {
    name,
    layers,
    inputs: [{ layer: layers[0].name, call: 0 }],
    outputs: [{ layer: last.name, call: 0 }],
  };
}

/** Up to Keras 2.3 the first layer itself says the shape of the input. */
function impliedInput(first: KerasLayer, version: number): KerasLayer {
  const { batch_input_shape, batch_shape } = inputConfig(first);
  const name = `${first.name}_input`;
  return { name, className: 'InputLayer', config: { name, batch_input_shape, batch_shape }, version, calls: [] };
}

function inputConfig(layer: KerasLayer): Record<string, unknown> {
  const [first] = layer.model?.layers ?? [];
  return first && !('batch_input_shape' in layer.config) ? inputConfig(first) : layer.config;
}

function functional(config: unknown, version: number): KerasModel {
  if (!isRecord(config) || !Array.isArray(config.layers)) throw malformed('a Functional model', 'layers', config);
  const layers = config.layers.map((entry, index) => {
    const layer = parseLayer(entry, version, `layer ${index}`);
    layer.calls = parseCalls(layer, isRecord(entry) ? entry.inbound_nodes : undefined);
    return layer;
  });
  return {
    name: typeof config.name === 'string' ? config.name : 'model',
    layers,
    inputs: references(config.input_layers, 'input_layers'),
    outputs: references(config.output_layers, 'output_layers'),
  };
}

function parseLayer(entry: unknown, version: number, position: string): KerasLayer {
  if (!isRecord(entry) || typeof entry.class_name !== 'string') {
    throw malformed(position, 'an object with class_name', entry);
  }
  const inner = isRecord(entry.config) ? entry.config : {};
  const name = [entry.name, inner.name].find((candidate) => typeof candidate === 'string');
  if (MODEL_CLASSES.has(entry.class_name)) {
    const model = parseModelConfig(entry, version);
    return { name: name ?? model.name, className: entry.class_name, config: inner, version, calls: [], model };
  }
  const { className, config } = modernConfig(entry.class_name, inner);
  return { name: name ?? position, className, config, version, calls: [] };
}

/**
 * Keras 2: `[[["c2", 0, 0, {}]]]`, for Python operators `[["c2", 0, 0, {"y": 2.0}]]`;
 * Keras 3: `[{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["c2", 0, 0]}}]}]`.
 */
function parseCalls(layer: KerasLayer, nodes: unknown): KerasCall[] {
  if (nodes === undefined) return [];
  if (!Array.isArray(nodes)) throw malformed(`inbound_nodes of layer '${layer.name}'`, 'a list', nodes);
  return nodes.map((node) => {
    if (isRecord(node)) return [...argumentsOf(node.args), ...tensorsOf(node.kwargs)];
    if (!Array.isArray(node)) throw malformed(`inbound_nodes of layer '${layer.name}'`, 'a list', node);
    const entries = typeof node[0] === 'string' ? [node] : node;
    return entries.flatMap((entry) => legacyArguments(layer, entry));
  });
}

function legacyArguments(layer: KerasLayer, entry: unknown): KerasCall {
  if (!Array.isArray(entry)) throw malformed(`inbound_nodes of layer '${layer.name}'`, 'a list', entry);
  const other = isRecord(entry[3]) ? entry[3].y : undefined;
  const operand: KerasCall = typeof other === 'number' ? [other] : isReference(other) ? [reference(other)] : [];
  return [reference(entry), ...operand];
}

/** Tensors and numbers of Keras 3's positional arguments, in their order, through lists of them. */
function argumentsOf(value: unknown): KerasCall {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return value.flatMap(argumentsOf);
  return tensorsOf(value);
}

function tensorsOf(value: unknown): TensorReference[] {
  if (!isRecord(value)) return [];
  if (value.class_name === '__keras_tensor__' && isRecord(value.config)) return [reference(value.config.keras_history)];
  return Object.values(value).flatMap((item) => (Array.isArray(item) ? item.flatMap(tensorsOf) : tensorsOf(item)));
}

/** `[["image", 0, 0]]`, for a single one in Keras 3 flat `["image", 0, 0]`. */
function references(value: unknown, what: string): TensorReference[] {
  if (isReference(value)) return [reference(value)];
  if (Array.isArray(value) && value.every(isReference)) return value.map(reference);
  throw malformed(what, 'a list of [layer, node, tensor]', value);
}

function isReference(value: unknown): value is [string, number, ...unknown[]] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number';
}

function reference(value: unknown): TensorReference {
  if (!isReference(value)) throw malformed('a connection between layers', '[layer, node, tensor]', value);
  return { layer: value[0], call: value[1] };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(what: string, expected: string, found: unknown): Problem {
  const text = JSON.stringify(found) ?? 'nothing';
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return new Problem('unreadable-model', `model_config: ${what} should be ${expected}, found ${shown}`);
}

import { isReference, parseCalls, reference } from './calls.ts';
import { isRecord, malformed } from './config-json.ts';
import { modernConfig } from './keras1.ts';
import type { KerasLayer, KerasModel, TensorReference } from './network.ts';

export { isRecord } from './config-json.ts';

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
    return { ...layer, ...parseCalls(layer, isRecord(entry) ? entry.inbound_nodes : undefined) };
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

/** `[["image", 0, 0]]`, for a single one in Keras 3 flat `["image", 0, 0]`. */
function references(value: unknown, what: string): TensorReference[] {
  if (isReference(value)) return [reference(value)];
  if (Array.isArray(value) && value.every(isReference)) return value.map(reference);
  throw malformed(what, 'a list of [layer, node, tensor]', value);
}

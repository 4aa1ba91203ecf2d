import { Problem } from '../../errors.ts';
import { isReference, parseCalls, reference } from './calls.ts';
import { isRecord, malformed } from './config-json.ts';
import { modernConfig } from './keras1.ts';
import { layerProblem } from './layer.ts';
import type { KerasLayer, KerasModel, TensorReference } from './network.ts';

const MODEL_CLASSES = new Set(['Sequential', 'Functional', 'Model']);

/**
 * Keras's `model_config` of any version (1.2 to 3) as one form.
 *
 * @param config the parsed JSON
 * @param version major version of Keras that wrote it
 * @throws Problem `unreadable-model` naming the layer that is not as Keras writes it
 */
export function parseModelConfig(config: unknown, version: number): KerasModel {
  const model = parseModel(config, version);
  const calls = layerCalls(model);
  if (calls <= MAX_CALLS) return model;
  throw new Problem(
    'unreadable-model',
    `model_config: its layers are called ${calls} times; at most ${MAX_CALLS} are read`,
  );
}

/** Calls of layers altogether; the largest known networks have 1,500. Models within models multiply them. */
const MAX_CALLS = 20_000;

function layerCalls({ layers }: KerasModel): number {
  return layers.reduce(
    (sum, { calls, model }) => sum + Math.max(1, calls.length) * (model ? 1 + layerCalls(model) : 1),
    0,
  );
}

function parseModel(config: unknown, version: number): KerasModel {
  if (!isRecord(config)) throw malformed('the model', 'an object with class_name and config', config);
  const { class_name: className } = config;
  if (typeof className !== 'string') {
    throw malformed('class_name of the model', 'Sequential, Functional or Model', className);
  }
  const isSubclass = !MODEL_CLASSES.has(className) || (className === 'Model' && !hasLayers(config.config));
  if (isSubclass) {
    throw new Problem(
      'unreadable-model',
      `is a model of the class ${className.slice(0, 80)}, whose network is Python code that the file does not hold; ` +
        'model.export("DIR"), then python -m tf2onnx.convert --saved-model DIR --output model.onnx --opset 17',
    );
  }
  return className === 'Sequential' ? sequential(config.config, version) : functional(config.config, version);
}

function hasLayers(config: unknown): boolean {
  return isRecord(config) && 'layers' in config;
}

/** A list of layers; Keras 1 to 2.2.2 write it bare, later versions inside an object with a name. */
function sequential(config: unknown, version: number): KerasModel {
  const list = Array.isArray(config) ? config : isRecord(config) ? config.layers : undefined;
  if (!Array.isArray(list) || list.length === 0) throw malformed('the layers of a Sequential model', 'a list', list);
  const parsed = list.map((entry, index) => parseLayer(entry, version, `layer ${index}`));
  const [first] = parsed;
  const input = first.className === 'InputLayer' ? first : impliedInput(first, version);
  const byName = new Map([[input.name, input]]);
  let previous: TensorReference = { layer: input.name, call: 0 };
  for (const layer of parsed.slice(input === first ? 1 : 0)) {
    // One layer that is there twice is called twice.
    const known = byName.get(layer.name) ?? layer;
    byName.set(layer.name, known);
    known.calls.push([previous]);
    previous = { layer: known.name, call: known.calls.length - 1 };
  }
  const name = isRecord(config) && typeof config.name === 'string' ? config.name : 'sequential';
  return { name, layers: [...byName.values()], inputs: [{ layer: input.name, call: 0 }], outputs: [previous] };
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
  const outputs = references(config.output_layers, 'output_layers');
  countCallsFromZero(layers, outputs);
  return {
    name: typeof config.name === 'string' ? config.name : 'model',
    layers,
    inputs: references(config.input_layers, 'input_layers'),
    outputs,
  };
}

/**
 * A model within a model has had a call of its own when it was made, and others may have been left out because they do
 * not belong to the model: the last call that is referred to is the last one that there is.
 */
function countCallsFromZero(layers: readonly KerasLayer[], outputs: readonly TensorReference[]): void {
  const references = new Set(layers.flatMap(({ calls }) => calls.flat().filter((value) => typeof value !== 'number')));
  for (const output of outputs) references.add(output);
  const last = new Map<string, number>();
  for (const { layer, call } of references) last.set(layer, Math.max(call, last.get(layer) ?? 0));
  const counts = new Map(layers.map(({ name, calls }) => [name, calls.length]));
  for (const reference of references) {
    const count = counts.get(reference.layer) ?? 0;
    if (count > 0) reference.call -= Math.max(0, (last.get(reference.layer) ?? 0) - (count - 1));
  }
}

function parseLayer(entry: unknown, version: number, position: string): KerasLayer {
  if (!isRecord(entry) || typeof entry.class_name !== 'string') {
    throw malformed(position, 'an object with class_name', entry);
  }
  const inner = isRecord(entry.config) ? entry.config : {};
  const name = [entry.name, inner.name].find((candidate) => typeof candidate === 'string');
  if (MODEL_CLASSES.has(entry.class_name)) {
    const model = parseModel(entry, version);
    return { name: name ?? position, className: entry.class_name, config: inner, version, calls: [], model };
  }
  const { className, config } = modernConfig(entry.class_name, inner);
  const layer: KerasLayer = { name: name ?? position, className, config, version, calls: [] };
  if (isQuantized(config.dtype)) {
    throw layerProblem(layer, 'has quantised weights, which are not read; save the model before model.quantize()');
  }
  return layer;
}

/** Keras 3's policies of int8 and float8 layers. */
function isQuantized(dtype: unknown): boolean {
  const className = isRecord(dtype) ? dtype.class_name : undefined;
  return typeof className === 'string' && /^Quantized/.test(className);
}

/** `[["image", 0, 0]]`, for a single one in Keras 3 flat `["image", 0, 0]`. */
function references(value: unknown, what: string): TensorReference[] {
  if (isReference(value)) return [reference(value)];
  if (Array.isArray(value) && value.every(isReference)) return value.map(reference);
  throw malformed(what, 'a list of [layer, node, tensor]', value);
}

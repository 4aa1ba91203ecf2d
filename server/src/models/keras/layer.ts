import { Problem } from '../../errors.ts';
import type { KerasLayer, WeightArray } from './network.ts';

/** A layer with its weights, as the table of layers sees it. */
export interface WeightedLayer extends Pick<KerasLayer, 'name' | 'className' | 'config' | 'version'> {
  weights: readonly WeightArray[];
}

/** A result within the network. */
export interface NetworkTensor {
  /** Name in the ONNX graph. */
  name: string;
  /** As Keras has it, without the batch. [rows, columns, channels] is stored in ONNX's order, channels first. */
  shape: readonly number[];
}

/** Where a layer writes its nodes and constants. */
export interface LayerGraph {
  /** Adds a node; gives the name of its one output. */
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  /** Adds a constant: float32 for a Float32Array, int64 for a list; gives its name. */
  constant(shape: readonly number[], values: Float32Array | readonly number[]): string;
}

export type AttributeValue = number | readonly number[] | { float: number };

/** Writes one Keras layer as ONNX nodes; throws Problem naming the layer where it cannot. */
export type LayerWriter = (layer: WeightedLayer, inputs: readonly NetworkTensor[], graph: LayerGraph) => NetworkTensor;

export function layerProblem(layer: Pick<KerasLayer, 'name' | 'className'>, message: string): Problem {
  return new Problem('unreadable-model', `layer '${layer.name}' (${layer.className}) ${message}`);
}

/** The layer's weights, checked to be as many as their names in get_weights() order. */
export function weightsNamed(layer: WeightedLayer, names: readonly string[]): readonly WeightArray[] {
  if (layer.weights.length === names.length) return layer.weights;
  const expected = `${names.length} weights (${names.join(', ')})`;
  throw layerProblem(layer, `should have ${expected}, found ${layer.weights.length}`);
}

export function onlyInput(layer: WeightedLayer, inputs: readonly NetworkTensor[]): NetworkTensor {
  if (inputs.length !== 1) throw layerProblem(layer, `should have 1 input, found ${inputs.length}`);
  return inputs[0];
}

/** The layer's input, checked to be a feature map [rows, columns, channels] in Keras's usual order. */
export function featureMap(layer: WeightedLayer, inputs: readonly NetworkTensor[]): NetworkTensor {
  const input = onlyInput(layer, inputs);
  if (input.shape.length !== 3) {
    throw layerProblem(layer, `expects [rows, columns, channels], found an input of shape [${input.shape.join(', ')}]`);
  }
  if (stringSetting(layer, 'data_format', 'channels_last') !== 'channels_last') {
    throw layerProblem(layer, `has data_format ${layer.config.data_format}; only channels_last is read`);
  }
  return input;
}

/** A setting absent or null takes the fallback; without one it must be there. */
export function numberSetting(layer: WeightedLayer, key: string, fallback?: number): number {
  const setting = layer.config[key] ?? fallback;
  // Some versions write NumPy scalars as { "type": "ndarray", "value": 6.0 }.
  const value = typeof setting === 'object' && 'value' in setting ? setting.value : setting;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw layerProblem(layer, `has ${key} ${JSON.stringify(setting)}; a number is expected`);
}

export function booleanSetting(layer: WeightedLayer, key: string, fallback: boolean): boolean {
  const value = layer.config[key] ?? fallback;
  if (typeof value === 'boolean') return value;
  throw layerProblem(layer, `has ${key} ${JSON.stringify(value)}; true or false is expected`);
}

export function stringSetting(layer: WeightedLayer, key: string, fallback: string): string {
  const value = layer.config[key] ?? fallback;
  if (typeof value === 'string') return value;
  throw layerProblem(layer, `has ${key} ${JSON.stringify(value)}; a text is expected`);
}

/** [rows, columns] of positive integers; one number stands for both. */
export function pairSetting(layer: WeightedLayer, key: string, fallback?: readonly [number, number]): [number, number] {
  const value = layer.config[key] ?? fallback;
  const [rows, columns] = Array.isArray(value) ? value : [value, value];
  if (isPositiveInteger(rows) && isPositiveInteger(columns)) return [rows, columns];
  throw layerProblem(layer, `has ${key} ${JSON.stringify(value)}; two positive integers are expected`);
}

function isPositiveInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

export function scalar(graph: LayerGraph, value: number): string {
  return graph.constant([], Float32Array.of(value));
}

/** Values that one image may become in one place: 1 GiB as float32. */
const MAX_VALUES = 2 ** 28;

/** @throws Problem where one image would become more values than fit in memory */
export function checkSize(layer: Pick<KerasLayer, 'name' | 'className'>, shape: readonly number[]): void {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count <= MAX_VALUES) return;
  throw layerProblem(layer, `makes [${shape.join(', ')}] of an image, ${count} values; at most ${MAX_VALUES} are kept`);
}

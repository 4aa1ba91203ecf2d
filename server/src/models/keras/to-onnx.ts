import { Problem } from '../../errors.ts';
import type { LayerDescription } from '../model.ts';
import type { NetworkGraph } from '../onnx/network-graph.ts';
import { DATA_TYPE, makeNode, makeTensor, makeValueInfo, type NodeProto, type TensorProto } from '../onnx/proto.ts';
import { inputSize, type PatchSize } from '../patch-size.ts';
import { checkSize, type LayerGraph, layerProblem, type NetworkTensor } from './layer.ts';
import { LAYERS } from './layers/table.ts';
import type { Argument, CallArguments, KerasLayer, KerasModel, KerasNetwork, TensorReference } from './network.ts';
import type { Operand } from './operations/operation.ts';
import { writeOperation } from './operations/table.ts';
import { takesBytes } from './takes-bytes.ts';

/** All operators used here are as they were defined in this version, and onnxruntime 1.11 and later read it. */
const OPSET = 15;
const IR_VERSION = 8;

/**
 * A Keras network as an ONNX graph, channels first, with the input still in float32 and as the model itself takes it.
 *
 * @param patchSize from the manifest, for a model whose input is open
 * @throws Problem `unreadable-model` naming the layer that cannot be written
 */
export function kerasToOnnx(network: KerasNetwork, patchSize: PatchSize | undefined): NetworkGraph {
  const { model } = network;
  const image = singleInput(model);
  const inputShape = batchShape(image).slice(1);
  if (inputShape.at(-1) !== 3) checkChannelsLast(model);
  const { height, width } = inputSize(inputShape, 'NHWC', patchSize);
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const layers: LayerDescription[] = [];
  const makers = new Map<string, { name: string; type: string }[]>();
  const input: NetworkTensor = { name: image.name, shape: [height, width, 3] };

  const record = (layer: KerasLayer, output: NetworkTensor) => {
    const made = { name: layer.name, type: layer.className };
    layers.push({ ...made, outputShape: [...output.shape] });
    const known = makers.get(output.name) ?? [];
    if (!known.some(({ name }) => name === layer.name)) makers.set(output.name, [...known, made]);
  };

  const apply = (layer: KerasLayer, { positional, named }: ResolvedCall): NetworkTensor[] => {
    const inputs = [...positional, ...Object.values(named)].flatMap(tensorsIn);
    checkCall(layer, named);
    if (layer.model) return [evaluate(layer.model, inputs)];
    const weights = network.weights.get(layer) ?? [];
    for (const { name, values } of weights) {
      if (!areFinite(values)) throw layerProblem(layer, `has a weight '${name}' that is not finite`);
    }
    const graph = layerGraph(layer, nodes, constants, makers);
    const write = LAYERS.get(layer.className);
    const operation = writeOperation(layer, positional, named, write !== undefined, graph);
    const outputs = operation ?? (write ? [write({ ...layer, weights }, inputs, graph)] : []);
    if (outputs.length === 0) throw layerProblem(layer, 'is of a class that is not supported');
    for (const { shape } of outputs) checkSize(layer, shape);
    record(layer, outputs[0]);
    return outputs;
  };

  /** The model's only output, each call of a layer written once, in the order in which it is needed. */
  const evaluate = (inner: KerasModel, inputs: NetworkTensor[]): NetworkTensor => {
    const byName = new Map(inner.layers.map((layer) => [layer.name, layer]));
    const given = new Map(inner.inputs.map(({ layer }, i) => [layer, inputs[i]]));
    const done = new Map<string, NetworkTensor[]>();
    const underway = new Set<string>();
    const resultOf = ({ layer: name, call, result = 0 }: TensorReference): NetworkTensor => {
      const layer = byName.get(name);
      if (!layer) throw new Problem('unreadable-model', `model_config: layer '${name}' is used but not defined`);
      const fromOutside = given.get(name);
      if (fromOutside) return fromOutside;
      // Nodes outside this model are not written, so the numbers of the others may be larger than their count.
      const index = Math.min(call, layer.calls.length - 1);
      const key = `${index} ${name}`;
      let outputs = done.get(key);
      if (!outputs) {
        const inbound = layer.calls[index];
        if (!inbound) throw layerProblem(layer, 'is not connected to the input');
        if (underway.has(key)) throw layerProblem(layer, 'depends on its own result');
        underway.add(key);
        outputs = apply(layer, resolved(layer.callArguments?.[index] ?? tensorsAndNumbers(inbound), resultOf));
        done.set(key, outputs);
      }
      const output = outputs[result];
      if (!output) throw layerProblem(layer, `has ${outputs.length} results, of which number ${result + 1} is used`);
      return output;
    };
    return resultOf(singleOutput(inner));
  };

  record(image, input);
  const output = evaluate(model, [input]);
  const batch = ['N', ...(output.shape.length === 3 ? [2, 0, 1].map((i) => output.shape[i]) : output.shape)];
  return {
    format: network.format,
    irVersion: IR_VERSION,
    opsets: [{ domain: '', version: OPSET }],
    proto: {
      name: model.name,
      node: nodes,
      initializer: constants,
      input: [makeValueInfo(input.name, DATA_TYPE.float, ['N', 3, height, width])],
      output: [makeValueInfo(output.name, DATA_TYPE.float, batch)],
    },
    input: { name: input.name, layout: 'NCHW', elementType: DATA_TYPE.float, height, width },
    output: output.name,
    layers,
    classNames: network.classNames ?? null,
    companions: network.companions ?? [],
    layersOf: (tensor) => makers.get(tensor) ?? [],
    rescales: takesBytes({ nodes, constants, input: input.name }),
  };
}

/** A call's arguments with their tensors. */
interface ResolvedCall {
  positional: Operand[];
  named: Record<string, Operand>;
}

function resolved(call: CallArguments, resultOf: (reference: TensorReference) => NetworkTensor): ResolvedCall {
  const resolve = (item: Argument): Operand => {
    if ('tensor' in item) return { tensor: resultOf(item.tensor) };
    return 'list' in item ? { list: item.list.map(resolve) } : item;
  };
  const named = Object.entries(call.named).map(([key, item]): [string, Operand] => [key, resolve(item)]);
  return { positional: call.positional.map(resolve), named: Object.fromEntries(named) };
}

function tensorsAndNumbers(call: KerasLayer['calls'][number]): CallArguments {
  const positional = call.map((item): Argument => (typeof item === 'number' ? { value: item } : { tensor: item }));
  return { positional, named: {} };
}

function tensorsIn(item: Operand): NetworkTensor[] {
  if ('tensor' in item) return [item.tensor];
  return 'list' in item ? item.list.flatMap(tensorsIn) : [];
}

/**
 * What is random in training, or learns from the batch, has no fixed result there. Keras 3 writes `training` into files
 * without heeding it in inference.
 */
function checkCall(layer: KerasLayer, { training }: Record<string, Operand>): void {
  const isTraining = training && 'value' in training && (training.value === true || training.value === 1);
  if (isTraining && layer.version < 3) {
    throw layerProblem(layer, 'is called with training=True; only inference is computed');
  }
}

/** A product with 0 is 0 unless the number is infinite or none: faster than to ask each one. */
function areFinite(values: Float32Array): boolean {
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += values[i] * 0;
  return zero === 0;
}

/** Names nodes and constants after their layer; every tensor in between is known as the layer's too. */
function layerGraph(
  layer: KerasLayer,
  nodes: NodeProto[],
  constants: TensorProto[],
  makers: Map<string, { name: string; type: string }[]>,
): LayerGraph {
  return {
    node(operator, inputs, attributes) {
      const output = `${layer.name}/${operator}:${nodes.length}`;
      nodes.push(makeNode(operator, inputs, output, attributes));
      makers.set(output, [{ name: layer.name, type: layer.className }]);
      return output;
    },
    constant(shape, values) {
      const name = `${layer.name}/constant:${constants.length}`;
      constants.push(makeTensor(name, shape, values));
      return name;
    },
  };
}

/** Why an input's shape looks wrong, where that is because its channels come first. */
function checkChannelsLast(model: KerasModel): void {
  for (const layer of model.layers) {
    if (layer.model) checkChannelsLast(layer.model);
    if (layer.config.data_format === 'channels_first') {
      throw layerProblem(layer, 'has data_format channels_first; only channels_last is read');
    }
  }
}

function singleInput(model: KerasModel): KerasLayer {
  if (model.inputs.length !== 1) {
    throw new Problem('unreadable-model', `the model should have 1 input, an image, found ${model.inputs.length}`);
  }
  const [{ layer: name }] = model.inputs;
  const layer = model.layers.find((candidate) => candidate.name === name);
  if (!layer) throw new Problem('unreadable-model', `model_config: the input '${name}' is not among the layers`);
  return layer;
}

function singleOutput(model: KerasModel): TensorReference {
  if (model.outputs.length === 1) return model.outputs[0];
  throw new Problem('unreadable-model', `model '${model.name}' should have 1 output, found ${model.outputs.length}`);
}

function batchShape(layer: KerasLayer): (number | null)[] {
  const shape = layer.config.batch_shape ?? layer.config.batch_input_shape;
  if (Array.isArray(shape) && shape.every((size) => size === null || Number.isInteger(size))) return shape;
  throw layerProblem(layer, `has the input shape ${JSON.stringify(shape)}; [batch, rows, columns, 3] is expected`);
}

import ort from 'onnxruntime-node';
import { createExecutor } from '../../../../server/src/engines/tfjs/executor.ts';
import type { KerasLayer, KerasNetwork, WeightArray } from '../../../../server/src/models/keras/network.ts';
import { kerasToOnnx } from '../../../../server/src/models/keras/to-onnx.ts';
import { onnx } from '../../../../server/src/models/onnx/proto.ts';
import { tf } from '../../engines/tfjs/tensorflow.ts';

/** A tensor of one image in Keras's order, channels last. */
export interface Image {
  shape: readonly [rows: number, columns: number, channels: number];
  values: Float32Array;
}

export interface LayerUnderTest {
  className: string;
  config?: Record<string, unknown>;
  weights?: { shape: number[]; values: Float32Array }[];
  version?: number;
}

/** The network input -> layers, each in the line named after its class. */
export function lineOf(layers: readonly LayerUnderTest[], inputShape: readonly (number | null)[]): KerasNetwork {
  const weights = new Map<KerasLayer, WeightArray[]>();
  const image: KerasLayer = {
    name: 'image',
    className: 'InputLayer',
    config: { batch_shape: [null, ...inputShape] },
    version: 3,
    calls: [],
  };
  const all = [image];
  for (const { className, config = {}, weights: values = [], version = 3 } of layers) {
    const previous = all[all.length - 1].name;
    const name = `${className.toLowerCase()}_${all.length}`;
    const layer = { name, className, config, version, calls: [[{ layer: previous, call: 0 }]] };
    weights.set(
      layer,
      values.map((weight, i) => ({ name: `weight_${i}`, ...weight })),
    );
    all.push(layer);
  }
  return {
    format: 'test',
    model: {
      name: 'model',
      layers: all,
      inputs: [{ layer: 'image', call: 0 }],
      outputs: [{ layer: all[all.length - 1].name, call: 0 }],
    },
    weights,
  };
}

/** Runs layers on an image of 3 channels; the result in Keras's order. */
export async function runLayers(layers: readonly LayerUnderTest[], image: Image): Promise<Float32Array> {
  return runNetwork(lineOf(layers, image.shape), image);
}

/** Runs a network that takes an image of 3 channels; the result in Keras's order. */
export async function runNetwork(
  network: KerasNetwork,
  image: Image,
  runner: Runner = onnxruntime,
): Promise<Float32Array> {
  const graph = kerasToOnnx(network, undefined);
  const model = { irVersion: graph.irVersion, opsetImport: graph.opsets, graph: graph.proto };
  const [rows, columns, channels] = image.shape;
  const input = { name: graph.input.name, shape: [1, channels, rows, columns], values: channelsFirst(image) };
  const { shape, values } = await runner(onnx.ModelProto.encode(model).finish(), input, graph.output);
  if (shape.length !== 4) return values;
  const [, depth, height, width] = shape;
  return values.map((_, i) => values[(i % depth) * height * width + Math.floor(i / depth)]);
}

/** Runs an encoded ONNX model. */
export type Runner = (
  model: Uint8Array,
  input: { name: string; shape: number[]; values: Float32Array },
  output: string,
) => Promise<{ shape: readonly number[]; values: Float32Array }>;

export const onnxruntime: Runner = async (model, input, output) => {
  const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' });
  const result = (await session.run({ [input.name]: new ort.Tensor('float32', input.values, input.shape) }))[output];
  await session.release();
  if (!(result.data instanceof Float32Array)) throw new Error('float32 was expected');
  return { shape: result.dims, values: result.data };
};

/** TensorFlow.js on its plain backend. */
export const tensorflowJs: Runner = async (model, { name, shape, values }, output) => {
  const executor = createExecutor(tf, onnx.ModelProto.decode(model));
  const result = executor
    .run(new Map([[name, { kind: 'host', type: 'float32', shape, read: () => values }]]))
    .get(output);
  executor.close();
  if (!result) throw new Error(`an output '${output}' was expected`);
  return result;
};

function channelsFirst({ shape: [rows, columns, channels], values }: Image): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++)
    result[(i % channels) * rows * columns + Math.floor(i / channels)] = values[i];
  return result;
}

import ort from 'onnxruntime-node';
import type { KerasLayer, KerasNetwork, WeightArray } from '../../../../server/src/models/keras/network.ts';
import { kerasToOnnx } from '../../../../server/src/models/keras/to-onnx.ts';
import { onnx } from '../../../../server/src/models/onnx/proto.ts';

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

export async function runNetwork(network: KerasNetwork, image: Image): Promise<Float32Array> {
  const graph = kerasToOnnx(network, undefined);
  const bytes = onnx.ModelProto.encode({
    irVersion: graph.irVersion,
    opsetImport: graph.opsets,
    graph: graph.proto,
  }).finish();
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
  const [rows, columns, channels] = image.shape;
  const input = new ort.Tensor('float32', channelsFirst(image), [1, channels, rows, columns]);
  const output = (await session.run({ [graph.input.name]: input }))[graph.output];
  await session.release();
  if (!(output.data instanceof Float32Array)) throw new Error('float32 was expected');
  if (output.dims.length !== 4) return output.data;
  const [, depth, height, width] = output.dims;
  const values = new Float32Array(output.data.length);
  for (let i = 0; i < values.length; i++) values[i] = output.data[(i % depth) * height * width + Math.floor(i / depth)];
  return values;
}

function channelsFirst({ shape: [rows, columns, channels], values }: Image): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++)
    result[(i % channels) * rows * columns + Math.floor(i / channels)] = values[i];
  return result;
}

import type { LayerDescription } from '../model.ts';
import type { GraphProto, ModelProto, NodeProto } from './proto.ts';

/** A classifier as an ONNX graph, from whatever format: one image in, one tensor of logits or probabilities out. */
export interface NetworkGraph {
  /** For people: `Keras 2.1.6 HDF5`, `ONNX opset 13`. */
  format: string;
  irVersion: number;
  opsets: { domain: string; version: number }[];
  proto: GraphProto;
  /** Operators that the file itself defines. */
  functions?: ModelProto['functions'];
  input: NetworkInput;
  output: string;
  layers: LayerDescription[];
  /** The layer that made a tensor, as the user knows it; several where some pass their input through. */
  layersOf(tensor: string): { name: string; type: string }[];
  /** The file's own names of its classes, one for each output; null where it has none. */
  classNames: string[] | null;
  /** Paths of the other files that it was read from, relative to its folder. */
  companions: string[];
  /** Whether the network begins by scaling the pixels itself. */
  rescales: boolean;
}

export interface NetworkInput {
  name: string;
  layout: 'NCHW' | 'NHWC';
  /** ONNX element type of the input: float32, float16 or uint8. */
  elementType: number;
  height: number;
  width: number;
}

/** The name of a node's layer for messages: `layer 'block5_pool' (MaxPooling2D)`. */
export function layerTitle(network: NetworkGraph, node: NodeProto): string {
  const layers = network.layersOf(node.output?.[0] ?? '');
  // A node that only passes values on is known by the name of the layer before it too.
  const layer = layers.find(({ name }) => name === node.name) ?? layers[0];
  return layer ? `layer '${shown(layer.name)}' (${shown(layer.type)})` : nodeTitle(node);
}

/** A node for messages: `node 'relu_3' (Relu)`. */
export function nodeTitle(node: NodeProto): string {
  return `node '${shown(node.name || node.output?.[0])}' (${shown(node.opType)})`;
}

/** A name out of a file, for messages: at most 100 characters of it. */
export function shown(name: string | null | undefined): string {
  const text = name ?? '';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

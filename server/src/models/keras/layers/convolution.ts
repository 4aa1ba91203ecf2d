import {
  booleanSetting,
  featureMap,
  type LayerGraph,
  type LayerWriter,
  type NetworkTensor,
  numberSetting,
  pairSetting,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import type { WeightArray } from '../network.ts';
import { activated } from './activation.ts';
import { depthwiseToOnnx, kernelToOnnx, mismatch } from './kernel.ts';
import { placeWindows } from './padding.ts';

const conv2D: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const [kernel, bias] = weightsNamed(layer, hasBias(layer) ? ['kernel', 'bias'] : ['kernel']);
  const groups = numberSetting(layer, 'groups', 1);
  const output = convolve(layer, input, kernelToOnnx(layer, kernel), bias, groups, graph);
  return activated(layer, layer.config.activation, output, graph);
};

const depthwiseConv2D: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const [kernel, bias] = weightsNamed(layer, hasBias(layer) ? ['depthwise_kernel', 'bias'] : ['depthwise_kernel']);
  const output = convolve(layer, input, depthwiseToOnnx(layer, kernel), bias, input.shape[2], graph);
  return activated(layer, layer.config.activation, output, graph);
};

const separableConv2D: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const names = ['depthwise_kernel', 'pointwise_kernel', ...(hasBias(layer) ? ['bias'] : [])];
  const [depthwise, pointwise, bias] = weightsNamed(layer, names);
  const filtered = convolve(layer, input, depthwiseToOnnx(layer, depthwise), undefined, input.shape[2], graph);
  const output = convolve(ofOneCell(layer), filtered, kernelToOnnx(layer, pointwise), bias, 1, graph);
  return activated(layer, layer.config.activation, output, graph);
};

export const CONVOLUTION_LAYERS: Record<string, LayerWriter> = {
  Conv2D: conv2D,
  DepthwiseConv2D: depthwiseConv2D,
  SeparableConv2D: separableConv2D,
};

export function hasBias(layer: WeightedLayer): boolean {
  return booleanSetting(layer, 'use_bias', true);
}

/** The layer with the settings of a convolution that looks at one cell at a time. */
export function ofOneCell(layer: WeightedLayer): WeightedLayer {
  return { ...layer, config: { strides: 1, dilation_rate: 1, padding: 'valid' } };
}

/**
 * A convolution with the layer's strides, dilation and padding.
 *
 * @param kernel in ONNX's order [outputs, inputs per group, rows, columns]
 */
export function convolve(
  layer: WeightedLayer,
  input: NetworkTensor,
  kernel: WeightArray,
  bias: WeightArray | undefined,
  group: number,
  graph: LayerGraph,
): NetworkTensor {
  const [outputs, inputsPerGroup, rows, columns] = kernel.shape;
  if (inputsPerGroup * group !== input.shape[2]) throw mismatch(layer, kernel, `${input.shape[2]} channels`);
  if (bias && bias.values.length !== outputs) throw mismatch(layer, bias, `${outputs} filters`);
  const strides = pairSetting(layer, 'strides', [1, 1]);
  const dilations = pairSetting(layer, 'dilation_rate', [1, 1]);
  const { pads, outputSize } = placeWindows(layer, input, { size: [rows, columns], strides, dilations });
  const operands = [input.name, graph.constant(kernel.shape, kernel.values)];
  if (bias) operands.push(graph.constant([outputs], bias.values));
  const attributes = { kernel_shape: [rows, columns], strides, dilations, pads, group };
  return { name: graph.node('Conv', operands, attributes), shape: [...outputSize, outputs] };
}

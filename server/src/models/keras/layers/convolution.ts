import {
  booleanSetting,
  featureMap,
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  pairSetting,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import type { WeightArray } from '../network.ts';
import { activated } from './activation.ts';
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
  const single = { ...layer, config: { kernel_size: 1, strides: 1, dilation_rate: 1, padding: 'valid' } };
  const output = convolve(single, filtered, kernelToOnnx(layer, pointwise), bias, 1, graph);
  return activated(layer, layer.config.activation, output, graph);
};

const dense: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const [kernel, bias] = weightsNamed(layer, hasBias(layer) ? ['kernel', 'bias'] : ['kernel']);
  const [features, units] = kernel.shape;
  const last = input.shape[input.shape.length - 1];
  if (kernel.shape.length !== 2 || features !== last) throw mismatch(layer, kernel, `${last} features`);
  // On a feature map a Dense layer is applied to every cell: a convolution of one cell.
  if (input.shape.length === 3) {
    const single = { ...layer, config: { kernel_size: 1 } };
    const cell: WeightArray = { ...kernel, shape: [1, 1, features, units] };
    const output = convolve(single, input, kernelToOnnx(layer, cell), bias, 1, graph);
    return activated(layer, layer.config.activation, output, graph);
  }
  if (input.shape.length !== 1) throw layerProblem(layer, `has an input of ${input.shape.length} dimensions`);
  const operands = [input.name, graph.constant(kernel.shape, kernel.values)];
  if (bias) operands.push(graph.constant(bias.shape, bias.values));
  const output = { name: graph.node('Gemm', operands), shape: [units] };
  return activated(layer, layer.config.activation, output, graph);
};

export const CONVOLUTION_LAYERS: Record<string, LayerWriter> = {
  Conv2D: conv2D,
  DepthwiseConv2D: depthwiseConv2D,
  SeparableConv2D: separableConv2D,
  Dense: dense,
};

function hasBias(layer: WeightedLayer): boolean {
  return booleanSetting(layer, 'use_bias', true);
}

/** @param kernel in ONNX's order [outputs, inputs per group, rows, columns] */
function convolve(
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

/** Keras's [rows, columns, inputs, outputs] as ONNX's [outputs, inputs, rows, columns]. */
function kernelToOnnx(layer: WeightedLayer, kernel: WeightArray): WeightArray {
  if (kernel.shape.length !== 4) throw mismatch(layer, kernel, 'a window of rows and columns');
  const [rows, columns, inputs, outputs] = kernel.shape;
  const values = new Float32Array(kernel.values.length);
  let from = 0;
  for (let cell = 0; cell < rows * columns; cell++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) values[(o * inputs + i) * rows * columns + cell] = kernel.values[from++];
    }
  }
  return { name: kernel.name, shape: [outputs, inputs, rows, columns], values };
}

/** Keras's [rows, columns, inputs, multiplier] as ONNX's [inputs * multiplier, 1, rows, columns]. */
function depthwiseToOnnx(layer: WeightedLayer, kernel: WeightArray): WeightArray {
  const { name, shape, values } = kernelToOnnx(layer, {
    ...kernel,
    shape: [...kernel.shape.slice(0, 2), 1, kernel.shape[2] * kernel.shape[3]],
  });
  return { name, shape, values };
}

function mismatch(layer: WeightedLayer, weight: WeightArray, expected: string): Error {
  return layerProblem(
    layer,
    `has a ${weight.name} of shape [${weight.shape.join(', ')}] that does not fit ${expected}`,
  );
}

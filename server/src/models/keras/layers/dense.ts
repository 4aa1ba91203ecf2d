import { type LayerWriter, layerProblem, onlyInput, weightsNamed } from '../layer.ts';
import type { WeightArray } from '../network.ts';
import { activated } from './activation.ts';
import { convolve, hasBias, ofOneCell } from './convolution.ts';
import { kernelToOnnx, mismatch } from './kernel.ts';

/** A linear layer over the last axis; on a feature map it is a convolution of one cell. */
const dense: LayerWriter = (layer, inputs, graph) => {
  const input = onlyInput(layer, inputs);
  const [kernel, bias] = weightsNamed(layer, hasBias(layer) ? ['kernel', 'bias'] : ['kernel']);
  const [features, units] = kernel.shape;
  const { shape } = input;
  const last = shape[shape.length - 1];
  if (shape.length === 0) throw layerProblem(layer, 'has an input without dimensions');
  if (kernel.shape.length !== 2 || features !== last) throw mismatch(layer, kernel, `${last} features`);
  if (bias && bias.values.length !== units) throw mismatch(layer, bias, `${units} units`);
  if (shape.length === 3) {
    const cell: WeightArray = { ...kernel, shape: [1, 1, features, units] };
    const output = convolve(ofOneCell(layer), input, kernelToOnnx(layer, cell), bias, 1, graph);
    return activated(layer, layer.config.activation, output, graph);
  }
  const matrix = graph.constant(kernel.shape, kernel.values);
  const offset = bias && graph.constant([units], bias.values);
  let name: string;
  if (shape.length === 1) name = graph.node('Gemm', [input.name, matrix, ...(offset ? [offset] : [])]);
  else {
    name = graph.node('MatMul', [input.name, matrix]);
    if (offset) name = graph.node('Add', [name, offset]);
  }
  return activated(layer, layer.config.activation, { name, shape: [...shape.slice(0, -1), units] }, graph);
};

export const DENSE_LAYERS: Record<string, LayerWriter> = { Dense: dense };

import {
  featureMap,
  type LayerWriter,
  layerProblem,
  numberSetting,
  pairSetting,
  stringSetting,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import { activated } from './activation.ts';
import { hasBias } from './convolution.ts';
import { kernelToOnnx, mismatch } from './kernel.ts';

/** The gradient of a convolution with respect to its input: what 'same' and 'valid' mean follows from that one. */
const conv2DTranspose: LayerWriter = (layer, inputs, graph) => {
  const input = featureMap(layer, inputs);
  const [kernel, bias] = weightsNamed(layer, hasBias(layer) ? ['kernel', 'bias'] : ['kernel']);
  if (numberSetting(layer, 'groups', 1) !== 1) throw layerProblem(layer, 'has groups, which are not supported');
  const turned = kernelToOnnx(layer, kernel);
  const [channels, outputs, ...size] = turned.shape;
  if (channels !== input.shape[2]) throw mismatch(layer, kernel, `${input.shape[2]} channels`);
  if (bias && bias.values.length !== outputs) throw mismatch(layer, bias, `${outputs} filters`);
  const strides = pairSetting(layer, 'strides', [1, 1]);
  const dilations = pairSetting(layer, 'dilation_rate', [1, 1]);
  const padding = stringSetting(layer, 'padding', 'valid');
  if (padding !== 'same' && padding !== 'valid') {
    throw layerProblem(layer, `has padding '${padding}', which is not read`);
  }
  const extras = outputPadding(layer);
  const [rows, columns] = [0, 1].map((side) => {
    const extent = (size[side] - 1) * dilations[side] + 1;
    return placeTransposed(input.shape[side], padding, extent, strides[side], extras?.[side] ?? null);
  });
  if (rows.length < 1 || columns.length < 1) throw layerProblem(layer, 'leaves nothing of its input');
  const operands = [input.name, graph.constant(turned.shape, turned.values)];
  if (bias) operands.push(graph.constant([outputs], bias.values));
  const name = graph.node('ConvTranspose', operands, {
    kernel_shape: size,
    strides,
    dilations,
    pads: [rows.before, columns.before, rows.after, columns.after],
    output_padding: [rows.extra, columns.extra],
  });
  const output = { name, shape: [rows.length, columns.length, outputs] };
  return activated(layer, layer.config.activation, output, graph);
};

export const TRANSPOSED_CONVOLUTION_LAYERS: Record<string, LayerWriter> = { Conv2DTranspose: conv2DTranspose };

interface Placement {
  /** Of the output. */
  length: number;
  /** Taken from the whole sum at its beginning and end, and zeros added at its end. */
  before: number;
  after: number;
  extra: number;
}

/**
 * How much of the whole sum, (length - 1) stride + extent long, is the output along one side. The convolution whose
 * gradient it is pads its input, which is our output, as TensorFlow does: the odd cell at the end.
 *
 * @param extra `output_padding`; null lets Keras choose: length * stride for 'same'
 */
function placeTransposed(
  length: number,
  padding: 'same' | 'valid',
  extent: number,
  stride: number,
  extra: number | null,
): Placement {
  const whole = (length - 1) * stride + extent;
  const outputLength =
    extra === null
      ? length * stride + (padding === 'valid' ? Math.max(extent - stride, 0) : 0)
      : whole - (padding === 'same' ? 2 * Math.floor(extent / 2) : 0) + extra;
  const surplus = padding === 'same' ? Math.max(whole - outputLength, 0) : 0;
  const before = Math.floor(surplus / 2);
  const after = whole - before - outputLength;
  return { length: outputLength, before, after: Math.max(after, 0), extra: Math.max(-after, 0) };
}

function outputPadding(layer: WeightedLayer): [number, number] | null {
  const value = layer.config.output_padding;
  if (value === undefined || value === null) return null;
  const [rows, columns]: unknown[] = Array.isArray(value) ? value : [value, value];
  const valid = (size: unknown): size is number => typeof size === 'number' && Number.isInteger(size) && size >= 0;
  if (valid(rows) && valid(columns)) return [rows, columns];
  throw layerProblem(layer, `has output_padding ${JSON.stringify(value)}; integers from 0 are expected`);
}

import { layerProblem, type NetworkTensor, stringSetting, type WeightedLayer } from '../layer.ts';

/** A window that slides over rows and columns. */
export interface SlidingWindow {
  size: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
}

/** ONNX `pads` ([top, left, bottom, right]) and the size of the output in rows and columns. */
export interface Placement {
  pads: [number, number, number, number];
  outputSize: [number, number];
}

/** Where the layer's `padding` puts the windows over its input. */
export function placeWindows(layer: WeightedLayer, input: NetworkTensor, window: SlidingWindow): Placement {
  const padding = stringSetting(layer, 'padding', 'valid');
  if (padding !== 'same' && padding !== 'valid')
    throw layerProblem(layer, `has padding '${padding}', which is not read`);
  const [top, bottom, rows] = placeAlong(
    input.shape[0],
    padding,
    window.size[0],
    window.strides[0],
    window.dilations[0],
  );
  const [left, right, columns] = placeAlong(
    input.shape[1],
    padding,
    window.size[1],
    window.strides[1],
    window.dilations[1],
  );
  if (rows < 1 || columns < 1) {
    throw layerProblem(layer, `has a window larger than its input of ${input.shape[0]} x ${input.shape[1]}`);
  }
  return { pads: [top, left, bottom, right], outputSize: [rows, columns] };
}

/**
 * Padding before and after, and output length, along one side. 'same' is TensorFlow's: ceil(length / stride) windows,
 * the padding that they need split in two, the odd one at the end (tensorflow.org, nn "Notes on padding").
 */
export function placeAlong(
  length: number,
  padding: 'same' | 'valid',
  size: number,
  stride: number,
  dilation: number,
): [before: number, after: number, outputLength: number] {
  const extent = (size - 1) * dilation + 1;
  if (padding === 'valid') return [0, 0, Math.floor((length - extent) / stride) + 1];
  const outputLength = Math.ceil(length / stride);
  const total = Math.max((outputLength - 1) * stride + extent - length, 0);
  const before = Math.floor(total / 2);
  return [before, total - before, outputLength];
}

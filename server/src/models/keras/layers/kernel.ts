import { layerProblem, type WeightedLayer } from '../layer.ts';
import type { WeightArray } from '../network.ts';

/** Rows and columns of a matrix that are transposed together, so that both sides stay in the cache. */
const BLOCK = 64;

/**
 * Keras's [rows, columns, inputs, outputs] as ONNX's [outputs, inputs, rows, columns]. Of a transposed convolution, which
 * Keras has as [rows, columns, outputs, inputs], it makes ONNX's [inputs, outputs, rows, columns].
 */
export function kernelToOnnx(layer: WeightedLayer, kernel: WeightArray): WeightArray {
  if (kernel.shape.length !== 4) throw mismatch(layer, kernel, 'a window of rows and columns');
  const [rows, columns, inputs, outputs] = kernel.shape;
  const cells = rows * columns;
  const { values } = kernel;
  const result = new Float32Array(values.length);
  for (let firstOutput = 0; firstOutput < outputs; firstOutput += BLOCK) {
    const lastOutput = Math.min(outputs, firstOutput + BLOCK);
    for (let firstInput = 0; firstInput < inputs; firstInput += BLOCK) {
      const lastInput = Math.min(inputs, firstInput + BLOCK);
      for (let cell = 0; cell < cells; cell++) {
        for (let o = firstOutput; o < lastOutput; o++) {
          let from = (cell * inputs + firstInput) * outputs + o;
          let to = (o * inputs + firstInput) * cells + cell;
          for (let i = firstInput; i < lastInput; i++) {
            result[to] = values[from];
            from += outputs;
            to += cells;
          }
        }
      }
    }
  }
  return { name: kernel.name, shape: [outputs, inputs, rows, columns], values: result };
}

/** Keras's [rows, columns, inputs, multiplier] as ONNX's [inputs * multiplier, 1, rows, columns]. */
export function depthwiseToOnnx(layer: WeightedLayer, kernel: WeightArray): WeightArray {
  if (kernel.shape.length !== 4) throw mismatch(layer, kernel, 'a window of rows and columns');
  const [rows, columns, inputs, multiplier] = kernel.shape;
  return kernelToOnnx(layer, { ...kernel, shape: [rows, columns, 1, inputs * multiplier] });
}

/** The problem of a weight whose shape does not fit. */
export function mismatch(layer: WeightedLayer, weight: WeightArray, expected: string): Error {
  const shape = weight.shape.join(', ');
  return layerProblem(layer, `has a ${weight.name} of shape [${shape}] that does not fit ${expected}`);
}

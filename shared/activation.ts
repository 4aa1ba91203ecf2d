/** From logits to probabilities; `none` leaves them as they are. */
export type Activation = 'softmax' | 'sigmoid' | 'none';

/**
 * From logits to probabilities over the last axis: softmax p_c = e^(x_c - m) / sum e^(x_k - m) with m the largest x,
 * sigmoid p = 1 / (1 + e^-x), or the values unchanged. Computed in float64, stored as float32.
 *
 * @param values any shape whose last axis has `classes` values, e.g. cells [patches, rows, columns, classes]
 * @returns a new array of the same shape; 0 to 1 except for `none`
 * @throws RangeError where the length of `values` is no multiple of `classes`
 */
export function activate(values: ArrayLike<number>, classes: number, activation: Activation): Float32Array {
  if (!(classes >= 1) || values.length % classes !== 0) {
    throw new RangeError(`${values.length} values cannot be split into ${classes} classes`);
  }
  if (activation === 'none') return Float32Array.from(values);
  const result = new Float32Array(values.length);
  if (activation === 'sigmoid') {
    for (let i = 0; i < values.length; i++) result[i] = sigmoid(values[i]);
    return result;
  }
  const exponentials = new Float64Array(classes);
  for (let start = 0; start < values.length; start += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, values[start + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const exponent = values[start + c] - largest;
      // e^0 is 1 to the last bit; of four classes that saves a quarter of the time.
      exponentials[c] = exponent === 0 ? 1 : Math.exp(exponent);
      sum += exponentials[c];
    }
    for (let c = 0; c < classes; c++) result[start + c] = exponentials[c] / sum;
  }
  return result;
}

/** 1 / (1 + e^-x), written so that neither branch overflows. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const exponential = Math.exp(x);
  return exponential / (1 + exponential);
}

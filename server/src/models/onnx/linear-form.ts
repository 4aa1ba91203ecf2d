import { Problem } from '../../errors.ts';

/**
 * y = weights x + bias, of the mean x of a feature map; where `weights` is null, y = scale x + bias value by value, with
 * a scale and bias for each value or one for all.
 */
export interface LinearForm {
  /** Shape [outputs, channels]; to be read only. */
  weights: Float32Array | null;
  /** Empty where there are weights. */
  scale: Float64Array;
  bias: Float64Array;
}

/** Multiplications of one composition: a head of 4096 x 1000 after 2048 x 4096 takes 8e9, some 10 s. */
const MOST_PRODUCTS = 4e10;

/** y = factor x */
export function scaled(factor: number): LinearForm {
  return { weights: null, scale: Float64Array.of(factor), bias: Float64Array.of(0) };
}

/** How many values a form gives; null where that depends on what it is given. */
function outputsOf({ weights, scale, bias }: LinearForm): number | null {
  if (weights) return bias.length;
  const size = Math.max(scale.length, bias.length);
  return size > 1 ? size : null;
}

/**
 * weights (form) + bias.
 *
 * @param weights shape [outputs, inputs], inputs being the form's outputs
 * @param bias one for each output
 */
export function afterProduct(form: LinearForm, weights: Float32Array, bias: Float64Array): LinearForm {
  const outputs = bias.length;
  const inputs = outputs === 0 ? 0 : weights.length / outputs;
  const size = outputsOf(form);
  if (!Number.isInteger(inputs) || inputs === 0 || (size !== null && size !== inputs)) {
    throw new Problem('unreadable-model', `a linear layer with ${inputs} inputs follows ${size} values`);
  }
  return form.weights ? composed(weights, bias, inputs, form.weights, form) : spread(weights, bias, inputs, form);
}

function spread(weights: Float32Array, bias: Float64Array, inputs: number, form: LinearForm): LinearForm {
  const at = (values: Float64Array, i: number) => values[values.length === 1 ? 0 : i];
  const isPlain = form.scale.every((scale) => scale === 1);
  const result = isPlain ? weights : new Float32Array(weights.length);
  const shifts = Float64Array.from(bias);
  for (let c = 0; c < shifts.length; c++) {
    for (let k = 0; k < inputs; k++) {
      const weight = weights[c * inputs + k];
      if (!isPlain) result[c * inputs + k] = weight * at(form.scale, k);
      shifts[c] += weight * at(form.bias, k);
    }
  }
  return { weights: result, scale: new Float64Array(), bias: shifts };
}

/** Summed in float64. */
function composed(
  weights: Float32Array,
  bias: Float64Array,
  inputs: number,
  before: Float32Array,
  form: LinearForm,
): LinearForm {
  const channels = before.length / inputs;
  if (bias.length * before.length > MOST_PRODUCTS) {
    throw new Problem(
      'unreadable-model',
      `linear layers of ${before.length} and ${weights.length} weights are too large`,
    );
  }
  const result = new Float32Array(bias.length * channels);
  const shifts = Float64Array.from(bias);
  const row = new Float64Array(channels);
  for (let c = 0; c < shifts.length; c++) {
    row.fill(0);
    for (let m = 0; m < inputs; m++) {
      const factor = weights[c * inputs + m];
      if (factor === 0) continue;
      shifts[c] += factor * form.bias[m];
      for (let k = 0; k < channels; k++) row[k] += factor * before[m * channels + k];
    }
    result.set(row, c * channels);
  }
  return { weights: result, scale: new Float64Array(), bias: shifts };
}

/** scale * form + shift, each with a value for each output or one for all; null where the lengths do not fit. */
export function afterScale(form: LinearForm, scale: ArrayLike<number>, shift: ArrayLike<number>): LinearForm | null {
  const outputs = outputsOf(form);
  const size = Math.max(outputs ?? 1, scale.length, shift.length);
  const lengths = [outputs ?? 1, scale.length, shift.length];
  if (lengths.some((length) => length !== 1 && length !== size) || (form.weights && outputs !== size)) return null;
  const at = (values: ArrayLike<number>, i: number) => values[values.length === 1 ? 0 : i];
  const channels = form.weights ? form.weights.length / size : 0;
  const bias = Float64Array.from({ length: size }, (_, i) => at(scale, i) * at(form.bias, i) + at(shift, i));
  if (!form.weights) {
    return {
      weights: null,
      scale: Float64Array.from({ length: size }, (_, i) => at(scale, i) * at(form.scale, i)),
      bias,
    };
  }
  const isPlain = Array.from(scale).every((factor) => factor === 1);
  const weights = isPlain
    ? form.weights
    : form.weights.map((weight, i) => weight * at(scale, Math.floor(i / channels)));
  return { weights, scale: new Float64Array(), bias };
}

/** The same form with weights, of a mean of this many channels; null where there would be too many. */
export function asProduct(form: LinearForm, channels: number | null): LinearForm | null {
  if (form.weights) return form;
  const size = outputsOf(form) ?? channels;
  if (size === null || size > LARGEST_DIAGONAL) return null;
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) weights[i * size + i] = form.scale[form.scale.length === 1 ? 0 : i];
  const bias = Float64Array.from({ length: size }, (_, i) => form.bias[form.bias.length === 1 ? 0 : i]);
  return { weights, scale: new Float64Array(), bias };
}

/** Channels of a map; their square is what a diagonal takes. */
const LARGEST_DIAGONAL = 8192;

/** The sum of forms of the same mean; null where they give different numbers of values. */
export function summed(forms: readonly LinearForm[]): LinearForm | null {
  const size = Math.max(...forms.map((form) => outputsOf(form) ?? 1));
  if (forms.some((form) => form.weights !== null) && !forms.every((form) => form.weights !== null)) return null;
  if (forms.some((form) => (outputsOf(form) ?? size) !== size)) return null;
  const add = <T extends Float32Array | Float64Array>(total: T, values: T | Float64Array | Float32Array) => {
    for (let i = 0; i < total.length; i++) total[i] += values[values.length === 1 ? 0 : i];
    return total;
  };
  const bias = forms.reduce((total, form) => add(total, form.bias), new Float64Array(size));
  const [{ weights: first }] = forms;
  if (!first) {
    return { weights: null, scale: forms.reduce((sum, form) => add(sum, form.scale), new Float64Array(size)), bias };
  }
  if (forms.some(({ weights }) => weights?.length !== first.length)) return null;
  const weights = forms.reduce((sum, form) => add(sum, form.weights ?? first), new Float32Array(first.length));
  return { weights, scale: new Float64Array(), bias };
}

/** Some of a form's values, by their numbers; null where one is not there. */
export function selected(form: LinearForm, numbers: readonly number[]): LinearForm | null {
  const { weights, bias } = form;
  if (!weights || numbers.some((number) => !(number in bias))) return null;
  const channels = weights.length / bias.length;
  const rows = new Float32Array(numbers.length * channels);
  for (const [i, number] of numbers.entries()) {
    rows.set(weights.subarray(number * channels, (number + 1) * channels), i * channels);
  }
  return { weights: rows, scale: new Float64Array(), bias: Float64Array.from(numbers, (number) => bias[number]) };
}

/** Forms one after the other; null where one is not yet a product, so that its size is open. */
export function joined(forms: readonly LinearForm[]): LinearForm | null {
  const parts = forms.map(({ weights }) => weights);
  if (parts.some((weights) => weights === null)) return null;
  const weights = new Float32Array(parts.reduce((length, part) => length + (part?.length ?? 0), 0));
  const bias = new Float64Array(forms.reduce((length, form) => length + form.bias.length, 0));
  let at = 0;
  let output = 0;
  for (const form of forms) {
    if (form.weights) weights.set(form.weights, at);
    bias.set(form.bias, output);
    at += form.weights?.length ?? 0;
    output += form.bias.length;
  }
  return { weights, scale: new Float64Array(), bias };
}

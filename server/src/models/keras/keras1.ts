/**
 * Keras 1's (and TensorFlow 1's) names of classes and of their settings, as Keras 2 renamed them; other layers pass
 * unchanged.
 */
export function modernConfig(
  className: string,
  config: Record<string, unknown>,
): { className: string; config: Record<string, unknown> } {
  const renamed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) renamed[SETTINGS.get(key) ?? key] = value;
  if ('nb_row' in config) renamed.kernel_size = [config.nb_row, config.nb_col];
  if (config.dim_ordering === 'tf') renamed.data_format = 'channels_last';
  if (config.dim_ordering === 'th') renamed.data_format = 'channels_first';
  if (className === 'Merge' && typeof config.mode === 'string') {
    return { className: MERGES.get(config.mode) ?? className, config: { ...renamed, axis: config.concat_axis } };
  }
  return { className: CLASSES.get(className) ?? className, config: renamed };
}

const CLASSES: ReadonlyMap<string, string> = new Map([
  ['Convolution2D', 'Conv2D'],
  ['SeparableConvolution2D', 'SeparableConv2D'],
  ['Deconvolution2D', 'Conv2DTranspose'],
  ['AtrousConvolution2D', 'Conv2D'],
  // TensorFlow 1.13 to 2.0.
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);

/** By the `mode` of the one layer that Keras 1 has for all of them. */
const MERGES: ReadonlyMap<string, string> = new Map([
  ['sum', 'Add'],
  ['mul', 'Multiply'],
  ['ave', 'Average'],
  ['max', 'Maximum'],
  ['concat', 'Concatenate'],
]);

const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['nb_filter', 'filters'],
  ['border_mode', 'padding'],
  ['subsample', 'strides'],
  ['bias', 'use_bias'],
  ['output_dim', 'units'],
  ['atrous_rate', 'dilation_rate'],
]);

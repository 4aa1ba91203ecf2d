import type { LayerWriter } from '../layer.ts';
import { ACTIVATION_LAYERS } from './activation.ts';
import { BATCH_NORMALIZATION_LAYERS } from './batch-normalization.ts';
import { CONVOLUTION_LAYERS } from './convolution.ts';
import { DENSE_LAYERS } from './dense.ts';
import { IDENTITY_LAYERS } from './identity.ts';
import { MERGE_LAYERS } from './merge.ts';
import { NORMALIZATION_LAYERS } from './normalization.ts';
import { POOLING_LAYERS } from './pooling.ts';
import { RESIZING_LAYERS } from './resizing.ts';
import { SHAPE_LAYERS } from './shape.ts';
import { STATISTICS_NORMALIZATION_LAYERS } from './statistics-normalization.ts';
import { TRANSPOSED_CONVOLUTION_LAYERS } from './transposed-convolution.ts';
import { SCALED_SUM_LAYERS, wrapperLayers } from './wrapper.ts';

const PLAIN_LAYERS: Record<string, LayerWriter> = {
  ...ACTIVATION_LAYERS,
  ...BATCH_NORMALIZATION_LAYERS,
  ...CONVOLUTION_LAYERS,
  ...DENSE_LAYERS,
  ...IDENTITY_LAYERS,
  ...MERGE_LAYERS,
  ...NORMALIZATION_LAYERS,
  ...POOLING_LAYERS,
  ...RESIZING_LAYERS,
  ...SCALED_SUM_LAYERS,
  ...SHAPE_LAYERS,
  ...STATISTICS_NORMALIZATION_LAYERS,
  ...TRANSPOSED_CONVOLUTION_LAYERS,
};

/** Keras class name to how it is written as ONNX; a new layer is one entry in the file of its family. */
export const LAYERS: ReadonlyMap<string, LayerWriter> = new Map(
  Object.entries({ ...PLAIN_LAYERS, ...wrapperLayers(PLAIN_LAYERS) }),
);

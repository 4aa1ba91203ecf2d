import type { LayerWriter } from '../layer.ts';
import { ACTIVATION_LAYERS } from './activation.ts';
import { CONVOLUTION_LAYERS } from './convolution.ts';
import { IDENTITY_LAYERS } from './identity.ts';
import { MERGE_LAYERS } from './merge.ts';
import { NORMALIZATION_LAYERS } from './normalization.ts';
import { POOLING_LAYERS } from './pooling.ts';
import { SHAPE_LAYERS } from './shape.ts';

/** Keras class name to how it is written as ONNX; a new layer is one entry in the file of its family. */
export const LAYERS: ReadonlyMap<string, LayerWriter> = new Map(
  Object.entries({
    ...ACTIVATION_LAYERS,
    ...CONVOLUTION_LAYERS,
    ...IDENTITY_LAYERS,
    ...MERGE_LAYERS,
    ...NORMALIZATION_LAYERS,
    ...POOLING_LAYERS,
    ...SHAPE_LAYERS,
  }),
);

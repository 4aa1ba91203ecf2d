import { type LayerWriter, onlyInput } from '../layer.ts';

const identity: LayerWriter = (layer, inputs) => onlyInput(layer, inputs);

/** Layers that only do something in training. */
const TRAINING_ONLY = [
  'Dropout',
  'SpatialDropout2D',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
  'ActivityRegularization',
  'RandomFlip',
  'RandomRotation',
  'RandomTranslation',
  'RandomZoom',
  'RandomContrast',
  'RandomBrightness',
  'RandomHeight',
  'RandomWidth',
];

export const IDENTITY_LAYERS: Record<string, LayerWriter> = Object.fromEntries(
  TRAINING_ONLY.map((className) => [className, identity]),
);

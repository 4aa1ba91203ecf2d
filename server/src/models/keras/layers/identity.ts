import { type LayerWriter, layerProblem, numberSetting, onlyInput } from '../layer.ts';

const identity: LayerWriter = (layer, inputs) => onlyInput(layer, inputs);

/** Layers that leave their input as it is in inference, each tried in Keras 2.15, 3.0, 3.4 and 3.15. */
const TRAINING_ONLY = [
  'ActivityRegularization',
  'AlphaDropout',
  'AugMix',
  'CutMix',
  'Dropout',
  'Equalization',
  'GaussianDropout',
  'GaussianNoise',
  'Identity',
  'MaxNumBoundingBoxes',
  'MixUp',
  'RandAugment',
  'RandomBrightness',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomContrast',
  'RandomElasticTransform',
  'RandomErasing',
  'RandomFlip',
  'RandomGaussianBlur',
  'RandomGrayscale',
  'RandomHeight',
  'RandomHue',
  'RandomInvert',
  'RandomPerspective',
  'RandomPosterization',
  'RandomRotation',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandomTranslation',
  'RandomWidth',
  'RandomZoom',
  'Solarization',
  'SpatialDropout2D',
  // Of the ConvNeXt of keras.applications, and of the package efficientnet.
  'StochasticDepth',
  'FixedDropout',
];

export const IDENTITY_LAYERS: Record<string, LayerWriter> = {
  ...Object.fromEntries(TRAINING_ONLY.map((className) => [className, identity])),
  /** Values equal to the mask become 0, so a mask of 0 changes nothing. */
  Masking: (layer, inputs) => {
    if (numberSetting(layer, 'mask_value', 0) === 0) return onlyInput(layer, inputs);
    throw layerProblem(layer, `masks ${layer.config.mask_value}; only 0 is supported`);
  },
};

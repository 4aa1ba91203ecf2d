import { booleanSetting } from './layer.ts';
import type { KerasLayer, KerasModel } from './network.ts';

/**
 * The layers inside a model, once for each of its weights, in the order in which `.h5` files list them: what is trained
 * of all layers, then everything else. A layer that is frozen has nothing that is trained.
 */
export function ownersInOrder(model: KerasModel): KerasLayer[] {
  return [...trainedOwners(model), ...otherOwners(model)];
}

function trainedOwners(model: KerasModel): KerasLayer[] {
  return model.layers.flatMap((layer) => {
    if (layer.config.trainable === false) return [];
    return layer.model ? trainedOwners(layer.model) : times(layer, weightCounts(layer).trained);
  });
}

function otherOwners(model: KerasModel): KerasLayer[] {
  return model.layers.flatMap((layer) => {
    const isFrozen = layer.config.trainable === false;
    if (layer.model) return [...(isFrozen ? trainedOwners(layer.model) : []), ...otherOwners(layer.model)];
    const { trained, other } = weightCounts(layer);
    return times(layer, isFrozen ? trained + other : other);
  });
}

function times(layer: KerasLayer, count: number): KerasLayer[] {
  return Array.from({ length: count }, () => layer);
}

/** How many weights a layer has, by its class and settings; classes that are not here have none. */
export function weightCounts(layer: KerasLayer): { trained: number; other: number } {
  const counts = Object.hasOwn(COUNTS, layer.className) ? COUNTS[layer.className] : undefined;
  if (!counts) return { trained: 0, other: 0 };
  const { always, settings, other = 0 } = counts;
  const weighted = { ...layer, weights: [] };
  return { trained: always + settings.filter((key) => booleanSetting(weighted, key, true)).length, other };
}

interface Counts {
  /** Trained whatever the settings. */
  always: number;
  /** Settings that bring one more. */
  settings: readonly string[];
  other?: number;
}

const KERNEL: Counts = { always: 1, settings: ['use_bias'] };
const SCALE_AND_CENTRE: Counts = { always: 0, settings: ['scale', 'center'] };

const COUNTS: Record<string, Counts> = {
  Conv2D: KERNEL,
  Conv2DTranspose: KERNEL,
  DepthwiseConv2D: KERNEL,
  Dense: KERNEL,
  SeparableConv2D: { always: 2, settings: ['use_bias'] },
  PReLU: { always: 1, settings: [] },
  LayerScale: { always: 1, settings: [] },
  BatchNormalization: { ...SCALE_AND_CENTRE, other: 2 },
  LayerNormalization: SCALE_AND_CENTRE,
  GroupNormalization: SCALE_AND_CENTRE,
  Normalization: { always: 0, settings: [], other: 3 },
  BatchNormalizationV1: { ...SCALE_AND_CENTRE, other: 2 },
  BatchNormalizationV2: { ...SCALE_AND_CENTRE, other: 2 },
  SyncBatchNormalization: { ...SCALE_AND_CENTRE, other: 2 },
  RMSNormalization: { always: 1, settings: [] },
};

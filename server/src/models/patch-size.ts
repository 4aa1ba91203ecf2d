import { Problem } from '../errors.ts';

/** What a manifest may say: the side of a square, or [height, width]. */
export type PatchSize = number | readonly [number, number];

/**
 * Height and width of the images that a model takes: its own, or the manifest's where it leaves them open.
 *
 * @param shape of the model's input without the batch, null where open
 * @param layout which of its dimensions are the channels
 * @throws Problem where it is no RGB image, nobody says the size, or both do and differ
 */
export function inputSize(
  shape: readonly (number | null)[],
  layout: 'NCHW' | 'NHWC',
  patchSize: PatchSize | undefined,
): { height: number; width: number } {
  const shown = `[${shape.map((size) => size ?? '?').join(', ')}]`;
  if (shape.length !== 3) {
    throw new Problem('unreadable-model', `the input should be an image of rows, columns and channels, found ${shown}`);
  }
  const [height, width, channels] = layout === 'NHWC' ? shape : [shape[1], shape[2], shape[0]];
  if (channels !== 3 && channels !== null) {
    throw new Problem('unreadable-model', `the input should have 3 channels (RGB), found ${channels} in ${shown}`);
  }
  const wanted = typeof patchSize === 'number' ? [patchSize, patchSize] : patchSize;
  const pick = (own: number | null, given: number | undefined) => {
    if (own !== null && given !== undefined && own !== given) {
      throw new Problem(
        'unreadable-model',
        `the manifest's patchSize ${JSON.stringify(patchSize)} contradicts the model's input ${shown}`,
      );
    }
    const size = own ?? given;
    if (size === undefined) {
      throw new Problem('unreadable-model', `the input ${shown} leaves the size open: the manifest must say patchSize`);
    }
    return size;
  };
  return { height: pick(height, wanted?.[0]), width: pick(width, wanted?.[1]) };
}

import { dirname, join } from 'node:path';
import { Problem } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import type { Model } from './model.ts';

/** Largest difference from the manifest's golden probabilities. */
const GOLDEN_TOLERANCE = 1e-3;

/**
 * The manifest's own patch must give the manifest's own probabilities.
 *
 * @param file the manifest's path
 * @throws Problem `unreadable-model` naming the class and the two numbers
 */
export async function checkGolden(model: Model, golden: NonNullable<Manifest['golden']>, file: string): Promise<void> {
  const { patchHeight, patchWidth, classes } = model.description;
  const { asRgb, openImage } = await import('../slides/image-file.ts');
  const image = join(dirname(file), golden.patch);
  const pixels = await asRgb(openImage(image))
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new Problem('unreadable-model', `${file}: golden.patch: '${golden.patch}' cannot be read`, {
        cause: error,
      });
    });
  const { width, height, channels } = pixels.info;
  if (width !== patchWidth || height !== patchHeight || channels !== 3) {
    throw new Problem(
      'unreadable-model',
      `${file}: golden.patch: ${patchWidth} x ${patchHeight} RGB pixels are expected, found ${width} x ${height} of ${channels}`,
    );
  }
  if (golden.probabilities.length !== classes.length) {
    const found = golden.probabilities.length;
    throw new Problem(
      'unreadable-model',
      `${file}: golden.probabilities: ${classes.length} are expected, found ${found}`,
    );
  }
  const { probabilities } = await model.classify(pixels.data, 1);
  const camLayer = model.description.camLayer;
  for (const [i, expected] of golden.probabilities.entries()) {
    if (!(Math.abs(probabilities[i] - expected) <= GOLDEN_TOLERANCE)) {
      throw new Problem(
        'unreadable-model',
        `${file}: golden: for class '${classes[i].name}' (map at layer '${camLayer}') the probability should be ` +
          `${expected}, the model gives ${probabilities[i].toPrecision(6)}`,
      );
    }
  }
}

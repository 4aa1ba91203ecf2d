import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** Magnified more than this, a slide shows a model nothing that it was trained on; more likely a unit is wrong. */
const MOST_MAGNIFICATION = 4;

/** A resolution this close to the slide's own is the slide's own: its pixels are then classified unchanged. */
const SAME_RESOLUTION = 0.02;

/**
 * The downsample at which patches are cut: 1, unless the manifest names microns per pixel and the slide knows its own.
 * @throws Problem `unreadable-slide` where the slide is smaller than one patch at that downsample, or four times too
 *   coarse for the model
 */
export function analysisDownsample(
  slide: SlideDescription,
  model: ModelDescription,
): { downsample: number; warnings: string[] } {
  const warnings: string[] = [];
  let downsample = 1;
  if (model.resolution !== undefined && model.resolution !== 'any') {
    if (slide.mpp === null) {
      warnings.push(
        `the model expects ${model.resolution.mpp} microns per pixel, but the slide does not say its own; it is classified as it is`,
      );
    } else {
      downsample = model.resolution.mpp / slide.mpp;
      if (Math.abs(downsample - 1) < SAME_RESOLUTION) downsample = 1;
      if (downsample < 1 / MOST_MAGNIFICATION) {
        throw new Problem(
          'unreadable-slide',
          `${slide.file}: expected a slide of at most ${model.resolution.mpp * MOST_MAGNIFICATION} microns per pixel for ${model.file}, which expects ${model.resolution.mpp}, found ${slide.mpp}`,
        );
      }
      if (downsample < 1) {
        warnings.push(
          `the slide has ${slide.mpp} microns per pixel and the model expects ${model.resolution.mpp}: the slide is magnified for it`,
        );
      }
    }
  }
  const [width, height] = [model.patchWidth * downsample, model.patchHeight * downsample];
  if (slide.width < width || slide.height < height) {
    throw new Problem(
      'unreadable-slide',
      `${slide.file}: expected at least one patch of ${Math.ceil(width)} x ${Math.ceil(height)} pixels for ${model.file}, found a slide of ${slide.width} x ${slide.height}`,
    );
  }
  return { downsample, warnings };
}

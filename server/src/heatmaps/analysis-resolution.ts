import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import { sidecarFile } from '../slides/sidecar.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** Magnified more than this, a slide lacks the detail that a model was trained on. */
const MOST_MAGNIFICATION = 1.05;

/** A resolution this close to the slide's own is the slide's own: its pixels are then classified unchanged. */
const SAME_RESOLUTION = 0.02;

/**
 * The downsample at which patches are cut: 1, unless the manifest names microns per pixel.
 * @throws Problem `unreadable-slide` where the manifest does and the slide does not know its own or is too coarse, and where
 *   the slide is smaller than one patch
 */
export function analysisDownsample(
  slide: SlideDescription,
  model: Pick<ModelDescription, 'file' | 'resolution' | 'patchHeight' | 'patchWidth'>,
): { downsample: number; warnings: string[] } {
  const warnings: string[] = [];
  let downsample = 1;
  if (model.resolution !== undefined && model.resolution !== 'any') {
    const { mpp } = model.resolution;
    if (slide.mpp === null) {
      throw new Problem(
        'unreadable-slide',
        `${slide.file}: expected its microns per pixel, for ${model.file} was trained at ${mpp}, found none; ${remedies(slide)}`,
      );
    }
    downsample = mpp / slide.mpp;
    if (Math.abs(downsample - 1) < SAME_RESOLUTION) downsample = 1;
    if (downsample < 1 / MOST_MAGNIFICATION) {
      throw new Problem(
        'unreadable-slide',
        `${slide.file}: expected at most ${Number((mpp * MOST_MAGNIFICATION).toPrecision(6))} microns per pixel, for ${model.file} was trained at ${mpp}, found ${slide.mpp}; if that is wrong ${remedies(slide)}`,
      );
    }
    if (downsample < 1) {
      warnings.push(
        `the slide has ${slide.mpp} microns per pixel and the model expects ${mpp}: the slide is magnified for it`,
      );
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

function remedies(slide: SlideDescription): string {
  return slide.mppRemedy ?? mppRemedy(slide);
}

/**
 * The end of a sentence: how a user can say the microns per pixel of a slide.
 * @param option of the command line that takes them, if there is one
 */
export function mppRemedy({ file, mppPlace }: Pick<SlideDescription, 'file' | 'mppPlace'>, option?: string): string {
  const place = mppPlace ?? `in ${sidecarFile(file)}, as {"mpp": 0.5}`;
  return `give them ${option === undefined ? '' : `with ${option} or `}${place}`;
}

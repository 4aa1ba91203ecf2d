import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import { readSlideHeader } from '../slides/describe-slide.ts';
import { asRgb, openImage } from '../slides/image-file.ts';

/**
 * The pixels of an image of exactly one patch, RGB bytes, shape [patchHeight, patchWidth, 3].
 * @throws Problem `not-found`, `unreadable-slide`, `bad-parameter` for another size
 */
export async function readPatchImage(file: string, { patchHeight, patchWidth }: ModelDescription): Promise<Uint8Array> {
  const { width, height, reader } = await readSlideHeader(file);
  if (width !== patchWidth || height !== patchHeight) {
    throw new Problem(
      'bad-parameter',
      `--patch ${file}: expected an image of ${patchWidth} x ${patchHeight} pixels, found one of ${width} x ${height}`,
    );
  }
  return await asRgb(openImage(file, { autoOrient: reader === 'picture' }))
    .raw()
    .toBuffer();
}

import { createHash } from 'node:crypto';
import { checkConvertible, convertedSlide } from '../converted-slide.ts';
import { checkSamples, hasInkProfile, profileIn } from '../image-file.ts';
import type { Reader } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import { densityMpp } from '../resolution.ts';
import type { SlideHeader } from '../slide.ts';
import { tiffSource } from '../tiff-source.ts';

/** Values of EXIF's orientation from which on width and height change places. */
const FIRST_SIDEWAYS = 5;

/**
 * JPEG, PNG and WebP: no region of them can be read, so they are turned into a lossless tiled pyramid in the store, the way
 * up that their EXIF data say.
 */
export const pictureReader: Reader = {
  header: async (recognized) => (await inspect(recognized)).header,

  async describe(recognized, options) {
    const { header, orientation, hasInk } = await inspect(recognized);
    const fingerprint = readingFingerprint(options.fingerprint, orientation, hasInk);
    const picture = { page: 0, turned: orientation !== 1, hasInkProfile: hasInk };
    return convertedSlide(header, picture, { ...options, fingerprint });
  },

  open: (description, { tiles }) => tiffSource(description, tiles),

  profile: ({ file }) => profileIn(file, 0),
};

async function inspect({ file, format }: Recognized) {
  const metadata = await checkSamples(file, 0);
  const { density, orientation = 1, isProgressive = false } = metadata;
  const isSideways = orientation >= FIRST_SIDEWAYS;
  const width = isSideways ? metadata.height : metadata.width;
  const height = isSideways ? metadata.width : metadata.height;
  const header: SlideHeader = {
    file,
    format,
    reader: 'picture',
    width,
    height,
    mpp: densityMpp(density),
    objective: null,
    channels: [],
    levels: [{ width, height }],
  };
  await checkConvertible(file, header, isProgressive || format === 'WebP' || orientation !== 1);
  return { header, orientation, hasInk: hasInkProfile(metadata) };
}

/**
 * Another slide than the file's pixels as they are stored, which is what it was when orientations were not looked at,
 * and than CMYK that was converted by a profile that was not its own.
 */
function readingFingerprint(fingerprint: string, orientation: number, hasInk: boolean): string {
  const how = [...(orientation === 1 ? [] : [`orientation ${orientation}`]), ...(hasInk ? ['ink profile'] : [])];
  if (how.length === 0) return fingerprint;
  return createHash('sha256')
    .update([fingerprint, ...how].join(' '))
    .digest('hex')
    .slice(0, 16);
}

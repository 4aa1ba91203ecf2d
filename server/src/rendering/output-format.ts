import { basename, extname } from 'node:path';
import type { Sharp } from 'sharp';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';

/**
 * A lossy WebP keeps its blocks' modes in half a megabyte: larger pictures take libwebp minutes of attempts, and then often
 * fail. Above this they are lossless, which has no such limit, but takes 17 bytes of memory a pixel.
 */
const LOSSY_WEBP_PIXELS = 12_000_000;

export interface OutputFormat {
  name: string;
  endings: readonly string[];
  /** Most pixels a side that the file format can hold. */
  maxSide: number;
  /** Encodes from the first row to the last without holding the picture, as far as the format allows. */
  encode: (image: Sharp, size: Size) => Sharp;
}

const FORMATS: readonly OutputFormat[] = [
  {
    name: 'PNG',
    endings: ['.png'],
    // The file format has 31 bits, libpng stops at a million.
    maxSide: 1_000_000,
    encode: (image) => image.png({ compressionLevel: 6 }),
  },
  {
    name: 'JPEG',
    endings: ['.jpg', '.jpeg'],
    maxSide: 65_535,
    // Optimised Huffman tables would need a second pass over all coefficients, held in memory.
    encode: (image) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4', optimiseCoding: false }),
  },
  {
    name: 'WebP',
    endings: ['.webp'],
    maxSide: 16_383,
    encode: (image, { width, height }) =>
      width * height <= LOSSY_WEBP_PIXELS ? image.webp({ quality: 90 }) : image.webp({ lossless: true, effort: 0 }),
  },
  {
    name: 'TIFF',
    endings: ['.tif', '.tiff'],
    maxSide: 2 ** 31 - 1,
    encode: (image) =>
      image.tiff({
        tile: true,
        tileWidth: 256,
        tileHeight: 256,
        pyramid: true,
        bigtiff: true,
        compression: 'deflate',
        predictor: 'horizontal',
      }),
  },
];

/**
 * The format that a file's ending asks for, provided that it can hold a picture of that size.
 * @param below rows beneath the picture, whatever its scale
 * @throws Problem `bad-parameter` for any other ending, `too-large` where the format ends earlier
 */
export function checkOutput(file: string, width: number, height: number, below = 0): OutputFormat {
  const ending = extname(file).toLowerCase();
  const format = FORMATS.find(({ endings }) => endings.includes(ending));
  if (format === undefined) {
    throw new Problem(
      'bad-parameter',
      `${basename(file)}: expected a file name that ends in .png, .jpg, .webp or .tif, found ${ending || 'no ending'}`,
    );
  }
  const { maxSide } = format;
  if (Math.max(width, height + below) > maxSide) {
    const scale = Math.floor(1000 * Math.min(maxSide / width, (maxSide - below) / height)) / 1000;
    throw new Problem(
      'too-large',
      `${basename(file)}: ${format.name} holds at most ${maxSide} pixels a side, the picture has ` +
        `${width} x ${height + below}${below > 0 ? ', its legend included' : ''}; TIFF holds it, or a scale that is ${scale} of this one`,
    );
  }
  return format;
}

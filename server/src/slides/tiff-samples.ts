import type { TiffDirectory } from './tiff-directories.ts';

/** What a directory says of the samples of its pixels; names and numbers of TIFF 6.0. */
export interface TiffSamples {
  /** Samples of a pixel. */
  samples: number;
  /** Whether these lie apart, each in a plane of its own. */
  isPlanar: boolean;
  /** Of a sample, the first of each pixel; others are refused by what decodes them. */
  bits: number;
  /** 1 unsigned, 2 signed, 3 float, 4 not said, 5 complex and signed, 6 complex and float. */
  sampleFormat: number;
  /** How samples are colours; undefined where the file does not say. */
  photometric: number | undefined;
  /** Whether YCbCr has fewer samples of colour than of brightness, as it has where the file does not say. */
  isSubsampled: boolean;
  /** What the first sample beyond the colours is: 0 not said, 1 and 2 alpha; undefined where no tag tells. */
  extraSample: number | undefined;
}

const RGB = 2;
const PALETTE = 3;
const CMYK = 5;
const YCBCR = 6;
const JPEG: ReadonlySet<number> = new Set([6, 7]);

/** White is 0, black is 0, RGB, palette, CMYK, YCbCr. */
const READ: ReadonlySet<number> = new Set([0, 1, 2, PALETTE, CMYK, YCBCR]);

const OTHER_COLOURS: Record<number, string> = {
  4: 'a mask',
  8: 'CIELAB',
  9: 'CIELAB',
  10: 'CIELAB',
  32803: 'those of a camera’s sensor',
  32844: 'LogL',
  32845: 'LogLuv',
  34892: 'those of a camera’s sensor',
};

const KINDS: Record<number, string> = { 2: 'signed', 3: 'floating-point', 5: 'complex', 6: 'complex' };

const DEPTHS: ReadonlySet<number> = new Set([8, 16]);
/** Of grey and palettes, too: several pixels lie in a byte. */
const SMALL_DEPTHS: ReadonlySet<number> = new Set([1, 2, 4]);

/** Why the samples of a picture do not become RGB, for the end of a sentence, or null where they may. */
export function samplesProblem(directory: TiffSamples & Pick<TiffDirectory, 'compression'>): string | null {
  const { samples, bits, sampleFormat, photometric, isSubsampled, compression } = directory;
  if (photometric !== undefined && !READ.has(photometric)) {
    const found = OTHER_COLOURS[photometric] ?? `of kind ${photometric}`;
    return `its colours are ${found}; grey, RGB, a palette, CMYK or YCbCr in JPEG was expected`;
  }
  // libvips takes them for red, green and blue.
  if (photometric === YCBCR && !JPEG.has(compression) && !isSubsampled) {
    return 'its colours are YCbCr, neither subsampled nor compressed as JPEG; RGB was expected';
  }
  const kind = KINDS[sampleFormat];
  if (kind !== undefined) {
    return `8 or 16 bits per channel without sign were expected, its samples are ${kind} numbers of ${bits} bits`;
  }
  if (!DEPTHS.has(bits) && !(samples === 1 && SMALL_DEPTHS.has(bits))) {
    return `8 or 16 bits per channel were expected, its samples have ${bits} bits`;
  }
  return null;
}

/**
 * Whether a pixel has samples beside its colours that are no alpha, or more than that: they are passed over. One alone of which
 * no tag tells is taken for alpha, as other programs take it.
 */
export function hasOtherSamples({
  samples,
  photometric,
  extraSample,
}: Omit<TiffSamples, 'bits' | 'isPlanar' | 'isSubsampled' | 'sampleFormat'>): boolean {
  const others = samples - coloursOf(photometric, samples);
  return others > 1 || (others === 1 && extraSample === 0);
}

const PLANES_OF_RGB = 3;

/**
 * The planes of a picture that are its colours, or the first of other samples, where they lie apart; null where they do
 * not, or are no colours by themselves.
 */
export function planesOf({ samples, isPlanar, photometric, extraSample }: TiffSamples): number[] | null {
  const others = samples - coloursOf(photometric, samples);
  const hasAlpha = others > 0 && !hasOtherSamples({ samples, photometric, extraSample });
  if (!isPlanar || hasAlpha || photometric === undefined || photometric > RGB) return null;
  return photometric === RGB ? Array.from({ length: PLANES_OF_RGB }, (_, plane) => plane) : [0];
}

function coloursOf(photometric: number | undefined, samples: number): number {
  if (photometric === CMYK) return 4;
  if (photometric === undefined) return samples;
  return photometric < RGB || photometric === PALETTE ? 1 : 3;
}

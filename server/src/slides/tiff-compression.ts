/** Aperio's JPEG 2000, in YCbCr and in RGB: read through OpenSlide. */
const APERIO_JPEG_2000: ReadonlySet<number> = new Set([33003, 33005]);

/** Compressions of TIFF tiles and strips that libvips does not decode as sharp has it, by their numbers. */
const NOT_DECODED: Record<number, string> = {
  22610: 'JPEG XR',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  34926: 'Zstandard',
  34933: 'PNG',
  34934: 'JPEG XR',
  50000: 'Zstandard',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

/** Whether an Aperio slide of such a compression is for OpenSlide to read. */
export function isAperioJpeg2000(compression: number): boolean {
  return APERIO_JPEG_2000.has(compression);
}

/** Why a TIFF of such a compression is not read, or null where it may be. */
export function compressionProblem(compression: number): string | null {
  const name = NOT_DECODED[compression];
  if (name === undefined) return null;
  return `its compression is ${name}; JPEG, WebP, LZW, Deflate, PackBits, CCITT or none was expected`;
}

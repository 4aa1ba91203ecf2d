/** Second bytes of JPEG's markers (ITU-T T.81, table B.1). */
export const MARKER = {
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  COM: 0xfe,
  APP0: 0xe0,
  APP14: 0xee,
  APP15: 0xef,
};

/** What comes before a stream's first scan, in views of its bytes, and everything from the scan on. */
export interface JpegSegments {
  /** Each with its marker. */
  kept: Uint8Array[];
  /** Null where there are tables alone. */
  rest: Uint8Array | null;
}

/**
 * The segments of a JPEG stream before its first scan, without those of applications and comments (a TIFF's reader
 * looks at none of them, and one that tells of colours or orientation may be wrong), and everything from the scan on.
 * `rest` is null where there are tables alone. Null where it is damaged.
 */
export function jpegSegments(stream: Uint8Array): JpegSegments | null {
  if (stream[0] !== 0xff || stream[1] !== MARKER.SOI) return null;
  const kept: Uint8Array[] = [];
  for (let at = 2; at + 1 < stream.length; ) {
    if (stream[at] !== 0xff) return null;
    const marker = stream[at + 1];
    // Any number of fill bytes may come before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === MARKER.EOI) return { kept, rest: null };
    if (marker === MARKER.SOS) return hasEnd(stream) ? { kept, rest: stream.subarray(at) } : null;
    const end = at + 2 + ((stream[at + 2] << 8) | stream[at + 3]);
    if (!(end >= at + 4 && end <= stream.length)) return null;
    if (!(marker >= MARKER.APP0 && marker <= MARKER.APP15) && marker !== MARKER.COM)
      kept.push(stream.subarray(at, end));
    at = end;
  }
  return null;
}

/** Whether nothing but padding comes after the last marker, which is that of the end. */
function hasEnd(stream: Uint8Array): boolean {
  const end = stream.lastIndexOf(MARKER.EOI);
  return stream[end - 1] === 0xff && stream.subarray(end + 1).every((byte) => byte === 0 || byte === 0xff);
}

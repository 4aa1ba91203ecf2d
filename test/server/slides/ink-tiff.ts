import { writtenTiff } from './written-tiff.ts';

/** A TIFF in CMYK of one tile, or one strip. */
export function inkTiff(samples: Uint8Array, side: number, profile: Uint8Array | null, isStrip: boolean): Uint8Array {
  return writtenTiff({
    ...{ littleEndian: true, big: false, width: side, height: side, tileSize: side, isStrip, tiles: [samples] },
    tags: [
      [258, 'short', [8, 8, 8, 8]],
      [259, 'short', [1]],
      [262, 'short', [5]],
      [277, 'short', [4]],
      ...(profile ? [[34_675, 'undefined', profile] satisfies [number, 'undefined', Uint8Array]] : []),
    ],
  });
}

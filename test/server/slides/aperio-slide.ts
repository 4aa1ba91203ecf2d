import { picture } from './pictures.ts';
import { type RawTiles, rawTiles } from './raw-tiles.ts';
import type { TiffTag } from './written-tiff.ts';

const WRITER = 'Aperio Image Library v11.2.1';

/** What an Aperio slide has beside itself. */
export const APERIO_PICTURES = {
  thumbnail: picture(128, 96),
  label: picture(60, 70),
  macro: picture(150, 50),
};

/**
 * An Aperio slide of 512 x 384 pixels, uncompressed, with thumbnail, label and macro image as its scanners place them.
 * @param isNewer whether it says by their types alone which they are, as newer scanners do
 */
export function aperioSlide(isNewer = false): Uint8Array {
  const { thumbnail, label, macro } = APERIO_PICTURES;
  const described = (text: string): TiffTag[] => [[270, 'ascii', [...Buffer.from(`${WRITER} \n${text}\0`)]]];
  const strip = (pixels: Omit<RawTiles, 'tileSize'>, text: string, type: number): RawTiles => ({
    ...{ ...pixels, tileSize: 128, isStrip: true },
    tags: [[254, 'long', [type]], ...described(isNewer ? '' : text)],
  });
  return rawTiles(
    { ...picture(512, 384), tileSize: 128, tags: described('512x384 (128x128)|AppMag = 20|MPP = 0.5') },
    strip(thumbnail, '512x384 -> 128x96 - |', 0),
    { ...picture(256, 192), tileSize: 128, tags: described('512x384 (128x128) -> 256x192|AppMag = 20|MPP = 0.5') },
    strip(label, 'label 60x70', 1),
    strip(macro, 'macro 150x50', 9),
  );
}

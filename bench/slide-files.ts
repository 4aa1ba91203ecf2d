import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Size } from '../shared/geometry/deep-zoom.ts';
import { type TiffTag, type WrittenTiff, writtenTiff } from '../test/server/slides/written-tiff.ts';

/** A level for each half of the size, down to one of so many pixels. */
const SMALLEST = 512;

const ascii = (tag: number, text: string): TiffTag => [tag, 'ascii', [...new TextEncoder().encode(`${text}\0`)]];

/** Writes a pyramid as a Trestle slide, which OpenSlide alone reads here, with JPEG tiles of the quality that scanners have. */
export async function writeJpegTrestle(file: string, picture: string, size: Size, tileSize: number): Promise<void> {
  const pages: WrittenTiff[] = [];
  for (let scale = 1; Math.min(size.width, size.height) / scale >= SMALLEST; scale *= 2) {
    const width = Math.ceil(size.width / scale);
    const height = Math.ceil(size.height / scale);
    const data = await sharp(picture, { page: Math.log2(scale), limitInputPixels: false })
      .removeAlpha()
      .raw()
      .toBuffer();
    const tiles: Uint8Array[] = [];
    for (let top = 0; top < height; top += tileSize) {
      for (let left = 0; left < width; left += tileSize) {
        const part = { left, top, width: Math.min(tileSize, width - left), height: Math.min(tileSize, height - top) };
        const extended = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
          .extract(part)
          .extend({ right: tileSize - part.width, bottom: tileSize - part.height });
        tiles.push(await extended.jpeg({ quality: 88 }).toBuffer());
      }
    }
    pages.push({
      ...{ littleEndian: true, big: false, width, height, tileSize, tiles },
      tags: [
        [258, 'short', [8, 8, 8]],
        [259, 'short', [7]],
        [262, 'short', [6]],
        [277, 'short', [3]],
        ascii(305, 'MedScan'),
        ascii(270, 'Background Color=FFFFFF;OverlapsXY= 0 0'),
      ],
    });
  }
  const [first, ...others] = pages;
  await writeFile(file, writtenTiff(first, ...others));
}

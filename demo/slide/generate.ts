import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { layBase } from './base.ts';
import { cavities, layCavities } from './cavities.ts';
import { layLinings, layNuclei } from './cells.ts';
import { random } from './noise.ts';
import { nucleusStamps } from './nuclei.ts';
import { rawTiffHead } from './raw-tiff.ts';
import { stainTable } from './stain.ts';
import { textures } from './textures.ts';
import { NODE_SPACING, type SlideOptions, tissueMap } from './tissue-map.ts';

/** Microns per pixel of the demo slide, as its TIFF tags say. */
export const DEMO_MPP = 0.5;

/** What `openseadragon-cam demo` shows. */
export const DEMO_SLIDE: SlideOptions = { seed: 1, width: 12288, height: 8192 };

/** Rows that are painted at a time: a multiple of the tissue map's spacing. */
const BAND_ROWS = 16 * NODE_SPACING;

export interface GenerateOptions extends SlideOptions {
  /** Called with the share that is done, 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes the demo slide: a tiled pyramidal TIFF (JPEG) that looks like stained tissue and whose truth is known. The
 * file appears when it is complete. The same options give the same pixels.
 * @throws the signal's reason when it is aborted
 */
export async function generateDemoSlide(
  file: string,
  { onProgress, signal, ...slide }: GenerateOptions,
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const raw = `${file}.${process.pid}.raw.tif`;
  const made = `${file}.${process.pid}.tif`;
  try {
    await paint(raw, slide, (share) => onProgress?.(0.7 * share), signal);
    signal?.throwIfAborted();
    await sharp(raw, { limitInputPixels: false, sequentialRead: true })
      .tiff({
        compression: 'jpeg',
        quality: 88,
        tile: true,
        tileWidth: 256,
        tileHeight: 256,
        pyramid: true,
        resolutionUnit: 'cm',
        xres: 1000 / DEMO_MPP,
        yres: 1000 / DEMO_MPP,
      })
      .toFile(made);
    await rename(made, file);
    onProgress?.(1);
  } finally {
    await Promise.all([rm(raw, { force: true }), rm(made, { force: true })]);
  }
}

/** Paints the slide band by band into an uncompressed TIFF file, which libvips then reads as a stream. */
async function paint(
  file: string,
  slide: SlideOptions,
  onProgress: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const output = await open(file, 'w');
  try {
    await output.write(rawTiffHead(slide.width, slide.height));
    for (const band of paintBands(slide)) {
      signal?.throwIfAborted();
      await output.write(band.pixels);
      onProgress((band.top + band.rows) / slide.height);
    }
  } finally {
    await output.close();
  }
}

/** RGB pixels, row-major, of consecutive bands of a slide; the buffer is used again for the next one. */
export function* paintBands(slide: SlideOptions): Generator<{ top: number; rows: number; pixels: Uint8Array }> {
  const { seed, width, height } = slide;
  const map = tissueMap(slide);
  const holes = cavities(map, seed);
  const tiles = textures(seed);
  const stamps = nucleusStamps(seed);
  const colours = stainTable();
  const speckle = Uint8Array.from({ length: 65536 + 256 }, (_, i) => Math.floor(5 * random(i, 3, seed)));
  const amounts = { haematoxylin: new Uint8Array(width * BAND_ROWS), eosin: new Uint8Array(width * BAND_ROWS) };
  const pixels = new Uint8Array(3 * width * BAND_ROWS);
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    const band = { top, width, height: rows, ...amounts };
    layBase(map, band, tiles);
    layCavities(holes, band);
    layNuclei(map, holes, band, stamps, seed);
    layLinings(holes, band, stamps);
    for (let i = 0, to = 0, grain = Math.floor(65536 * random(top, 1, seed)); i < width * rows; i++, to += 3, grain++) {
      const noise = speckle[grain & 0xffff];
      if ((i & 0xfff) === 0) grain = Math.floor(65536 * random(i, top, seed));
      const haematoxylin = Math.min(255, amounts.haematoxylin[i] + noise);
      const eosin = Math.min(255, amounts.eosin[i] + (noise >> 1));
      const colour = colours[(haematoxylin << 8) | eosin];
      pixels[to] = colour;
      pixels[to + 1] = colour >> 8;
      pixels[to + 2] = colour >> 16;
    }
    yield { top, rows, pixels: pixels.subarray(0, 3 * width * rows) };
  }
}

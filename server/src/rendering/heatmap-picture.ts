import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { areaWindow, finestRaster } from '../../../shared/geometry/score-raster.ts';
import { paintArea } from '../../../shared/painting/paint-area.ts';
import type { PaintStyle } from '../../../shared/painting/style.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import { scoreTile } from '../heatmaps/score-tile.ts';
import type { SlideReader } from '../slides/slide.ts';
import { compositeOver } from './composite.ts';
import { readStrip, renderedSize } from './slide-strip.ts';

/** Rows that are painted at a time: some hundredths of a second, for others wait for their answers meanwhile. */
const STRIP_HEIGHT = 64;

/** Pixels of a picture, row-major: RGB over the slide, RGBA (straight alpha) without it. */
export interface HeatmapPicture extends Size {
  channels: 3 | 4;
  data: Uint8Array;
}

/**
 * The whole heatmap from what is known now, held in memory: for pictures of a few thousand pixels. `render` writes larger ones.
 * @param scale picture pixels per slide pixel, above 0 and up to 1
 * @param classes indices of the classes that the style's planes stand for
 * @param slide what it lies over; transparent where there is none
 * @throws the signal's reason once it is aborted
 */
export async function heatmapPicture(
  heatmap: Heatmap,
  scale: number,
  { classes, style }: { classes: readonly number[]; style: PaintStyle },
  slide: SlideReader | undefined,
  signal: AbortSignal,
): Promise<HeatmapPicture> {
  const { width, height } = renderedSize(heatmap.pyramid, scale);
  const channels = slide ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += STRIP_HEIGHT) {
    signal.throwIfAborted();
    const area = { x: 0, y, width, height: Math.min(STRIP_HEIGHT, height - y) };
    const window = areaWindow(heatmap.grid, area, 1 / scale, finestRaster(style.score));
    const tile = await scoreTile(heatmap, window, style.score, classes);
    const painted = paintArea(tile, window, heatmap.grid, area, 1 / scale, style).data;
    const below = slide && (await readStrip(slide, scale, y, area.height));
    if (below) compositeOver(below, painted);
    data.set(below ?? painted, y * width * channels);
  }
  return { width, height, channels, data };
}

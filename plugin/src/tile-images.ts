import { tileBounds } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { paintComparedScores } from './compared-pixels.ts';
import type { CamSettings } from './options.ts';
import { isCompared } from './shown.ts';
import { paintScores } from './tile-pixels.ts';
import type { TileScores } from './tile-scores.ts';

/** Bytes of images that are kept for the next tiles: those of a screen of 2000 x 2000 pixels. */
const KEPT_BYTES = 16e6;

/** The painted tiles of a layer. Memory that comes and goes with every tile is what most of a recolouring would be spent on. */
export interface TileImages {
  /** @param other what is taken from the scores, where the settings compare two heatmaps */
  paint(
    scores: TileScores,
    descriptor: HeatmapDescriptor,
    settings: CamSettings,
    other?: { descriptor: HeatmapDescriptor; scores: TileScores; paint: typeof paintComparedScores },
  ): ImageData;
  /** The image is on a canvas, and may become another. */
  release(image: ImageData): void;
}

export function tileImages(): TileImages {
  const kept: ImageData[] = [];
  return {
    paint: (scores, descriptor, settings, other) => {
      const { width, height } = tileBounds(descriptor, scores.address);
      let image = kept.pop();
      if (image?.width !== width || image.height !== height) image = new ImageData(width, height);
      const { tile, address, request } = scores.tile ? scores : (scores.standIn ?? scores);
      if (isCompared(settings)) {
        const { data } = image;
        if (!other?.paint(scores, descriptor, other.scores, other.descriptor, settings, data)) data.fill(0);
      } else if (tile) paintScores(tile, address, request, descriptor, settings, scores.address, image.data);
      else image.data.fill(0);
      return image;
    },
    release: (image) => {
      if (kept.length * image.data.length < KEPT_BYTES) kept.push(image);
    },
  };
}

/** Puts an image on a canvas of its own. */
export function canvasOf(image: ImageData): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gave no 2D canvas for a heatmap tile');
  context.putImageData(image, 0, 0);
  return context;
}

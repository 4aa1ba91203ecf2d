import { type TileAddress, tileBounds } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { CamSettings } from './options.ts';
import { paintScores } from './tile-pixels.ts';
import type { TileRequest } from './tile-request.ts';

/** The scores behind one OpenSeadragon tile; the object stays, its scores are replaced by better ones. */
export interface TileScores {
  readonly address: TileAddress;
  request: TileRequest;
  /** Undefined where the fetch failed: until it succeeds the stand-in is shown. */
  tile: ScoreTile | undefined;
  /** Of a coarser tile that covers this one. */
  standIn?: TileScores | undefined;
  missing: number;
  /** The server's own; undefined where it has none. */
  revision: number | undefined;
  /** To be asked for again, whatever it holds. */
  stale: boolean;
  /** Fetches in a row that failed, or brought less than was announced. */
  fruitless: number;
  /** Milliseconds of `performance.now` before which it is not asked for again. */
  notBefore: number;
  /** Revision of the settings with which the tile's canvas was painted. */
  painted: number;
}

/** Paints scores on a canvas of their own: OpenSeadragon destroys a canvas that it has replaced. */
export function paintCanvas(
  scores: TileScores,
  descriptor: HeatmapDescriptor,
  settings: CamSettings,
): CanvasRenderingContext2D {
  const { width, height } = tileBounds(descriptor, scores.address);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('The browser gave no 2D canvas for a heatmap tile');
  const source = scores.tile ? scores : scores.standIn;
  if (source?.tile) {
    const { data } = paintScores(source.tile, source.address, source.request, descriptor, settings, scores.address);
    context.putImageData(new ImageData(data, width, height), 0, 0);
  }
  return context;
}

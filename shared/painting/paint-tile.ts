import { levelScale, type TileAddress, type TilePyramid, tileBounds } from '../geometry/deep-zoom.ts';
import type { PatchGrid } from '../geometry/patch-grid.ts';
import type { TileWindow } from '../geometry/score-raster.ts';
import { type PaintedArea, paintArea } from './paint-area.ts';
import type { PaintStyle, ScoreTile } from './style.ts';

/**
 * Paints a heatmap tile, overlap included. `tile` holds the values of `window`, which is the `tileWindow` of `address`
 * for the style's score; server and browser get the same bytes.
 */
export function paintTile(
  tile: ScoreTile,
  window: TileWindow,
  grid: PatchGrid,
  pyramid: TilePyramid,
  address: TileAddress,
  style: PaintStyle,
  pixels?: PaintedArea['data'],
): PaintedArea {
  return paintArea(tile, window, grid, tileBounds(pyramid, address), levelScale(pyramid, address.level), style, pixels);
}

import {
  levelScale,
  maxLevel,
  type Rectangle,
  type TileAddress,
  tileCount,
} from '../../../shared/geometry/deep-zoom.ts';
import { rasterLevelFor, scoreRaster, type TileWindow, tileWindow } from '../../../shared/geometry/score-raster.ts';
import { type HeatmapDescriptor, MAX_CLASS_PLANES } from '../../../shared/heatmap-descriptor.ts';
import type { HeatmapClient } from '../heatmap-client.ts';

/** What is known of the patches of one tile of the score `patch`: a value for each, row by row. */
export interface PatchTile {
  window: TileWindow;
  /** By class of those that were asked for; 0 to 1 for probabilities. */
  classes: Map<number, Float32Array>;
  /** Whether each is classified, and is no estimate. */
  known: Uint8Array;
  /** Whether each is classified or estimated, and no background. */
  there: Uint8Array;
}

/** The level with the fewest tiles that still has a value for each patch. */
export function patchLevel(descriptor: HeatmapDescriptor): number {
  const top = maxLevel(descriptor);
  // Each level has patches of its own there; those of the finest are written.
  if (descriptor.levelMode) return top;
  let level = top;
  while (level > 0 && rasterLevelFor(descriptor.grid, levelScale(descriptor, level - 1), 0) === 0) level--;
  return level;
}

/** Tiles of a level that a rectangle of slide pixels touches. */
export function tilesUnder(descriptor: HeatmapDescriptor, level: number, area: Rectangle): TileAddress[] {
  const side = descriptor.tileSize * levelScale(descriptor, level);
  const { columns, rows } = tileCount(descriptor, level);
  const tiles: TileAddress[] = [];
  const end = (start: number, length: number, most: number) => Math.min(most, Math.ceil((start + length) / side));
  for (let row = Math.max(0, Math.floor(area.y / side)); row < end(area.y, area.height, rows); row++) {
    for (let column = Math.max(0, Math.floor(area.x / side)); column < end(area.x, area.width, columns); column++) {
      tiles.push({ level, column, row });
    }
  }
  return tiles;
}

/** @param classes numbers of classes; more than a tile holds are asked for in turn */
export async function fetchPatchTile(
  client: Pick<HeatmapClient, 'tile'>,
  descriptor: HeatmapDescriptor,
  address: TileAddress,
  classes: readonly number[],
  signal: AbortSignal,
): Promise<PatchTile> {
  const window = tileWindow(descriptor, descriptor.grid, address, 0);
  const size = window.rows * window.columns;
  const patches: PatchTile = { window, classes: new Map(), known: new Uint8Array(size), there: new Uint8Array(size) };
  for (let start = 0; start < classes.length; start += MAX_CLASS_PLANES) {
    const planes = classes.slice(start, start + MAX_CLASS_PLANES);
    const { tile } = await client.tile(descriptor, address, { score: 'patch', planes }, { signal });
    planes.forEach((index, plane) => {
      patches.classes.set(
        index,
        Float32Array.from(tile.data.subarray(plane * size, (plane + 1) * size), (v) => v / tile.one),
      );
    });
    for (let i = 0; i < size; i++) {
      const coverage = tile.data[planes.length * size + i];
      const isBackground = tile.data[(planes.length + 1) * size + i] > 0;
      patches.known[i] = Number(coverage >= tile.one && !isBackground);
      patches.there[i] = Number(coverage > 0 && !isBackground);
    }
  }
  return patches;
}

/** Slide pixels, floats, for which the value of a patch stands. */
export function valueRectangle(descriptor: HeatmapDescriptor, row: number, column: number): Rectangle {
  const { originX, originY, valueWidth, valueHeight } = scoreRaster(descriptor.grid, 0);
  return { x: originX + column * valueWidth, y: originY + row * valueHeight, width: valueWidth, height: valueHeight };
}

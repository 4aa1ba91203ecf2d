import type { Rectangle, Size } from '../../../shared/geometry/deep-zoom.ts';
import { copyOverlap, emptyPixels, type RegionPixels } from './copy-pixels.ts';
import { PYRAMID_TILE_SIZE } from './lossless-pyramid.ts';

/** A level that is stored in tiles of one size, from its top left corner on. */
export interface TileGrid extends Size {
  /** Without overlap. */
  tile: Size;
  /** Pixels that a tile has beyond its own rectangle on each inner side. */
  overlap: number;
}

/** A tile that regions need. */
export interface GridTile {
  column: number;
  row: number;
  /** All pixels that it has, overlap included, in those of its level. */
  bounds: Rectangle;
  /** What is taken from it: its own rectangle. A pixel in the overlap of two tiles always comes from the same one. */
  own: Rectangle;
  /** The regions that it lies under. */
  regions: RegionPixels[];
}

/** The tiles under regions of a level, row by row. */
export function gridTiles(grid: TileGrid, regions: readonly RegionPixels[]): GridTile[] {
  const { tile, overlap } = grid;
  const found = new Map<string, GridTile>();
  for (const region of regions) {
    const lastRow = Math.floor((region.y + region.height - 1) / tile.height);
    const lastColumn = Math.floor((region.x + region.width - 1) / tile.width);
    for (let row = Math.floor(region.y / tile.height); row <= lastRow; row++) {
      for (let column = Math.floor(region.x / tile.width); column <= lastColumn; column++) {
        const known = found.get(`${row} ${column}`);
        known?.regions.push(region);
        if (known !== undefined) continue;
        const [bounds, own] = [overlap, 0].map((beyond) => boundsOf(grid, column, row, beyond));
        found.set(`${row} ${column}`, { column, row, bounds, own, regions: [region] });
      }
    }
  }
  return [...found.values()].sort((a, b) => a.row - b.row || a.column - b.column);
}

/** As many tiles of a grid as that, spread evenly, first and last included; all of them where there are fewer. */
export function sampledTiles(grid: TileGrid, most: number): GridTile[] {
  const { width, height, tile } = grid;
  const columns = Math.ceil(width / tile.width);
  const tiles = columns * Math.ceil(height / tile.height);
  const sampled = Math.min(most, tiles);
  return Array.from({ length: sampled }, (_, i) => {
    const index = Math.round(((tiles - 1) * i) / Math.max(1, sampled - 1));
    const x = (index % columns) * tile.width;
    const y = Math.floor(index / columns) * tile.height;
    return gridTiles(grid, [emptyPixels({ x, y, width: 1, height: 1 })])[0];
  });
}

/**
 * Pixels a side of the tiles that are handed out: a file's own where they are square and of 256 to 1024, else 256.
 * @param tile null where the file has none
 */
export function servedTileSize(tile: Size | null): number {
  const isServed = tile !== null && tile.width === tile.height && tile.width >= 256 && tile.width <= 1024;
  return isServed ? tile.width : PYRAMID_TILE_SIZE;
}

/** Copies the decoded pixels of a tile, RGB of its whole bounds, to the regions that it lies under. */
export function copyTile({ bounds, own, regions }: Omit<GridTile, 'column' | 'row'>, data: Uint8Array): void {
  let source: RegionPixels = { ...bounds, data };
  if (bounds.width !== own.width || bounds.height !== own.height) {
    source = emptyPixels(own);
    copyOverlap({ ...bounds, data }, source);
  }
  for (const region of regions) copyOverlap(source, region);
}

function boundsOf({ width, height, tile }: TileGrid, column: number, row: number, beyond: number): Rectangle {
  const x = Math.max(0, column * tile.width - beyond);
  const y = Math.max(0, row * tile.height - beyond);
  const right = Math.min(width, (column + 1) * tile.width + beyond);
  const bottom = Math.min(height, (row + 1) * tile.height + beyond);
  return { x, y, width: right - x, height: bottom - y };
}

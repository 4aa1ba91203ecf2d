import {
  levelScale,
  levelSize,
  type Rectangle,
  type TileAddress,
  tileCount,
} from '../../../shared/geometry/deep-zoom.ts';
import { type PatchPosition, type PatchRange, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { patchesOfWindow } from '../../../shared/geometry/score-raster.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { TileRevision } from '../../../shared/view-events.ts';
import { Problem } from '../errors.ts';
import { squareSides } from './analysis-order.ts';
import type { Heatmap } from './heatmap.ts';
import { isExact, knownBehind, missingSamples, windowOfTile } from './score-tile.ts';

/** Tiles in view at most: a screen of 8,000 x 8,000 pixels. */
const MOST_TILES = 1024;

/** Slide pixels along a side of the squares in which a view is computed: few tiles, which one process reads. */
const SQUARE_PIXELS = 512;

/**
 * The tiles of a level that a region touches, row by row.
 * @param region slide pixels
 * @throws Problem `bad-parameter` where they are more than any screen shows
 */
export function tilesInView(heatmap: Heatmap, region: Rectangle, level: number): TileAddress[] {
  const { pyramid } = heatmap;
  const side = pyramid.tileSize * levelScale(pyramid, level);
  const { columns, rows } = tileCount(pyramid, level);
  const clip = (value: number, length: number) => Math.min(length, Math.max(0, value));
  const [left, right] = [
    clip(Math.floor(region.x / side), columns),
    clip(Math.ceil((region.x + region.width) / side), columns),
  ];
  const [top, bottom] = [
    clip(Math.floor(region.y / side), rows),
    clip(Math.ceil((region.y + region.height) / side), rows),
  ];
  if ((right - left) * (bottom - top) > MOST_TILES) {
    const { width, height } = levelSize(pyramid, level);
    throw new Problem(
      'bad-parameter',
      `region: expected one of at most ${MOST_TILES} tiles of level ${level}, which has ${width} x ${height} pixels, found ${(right - left) * (bottom - top)}`,
    );
  }
  const tiles: TileAddress[] = [];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) tiles.push({ level, column, row });
  }
  return tiles;
}

/** The patches that tiles of a level still need, by their row-major numbers. */
export function missingInView(
  heatmap: Heatmap,
  tiles: readonly TileAddress[],
  score: Score,
): Map<number, PatchPosition> {
  const { grid, strides, values } = heatmap;
  const missing = new Map<number, PatchPosition>();
  for (const tile of tiles) {
    for (const position of values.known.samplesIn(patchesOfTile(heatmap, tile, score), strides[tile.level])) {
      if (!values.known.isKnown(position.row, position.column)) missing.set(patchIndex(grid, position), position);
    }
  }
  return missing;
}

/**
 * The patches that tiles in view still need, as row-major numbers: coarse to fine down to their level's stride, and within
 * a stride square by square of what is read together, those nearest to the middle of the view first.
 * @param region slide pixels
 */
export function viewOrder(heatmap: Heatmap, tiles: readonly TileAddress[], region: Rectangle, score: Score): number[] {
  const { grid } = heatmap;
  const { rows, columns } = squareSides(grid, SQUARE_PIXELS);
  const middleRow = ((region.y + region.height / 2) / grid.slide.height) * grid.rows;
  const middleColumn = ((region.x + region.width / 2) / grid.slide.width) * grid.columns;
  // The largest block that a patch is the sample of.
  const { known } = heatmap.values;
  const coarseness = ({ row, column }: PatchPosition) => {
    let k = 0;
    while (k < known.top) {
      const sample = known.sampleOf(k + 1, row >> (k + 1), column >> (k + 1));
      if (sample?.row !== row || sample.column !== column) break;
      k++;
    }
    return k;
  };
  const distance = (row: number, column: number) => (row - middleRow) ** 2 + (column - middleColumn) ** 2;
  return [...missingInView(heatmap, tiles, score)]
    .map(([index, position]) => {
      const [top, left] = [Math.floor(position.row / rows) * rows, Math.floor(position.column / columns) * columns];
      return {
        index,
        square: top * grid.columns + left,
        coarseness: coarseness(position),
        distance: distance(top + rows / 2, left + columns / 2),
      };
    })
    .sort((a, b) => b.coarseness - a.coarseness || a.distance - b.distance || a.square - b.square || a.index - b.index)
    .map(({ index }) => index);
}

/** What is known of a tile now. */
export function tileRevision(heatmap: Heatmap, address: TileAddress, score: Score): TileRevision {
  const window = windowOfTile(heatmap, address, score);
  const stride = heatmap.strides[address.level];
  return {
    ...address,
    revision: knownBehind(heatmap, window, Math.log2(stride)).known,
    missing: missingSamples(heatmap, window, stride).length,
    exact: isExact(heatmap, window),
  };
}

function patchesOfTile(heatmap: Heatmap, address: TileAddress, score: Score): PatchRange {
  return patchesOfWindow(heatmap.grid, windowOfTile(heatmap, address, score));
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, type PatchRange, patchesTouching } from '../../../shared/geometry/patch-grid.ts';
import { type Polygon, polygonCoverage } from '../../../shared/geometry/polygon-coverage.ts';
import { scoreRaster } from '../../../shared/geometry/score-raster.ts';

/** A part of a slide, in slide pixels. */
export type Region = Rectangle | readonly Polygon[];

/** How much of each patch lies in a region. */
export interface RegionShares {
  range: PatchRange;
  /** Of a patch of the range, 0 to 1 by area. */
  shareOf(row: number, column: number): number;
}

/**
 * The share of every patch's area that lies in a region. Of overlapping patches the middle counts for which each one
 * stands, so that no place counts twice.
 */
export function regionShares(grid: PatchGrid, region: Region): RegionShares {
  const { rows, columns, valueWidth, valueHeight, originX, originY } = scoreRaster(grid, 0);
  if (!('width' in region)) {
    const raster = { originX, originY, cellWidth: valueWidth, cellHeight: valueHeight, rows, columns };
    const { shares, ...range } = polygonCoverage(region, raster);
    const width = range.columnEnd - range.columnStart;
    return { range, shareOf: (row, column) => shares[(row - range.rowStart) * width + column - range.columnStart] };
  }
  const share = (start: number, length: number, from: number, size: number) =>
    Math.max(0, Math.min(start + length, from + size) - Math.max(start, from)) / length;
  return {
    range: patchesTouching(grid, region),
    shareOf: (row, column) =>
      share(originY + row * valueHeight, valueHeight, region.y, region.height) *
      share(originX + column * valueWidth, valueWidth, region.x, region.width),
  };
}

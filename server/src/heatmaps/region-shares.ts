import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, type PatchRange, patchesTouching, rangeSize } from '../../../shared/geometry/patch-grid.ts';
import { type Polygon, polygonCoverage } from '../../../shared/geometry/polygon-coverage.ts';
import { scoreRaster } from '../../../shared/geometry/score-raster.ts';

/** A part of a slide, in slide pixels. */
export type Region = Rectangle | readonly Polygon[];

/** How much of each patch lies in a region. */
export interface RegionShares {
  range: PatchRange;
  /** 0 to 1, by area, row-major over the range. */
  shares: Float64Array;
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
    return { range, shares };
  }
  const range = patchesTouching(grid, region);
  const share = (start: number, length: number, from: number, size: number) =>
    Math.max(0, Math.min(start + length, from + size) - Math.max(start, from)) / length;
  const down = Array.from({ length: range.rowEnd - range.rowStart }, (_, i) =>
    share(originY + (range.rowStart + i) * valueHeight, valueHeight, region.y, region.height),
  );
  const across = Array.from({ length: range.columnEnd - range.columnStart }, (_, i) =>
    share(originX + (range.columnStart + i) * valueWidth, valueWidth, region.x, region.width),
  );
  const shares = new Float64Array(rangeSize(range));
  for (const [i, vertical] of down.entries()) {
    for (const [j, horizontal] of across.entries()) shares[i * across.length + j] = vertical * horizontal;
  }
  return { range, shares };
}

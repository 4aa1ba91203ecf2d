import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { gridExtent, type PatchGrid, type PatchRange, patchesTouching } from '../../../shared/geometry/patch-grid.ts';
import { type Polygon, type Position, polygonCoverage, type Ring } from '../../../shared/geometry/polygon-coverage.ts';
import { scoreRaster } from '../../../shared/geometry/score-raster.ts';

/** A part of a slide, in slide pixels. */
export type Region = Rectangle | readonly Polygon[];

/** How much of a region each patch stands for. */
export interface RegionAreas {
  range: PatchRange;
  /** Square slide pixels of the region that a patch of the range stands for; 0 outside. */
  areaOf(row: number, column: number): number;
}

/** The stretches that patches stand for along a side. */
interface Stretches {
  origin: number;
  size: number;
  count: number;
  /** Where the last one ends. */
  end: number;
}

/**
 * The area of a region that each patch stands for: its own, or of overlapping patches its middle, those at the grid's
 * border reaching to it, so that every place belongs to one patch.
 */
export function regionAreas(grid: PatchGrid, region: Region): RegionAreas {
  const raster = scoreRaster(grid, 0);
  const extent = gridExtent(grid);
  const across = { origin: raster.originX, size: raster.valueWidth, count: raster.columns, end: extent.width };
  const down = { origin: raster.originY, size: raster.valueHeight, count: raster.rows, end: extent.height };
  const areaOfPatch = (row: number, column: number) => length(down, row) * length(across, column);
  if ('width' in region) {
    return {
      range: patchesTouching(grid, region),
      areaOf: (row, column) =>
        common(down, row, region.y, region.height) * common(across, column, region.x, region.width),
    };
  }
  const polygons = region.map((polygon) => polygon.map((ring) => inStretches(ring, across, down)));
  const { rows, columns } = raster;
  const unit = { originX: 0, originY: 0, cellWidth: 1, cellHeight: 1, rows, columns };
  const { shares, ...range } = polygonCoverage(polygons, unit);
  const width = range.columnEnd - range.columnStart;
  return {
    range,
    areaOf: (row, column) =>
      shares[(row - range.rowStart) * width + column - range.columnStart] * areaOfPatch(row, column),
  };
}

function start({ origin, size }: Stretches, index: number): number {
  return index === 0 ? 0 : origin + index * size;
}

function length(along: Stretches, index: number): number {
  return stop(along, index) - start(along, index);
}

function stop({ origin, size, count, end }: Stretches, index: number): number {
  return index === count - 1 ? end : origin + (index + 1) * size;
}

/** What a stretch has in common with `size` pixels from `from` on. */
function common(along: Stretches, index: number, from: number, size: number): number {
  return Math.max(0, Math.min(stop(along, index), from + size) - Math.max(start(along, index), from));
}

/**
 * A ring in stretches instead of pixels. The first and the last stretch may be longer than the others: lines bend where these
 * begin and end, so they get a corner there.
 */
function inStretches(ring: Ring, across: Stretches, down: Stretches): Ring {
  const corners: Position[] = [];
  for (const [i, [x, y]] of ring.entries()) {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    const crossings = [
      ...bends(across).map((bend) => (bend - x) / (nextX - x)),
      ...bends(down).map((bend) => (bend - y) / (nextY - y)),
    ];
    const between = crossings.filter((share) => share > 0 && share < 1).sort((a, b) => a - b);
    for (const share of [0, ...between]) corners.push([x + (nextX - x) * share, y + (nextY - y) * share]);
  }
  return corners.map(([x, y]): Position => [inUnits(across, x), inUnits(down, y)]);
}

/** Where stretches of another length begin and end. */
function bends(along: Stretches): number[] {
  return along.origin === 0 || along.count === 1 ? [] : [stop(along, 0), start(along, along.count - 1)];
}

function inUnits(along: Stretches, pixel: number): number {
  const { origin, size, count } = along;
  if (pixel <= stop(along, 0)) return pixel / stop(along, 0);
  const last = start(along, count - 1);
  return pixel >= last ? count - 1 + (pixel - last) / length(along, count - 1) : (pixel - origin) / size;
}

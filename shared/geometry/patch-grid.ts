import { levelScale, maxLevel, type Rectangle, type Size } from './deep-zoom.ts';

/**
 * How a slide is cut into patches: `rows x columns` patches from the top-left corner, each of
 * `patchHeight x patchWidth` pixels at the analysis resolution and of `cellRows x cellColumns` cells. Neighbours lie a
 * whole number of cells apart, so that the cells of all patches form one raster, whether or not they overlap.
 */
export interface PatchGrid {
  slide: Size;
  /** Slide pixels per pixel of the analysis resolution; a float, above 0. */
  downsample: number;
  patchHeight: number;
  patchWidth: number;
  cellRows: number;
  cellColumns: number;
  /** Cells from a patch to the next one below; `cellRows` where patches do not overlap, fewer where they do. */
  stepRows: number;
  /** The same to the right. */
  stepColumns: number;
  rows: number;
  columns: number;
}

/** Position of a patch in its grid. */
export interface PatchPosition {
  row: number;
  column: number;
}

/** What a model asks of a grid: sizes at the analysis resolution, and the cells of one patch. */
export type PatchShape = Pick<PatchGrid, 'patchHeight' | 'patchWidth' | 'cellRows' | 'cellColumns'>;

/** Patches over any point along one side, about: 1 where they lie side by side. */
export const OVERLAPS = [1, 2, 4] as const;
export type Overlap = (typeof OVERLAPS)[number];

/**
 * The grid of a slide; it has 0 rows or columns where the slide is smaller than a patch.
 * @param overlap the step is floor(cells / overlap) cells, at least 1
 */
export function patchGrid(slide: Size, shape: PatchShape, downsample: number, overlap: Overlap = 1): PatchGrid {
  const { patchHeight, patchWidth, cellRows, cellColumns } = shape;
  const stepRows = Math.max(1, Math.floor(cellRows / overlap));
  const stepColumns = Math.max(1, Math.floor(cellColumns / overlap));
  return {
    slide,
    downsample,
    patchHeight,
    patchWidth,
    cellRows,
    cellColumns,
    stepRows,
    stepColumns,
    rows: patchesAlong(slide.height, patchHeight * downsample, stepRows, cellRows),
    columns: patchesAlong(slide.width, patchWidth * downsample, stepColumns, cellColumns),
  };
}

function patchesAlong(length: number, patch: number, step: number, cells: number): number {
  if (step === cells) return Math.floor(length / patch);
  return length < patch ? 0 : Math.floor(((length - patch) * cells) / (patch * step)) + 1;
}

/**
 * The grid for a level of a model that takes any resolution: patches are cut from that level's own pixels, or from the
 * smallest level that holds one.
 * @param grid of the full resolution
 */
export function levelGrid(grid: PatchGrid, level: number, overlap: Overlap): PatchGrid {
  const top = maxLevel(grid.slide);
  for (let candidate = level; candidate < top; candidate++) {
    const found = patchGrid(grid.slide, grid, levelScale(grid.slide, candidate), overlap);
    if (found.rows > 0 && found.columns > 0) return found;
  }
  return grid;
}

/** Slide pixels, floats, of one patch, and from one patch to the next. */
export function patchPitch(grid: PatchGrid): { height: number; width: number; stepHeight: number; stepWidth: number } {
  const height = grid.patchHeight * grid.downsample;
  const width = grid.patchWidth * grid.downsample;
  return {
    height,
    width,
    stepHeight: (height * grid.stepRows) / grid.cellRows,
    stepWidth: (width * grid.stepColumns) / grid.cellColumns,
  };
}

/** Rows and columns of the raster that all patches' cells form. */
export function cellRaster(grid: PatchGrid): { rows: number; columns: number } {
  return {
    rows: grid.rows === 0 ? 0 : (grid.rows - 1) * grid.stepRows + grid.cellRows,
    columns: grid.columns === 0 ? 0 : (grid.columns - 1) * grid.stepColumns + grid.cellColumns,
  };
}

/** Slide pixels, floats, from the top-left corner that patches cover; the remainder begins behind. */
export function gridExtent(grid: PatchGrid): Size {
  const { rows, columns } = cellRaster(grid);
  const { width, height } = patchPitch(grid);
  return { width: (columns * width) / grid.cellColumns, height: (rows * height) / grid.cellRows };
}

/** Slide pixels of a patch. Every edge comes from its own float origin and is rounded once, so nothing drifts. */
export function patchRectangle(grid: PatchGrid, { row, column }: PatchPosition): Rectangle {
  const { width, height } = patchPitch(grid);
  const edgeX = (cell: number) => Math.min(grid.slide.width, Math.round((cell * width) / grid.cellColumns));
  const edgeY = (cell: number) => Math.min(grid.slide.height, Math.round((cell * height) / grid.cellRows));
  const x = edgeX(column * grid.stepColumns);
  const y = edgeY(row * grid.stepRows);
  return {
    x,
    y,
    width: edgeX(column * grid.stepColumns + grid.cellColumns) - x,
    height: edgeY(row * grid.stepRows + grid.cellRows) - y,
  };
}

/**
 * The patch that covers a slide pixel, of overlapping ones that whose middle is nearest; undefined in the remainder and
 * outside the slide.
 */
export function patchAt(grid: PatchGrid, x: number, y: number): PatchPosition | undefined {
  const extent = gridExtent(grid);
  if (!(x >= 0 && y >= 0 && x < extent.width && y < extent.height)) return undefined;
  const { width, height, stepWidth, stepHeight } = patchPitch(grid);
  const nearest = (pixel: number, patch: number, step: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((pixel - (patch - step) / 2) / step)));
  return { row: nearest(y, height, stepHeight, grid.rows), column: nearest(x, width, stepWidth, grid.columns) };
}

/** Number of a patch in row-major order. */
export function patchIndex(grid: PatchGrid, { row, column }: PatchPosition): number {
  return row * grid.columns + column;
}

/** Inverse of `patchIndex`. */
export function patchPosition(grid: PatchGrid, index: number): PatchPosition {
  return { row: Math.floor(index / grid.columns), column: index % grid.columns };
}

/** A half-open range of patches. */
export interface PatchRange {
  rowStart: number;
  rowEnd: number;
  columnStart: number;
  columnEnd: number;
}

/** All patches of a grid. */
export function wholeGrid({ rows, columns }: PatchGrid): PatchRange {
  return { rowStart: 0, rowEnd: rows, columnStart: 0, columnEnd: columns };
}

/** Patches in a range. */
export function rangeSize({ rowStart, rowEnd, columnStart, columnEnd }: PatchRange): number {
  return Math.max(0, rowEnd - rowStart) * Math.max(0, columnEnd - columnStart);
}

/** All patches that share area with a rectangle of slide pixels, clipped to the grid (may be empty). */
export function patchesTouching(grid: PatchGrid, { x, y, width, height }: Rectangle): PatchRange {
  const pitch = patchPitch(grid);
  const clip = (value: number, length: number) => Math.min(length, Math.max(0, value));
  const first = (start: number, patch: number, step: number) => Math.floor((start - patch) / step) + 1;
  return {
    rowStart: clip(first(y, pitch.height, pitch.stepHeight), grid.rows),
    rowEnd: clip(Math.ceil((y + height) / pitch.stepHeight), grid.rows),
    columnStart: clip(first(x, pitch.width, pitch.stepWidth), grid.columns),
    columnEnd: clip(Math.ceil((x + width) / pitch.stepWidth), grid.columns),
  };
}

import type { Rectangle, Size } from './deep-zoom.ts';

/**
 * How a slide is cut into patches: `rows x columns` patches from the top-left corner, each of
 * `patchHeight x patchWidth` pixels at the analysis resolution and of `cellRows x cellColumns` cells.
 */
export interface PatchGrid {
  slide: Size;
  /** Slide pixels per pixel of the analysis resolution; a float, above 0. */
  downsample: number;
  patchHeight: number;
  patchWidth: number;
  cellRows: number;
  cellColumns: number;
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

/** The grid of a slide; it has 0 rows or columns where the slide is smaller than a patch. */
export function patchGrid(slide: Size, shape: PatchShape, downsample: number): PatchGrid {
  return {
    slide,
    downsample,
    ...shape,
    rows: Math.floor(slide.height / (shape.patchHeight * downsample)),
    columns: Math.floor(slide.width / (shape.patchWidth * downsample)),
  };
}

/** Slide pixels of a patch. Every edge comes from its own float origin and is rounded once, so nothing drifts. */
export function patchRectangle(grid: PatchGrid, { row, column }: PatchPosition): Rectangle {
  const patchWidth = grid.patchWidth * grid.downsample;
  const patchHeight = grid.patchHeight * grid.downsample;
  const x = Math.round(column * patchWidth);
  const y = Math.round(row * patchHeight);
  return {
    x,
    y,
    width: Math.min(grid.slide.width, Math.round((column + 1) * patchWidth)) - x,
    height: Math.min(grid.slide.height, Math.round((row + 1) * patchHeight)) - y,
  };
}

/** The patch that covers a slide pixel, or undefined in the remainder and outside the slide. */
export function patchAt(grid: PatchGrid, x: number, y: number): PatchPosition | undefined {
  const column = Math.floor(x / (grid.patchWidth * grid.downsample));
  const row = Math.floor(y / (grid.patchHeight * grid.downsample));
  return column >= 0 && row >= 0 && column < grid.columns && row < grid.rows ? { row, column } : undefined;
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

/** All patches that share area with a rectangle of slide pixels, clipped to the grid (may be empty). */
export function patchesTouching(grid: PatchGrid, { x, y, width, height }: Rectangle): PatchRange {
  const patchWidth = grid.patchWidth * grid.downsample;
  const patchHeight = grid.patchHeight * grid.downsample;
  const clip = (value: number, length: number) => Math.min(length, Math.max(0, value));
  return {
    rowStart: clip(Math.floor(y / patchHeight), grid.rows),
    rowEnd: clip(Math.ceil((y + height) / patchHeight), grid.rows),
    columnStart: clip(Math.floor(x / patchWidth), grid.columns),
    columnEnd: clip(Math.ceil((x + width) / patchWidth), grid.columns),
  };
}

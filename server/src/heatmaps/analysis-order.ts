import { type PatchGrid, type PatchRange, patchIndex, patchPitch } from '../../../shared/geometry/patch-grid.ts';
import { BLOCK_SIDE } from '../values/known-patches.ts';

/**
 * Deals patches out to lanes, one for each process that classifies: the next row-major patch number for a lane, each patch
 * once, or undefined when there is none left for any lane.
 */
export type DealtPatches = (lane: number) => number | undefined;

/** The finest stride of the pass over the whole range; 1/64 of the patches. Finer ones would cost isolated reads. */
const FINEST_SPREAD_STRIDE = 8;

/** Slide pixels along a side of what is read at once, at the least cost. */
const READ_PIXELS = 1024;

/** What a lane has been dealt. */
interface Lane {
  /** The patches of the square that it is at. */
  patches: Iterator<number>;
  /** Squares of its block that come afterwards. */
  squares: PatchRange[];
}

/**
 * The order in which an analysis classifies a range of patches: coarse to fine down to stride 8, so that an estimate of
 * the whole is there early, then block by block as they are stored, because neighbouring patches are read ten times faster
 * than isolated ones and a block is written once it is complete. Each lane has blocks of its own, for what lies under the
 * border of two squares is decoded once where one process reads both. One that has run dry takes from the others, so that
 * all of them end together.
 */
export function analysisOrder(grid: PatchGrid, range: PatchRange): DealtPatches {
  const spread = spreadPatches(grid, range);
  const blocks = parts(range, BLOCK_SIDE, BLOCK_SIDE);
  const { rows, columns } = squareSides(grid, READ_PIXELS);
  const lanes = new Map<number, Lane>();

  /** Gives a lane more to do; false where nobody has as much as a square left. */
  const refill = (lane: Lane): boolean => {
    if (lane.squares.length === 0) {
      const block = blocks.next();
      if (!block.done) lane.squares = serpentine(block.value, rows, columns);
    }
    if (lane.squares.length === 0) {
      const { squares } = [...lanes.values()].reduce((a, b) => (b.squares.length > a.squares.length ? b : a));
      lane.squares = squares.splice(squares.length >> 1);
    }
    const square = lane.squares.shift();
    if (square) lane.patches = restOfSquare(grid, square);
    return square !== undefined;
  };

  return (number) => {
    const first = spread.next();
    if (!first.done) return first.value;
    const lane = lanes.get(number) ?? { patches: [].values(), squares: [] };
    lanes.set(number, lane);
    do {
      const own = lane.patches.next();
      if (!own.done) return own.value;
    } while (refill(lane));
    for (const { patches } of lanes.values()) {
      const left = patches.next();
      if (!left.done) return left.value;
    }
    return undefined;
  };
}

/**
 * Numbers squares of patches that are read at once, row by row.
 * @param pixels slide pixels along a side of a square, about
 */
export function readAreas(grid: PatchGrid, pixels = READ_PIXELS): (index: number) => number {
  const { rows, columns } = squareSides(grid, pixels);
  const across = Math.ceil(grid.columns / columns);
  return (index) =>
    Math.floor(Math.floor(index / grid.columns) / rows) * across + Math.floor((index % grid.columns) / columns);
}

/** Patches along the sides of a square: powers of two, so that squares fill a block. */
export function squareSides(grid: PatchGrid, pixels: number): { rows: number; columns: number } {
  const { stepWidth, stepHeight } = patchPitch(grid);
  const along = (step: number) => Math.min(BLOCK_SIDE, 2 ** Math.max(0, Math.floor(Math.log2(pixels / step))));
  return { rows: along(stepHeight), columns: along(stepWidth) };
}

function* spreadPatches(grid: PatchGrid, range: PatchRange): Generator<number> {
  let coarsest = FINEST_SPREAD_STRIDE;
  while (coarsest < Math.max(range.rowEnd - range.rowStart, range.columnEnd - range.columnStart)) coarsest *= 2;
  for (let stride = coarsest; stride >= FINEST_SPREAD_STRIDE; stride /= 2) {
    for (let row = Math.ceil(range.rowStart / stride) * stride; row < range.rowEnd; row += stride) {
      for (let column = Math.ceil(range.columnStart / stride) * stride; column < range.columnEnd; column += stride) {
        const isCoarser = stride < coarsest && row % (2 * stride) === 0 && column % (2 * stride) === 0;
        if (!isCoarser) yield patchIndex(grid, { row, column });
      }
    }
  }
}

/** The patches of a square but for those of the spread. */
function* restOfSquare(grid: PatchGrid, { rowStart, rowEnd, columnStart, columnEnd }: PatchRange): Generator<number> {
  for (let row = rowStart; row < rowEnd; row++) {
    for (let column = columnStart; column < columnEnd; column++) {
      const isSpread = row % FINEST_SPREAD_STRIDE === 0 && column % FINEST_SPREAD_STRIDE === 0;
      if (!isSpread) yield patchIndex(grid, { row, column });
    }
  }
}

/** The squares of a block, every other row of them backwards: each touches the one before it. */
function serpentine(block: PatchRange, rows: number, columns: number): PatchRange[] {
  const squares: PatchRange[] = [];
  let isBackwards = false;
  for (const band of parts(block, rows, BLOCK_SIDE)) {
    const across = [...parts(band, rows, columns)];
    squares.push(...(isBackwards ? across.reverse() : across));
    isBackwards = !isBackwards;
  }
  return squares;
}

/** A range cut into parts along multiples of so many rows and columns, row by row. */
function* parts(range: PatchRange, rows: number, columns: number): Generator<PatchRange> {
  for (let top = Math.floor(range.rowStart / rows) * rows; top < range.rowEnd; top += rows) {
    for (let left = Math.floor(range.columnStart / columns) * columns; left < range.columnEnd; left += columns) {
      yield {
        rowStart: Math.max(range.rowStart, top),
        rowEnd: Math.min(range.rowEnd, top + rows),
        columnStart: Math.max(range.columnStart, left),
        columnEnd: Math.min(range.columnEnd, left + columns),
      };
    }
  }
}

/** Slide pixels. */
export type Position = readonly [x: number, y: number];

/** A closed line; whether the first position is repeated at the end makes no difference. */
export type Ring = readonly Position[];

/** An outer ring, then its holes, as in GeoJSON. */
export type Polygon = readonly Ring[];

/** A regular raster of cells over the slide: its corner and the size of a cell in slide pixels (floats). */
export interface CoverageRaster {
  originX: number;
  originY: number;
  cellWidth: number;
  cellHeight: number;
  rows: number;
  columns: number;
}

/** Shares of the cells of a half-open range; no other cell of the raster has any. */
export interface PolygonCoverage {
  rowStart: number;
  rowEnd: number;
  columnStart: number;
  columnEnd: number;
  /** Share of each cell's area, 0 to 1, row-major over the range. */
  shares: Float64Array;
}

type CellRange = Omit<PolygonCoverage, 'shares'>;

/** Rounding errors of ten thousand edges stay below this; what is nearer to 0 or 1 is made so. */
const NOISE = 1e-9;

/**
 * The share of every cell's area that lies inside polygons, exact to rounding. Every edge adds the signed area to its
 * right, as font rasterizers do (Levien, font-rs, 2016; before it FreeType and Anti-Grain Geometry), and a sum along each
 * row gives the shares: the time goes with the edges and the cells they cross plus the cells of the range, the memory with
 * the range alone.
 *
 * Outer rings count positively and holes negatively, whatever their winding. Where polygons overlap, areas add up, to at
 * most the whole cell. Of a ring that crosses itself, an area counts as often as the ring goes around it in the ring's
 * main direction, and negatively in the other: the smaller loop of an eight counts for nothing, or, in cells it shares with
 * the larger one, against it.
 * @param polygons finite slide pixels; may reach beyond the raster
 */
export function polygonCoverage(polygons: readonly Polygon[], raster: CoverageRaster): PolygonCoverage {
  const range = cellRange(polygons, raster);
  const columns = range.columnEnd - range.columnStart;
  const shares = new Float64Array((range.rowEnd - range.rowStart) * columns);
  if (shares.length === 0) return { ...range, shares };
  for (const rings of polygons) {
    rings.forEach((ring, index) => {
      addRing(shares, range, ring, raster, index === 0 ? 1 : -1);
    });
  }
  sumRows(shares, columns);
  return { ...range, shares };
}

/**
 * Area within a ring in square slide pixels, by Gauss's shoelace formula: positive where it runs clockwise on a screen (y
 * downwards), and 0 where it goes around nothing. Loops in opposite directions cancel.
 */
export function signedArea(ring: Ring): number {
  let sum = 0;
  for (let i = 1; i < ring.length - 1; i++) {
    // From the first position, so that rings far from the origin lose no digits.
    const [x, y] = ring[0];
    sum += (ring[i][0] - x) * (ring[i + 1][1] - y) - (ring[i + 1][0] - x) * (ring[i][1] - y);
  }
  return sum / 2;
}

/** The cells under the outer rings' bounds, clipped to the raster. */
function cellRange(polygons: readonly Polygon[], raster: CoverageRaster): CellRange {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [outer] of polygons) {
    for (const [x, y] of outer ?? []) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  const { originX, originY, cellWidth, cellHeight, rows, columns } = raster;
  const [rowStart, rowEnd] = clippedInterval((top - originY) / cellHeight, (bottom - originY) / cellHeight, rows);
  const [columnStart, columnEnd] = clippedInterval(
    (left - originX) / cellWidth,
    (right - originX) / cellWidth,
    columns,
  );
  if (rowEnd === rowStart || columnEnd === columnStart) return { rowStart: 0, rowEnd: 0, columnStart: 0, columnEnd: 0 };
  return { rowStart, rowEnd, columnStart, columnEnd };
}

function clippedInterval(low: number, high: number, length: number): [start: number, end: number] {
  const start = Math.max(0, Math.floor(low));
  const end = Math.min(length, Math.ceil(high));
  return end > start ? [start, end] : [0, 0];
}

function addRing(sums: Float64Array, range: CellRange, ring: Ring, raster: CoverageRaster, sign: 1 | -1): void {
  const { originX, originY, cellWidth, cellHeight } = raster;
  // Coordinates in cells, from the range's corner. The rightward area of an edge that goes down is positive.
  const u = Float64Array.from(ring, ([x]) => (x - originX) / cellWidth - range.columnStart);
  const v = Float64Array.from(ring, ([, y]) => (y - originY) / cellHeight - range.rowStart);
  const direction = signedArea(ring) > 0 ? -sign : sign;
  const size = { rows: range.rowEnd - range.rowStart, columns: range.columnEnd - range.columnStart };
  for (let i = 0; i < ring.length; i++) {
    const j = i + 1 < ring.length ? i + 1 : 0;
    if (v[i] < v[j]) addEdge(sums, size, u[i], v[i], u[j], v[j], direction);
    else if (v[i] > v[j]) addEdge(sums, size, u[j], v[j], u[i], v[i], -direction);
  }
}

/** An edge that goes down, cut into rows. */
function addEdge(
  sums: Float64Array,
  { rows, columns }: { rows: number; columns: number },
  u0: number,
  v0: number,
  u1: number,
  v1: number,
  direction: number,
): void {
  const slope = (u1 - u0) / (v1 - v0);
  const first = Math.max(0, Math.floor(v0));
  const end = Math.min(rows, Math.ceil(v1));
  let upper = Math.max(v0, first);
  let from = upper === v0 ? u0 : u0 + (upper - v0) * slope;
  for (let row = first; row < end; row++) {
    const lower = Math.min(v1, row + 1);
    const to = lower === v1 ? u1 : u0 + (lower - v0) * slope;
    // Heights come from fractions of a row, which are exact, so that those of a closed ring cancel to the last bits.
    const height = direction * (lower - row - (upper - row));
    addPiece(sums, row * columns, columns, Math.min(from, to), Math.max(from, to), height);
    upper = lower;
    from = to;
  }
}

/** The piece of an edge within one row, between two columns (floats), with its signed height. */
function addPiece(
  sums: Float64Array,
  rowStart: number,
  columns: number,
  left: number,
  right: number,
  height: number,
): void {
  if (left >= columns) return;
  // What lies before the range covers all of the row.
  if (right <= 0) {
    sums[rowStart] += height;
    return;
  }
  const heightPerColumn = right > left ? height / (right - left) : 0;
  if (left < 0) sums[rowStart] -= left * heightPerColumn;
  const start = Math.max(0, left);
  const end = Math.min(columns, right);
  const firstCell = Math.min(Math.floor(start), columns - 1);
  for (let cell = firstCell; cell < end || cell === firstCell; cell++) {
    const low = Math.max(start, cell);
    const high = Math.min(end, cell + 1);
    const part = right > left ? (high - low) * heightPerColumn : height;
    // Within its cell the piece covers, on average, what is right of its middle; all of the cells after it.
    const beyond = part * ((low + high) / 2 - cell);
    sums[rowStart + cell] += part - beyond;
    if (cell + 1 < columns) sums[rowStart + cell + 1] += beyond;
  }
}

function sumRows(sums: Float64Array, columns: number): void {
  for (let rowStart = 0; rowStart < sums.length; rowStart += columns) {
    let sum = 0;
    for (let i = rowStart; i < rowStart + columns; i++) {
      sum += sums[i];
      sums[i] = sum < NOISE ? 0 : sum > 1 - NOISE ? 1 : sum;
    }
  }
}

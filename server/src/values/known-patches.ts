import type { PatchPosition, PatchRange } from '../../../shared/geometry/patch-grid.ts';

/** Patches along one side of the blocks in which values are kept and stored, and its logarithm. */
export const BLOCK_SIDE = 16;
export const BLOCK_LEVEL = 4;

const KNOWN = 1;
const BACKGROUND = 2;

/**
 * Which patches of a grid are known, with counts over blocks of 2^k x 2^k patches for k from 0 to the one block that
 * holds the whole grid. All of it stays in memory: about 1.4 bytes a patch.
 */
export interface KnownPatches {
  readonly rows: number;
  readonly columns: number;
  /** Level of the block that holds the whole grid, at least `BLOCK_LEVEL`. */
  readonly top: number;
  isKnown(row: number, column: number): boolean;
  /** Whether a known patch counts as background: it has no values, and no part in any mean. */
  isBackground(row: number, column: number): boolean;
  /** Makes a patch known; one that is already stays as it is. */
  add(row: number, column: number, background?: boolean): void;
  /** How often a known patch has become unknown again. */
  readonly losses: number;
  /** Makes it unknown again. */
  remove(row: number, column: number): void;
  /** Known patches of a block, background among them. */
  count(k: number, row: number, column: number): number;
  /** Background patches of a block, as far as they are known. */
  background(k: number, row: number, column: number): number;
  /** Known patches of a block that are no background. */
  valued(k: number, row: number, column: number): number;
  /** Patches of a block, those beyond the grid's edge left out. */
  total(k: number, row: number, column: number): number;
  /** Known patches of the grid, background among them. */
  readonly known: number;
  /** Patches of a range, and those of them that are known and that are background; blocks inside it count as a whole. */
  countIn(range: PatchRange): { total: number; known: number; background: number };
  /**
   * The patch by which a block of 2^k x 2^k is sampled: its top-left one, or, where some are background beforehand, the
   * first that is not, child block by child block. So strides are nested: the sample of a block is that of one of its
   * children. Undefined where all of it is background.
   */
  sampleOf(k: number, row: number, column: number): PatchPosition | undefined;
  /** The samples of the blocks of `stride` x `stride` patches that a range touches, row by row. */
  samplesIn(range: PatchRange, stride: number): PatchPosition[];
  /**
   * The finest stride at which every block has its sample known; undefined where there is none.
   */
  finestCompleteStride(): number | undefined;
}

type Counts = Uint8Array | Uint16Array | Uint32Array;

/** Level of the block that holds a whole grid, at least `BLOCK_LEVEL`. */
export function topLevel(rows: number, columns: number): number {
  return Math.max(BLOCK_LEVEL, Math.ceil(Math.log2(Math.max(1, rows, columns))));
}

/**
 * Nothing is known at first, but for what is background beforehand.
 * @param mask 1 where a patch is background and never classified, row-major
 */
export function knownPatches(rows: number, columns: number, mask?: Uint8Array): KnownPatches {
  const top = topLevel(rows, columns);
  const widths = Array.from({ length: top + 1 }, (_, k) => Math.ceil(columns / 2 ** k));
  const sizes = widths.map((width, k) => width * Math.ceil(rows / 2 ** k));
  const flags = new Uint8Array(sizes[0]);
  const counts = sizes.map((size, k) => (k === 0 ? flags : countsFor(size, k)));
  /** Allocated with the first background patch. */
  let backgrounds: Counts[] | undefined;
  /** Known samples of each stride 2^k, and all of them. */
  const samples = new Uint32Array(top + 1);
  const sampleTotals = Uint32Array.from(sizes);
  let losses = 0;

  const node = (k: number, row: number, column: number) => row * widths[k] + column;
  const change = (row: number, column: number, by: 1 | -1, background: boolean) => {
    if (background) backgrounds ??= sizes.map(countsFor);
    for (let k = 0; k <= top; k++) {
      const at = node(k, row >> k, column >> k);
      if (k > 0) counts[k][at] += by;
      if (background && backgrounds) backgrounds[k][at] += by;
      if (isSample(k, row, column)) samples[k] += by;
    }
  };

  /** Whether all of a block is background beforehand. */
  const isMasked = (k: number, row: number, column: number) =>
    mask !== undefined &&
    backgrounds !== undefined &&
    backgrounds[k][node(k, row, column)] === patches.total(k, row, column);
  /** Child blocks in the order in which one of them gives the sample; those beyond the grid are left out. */
  const childrenOf = (k: number, row: number, column: number) =>
    [
      [2 * row, 2 * column],
      [2 * row, 2 * column + 1],
      [2 * row + 1, 2 * column],
      [2 * row + 1, 2 * column + 1],
    ].filter(([y, x]) => y << (k - 1) < rows && x << (k - 1) < columns);
  const sampleOf = (k: number, row: number, column: number): PatchPosition | undefined => {
    if (!mask) return { row: row << k, column: column << k };
    if (isMasked(k, row, column)) return undefined;
    let [y, x] = [row, column];
    for (let level = k; level > 0; level--) {
      const child = childrenOf(level, y, x).find(
        ([childRow, childColumn]) => !isMasked(level - 1, childRow, childColumn),
      );
      if (!child) return undefined;
      [y, x] = child;
    }
    return { row: y, column: x };
  };
  const isSample = (k: number, row: number, column: number) => {
    if (!mask) return ((row | column) & (2 ** k - 1)) === 0;
    const sample = sampleOf(k, row >> k, column >> k);
    return sample?.row === row && sample.column === column;
  };

  const patches: KnownPatches = {
    rows,
    columns,
    top,
    isKnown: (row, column) => (flags[node(0, row, column)] & KNOWN) !== 0,
    isBackground: (row, column) => (flags[node(0, row, column)] & BACKGROUND) !== 0,
    add(row, column, background = false) {
      const at = node(0, row, column);
      if (flags[at] & KNOWN) return;
      flags[at] = background ? KNOWN | BACKGROUND : KNOWN;
      change(row, column, 1, background);
    },
    remove(row, column) {
      const at = node(0, row, column);
      if (!(flags[at] & KNOWN)) return;
      change(row, column, -1, (flags[at] & BACKGROUND) !== 0);
      flags[at] = 0;
      losses++;
    },
    get losses() {
      return losses;
    },
    count: (k, row, column) => (k === 0 ? flags[node(0, row, column)] & KNOWN : counts[k][node(k, row, column)]),
    background: (k, row, column) => backgrounds?.[k][node(k, row, column)] ?? 0,
    valued: (k, row, column) => patches.count(k, row, column) - patches.background(k, row, column),
    total(k, row, column) {
      const side = 2 ** k;
      const height = Math.min(rows, (row + 1) * side) - row * side;
      const width = Math.min(columns, (column + 1) * side) - column * side;
      return height * width;
    },
    get known() {
      return sizes[0] === 0 ? 0 : counts[top][0];
    },
    countIn({ rowStart, rowEnd, columnStart, columnEnd }) {
      const counted = { total: 0, known: 0, background: 0 };
      const add = (k: number, row: number, column: number) => {
        counted.total += patches.total(k, row, column);
        counted.known += patches.count(k, row, column);
        counted.background += patches.background(k, row, column);
      };
      for (let top = rowStart; top < rowEnd; top = nextBlock(top)) {
        for (let left = columnStart; left < columnEnd; left = nextBlock(left)) {
          const bottom = Math.min(rowEnd, nextBlock(top));
          const right = Math.min(columnEnd, nextBlock(left));
          const isWhole =
            top % BLOCK_SIDE === 0 &&
            left % BLOCK_SIDE === 0 &&
            (bottom % BLOCK_SIDE === 0 || bottom === rows) &&
            (right % BLOCK_SIDE === 0 || right === columns);
          if (isWhole) add(BLOCK_LEVEL, top / BLOCK_SIDE, left / BLOCK_SIDE);
          else for (let row = top; row < bottom; row++) for (let x = left; x < right; x++) add(0, row, x);
        }
      }
      return counted;
    },
    sampleOf,
    samplesIn({ rowStart, rowEnd, columnStart, columnEnd }, stride) {
      const k = Math.log2(stride);
      const found: PatchPosition[] = [];
      for (let row = rowStart >> k; row << k < rowEnd; row++) {
        for (let column = columnStart >> k; column << k < columnEnd; column++) {
          const sample = sampleOf(k, row, column);
          if (sample) found.push(sample);
        }
      }
      return found;
    },
    finestCompleteStride() {
      for (let k = 0; k <= top; k++) if (sizes[0] > 0 && samples[k] === sampleTotals[k]) return 2 ** k;
      return undefined;
    },
  };
  if (mask) {
    backgrounds = sizes.map(countsFor);
    // All counts first: which patches are samples depends on them.
    mask.forEach((background, index) => {
      if (!background) return;
      const [row, column] = [Math.floor(index / columns), index % columns];
      flags[index] = KNOWN | BACKGROUND;
      for (let k = 0; k <= top; k++) {
        if (k > 0) counts[k][node(k, row >> k, column >> k)]++;
        if (backgrounds) backgrounds[k][node(k, row >> k, column >> k)]++;
      }
    });
    for (let k = 0; k <= top; k++) {
      for (let at = 0; at < sizes[k]; at++) {
        if (isMasked(k, Math.floor(at / widths[k]), at % widths[k])) sampleTotals[k]--;
      }
    }
  }
  return patches;
}

/** Where the next block begins, in rows or columns of patches. */
function nextBlock(start: number): number {
  return (Math.floor(start / BLOCK_SIDE) + 1) * BLOCK_SIDE;
}

/** Room for counts up to 4^k. */
function countsFor(size: number, k: number): Counts {
  if (k < BLOCK_LEVEL) return new Uint8Array(size);
  return k < 8 ? new Uint16Array(size) : new Uint32Array(size);
}

/** Numbers, row-major, of the blocks that share patches with a range. */
export function blocksTouching(
  { rowStart, rowEnd, columnStart, columnEnd }: PatchRange,
  blockColumns: number,
): number[] {
  const numbers: number[] = [];
  for (let row = Math.floor(rowStart / BLOCK_SIDE); row * BLOCK_SIDE < rowEnd; row++) {
    for (let column = Math.floor(columnStart / BLOCK_SIDE); column * BLOCK_SIDE < columnEnd; column++) {
      numbers.push(row * blockColumns + column);
    }
  }
  return numbers;
}

import type { PatchRange } from '../../../shared/geometry/patch-grid.ts';

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
   * The finest stride at which every block has its sample known; undefined where there is none.
   */
  finestCompleteStride(): number | undefined;
}

type Counts = Uint8Array | Uint16Array | Uint32Array;

export function knownPatches(rows: number, columns: number): KnownPatches {
  const top = Math.max(BLOCK_LEVEL, Math.ceil(Math.log2(Math.max(1, rows, columns))));
  const widths = Array.from({ length: top + 1 }, (_, k) => Math.ceil(columns / 2 ** k));
  const sizes = widths.map((width, k) => width * Math.ceil(rows / 2 ** k));
  const flags = new Uint8Array(sizes[0]);
  const counts = sizes.map((size, k) => (k === 0 ? flags : countsFor(size, k)));
  /** Allocated with the first background patch. */
  let backgrounds: Counts[] | undefined;
  /** Known samples of each stride 2^k. */
  const samples = new Uint32Array(top + 1);
  const sampleTotals = sizes;

  const node = (k: number, row: number, column: number) => row * widths[k] + column;
  const change = (row: number, column: number, by: 1 | -1, background: boolean) => {
    if (background) backgrounds ??= sizes.map(countsFor);
    for (let k = 0; k <= top; k++) {
      const at = node(k, row >> k, column >> k);
      if (k > 0) counts[k][at] += by;
      if (background && backgrounds) backgrounds[k][at] += by;
      const mask = 2 ** k - 1;
      if ((row & mask) === 0 && (column & mask) === 0) samples[k] += by;
    }
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
    finestCompleteStride() {
      for (let k = 0; k <= top; k++) if (sizes[0] > 0 && samples[k] === sampleTotals[k]) return 2 ** k;
      return undefined;
    },
  };
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

import type { LRUCache } from 'lru-cache';
import { type PatchGrid, type PatchRange, patchPosition } from '../../../shared/geometry/patch-grid.ts';

/** Patches along one side of a group: one look into the cache finds them all. */
const SIDE = 4;

const NOTHING = new Uint8Array();

/** The cells of SIDE x SIDE patches as bytes, row-major, each patch shape [cellRows, cellColumns, classes]. */
export interface CellGroup {
  /** Empty while no patch is there. */
  bytes: Uint8Array;
  /** A bit for each patch that is there. */
  present: number;
}

/** Where the cells of patches lie: from `start(row, column)` on in `bytes(row, column)`, or nowhere, which -1 stands for. */
export interface CellBytes {
  bytes(row: number, column: number): Uint8Array;
  start(row: number, column: number): number;
}

/** Where bytes come from that are not kept. */
export interface CellSource {
  /** The bytes of patches; one that is left out is nowhere. */
  read(indices: number[]): Promise<Map<number, Uint8Array>>;
  /** Whether a patch is known now: it may have been lost while others were read. */
  isKnown(index: number): boolean;
}

/** Cells of patches as tiles have them, kept in memory. */
export interface CellGroups {
  /** What it gives is to be read before anything is waited for. */
  ofRange(range: PatchRange): Promise<CellBytes>;
  /** A patch has no values any more. @param index row-major patch number */
  forget(index: number): void;
}

/**
 * @param cache keeps them, by `prefix` and number; the least recently used go first
 * @param bytesPerPatch cells x classes
 */
export function cellGroups(
  cache: LRUCache<string, CellGroup>,
  prefix: string,
  grid: PatchGrid,
  bytesPerPatch: number,
  { read, isKnown }: CellSource,
): CellGroups {
  const groupColumns = Math.ceil(grid.columns / SIDE);
  /** Groups that are being read: there is never a second copy of one, however many tiles want it. */
  const held = new Map<string, { group: CellGroup; readers: number }>();
  const keyOf = (row: number, column: number) =>
    `${prefix} ${Math.floor(row / SIDE) * groupColumns + Math.floor(column / SIDE)}`;
  const place = (row: number, column: number) => (row % SIDE) * SIDE + (column % SIDE);
  const find = (key: string) => held.get(key)?.group ?? cache.get(key);

  const hold = (key: string): CellGroup => {
    const group = find(key) ?? { bytes: NOTHING, present: 0 };
    held.set(key, { group, readers: (held.get(key)?.readers ?? 0) + 1 });
    return group;
  };
  const release = (key: string) => {
    const entry = held.get(key);
    if (entry && --entry.readers === 0) held.delete(key);
  };

  return {
    async ofRange({ rowStart, rowEnd, columnStart, columnEnd }) {
      const firstRow = Math.floor(rowStart / SIDE);
      const firstColumn = Math.floor(columnStart / SIDE);
      const across = Math.ceil(columnEnd / SIDE) - firstColumn;
      const keys: string[] = [];
      for (let row = firstRow; row * SIDE < rowEnd; row++) {
        for (let column = firstColumn; column * SIDE < columnEnd; column++) keys.push(keyOf(row * SIDE, column * SIDE));
      }
      const groups = keys.map(hold);
      const numberOf = (row: number, column: number) =>
        (Math.floor(row / SIDE) - firstRow) * across + Math.floor(column / SIDE) - firstColumn;
      const start = (row: number, column: number) => {
        const patch = place(row, column);
        return (groups[numberOf(row, column)].present >> patch) & 1 ? patch * bytesPerPatch : -1;
      };
      try {
        const missing: number[] = [];
        for (let row = rowStart; row < rowEnd; row++) {
          for (let column = columnStart; column < columnEnd; column++) {
            if (start(row, column) < 0) missing.push(row * grid.columns + column);
          }
        }
        const found = missing.length > 0 ? await read(missing) : new Map<number, Uint8Array>();
        for (const [index, bytes] of found) {
          if (!isKnown(index)) continue;
          const { row, column } = patchPosition(grid, index);
          const group = groups[numberOf(row, column)];
          if (group.bytes.length === 0) group.bytes = new Uint8Array(SIDE * SIDE * bytesPerPatch);
          group.bytes.set(bytes, place(row, column) * bytesPerPatch);
          group.present |= 1 << place(row, column);
          cache.set(keyOf(row, column), group);
        }
      } finally {
        keys.forEach(release);
      }
      return { bytes: (row, column) => groups[numberOf(row, column)].bytes, start };
    },
    forget(index) {
      const { row, column } = patchPosition(grid, index);
      const group = find(keyOf(row, column));
      if (group) group.present &= ~(1 << place(row, column));
    },
  };
}

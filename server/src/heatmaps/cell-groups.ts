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

/** Cells of patches as tiles have them, kept in memory. */
export interface CellGroups {
  /**
   * @param read gives the bytes of those patches of the range that are not kept; one that is left out is nowhere
   */
  ofRange(range: PatchRange, read: (indices: number[]) => Promise<Map<number, Uint8Array>>): Promise<CellBytes>;
  /** A patch has other values, or none any more. @param index row-major patch number */
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
): CellGroups {
  const groupColumns = Math.ceil(grid.columns / SIDE);
  const key = (row: number, column: number) => `${prefix} ${row * groupColumns + column}`;
  const place = (row: number, column: number) => (row % SIDE) * SIDE + (column % SIDE);

  return {
    async ofRange({ rowStart, rowEnd, columnStart, columnEnd }, read) {
      const firstRow = Math.floor(rowStart / SIDE);
      const firstColumn = Math.floor(columnStart / SIDE);
      const across = Math.ceil(columnEnd / SIDE) - firstColumn;
      const groups: CellGroup[] = [];
      for (let row = firstRow; row * SIDE < rowEnd; row++) {
        for (let column = firstColumn; column * SIDE < columnEnd; column++) {
          groups.push(cache.get(key(row, column)) ?? { bytes: NOTHING, present: 0 });
        }
      }
      const numberOf = (row: number, column: number) =>
        (Math.floor(row / SIDE) - firstRow) * across + Math.floor(column / SIDE) - firstColumn;
      const start = (row: number, column: number) => {
        const patch = place(row, column);
        return (groups[numberOf(row, column)].present >> patch) & 1 ? patch * bytesPerPatch : -1;
      };
      const missing: number[] = [];
      for (let row = rowStart; row < rowEnd; row++) {
        for (let column = columnStart; column < columnEnd; column++) {
          if (start(row, column) < 0) missing.push(row * grid.columns + column);
        }
      }
      if (missing.length > 0) {
        for (const [index, bytes] of await read(missing)) {
          const { row, column } = patchPosition(grid, index);
          const group = groups[numberOf(row, column)];
          if (group.bytes.length === 0) group.bytes = new Uint8Array(SIDE * SIDE * bytesPerPatch);
          group.bytes.set(bytes, place(row, column) * bytesPerPatch);
          group.present |= 1 << place(row, column);
          cache.set(key(Math.floor(row / SIDE), Math.floor(column / SIDE)), group);
        }
      }
      return { bytes: (row, column) => groups[numberOf(row, column)].bytes, start };
    },
    forget(index) {
      const { row, column } = patchPosition(grid, index);
      const group = cache.get(key(Math.floor(row / SIDE), Math.floor(column / SIDE)));
      if (group) group.present &= ~(1 << place(row, column));
    },
  };
}

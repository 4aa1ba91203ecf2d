/** The mean of a block of patches, and how much of it is known. */
export interface BlockMean {
  /** Mean over the block's known patches; a fresh array, one number for each of the pyramid's values. */
  mean: Float64Array;
  known: number;
  total: number;
}

/** Nodes along one side of a storage block: blocks are allocated as patches arrive. */
const STORAGE_SIDE = 16;

interface StorageBlock {
  sums: Float64Array;
  counts: Uint32Array;
}

/**
 * Sums and counts over blocks of 2^k x 2^k patches, for k from 0 to the one block that holds the whole grid, updated
 * as patches arrive. A node is always the sum of its four children in a fixed order, so it depends on the set of known
 * patches alone and not, as a running float sum would, on the order in which they came.
 */
export class ValuePyramid {
  readonly rows: number;
  readonly columns: number;
  /** Numbers kept for each node. */
  readonly values: number;
  readonly top: number;
  readonly #levels: Map<number, StorageBlock>[];

  constructor(rows: number, columns: number, values: number) {
    this.rows = rows;
    this.columns = columns;
    this.values = values;
    this.top = Math.max(0, Math.ceil(Math.log2(Math.max(rows, columns))));
    this.#levels = Array.from({ length: this.top + 1 }, () => new Map());
  }

  /** Sets a patch's values, shape [values]; a patch that is there already keeps what it has. */
  add(row: number, column: number, values: ArrayLike<number>): void {
    if (this.count(0, row, column) > 0) return;
    const { sums, counts, node } = this.#allocate(0, row, column);
    sums.set(values, node * this.values);
    counts[node] = 1;
    for (let k = 1; k <= this.top; k++) this.#sumChildren(k, row >> k, column >> k);
  }

  /** Known patches of a node's block. */
  count(k: number, row: number, column: number): number {
    const found = this.#find(k, row, column);
    return found ? found.counts[found.node] : 0;
  }

  /** Patches of a node's block, those beyond the grid's edge left out. */
  total(k: number, row: number, column: number): number {
    const side = 2 ** k;
    const height = Math.min(this.rows, (row + 1) * side) - row * side;
    const width = Math.min(this.columns, (column + 1) * side) - column * side;
    return height * width;
  }

  /**
   * The mean of the smallest block around a node that knows anything (pull-push), or undefined where nothing at all is
   * known.
   */
  nearestMean(k: number, row: number, column: number): BlockMean | undefined {
    for (let level = k; level <= this.top; level++) {
      const found = this.#find(level, row >> (level - k), column >> (level - k));
      const known = found ? found.counts[found.node] : 0;
      if (!found || known === 0) continue;
      const start = found.node * this.values;
      const mean = found.sums.slice(start, start + this.values);
      for (let i = 0; i < mean.length; i++) mean[i] /= known;
      return { mean, known, total: this.total(level, row >> (level - k), column >> (level - k)) };
    }
    return undefined;
  }

  #sumChildren(k: number, row: number, column: number): void {
    const { sums, counts, node } = this.#allocate(k, row, column);
    const start = node * this.values;
    sums.fill(0, start, start + this.values);
    counts[node] = 0;
    for (const [childRow, childColumn] of [
      [row * 2, column * 2],
      [row * 2, column * 2 + 1],
      [row * 2 + 1, column * 2],
      [row * 2 + 1, column * 2 + 1],
    ]) {
      const child = this.#find(k - 1, childRow, childColumn);
      if (!child) continue;
      counts[node] += child.counts[child.node];
      const childStart = child.node * this.values;
      for (let i = 0; i < this.values; i++) sums[start + i] += child.sums[childStart + i];
    }
  }

  #find(k: number, row: number, column: number): (StorageBlock & { node: number }) | undefined {
    const block = this.#levels[k].get(this.#storageKey(k, row, column));
    return block && { ...block, node: (row % STORAGE_SIDE) * STORAGE_SIDE + (column % STORAGE_SIDE) };
  }

  #allocate(k: number, row: number, column: number): StorageBlock & { node: number } {
    const found = this.#find(k, row, column);
    if (found) return found;
    const nodes = STORAGE_SIDE * STORAGE_SIDE;
    const block = { sums: new Float64Array(nodes * this.values), counts: new Uint32Array(nodes) };
    this.#levels[k].set(this.#storageKey(k, row, column), block);
    return { ...block, node: (row % STORAGE_SIDE) * STORAGE_SIDE + (column % STORAGE_SIDE) };
  }

  #storageKey(k: number, row: number, column: number): number {
    const blocksAcross = Math.ceil(Math.ceil(this.columns / 2 ** k) / STORAGE_SIDE);
    return Math.floor(row / STORAGE_SIDE) * blocksAcross + Math.floor(column / STORAGE_SIDE);
  }
}

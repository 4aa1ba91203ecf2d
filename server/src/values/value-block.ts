import { BLOCK_LEVEL, BLOCK_SIDE } from './known-patches.ts';

/**
 * The values of 16 x 16 patches and their sums over blocks of 2, 4 and 8 patches a side: for each level k from 0 to 3 an
 * array of shape [16 / 2^k, 16 / 2^k, values]. Unknown patches, background and those beyond the grid are 0.
 */
export type ValueBlock = readonly Float64Array[];

export function createBlock(values: number): ValueBlock {
  return Array.from({ length: BLOCK_LEVEL }, (_, k) => new Float64Array((BLOCK_SIDE >> k) ** 2 * values));
}

/** Numbers in a block. */
export function blockNumbers(values: number): number {
  let nodes = 0;
  for (let k = 0; k < BLOCK_LEVEL; k++) nodes += (BLOCK_SIDE >> k) ** 2;
  return nodes * values;
}

/**
 * A block from its patches' values, shape [16, 16, values], which it takes over.
 * @param places row-major numbers of the patches that have values: nothing is summed where all are 0
 */
export function blockOf(patches: Float64Array, values: number, places: Iterable<number>): ValueBlock {
  const block = [patches, ...createBlock(values).slice(1)];
  let below = [...places].map((place) => [Math.floor(place / BLOCK_SIDE), place % BLOCK_SIDE]);
  for (let k = 1; k < BLOCK_LEVEL; k++) {
    const nodes = new Map(below.map(([row, column]) => [nodeOf(k, row >> 1, column >> 1), [row >> 1, column >> 1]]));
    below = [...nodes.values()];
    for (const [row, column] of below) sumChildren(block, k, row, column, values);
  }
  return block;
}

/** Sets the values of a patch, 0 to take them back. @param row within the block, as `column` */
export function setValues(block: ValueBlock, row: number, column: number, patch: ArrayLike<number>): void {
  const values = patch.length;
  block[0].set(patch, (row * BLOCK_SIDE + column) * values);
  for (let k = 1; k < BLOCK_LEVEL; k++) sumChildren(block, k, row >> k, column >> k, values);
}

/**
 * Always the sum of the four children in one order, so that it depends on the set of known patches alone and not, as a
 * running float sum would, on the order in which they came.
 */
function sumChildren(block: ValueBlock, k: number, row: number, column: number, values: number): void {
  addFour(
    block[k - 1],
    nodeOf(k - 1, 2 * row, 2 * column),
    BLOCK_SIDE >> (k - 1),
    block[k],
    nodeOf(k, row, column),
    values,
  );
}

/** Index of a node within its level of a block. */
export function nodeOf(k: number, row: number, column: number): number {
  return row * (BLOCK_SIDE >> k) + column;
}

/**
 * Sums four neighbouring nodes, row by row.
 * @param first number of the top-left one @param stride nodes from it to the one below
 */
export function addFour(
  children: Float64Array,
  first: number,
  stride: number,
  target: Float64Array,
  node: number,
  values: number,
): void {
  const top = first * values;
  const bottom = (first + stride) * values;
  const at = node * values;
  for (let i = 0; i < values; i++) {
    target[at + i] =
      children[top + i] + children[top + values + i] + children[bottom + i] + children[bottom + values + i];
  }
}

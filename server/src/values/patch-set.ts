import { BLOCK_SIDE } from './known-patches.ts';

/** FNV-1a's prime, and two beginnings: of two sums of 32 bits 53 are used. */
const PRIME = 0x01000193;
const BEGINNINGS = [0x811c9dc5, 0x050c5d1f];

/**
 * A number that tells sets of patches of a block of 16 x 16 apart: an integer below 2^53, 0 for the empty set. Two sets
 * have the same one by a chance of 2^-53.
 * @param has whether a patch is in the set, by its row and column within the block
 */
export function patchSetNumber(has: (row: number, column: number) => boolean): number {
  let [a, b] = BEGINNINGS;
  let count = 0;
  for (let row = 0; row < BLOCK_SIDE; row++) {
    let bits = 0;
    for (let column = 0; column < BLOCK_SIDE; column++) {
      if (!has(row, column)) continue;
      bits |= 1 << column;
      count++;
    }
    for (const byte of [bits & 255, bits >> 8]) {
      a = Math.imul(a ^ byte, PRIME);
      b = Math.imul(b ^ byte, PRIME);
    }
  }
  return count === 0 ? 0 : (a >>> 0) * 2 ** 21 + (b >>> 11);
}

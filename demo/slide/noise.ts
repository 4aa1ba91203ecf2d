/**
 * Seeded noise. Everything here is a pure function of integers and the seed, so that a slide is the same on every
 * machine and any part of it can be made on its own.
 */

/** A well-mixed unsigned 32-bit hash of a lattice point (finaliser of MurmurHash3, public domain). */
export function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(seed, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Uniform in [0, 1), one value for a lattice point. */
export function random(x: number, y: number, seed: number): number {
  return hash(x, y, seed) / 0x1_0000_0000;
}

/** Smooth value noise in [-1, 1] with features of about 1. */
export function noise(x: number, y: number, seed: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - column;
  const fy = y - row;
  const sx = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
  const sy = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
  const a = random(column, row, seed);
  const b = random(column + 1, row, seed);
  const c = random(column, row + 1, seed);
  const d = random(column + 1, row + 1, seed);
  const upper = a + (b - a) * sx;
  const lower = c + (d - c) * sx;
  return 2 * (upper + (lower - upper) * sy) - 1;
}

/** Three octaves of `noise`, in about [-1, 1], each turned against the last so that no direction shows. */
export function fractalNoise(x: number, y: number, seed: number): number {
  const x1 = 0.8 * x - 0.6 * y;
  const y1 = 0.6 * x + 0.8 * y;
  const x2 = 2 * (0.28 * x1 - 0.96 * y1) + 17.3;
  const y2 = 2 * (0.96 * x1 + 0.28 * y1);
  const x3 = 2 * (0.6 * x2 - 0.8 * y2);
  const y3 = 2 * (0.8 * x2 + 0.6 * y2) + 9.1;
  return (noise(x1, y1, seed) + 0.55 * noise(x2, y2, seed + 1) + 0.3 * noise(x3, y3, seed + 2)) / 1.4;
}

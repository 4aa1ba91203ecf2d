import { fractalNoise, noise } from './noise.ts';

/** Kinds of tissue on the demo slide, in the order of the demo model's classes. */
export const TISSUES = ['Tumour', 'Lymphocytes', 'Stroma', 'Muscle', 'Adipose', 'Glass'] as const;
export type Tissue = (typeof TISSUES)[number];

export const TUMOUR = 0;
export const LYMPHOCYTES = 1;
export const STROMA = 2;
export const MUSCLE = 3;
export const ADIPOSE = 4;
export const GLASS = 5;

/** The composition is drawn on a sheet of this size and stretched to the slide's. */
const SHEET_WIDTH = 12288;
const SHEET_HEIGHT = 8192;

/** Slide pixels between two nodes of the map; borders are straight between nodes. */
export const NODE_SPACING = 16;

/**
 * Where each tissue is. Every plane holds one value for each node, row-major: about the distance in pixels from the
 * tissue's border, positive inside. `u` and `v` are the coordinates along and across the fibres, in pixels.
 */
export interface TissueMap {
  width: number;
  height: number;
  /** Nodes in a row and in a column; node (i, j) lies at slide pixel (i, j) * NODE_SPACING. */
  columns: number;
  rows: number;
  section: Float32Array;
  adipose: Float32Array;
  muscle: Float32Array;
  lymphocytes: Float32Array;
  tumour: Float32Array;
  u: Float32Array;
  v: Float32Array;
  /** Factor of the stain's strength, around 1. */
  strength: Float32Array;
  /** The kind of tissue at a slide pixel: an index of `TISSUES`. Pixels outside the slide are Glass. */
  truthAt(x: number, y: number): number;
}

export interface SlideOptions {
  seed: number;
  /** Slide pixels. */
  width: number;
  height: number;
}

/** Computes the map of a slide: a section of tissue with a tumour, its surroundings, fat and muscle. */
export function tissueMap({ seed, width, height }: SlideOptions): TissueMap {
  const columns = Math.ceil(width / NODE_SPACING) + 1;
  const rows = Math.ceil(height / NODE_SPACING) + 1;
  const plane = () => new Float32Array(columns * rows);
  const map = {
    section: plane(),
    adipose: plane(),
    muscle: plane(),
    lymphocytes: plane(),
    tumour: plane(),
    u: plane(),
    v: plane(),
    strength: plane(),
  };
  // Distances are in pixels of the slide, however small it is made.
  const scale = Math.min(width / SHEET_WIDTH, height / SHEET_HEIGHT);
  for (let row = 0, node = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, node++) {
      const x = column * NODE_SPACING;
      const y = row * NODE_SPACING;
      const sheetX = (x * SHEET_WIDTH) / width;
      const sheetY = (y * SHEET_HEIGHT) / height;
      const lesion = lesionAt(sheetX, sheetY, seed);
      map.section[node] = scale * sectionAt(sheetX, sheetY, seed);
      map.adipose[node] = scale * adiposeAt(sheetX, sheetY, seed);
      map.muscle[node] = scale * muscleAt(sheetX, sheetY, seed);
      map.tumour[node] = scale * tumourAt(sheetX, sheetY, lesion, seed);
      map.lymphocytes[node] = scale * lymphocytesAt(sheetX, sheetY, lesion, seed);
      // Fibres run at a slant and wander; the warp is gentle enough that the coordinates never fold over.
      const along = 0.87 * x + 0.5 * y;
      const across = 0.87 * y - 0.5 * x;
      map.u[node] = along + 260 * noise(x / 1300, y / 1300, seed + 40) + 60 * noise(x / 340, y / 340, seed + 41);
      map.v[node] = across + 420 * noise(x / 1500, y / 1500, seed + 42) + 70 * noise(x / 300, y / 300, seed + 43);
      map.strength[node] = 1 + 0.1 * noise(x / 2900, y / 2900, seed + 44) + 0.05 * noise(x / 420, y / 420, seed + 45);
    }
  }
  const interpolate = (values: Float32Array, x: number, y: number) => atPixel(values, columns, x, y);
  return {
    width,
    height,
    columns,
    rows,
    ...map,
    truthAt(x, y) {
      if (x < 0 || y < 0 || x >= width || y >= height || interpolate(map.section, x, y) < 0) return GLASS;
      if (interpolate(map.tumour, x, y) > 0) return TUMOUR;
      if (interpolate(map.lymphocytes, x, y) > 0) return LYMPHOCYTES;
      if (interpolate(map.adipose, x, y) > 0) return ADIPOSE;
      return interpolate(map.muscle, x, y) > 0 ? MUSCLE : STROMA;
    },
  };
}

/** Bilinear interpolation of a plane at a slide pixel inside the slide. */
export function atPixel(values: Float32Array, columns: number, x: number, y: number): number {
  const column = Math.floor(x / NODE_SPACING);
  const row = Math.floor(y / NODE_SPACING);
  const fx = x / NODE_SPACING - column;
  const fy = y / NODE_SPACING - row;
  const node = row * columns + column;
  const upper = values[node] * (1 - fx) + values[node + 1] * fx;
  const lower = values[node + columns] * (1 - fx) + values[node + columns + 1] * fx;
  return upper * (1 - fy) + lower * fy;
}

/** The section's outline: a rounded main piece and a fragment that came loose. */
function sectionAt(x: number, y: number, seed: number): number {
  const power = 2.4;
  const main = 1 - (Math.abs((x - 5800) / 5050) ** power + Math.abs((y - 4080) / 3300) ** power) ** (1 / power);
  const loose = 1 - Math.hypot((x - 11450) / 520, (y - 6950) / 640);
  const rough =
    420 * fractalNoise(x / 2100, y / 2100, seed) +
    110 * noise(x / 420, y / 420, seed + 1) +
    40 * noise(x / 170, y / 170, seed + 2) +
    12 * noise(x / 60, y / 60, seed + 3);
  return Math.max(main * 3300 + rough, loose * 520 + 0.3 * rough);
}

/** Fat on the right, in lobules with septa of stroma between them. */
function adiposeAt(x: number, y: number, seed: number): number {
  const bentX = x + 260 * noise(x / 700, y / 700, seed + 15);
  const bentY = y + 260 * noise(x / 700, y / 700, seed + 16);
  const side = x - 8100 + 0.3 * (y - 4096) + 1100 * fractalNoise(x / 1900, y / 1900, seed + 10);
  const lobule = 1000 * Math.abs(fractalNoise(bentX / 1500, bentY / 1500, seed + 13)) - 42;
  return Math.min(side, lobule + 25 * noise(x / 120, y / 120, seed + 14));
}

/** A layer of muscle along the lower left. */
function muscleAt(x: number, y: number, seed: number): number {
  const depth = y - 5550 - 0.2 * (x - 3500) + 560 * fractalNoise(x / 1500, y / 1500, seed + 20);
  return Math.min(depth, 8000 - x + 700 * fractalNoise(x / 900, y / 900, seed + 24));
}

/** The area that the tumour has invaded; 0 at its margin, positive inside. */
function lesionAt(x: number, y: number, seed: number): number {
  const distance = Math.hypot((x - 4900) / 2900, (y - 3150) / 1950);
  return 2100 * (1 - distance) + 500 * fractalNoise(x / 1500, y / 1500, seed + 30);
}

/** Nests of tumour: nearly closed in the middle of the lesion, islands at its margin, none far from it. */
function tumourAt(x: number, y: number, lesion: number, seed: number): number {
  const bentX = x + 90 * noise(x / 260, y / 260, seed + 56);
  const bentY = y + 90 * noise(x / 260, y / 260, seed + 57);
  const nests = 230 * fractalNoise(bentX / 430, bentY / 430, seed + 50) + 8 * noise(x / 45, y / 45, seed + 55);
  return Math.min(nests - 25 + 0.075 * Math.max(-900, Math.min(1300, lesion)), lesion + 900);
}

/** Lymphocytes: clusters where the tumour meets the stroma. */
function lymphocytesAt(x: number, y: number, lesion: number, seed: number): number {
  const clusters = 300 * fractalNoise(x / 560, y / 560, seed + 60) + 12 * noise(x / 50, y / 50, seed + 64);
  return clusters - 62 - 0.13 * Math.abs(lesion + 420);
}

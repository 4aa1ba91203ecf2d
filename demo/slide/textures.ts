import { random } from './noise.ts';

/** Side of a texture tile in pixels, a power of two: coordinates wrap with a bit mask. */
export const TILE = 2048;
export const TILE_SHIFT = 11;
export const TILE_MASK = TILE - 1;

/** Tiles of the amount of eosin, 0 to 255, `TILE x TILE`, without seams where they repeat. */
export interface Textures {
  /** Wavy collagen with clefts; x runs along the fibres. */
  stroma: Uint8Array;
  /** Parallel fibres with pale gaps; x runs along them. */
  muscle: Uint8Array;
  /** Membranes of fat cells. */
  adipose: Uint8Array;
  /** Grains of cytoplasm around 128. */
  grain: Uint8Array;
}

export function textures(seed: number): Textures {
  return {
    stroma: stromaTile(seed + 100),
    muscle: muscleTile(seed + 120),
    adipose: adiposeTile(seed + 140),
    grain: grainTile(seed + 160),
  };
}

/** Noise in [-1, 1] that repeats with the tile, its features `width x height` pixels (powers of two up to TILE). */
function periodic(width: number, height: number, seed: number): (x: number, y: number) => number {
  const columns = TILE / width;
  const rows = TILE / height;
  const lattice = Float32Array.from(
    { length: columns * rows },
    (_, i) => 2 * random(i % columns, Math.floor(i / columns), seed) - 1,
  );
  return (x, y) => {
    const column = Math.floor(x / width);
    const row = Math.floor(y / height);
    const fx = x / width - column;
    const fy = y / height - row;
    const sx = fx * fx * (3 - 2 * fx);
    const sy = fy * fy * (3 - 2 * fy);
    const left = column & (columns - 1);
    const right = (column + 1) & (columns - 1);
    const top = (row & (rows - 1)) * columns;
    const bottom = ((row + 1) & (rows - 1)) * columns;
    const upper = lattice[top + left] * (1 - sx) + lattice[top + right] * sx;
    const lower = lattice[bottom + left] * (1 - sx) + lattice[bottom + right] * sx;
    return upper * (1 - sy) + lower * sy;
  };
}

function tile(amount: (x: number, y: number) => number): Uint8Array {
  const values = new Uint8Array(TILE * TILE);
  for (let y = 0, index = 0; y < TILE; y++) {
    for (let x = 0; x < TILE; x++, index++) values[index] = Math.max(0, Math.min(255, amount(x, y)));
  }
  return values;
}

function stromaTile(seed: number): Uint8Array {
  const wave = periodic(256, 256, seed);
  const bundle = periodic(256, 32, seed + 1);
  const coarse = periodic(256, 8, seed + 2);
  const fine = periodic(128, 4, seed + 3);
  const cleft = periodic(256, 16, seed + 4);
  return tile((x, y) => {
    const across = y + 26 * wave(x, y);
    const thickness = bundle(x, y);
    const fibre = 0.55 * coarse(x, across) + 0.35 * fine(x, across);
    const open = Math.max(0, Math.min(1, (cleft(x, across) + 0.35 * thickness - 0.5) * 5));
    return (76 + 34 * fibre + 22 * thickness) * (1 - 0.85 * open);
  });
}

function muscleTile(seed: number): Uint8Array {
  const wave = periodic(512, 256, seed);
  const shade = periodic(1024, 32, seed + 1);
  const fine = periodic(128, 4, seed + 2);
  const grain = periodic(4, 4, seed + 3);
  // Borders between fibres, about 30 pixels apart; every seventh or so is a wide one.
  const borders: { at: number; wide: boolean }[] = [];
  for (let at = 0, i = 0; at < TILE - 20; at += 22 + 18 * random(i, 1, seed), i++) {
    borders.push({ at, wide: random(i, 2, seed) < 0.14 });
  }
  const gap = new Float32Array(TILE);
  for (const { at, wide } of borders) {
    const reach = wide ? 8 : 2.6;
    for (let k = -12; k <= 12; k++) {
      const y = (Math.round(at) + k + TILE) & TILE_MASK;
      gap[y] = Math.max(gap[y], Math.exp(-((k / reach) ** 2)) * (wide ? 0.9 : 0.7));
    }
  }
  return tile((x, y) => {
    const across = (Math.round(y + 14 * wave(x, y)) + TILE) & TILE_MASK;
    const open = gap[across] * (0.65 + 0.35 * wave(x + 700, y));
    return (112 + 20 * shade(x, across) + 9 * fine(x, across) + 6 * grain(x, y)) * (1 - open);
  });
}

/** The 5 x 5 squares around a point's own: the nearest points lie in them. */
const NEIGHBOUR_ROW = Uint8Array.from({ length: 25 }, (_, i) => Math.floor(i / 5));
const NEIGHBOUR_COLUMN = Uint8Array.from({ length: 25 }, (_, i) => i % 5);

/** Foam: the borders of Voronoi cells around evenly scattered points, rounded where three meet. */
function adiposeTile(seed: number): Uint8Array {
  const side = 22;
  const cell = TILE / side;
  // One point to a square of the tile, and three more squares on every side, where the tile repeats.
  const margin = 3;
  const columns = side + 2 * margin;
  const points = new Float64Array(2 * columns * columns);
  for (let i = 0; i < columns * columns; i++) {
    const column = (i % columns) - margin;
    const row = Math.floor(i / columns) - margin;
    const original = ((row + side) % side) * side + ((column + side) % side);
    points[2 * i] = (column + 0.5 * (row & 1) + 0.5 + 0.75 * (random(original, 0, seed) - 0.5)) * cell;
    points[2 * i + 1] = (row + 0.5 + 0.75 * (random(original, 1, seed) - 0.5)) * cell;
  }
  const waveX = periodic(128, 128, seed);
  const waveY = periodic(128, 128, seed + 1);
  const squares = new Float64Array(25);
  return tile((px, py) => {
    const x = px + 9 * waveX(px, py);
    const y = py + 9 * waveY(px, py);
    const first = (Math.floor(y / cell) + margin - 2) * columns + Math.floor(x / cell) + margin - 2;
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 25; i++) {
      const point = 2 * (first + NEIGHBOUR_ROW[i] * columns + NEIGHBOUR_COLUMN[i]);
      const dx = points[point] - x;
      const dy = points[point + 1] - y;
      squares[i] = dx * dx + dy * dy;
      if (squares[i] < nearest) nearest = squares[i];
    }
    nearest = Math.sqrt(nearest);
    const far = (nearest + 24) ** 2;
    let wall = -1;
    for (let i = 0; i < 25; i++) if (squares[i] < far) wall += Math.exp((nearest - Math.sqrt(squares[i])) / 4.5);
    return 3 + 88 * Math.max(0, Math.min(1, (wall - 0.3) * 2.2));
  });
}

function grainTile(seed: number): Uint8Array {
  const patches = periodic(64, 64, seed + 2);
  const clumps = periodic(16, 16, seed);
  const specks = periodic(4, 4, seed + 1);
  return tile((x, y) => 128 + 50 * clumps(x, y) + 30 * specks(x, y) + 40 * patches(x, y));
}

import { noise, random } from './noise.ts';
import type { Band } from './nuclei.ts';
import { atPixel, STROMA, type TissueMap, TUMOUR } from './tissue-map.ts';

/** A hole in the tissue: the lumen of a gland of the tumour, or a blood vessel. */
export interface Cavity {
  x: number;
  y: number;
  /** Mean radius in pixels. */
  radius: number;
  vessel: boolean;
  seed: number;
}

/** All cavities of a slide, and which of them is near a place. */
export interface Cavities {
  all: Cavity[];
  /** Pixels from a place to the wall of the nearest cavity, negative inside it; 1000 where none is near. */
  distance(x: number, y: number): number;
}

/** Side of the squares of which each may have one cavity, in pixels, and the largest radius with its wall. */
const GLAND_SPACING = 190;
const VESSEL_SPACING = 620;
const REACH = 90;

/** Scatters cavities: lumens inside nests that are wide enough, vessels in the stroma. */
export function cavities(map: TissueMap, seed: number): Cavities {
  const all: Cavity[] = [];
  scatter(map, GLAND_SPACING, seed + 300, (x, y, chance) => {
    const depth = atPixel(map.tumour, map.columns, x, y);
    if (map.truthAt(x, y) !== TUMOUR || depth < 30) return;
    const radius = Math.min(9 + 42 * chance * chance, 0.55 * depth);
    if (radius > 10) all.push({ x, y, radius, vessel: false, seed: all.length });
  });
  scatter(map, VESSEL_SPACING, seed + 310, (x, y, chance) => {
    const column = (plane: Float32Array) => atPixel(plane, map.columns, x, y);
    const room = Math.min(column(map.section), -column(map.tumour), -column(map.lymphocytes), -column(map.adipose));
    if (map.truthAt(x, y) !== STROMA || room < 30) return;
    all.push({ x, y, radius: Math.min(13 + 40 * chance * chance, 0.7 * room), vessel: true, seed: all.length });
  });
  const side = 256;
  const squares = new Map<number, Cavity[]>();
  const key = (column: number, row: number) => row * 65536 + column;
  for (const cavity of all) {
    for (let row = Math.floor((cavity.y - REACH) / side); row <= Math.floor((cavity.y + REACH) / side); row++) {
      for (
        let column = Math.floor((cavity.x - REACH) / side);
        column <= Math.floor((cavity.x + REACH) / side);
        column++
      ) {
        squares.set(key(column, row), [...(squares.get(key(column, row)) ?? []), cavity]);
      }
    }
  }
  return {
    all,
    distance(x, y) {
      let nearest = 1000;
      for (const cavity of squares.get(key(Math.floor(x / side), Math.floor(y / side))) ?? []) {
        nearest = Math.min(nearest, distanceTo(cavity, x, y));
      }
      return nearest;
    },
  };
}

function scatter(
  map: TissueMap,
  spacing: number,
  seed: number,
  place: (x: number, y: number, chance: number) => void,
): void {
  for (let row = 0; row * spacing < map.height; row++) {
    for (let column = 0; column * spacing < map.width; column++) {
      const x = (column + 0.15 + 0.7 * random(column, row, seed)) * spacing;
      const y = (row + 0.15 + 0.7 * random(column, row, seed + 1)) * spacing;
      if (x < map.width && y < map.height) place(x, y, random(column, row, seed + 2));
    }
  }
}

/** Pixels from a place to a cavity's wavy wall, negative inside. */
function distanceTo({ x, y, radius, seed }: Cavity, px: number, py: number): number {
  const dx = px - x;
  const dy = py - y;
  const distance = Math.sqrt(dx * dx + dy * dy);
  if (distance > 2 * radius + 40) return distance - radius;
  const stretch = 1.5 * noise(dx / radius / 1.6 + 31 * seed, dy / radius / 1.6, 11);
  return distance - radius * (1 + 0.28 * stretch);
}

/** Radius of a cavity in a direction, in pixels. */
export function wallRadius(cavity: Cavity, angle: number): number {
  let radius = cavity.radius;
  // The wall's distance depends on the place itself: a few steps of iteration are enough for its gentle waves.
  for (let i = 0; i < 4; i++) {
    radius -= distanceTo(cavity, cavity.x + radius * Math.cos(angle), cavity.y + radius * Math.sin(angle));
  }
  return radius;
}

/** Empties the cavities that a band touches, and fills vessels with red cells. */
export function layCavities({ all }: Cavities, band: Band): void {
  for (const cavity of all) {
    const reach = Math.ceil(1.5 * cavity.radius + 14);
    const firstRow = Math.max(0, Math.floor(cavity.y) - reach - band.top);
    const lastRow = Math.min(band.height, Math.ceil(cavity.y) + reach - band.top);
    const firstColumn = Math.max(0, Math.floor(cavity.x) - reach);
    const lastColumn = Math.min(band.width, Math.ceil(cavity.x) + reach);
    for (let row = firstRow; row < lastRow; row++) {
      for (let column = firstColumn; column < lastColumn; column++) {
        const distance = distanceTo(cavity, column, row + band.top);
        const i = row * band.width + column;
        if (cavity.vessel) layVessel(band, cavity, i, column, row + band.top, distance);
        else layLumen(band, i, distance);
      }
    }
  }
}

/** The lumen of a gland: empty, behind a rim of cytoplasm that stains more. */
function layLumen({ haematoxylin, eosin }: Band, i: number, distance: number): void {
  if (distance > 3) return;
  const open = Math.max(0, Math.min(1, -distance / 2));
  eosin[i] = (1 - open) * (eosin[i] + 12) + 9 * open;
  haematoxylin[i] = (1 - open) * haematoxylin[i] + 3 * open;
}

/** A vessel: a wall, then plasma with red cells. */
function layVessel(
  { haematoxylin, eosin }: Band,
  cavity: Cavity,
  i: number,
  x: number,
  y: number,
  distance: number,
): void {
  const wall = 4 + cavity.radius / 7;
  if (distance > wall) return;
  if (distance > 0) {
    const inner = Math.min(1, (wall - distance) / 2);
    eosin[i] = (1 - inner) * eosin[i] + inner * (92 + 10 * noise(x / 9, y / 3, cavity.seed));
    haematoxylin[i] = (1 - inner) * haematoxylin[i] + inner * 18;
    return;
  }
  haematoxylin[i] = 2;
  // Red cells are discs 13 pixels wide; how full the vessel is differs.
  const spacing = 11;
  let pink = 6;
  for (let r = Math.floor(y / spacing) - 1; r <= Math.floor(y / spacing) + 1; r++) {
    for (let c = Math.floor(x / spacing) - 1; c <= Math.floor(x / spacing) + 1; c++) {
      if (random(c, r, cavity.seed) > 0.45 + 0.5 * random(cavity.seed, 1, 5)) continue;
      const dx = (c + random(c, r, 71)) * spacing - x;
      const dy = (r + random(c, r, 72)) * spacing - y;
      const inside = 5.8 - Math.sqrt(dx * dx + dy * dy);
      if (inside > 0) pink = Math.max(pink, Math.min(1, inside / 1.5) * (118 + 30 * random(c, r, 73)));
    }
  }
  eosin[i] = pink * Math.min(1, -distance / 2);
}

import type { Band } from './nuclei.ts';
import { type Textures, TILE_MASK, TILE_SHIFT } from './textures.ts';
import { NODE_SPACING, type TissueMap } from './tissue-map.ts';

/**
 * Lays down everything but nuclei: for each pixel the tissue it lies in, from the map interpolated between nodes, and
 * that tissue's texture along the fibres. The band's first row must lie on a row of nodes.
 */
export function layBase(map: TissueMap, band: Band, tiles: Textures): void {
  const planes = [map.section, map.tumour, map.lymphocytes, map.adipose, map.muscle, map.u, map.v, map.strength];
  // Values at the left and right end of a row of pixels between two nodes, and their step from row to row.
  const left = new Float64Array(planes.length);
  const right = new Float64Array(planes.length);
  const leftStep = new Float64Array(planes.length);
  const rightStep = new Float64Array(planes.length);
  for (let blockTop = 0; blockTop < band.height; blockTop += NODE_SPACING) {
    const blockRows = Math.min(NODE_SPACING, band.height - blockTop);
    const nodeRow = (band.top + blockTop) / NODE_SPACING;
    for (let blockLeft = 0, nodeColumn = 0; blockLeft < band.width; blockLeft += NODE_SPACING, nodeColumn++) {
      const blockColumns = Math.min(NODE_SPACING, band.width - blockLeft);
      const node = nodeRow * map.columns + nodeColumn;
      for (const [p, plane] of planes.entries()) {
        const upperLeft = plane[node];
        const upperRight = plane[node + 1];
        left[p] = upperLeft;
        right[p] = upperRight;
        leftStep[p] = (plane[node + map.columns] - upperLeft) / NODE_SPACING;
        rightStep[p] = (plane[node + map.columns + 1] - upperRight) / NODE_SPACING;
      }
      for (let row = 0; row < blockRows; row++) {
        layRow(
          band,
          tiles,
          left,
          right,
          (blockTop + row) * band.width + blockLeft,
          blockColumns,
          blockLeft,
          band.top + blockTop + row,
        );
        for (let p = 0; p < planes.length; p++) {
          left[p] = left[p] + leftStep[p];
          right[p] = right[p] + rightStep[p];
        }
      }
    }
  }
}

/** Amounts for at most NODE_SPACING pixels of one row, from slide pixel (x, y) on. */
function layRow(
  { haematoxylin, eosin }: Band,
  tiles: Textures,
  left: Float64Array,
  right: Float64Array,
  start: number,
  count: number,
  x: number,
  y: number,
): void {
  const at = (plane: number) => left[plane];
  const step = (plane: number) => (right[plane] - left[plane]) / NODE_SPACING;
  let section = at(0);
  let tumour = at(1);
  let lymphocytes = at(2);
  let adipose = at(3);
  let muscle = at(4);
  let u = at(5);
  let v = at(6);
  let strength = at(7);
  const sectionStep = step(0);
  const tumourStep = step(1);
  const lymphocytesStep = step(2);
  const adiposeStep = step(3);
  const muscleStep = step(4);
  const uStep = step(5);
  const vStep = step(6);
  const strengthStep = step(7);
  const screen = (y & TILE_MASK) << TILE_SHIFT;
  for (let i = start; i < start + count; i++, x++) {
    let blue = 0;
    let pink = 0;
    const grain = tiles.grain[screen | (x & TILE_MASK)];
    if (section > 0) {
      if (tumour > 0) {
        blue = 26 + (grain >> 3);
        pink = 34 + (grain >> 2);
      } else if (lymphocytes > 0) {
        blue = 30 + (grain >> 4);
        pink = 12 + (grain >> 3);
      } else if (adipose > 0) {
        // Fat cells are round: they follow the fibres' bends only a little.
        const membrane = sample(tiles.adipose, x + 0.2 * (u - 0.87 * x - 0.5 * y), y + 0.2 * (v - 0.87 * y + 0.5 * x));
        blue = membrane >> 4;
        pink = membrane;
        if (adipose < 5) pink = Math.max(pink, 90);
      } else if (muscle > grain - 128) {
        blue = 14;
        pink = sample(tiles.muscle, v, u);
      } else {
        const fibre = sample(tiles.stroma, u, v);
        pink = fibre;
        blue = 6 + (fibre >> 4);
        // Loose, bluish stroma around the tumour, and a cleft where the section shrank away from a nest.
        if (tumour > -120) {
          const near = 1 + tumour / 120;
          blue += 16 * near;
          pink -= 14 * near;
          if (tumour > -6) {
            const open = 0.85 * Math.max(0, Math.min(1, (grain - 112) / 20)) * Math.min(1, (tumour + 6) / 2);
            blue *= 1 - open;
            pink *= 1 - open;
          }
        }
      }
      // The edge of a section takes more stain, and thins out over its last pixels.
      const edge = section < 40 ? (section < 3 ? section / 3 : 1 + 0.25 * (1 - section / 40)) : 1;
      blue *= strength * edge;
      pink *= strength * edge;
    }
    haematoxylin[i] = Math.max(0, Math.min(255, blue));
    eosin[i] = Math.max(0, Math.min(255, pink));
    section += sectionStep;
    tumour += tumourStep;
    lymphocytes += lymphocytesStep;
    adipose += adiposeStep;
    muscle += muscleStep;
    u += uStep;
    v += vStep;
    strength += strengthStep;
  }
}

/** A tile's value at coordinates that wrap, interpolated across the fibres: along them little changes. */
function sample(tile: Uint8Array, along: number, across: number): number {
  const row = Math.floor(across);
  const column = along & TILE_MASK;
  const above = tile[((row & TILE_MASK) << TILE_SHIFT) | column];
  const below = tile[(((row + 1) & TILE_MASK) << TILE_SHIFT) | column];
  return above + (below - above) * (across - row);
}

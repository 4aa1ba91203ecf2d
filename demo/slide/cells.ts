import { type Cavities, wallRadius } from './cavities.ts';
import { noise, random } from './noise.ts';
import { type Band, layStamp, type NucleusName, type NucleusStamps } from './nuclei.ts';
import { ADIPOSE, atPixel, GLASS, LYMPHOCYTES, MUSCLE, STROMA, type TissueMap, TUMOUR } from './tissue-map.ts';

/** A population of nuclei: one candidate in every square of `spacing` pixels, kept in some tissues only. */
interface Population {
  name: NucleusName;
  spacing: number;
  /** How far a candidate strays from its square's centre, as a share of the spacing. */
  jitter: number;
  /** Whether nuclei lie along the fibres; otherwise they lie any way. */
  aligned: boolean;
  /** Share of candidates that are kept at a slide pixel of a tissue. */
  density(map: TissueMap, tissue: number, x: number, y: number): number;
}

const POPULATIONS: Population[] = [
  {
    name: 'fibroblast',
    spacing: 46,
    jitter: 0.9,
    aligned: true,
    density(map, tissue, x, y) {
      // The nuclei of fat cells lie in their membranes, which are drawn elsewhere: a few near the septa are enough.
      if (tissue === ADIPOSE) return atPixel(map.adipose, map.columns, x, y) < 10 ? 0.3 : 0;
      if (tissue !== STROMA) return 0;
      // Stroma beside a tumour has more cells.
      const near = Math.max(0, 1 + atPixel(map.tumour, map.columns, x, y) / 160);
      return 0.34 + 0.45 * near;
    },
  },
  { name: 'muscle', spacing: 62, jitter: 0.9, aligned: true, density: (_, tissue) => (tissue === MUSCLE ? 0.55 : 0) },
  {
    name: 'lymphocyte',
    spacing: 13.2,
    jitter: 0.55,
    aligned: false,
    density(map, tissue, x, y) {
      if (tissue === LYMPHOCYTES) return Math.min(0.93, 0.55 + atPixel(map.lymphocytes, map.columns, x, y) / 90);
      if (tissue === GLASS || tissue === MUSCLE || tissue === ADIPOSE) return 0;
      // Stragglers around the clusters, fewer inside the tumour.
      const distance = Math.max(0, -atPixel(map.lymphocytes, map.columns, x, y));
      return 0.3 * Math.exp(-distance / 45) * (tissue === TUMOUR ? 0.3 : 1) + 0.004;
    },
  },
  {
    name: 'tumour',
    spacing: 24,
    jitter: 0.8,
    aligned: false,
    density: (_, tissue, x, y) => (tissue === TUMOUR ? 0.93 + 0.1 * noise(x / 300, y / 300, 7) : 0),
  },
];

/** The longest reach of a nucleus from its centre, in pixels: what a band sees of cells beyond its edges. */
const REACH = 32;

/** Lays the nuclei of all populations over a band. */
export function layNuclei(map: TissueMap, holes: Cavities, band: Band, stamps: NucleusStamps, seed: number): void {
  for (const [number, population] of POPULATIONS.entries()) {
    const own = seed + 200 + 10 * number;
    const { spacing } = population;
    const firstRow = Math.floor((band.top - REACH) / spacing);
    const lastRow = Math.floor((band.top + band.height + REACH) / spacing);
    const columns = Math.ceil(band.width / spacing);
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = 0; column < columns; column++) {
        const stray = population.jitter * spacing;
        // Every second row is shifted by half a square: cells pack like spheres.
        const x = (column + 0.5 + 0.5 * (row & 1)) * spacing + stray * (random(column, row, own) - 0.5);
        const y = (row + 0.5) * spacing + stray * (random(column, row, own + 1) - 0.5);
        if (x < 0 || y < 0 || x >= map.width || y >= map.height) continue;
        const tissue = map.truthAt(x, y);
        if (tissue === GLASS || random(column, row, own + 2) >= population.density(map, tissue, x, y)) continue;
        if (holes.distance(x, y) < (population.name === 'tumour' ? 23 : 5)) continue;
        const turn = random(column, row, own + 3);
        const angle = population.aligned
          ? fibreAngle(map, tissue, x, y) + 0.5 * (turn - 0.5)
          : Math.PI * (0.6 * noise(x / 90, y / 90, own) + 0.5 * turn);
        layStamp(band, stamps.pick(population.name, angle, random(column, row, own + 4)), x, y);
      }
    }
  }
}

/** Lays the cells that line cavities: tall ones that stand around the lumen of a gland, flat ones in a vessel's wall. */
export function layLinings({ all }: Cavities, band: Band, stamps: NucleusStamps): void {
  for (const cavity of all) {
    if (Math.abs(cavity.y - band.top - band.height / 2) > band.height / 2 + 2 * cavity.radius + 2 * REACH) continue;
    const count = Math.round((2 * Math.PI * (cavity.radius + 8)) / (cavity.vessel ? 34 : 13.5));
    for (let i = 0; i < count; i++) {
      const angle = (2 * Math.PI * (i + 0.5 * random(i, 1, cavity.seed))) / count;
      const depth = cavity.vessel ? 2 : 9 + 5 * random(i, 2, cavity.seed);
      const radius = wallRadius(cavity, angle) + depth;
      const name = cavity.vessel ? 'fibroblast' : 'tumour';
      const stamp = stamps.pick(name, cavity.vessel ? angle + Math.PI / 2 : angle, random(i, 3, cavity.seed));
      layStamp(band, stamp, cavity.x + radius * Math.cos(angle), cavity.y + radius * Math.sin(angle));
    }
  }
}

/** Direction of the fibres at a slide pixel in radians: along which their cross coordinate stays the same. */
function fibreAngle(map: TissueMap, tissue: number, x: number, y: number): number {
  const plane = tissue === MUSCLE ? map.u : map.v;
  const step = 8;
  const here = atPixel(plane, map.columns, x, y);
  const dx = atPixel(plane, map.columns, Math.min(map.width - 1, x + step), y) - here;
  const dy = atPixel(plane, map.columns, x, Math.min(map.height - 1, y + step)) - here;
  return Math.atan2(-dx, dy);
}

import { noise, random } from './noise.ts';

/** A small picture of a nucleus that is laid over the amounts of stain. */
export interface Stamp {
  /** Side in pixels; the centre is at side / 2. */
  side: number;
  /** How much of what is beneath it replaces, 0 to 255. */
  cover: Uint8Array;
  /** Amount of haematoxylin, 0 to 255. */
  amount: Uint8Array;
}

/** Shape of a kind of nucleus; lengths in pixels (0.5 microns). */
interface NucleusKind {
  /** Half of the length and of the breadth; each varies by `variation` of itself. */
  length: number;
  breadth: number;
  variation: number;
  /** Amount of haematoxylin, and how far it differs from nucleus to nucleus. */
  amount: number;
  amountVariation: number;
  /** How clumped the chromatin is, in steps of amount. */
  clumps: number;
  /** Share of nuclei with a nucleolus. */
  nucleoli: number;
  /** How irregular the outline is, as a share of the radius. */
  irregularity: number;
}

const KINDS = {
  tumour: {
    length: 11.5,
    breadth: 8.6,
    variation: 0.24,
    amount: 108,
    amountVariation: 34,
    clumps: 34,
    nucleoli: 0.6,
    irregularity: 0.13,
  },
  lymphocyte: {
    length: 6.6,
    breadth: 6,
    variation: 0.12,
    amount: 196,
    amountVariation: 30,
    clumps: 36,
    nucleoli: 0,
    irregularity: 0.06,
  },
  fibroblast: {
    length: 15,
    breadth: 2.9,
    variation: 0.3,
    amount: 140,
    amountVariation: 30,
    clumps: 18,
    nucleoli: 0,
    irregularity: 0.1,
  },
  muscle: {
    length: 18,
    breadth: 3.6,
    variation: 0.2,
    amount: 122,
    amountVariation: 22,
    clumps: 18,
    nucleoli: 0,
    irregularity: 0.05,
  },
} satisfies Record<string, NucleusKind>;

export type NucleusName = keyof typeof KINDS;

/** Directions in a half turn for which elongated nuclei are drawn. */
const DIRECTIONS = 24;
const VARIANTS = 6;

export interface NucleusStamps {
  /** A stamp whose long axis lies at `angle` radians; `choice` in [0, 1) picks its shape. */
  pick(name: NucleusName, angle: number, choice: number): Stamp;
}

/** Draws all nuclei that a slide is made of. */
export function nucleusStamps(seed: number): NucleusStamps {
  const stamps = new Map<NucleusName, Stamp[]>();
  const names: NucleusName[] = ['tumour', 'lymphocyte', 'fibroblast', 'muscle'];
  for (const [number, name] of names.entries()) {
    stamps.set(
      name,
      Array.from({ length: DIRECTIONS * VARIANTS }, (_, i) =>
        drawNucleus(KINDS[name], ((i % DIRECTIONS) * Math.PI) / DIRECTIONS, seed + 1000 * (number + 1) + i),
      ),
    );
  }
  return {
    pick(name, angle, choice) {
      const direction = Math.round((angle / Math.PI) * DIRECTIONS);
      const turned = ((direction % DIRECTIONS) + DIRECTIONS) % DIRECTIONS;
      const stamp = stamps.get(name)?.[Math.floor(choice * VARIANTS) * DIRECTIONS + turned];
      if (!stamp) throw new RangeError(`choice must be in [0, 1), found ${choice}`);
      return stamp;
    },
  };
}

function drawNucleus(kind: NucleusKind, angle: number, seed: number): Stamp {
  const vary = (number: number) => 1 + kind.variation * (2 * random(number, 0, seed) - 1);
  const length = kind.length * vary(1);
  const breadth = kind.breadth * vary(2);
  const amount = kind.amount + kind.amountVariation * (2 * random(3, 0, seed) - 1);
  // Paler nuclei are open: their chromatin lies at the membrane.
  const rim = kind.nucleoli > 0 ? 26 : 12;
  const bend = kind.length > 2.5 * kind.breadth ? 0.09 * (2 * random(4, 0, seed) - 1) : 0;
  const hasNucleolus = random(5, 0, seed) < kind.nucleoli;
  const nucleolusX = 0.4 * length * (2 * random(6, 0, seed) - 1);
  const nucleolusY = 0.4 * breadth * (2 * random(7, 0, seed) - 1);

  const side = 2 * Math.ceil(length * 1.25 + 2);
  const cover = new Uint8Array(side * side);
  const values = new Uint8Array(side * side);
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  for (let row = 0, i = 0; row < side; row++) {
    for (let column = 0; column < side; column++, i++) {
      const dx = column + 0.5 - side / 2;
      const dy = row + 0.5 - side / 2;
      const along = dx * cosine + dy * sine;
      const across = dy * cosine - dx * sine + (bend * along * along) / length;
      const turn = Math.atan2(across / breadth, along / length);
      const wobble = 1 + kind.irregularity * noise(1.3 * Math.cos(turn) + 5, 1.3 * Math.sin(turn) + 5, seed);
      const radius = Math.hypot(along / length, across / breadth) / wobble;
      // Distance inside the outline in pixels, for an edge that is soft over two of them.
      const inside = (1 - radius) * Math.min(breadth, Math.max(length * 0.5, 3));
      cover[i] = Math.round(245 * Math.max(0, Math.min(1, inside / 1.8 + 0.5)));
      let value = amount + kind.clumps * noise(dx / 2.6, dy / 2.6, seed + 1);
      value += rim * Math.max(0, 1 - Math.abs(inside - 1) / 1.8);
      if (hasNucleolus) value += 75 * Math.max(0, 1 - Math.hypot(along - nucleolusX, across - nucleolusY) / 2.6);
      values[i] = Math.max(0, Math.min(255, value));
    }
  }
  return { side, cover, amount: values };
}

/** Amounts of stain of one band of the slide, row-major. */
export interface Band {
  /** Slide row of the first row. */
  top: number;
  width: number;
  height: number;
  haematoxylin: Uint8Array;
  eosin: Uint8Array;
}

/** Lays a stamp over a band, its centre at a slide pixel; what lies outside the band is left out. */
export function layStamp(band: Band, stamp: Stamp, x: number, y: number): void {
  const left = Math.round(x - stamp.side / 2);
  const top = Math.round(y - stamp.side / 2) - band.top;
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(stamp.side, band.height - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(stamp.side, band.width - left);
  const { haematoxylin, eosin } = band;
  for (let row = firstRow; row < lastRow; row++) {
    let from = row * stamp.side + firstColumn;
    let to = (top + row) * band.width + left + firstColumn;
    for (let column = firstColumn; column < lastColumn; column++, from++, to++) {
      const cover = stamp.cover[from];
      if (cover === 0) continue;
      const below = haematoxylin[to];
      // Where two nuclei overlap, the darker one shows.
      const value = Math.max(stamp.amount[from], below);
      haematoxylin[to] = below + (((value - below) * cover) >> 8);
      const pink = eosin[to];
      eosin[to] = pink - ((pink * cover) >> 9);
    }
  }
}

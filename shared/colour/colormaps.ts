import {
  interpolateBlues,
  interpolateCividis,
  interpolateGreens,
  interpolateGreys,
  interpolateInferno,
  interpolateMagma,
  interpolateOranges,
  interpolatePlasma,
  interpolatePurples,
  interpolateReds,
  interpolateTurbo,
  interpolateViridis,
  interpolateYlOrRd,
} from 'd3-scale-chromatic';

/** Perceptually uniform maps first, then those of one hue, then turbo, which is not uniform but asked for. */
const INTERPOLATORS = new Map<string, (t: number) => string>([
  ['viridis', interpolateViridis],
  ['magma', interpolateMagma],
  ['inferno', interpolateInferno],
  ['plasma', interpolatePlasma],
  ['cividis', interpolateCividis],
  ['YlOrRd', interpolateYlOrRd],
  ['Blues', interpolateBlues],
  ['Greens', interpolateGreens],
  ['Reds', interpolateReds],
  ['Purples', interpolatePurples],
  ['Oranges', interpolateOranges],
  ['Greys', interpolateGreys],
  ['turbo', interpolateTurbo],
]);

/** Names of all colour maps, in the order in which a menu shows them. */
export const COLORMAPS: readonly string[] = [...INTERPOLATORS.keys()];

export const DEFAULT_COLORMAP = 'viridis';

const tables = new Map<string, Uint8Array>();

/** 256 RGB triples (768 bytes), low score to high, shared by all callers; undefined where no map has that name. */
export function colormapTable(name: string): Uint8Array | undefined {
  const known = tables.get(name);
  if (known) return known;
  const interpolate = INTERPOLATORS.get(name);
  if (!interpolate) return undefined;
  const table = new Uint8Array(768);
  for (let i = 0; i < 256; i++) table.set(cssColour(interpolate(i / 255)), 3 * i);
  tables.set(name, table);
  return table;
}

/** The interpolators give `#rrggbb` or `rgb(r, g, b)`. */
function cssColour(text: string): number[] {
  if (text.startsWith('#')) return [1, 3, 5].map((start) => Number.parseInt(text.slice(start, start + 2), 16));
  return (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

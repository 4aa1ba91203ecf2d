import {
  interpolateBlues,
  interpolateBrBG,
  interpolateBuGn,
  interpolateBuPu,
  interpolateCividis,
  interpolateCool,
  interpolateCubehelixDefault,
  interpolateGnBu,
  interpolateGreens,
  interpolateGreys,
  interpolateInferno,
  interpolateMagma,
  interpolateOranges,
  interpolateOrRd,
  interpolatePiYG,
  interpolatePlasma,
  interpolatePRGn,
  interpolatePuBu,
  interpolatePuBuGn,
  interpolatePuOr,
  interpolatePuRd,
  interpolatePurples,
  interpolateRainbow,
  interpolateRdBu,
  interpolateRdGy,
  interpolateRdPu,
  interpolateRdYlBu,
  interpolateRdYlGn,
  interpolateReds,
  interpolateSinebow,
  interpolateSpectral,
  interpolateTurbo,
  interpolateViridis,
  interpolateWarm,
  interpolateYlGn,
  interpolateYlGnBu,
  interpolateYlOrBr,
  interpolateYlOrRd,
} from 'd3-scale-chromatic';

type Interpolator = (t: number) => string;

/** Perceptually uniform maps first, then those of several hues and of one, then those that are not uniform but asked for. */
const SEQUENTIAL: [string, Interpolator][] = [
  ['viridis', interpolateViridis],
  ['magma', interpolateMagma],
  ['inferno', interpolateInferno],
  ['plasma', interpolatePlasma],
  ['cividis', interpolateCividis],
  ['YlOrRd', interpolateYlOrRd],
  ['YlOrBr', interpolateYlOrBr],
  ['YlGnBu', interpolateYlGnBu],
  ['YlGn', interpolateYlGn],
  ['OrRd', interpolateOrRd],
  ['BuGn', interpolateBuGn],
  ['BuPu', interpolateBuPu],
  ['GnBu', interpolateGnBu],
  ['PuBuGn', interpolatePuBuGn],
  ['PuBu', interpolatePuBu],
  ['PuRd', interpolatePuRd],
  ['RdPu', interpolateRdPu],
  ['Blues', interpolateBlues],
  ['Greens', interpolateGreens],
  ['Reds', interpolateReds],
  ['Purples', interpolatePurples],
  ['Oranges', interpolateOranges],
  ['Greys', interpolateGreys],
  ['cubehelix', interpolateCubehelixDefault],
  ['warm', interpolateWarm],
  ['cool', interpolateCool],
  ['turbo', interpolateTurbo],
];

/** Two hues that meet in a light middle. */
const DIVERGING: [string, Interpolator][] = [
  ['BrBG', interpolateBrBG],
  ['PuOr', interpolatePuOr],
  ['RdBu', interpolateRdBu],
  ['PRGn', interpolatePRGn],
  ['PiYG', interpolatePiYG],
  ['RdGy', interpolateRdGy],
  ['RdYlBu', interpolateRdYlBu],
  ['RdYlGn', interpolateRdYlGn],
  ['Spectral', interpolateSpectral],
];

/** Ends that are alike. */
const CYCLICAL: [string, Interpolator][] = [
  ['rainbow', interpolateRainbow],
  ['sinebow', interpolateSinebow],
];

const INTERPOLATORS = new Map([...SEQUENTIAL, ...DIVERGING, ...CYCLICAL]);

/** Names of all colour maps, in the order in which a menu shows them. */
export const COLORMAPS: readonly string[] = [...INTERPOLATORS.keys()];

/** Those of them that have a middle, as differences want. */
export const DIVERGING_COLORMAPS: readonly string[] = DIVERGING.map(([name]) => name);

export const DEFAULT_COLORMAP = 'viridis';
/** Of differences; brown and teal are not the colours of stained tissue. */
export const DEFAULT_DIVERGING_COLORMAP = 'BrBG';

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

/** Red, green and blue, 0 to 255, of what the interpolators give: `#rrggbb` or `rgb(r, g, b)`. */
export function cssColour(text: string): number[] {
  if (text.startsWith('#')) return [1, 3, 5].map((start) => Number.parseInt(text.slice(start, start + 2), 16));
  return (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

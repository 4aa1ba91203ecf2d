import * as chromatic from 'd3-scale-chromatic';
import type { Plugin } from 'vite';
import { cssColour } from '../shared/colour/colormaps.ts';

const MODULE = 'd3-scale-chromatic';
const RESOLVED = `\0${MODULE}`;
/** Colours of a map; the plugin asks for no others. */
const ENTRIES = 256;
/** Character that stands for 0, in the middle of those that are one byte each. */
const ZERO = 0x50;
/** Character that stands for a first value of 0. */
const FIRST = 0x20;

/**
 * Gives the bundle the colours of d3-scale-chromatic's continuous maps instead of the library itself, which holds every
 * palette in every size: a third of the bundle's bytes when compressed.
 */
export function colourTables(): Plugin {
  return {
    name: 'colour-tables',
    enforce: 'pre',
    resolveId: (id) => (id === MODULE ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? colourTablesModule() : undefined),
  };
}

/**
 * A module with the library's interpolators, right at i / 255 for whole numbers i: ColorBrewer's through their palettes
 * (cubic basis splines, as d3-interpolate's), some by their formulas, the others from their colours, of whose smooth
 * curves second differences are mostly alike.
 */
export function colourTablesModule(): string {
  const maps = Object.entries(chromatic).filter(([name]) => name.startsWith('interpolate'));
  return `${RUNTIME}\n${maps
    .map(([name, interpolate]) => {
      if (typeof interpolate !== 'function') throw new Error(`${name} is no interpolator`);
      const formula = FORMULAS.get(name);
      if (formula) return `export const ${name} = /*#__PURE__*/ ${formula};`;
      const palette = paletteOf(name);
      if (palette) return `export const ${name} = /*#__PURE__*/ spline("${palette.join('').replaceAll('#', '')}");`;
      const colours = Array.from({ length: ENTRIES }, (_, i) => cssColour(interpolate(i / (ENTRIES - 1))));
      const text = [0, 1, 2].map((channel) => encoded(colours.map((colour) => colour[channel]))).join('');
      return `export const ${name} = /*#__PURE__*/ table(${JSON.stringify(text)});`;
    })
    .join('\n')}\n`;
}

/**
 * Maps that are a short formula: cubehelices are Green's (2011) as d3-color has them, from one hue, saturation and
 * lightness to others; the polynomials are Nuñez', Anderton's and Renslow's (2018, cividis) and Mikhailov's (2019,
 * turbo), as the library has them.
 */
const FORMULAS = new Map([
  ['interpolateCubehelixDefault', 'helix((t) => [300 - 540 * t, 0.5, t])'],
  ['interpolateWarm', 'helix((t) => [180 * t - 100, 0.75 + 0.75 * t, 0.35 + 0.45 * t])'],
  ['interpolateCool', 'helix((t) => [260 - 180 * t, 0.75 + 0.75 * t, 0.35 + 0.45 * t])'],
  ['interpolateRainbow', 'helix((t) => [360 * t - 100, 1.5 - 1.5 * Math.abs(t - 0.5), 0.8 - 0.9 * Math.abs(t - 0.5)])'],
  ['interpolateSinebow', 'through((t) => [0, 1, 2].map((third) => Math.sin(Math.PI * (0.5 - t + third / 3)) ** 2))'],
  [
    'interpolateCividis',
    `polynomial([-4.54, -35.34, 2381.73, -6402.7, 7024.72, -2710.57], [32.49, 170.73, 52.82, -131.46, 176.58, -67.37],
      [81.24, 442.36, -2482.43, 6167.24, -6614.94, 2475.67])`,
  ],
  [
    'interpolateTurbo',
    `polynomial([34.61, 1172.33, -10793.56, 33300.12, -38394.49, 14825.05], [23.31, 557.33, 1225.33, -3574.96, 1073.77, 707.56],
      [27.2, 3211.1, -15327.97, 27814, -22569.18, 6838.66])`,
  ],
]);

const RUNTIME = `const css = (colour) => 'rgb(' + colour + ')';
const table = (text) => {
  let channels;
  const decode = () => [0, 1, 2].map((channel) => {
    const at = ${ENTRIES} * channel;
    let value = text.charCodeAt(at) - ${FIRST};
    let step = 0;
    return Array.from({ length: ${ENTRIES} }, (_, i) => {
      if (i > 0) value += step += text.charCodeAt(at + i) - ${ZERO};
      return value;
    });
  });
  return (t) => {
    channels ??= decode();
    return css(channels.map((channel) => channel[Math.round(${ENTRIES - 1} * t)]));
  };
};
const byte = (value) => Math.max(0, Math.min(255, Math.round(value)));
const through = (colour) => (t) => css(colour(t).map((part) => byte(255 * part)));
const polynomial = (...channels) => (t) => css(channels.map((factors) => byte(factors.reduceRight((sum, factor) => sum * t + factor))));
const helix = (at) => through((t) => {
  const [hue, saturation, l] = at(t);
  const angle = ((hue + 120) * Math.PI) / 180;
  const a = saturation * l * (1 - l);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [-0.14861 * cos + 1.78277 * sin, -0.29227 * cos - 0.90649 * sin, 1.97294 * cos].map((part) => l + a * part);
});
const spline = (text) => (t) => {
  const last = text.length / 6 - 1;
  const i = Math.min(last - 1, Math.floor(t * last));
  const u = t * last - i;
  return css([0, 2, 4].map((channel) => {
    const value = (index) => parseInt(text.substr(6 * index + channel, 2), 16);
    const b = value(i);
    const c = value(i + 1);
    const a = i > 0 ? value(i - 1) : 2 * b - c;
    const d = i < last - 1 ? value(i + 2) : 2 * c - b;
    const [u2, u3] = [u * u, u * u * u];
    const sum = (1 - 3 * u + 3 * u2 - u3) * a + (4 - 6 * u2 + 3 * u3) * b + (1 + 3 * u + 3 * u2 - 3 * u3) * c + u3 * d;
    return byte(sum / 6);
  }));
};`;

/** The largest palette of a map of ColorBrewer; undefined for any other. */
function paletteOf(name: string): string[] | undefined {
  const palettes: unknown = Reflect.get(chromatic, name.replace('interpolate', 'scheme'));
  const largest: unknown = Array.isArray(palettes) ? palettes.at(-1) : undefined;
  return Array.isArray(largest) ? largest.map(String) : undefined;
}

/** A character for the first value, and for each second difference after it. @throws RangeError for a map too wild for that */
function encoded([first, ...rest]: readonly number[]): string {
  let [value, step] = [first, 0];
  const changes = rest.map((next) => {
    const change = next - value - step;
    if (ZERO + change < FIRST) throw new RangeError(`a colour map falls by ${change} at once`);
    step = next - value;
    value = next;
    return String.fromCharCode(ZERO + change);
  });
  return String.fromCharCode(FIRST + first) + changes.join('');
}

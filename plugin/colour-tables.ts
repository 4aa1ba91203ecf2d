import * as chromatic from 'd3-scale-chromatic';
import type { Plugin } from 'vite';

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
 * palette in every size: a third of its bytes when compressed. Second differences of smooth curves are mostly alike.
 */
export function colourTables(): Plugin {
  return {
    name: 'colour-tables',
    enforce: 'pre',
    resolveId: (id) => (id === MODULE ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? colourTablesModule() : undefined),
  };
}

/** A module with the library's interpolators, right at i / 255 for whole numbers i. */
export function colourTablesModule(): string {
  const maps = Object.entries(chromatic).filter(([name]) => name.startsWith('interpolate'));
  const exported = maps.map(([name, interpolate]) => {
    if (typeof interpolate !== 'function') throw new Error(`${name} is no interpolator`);
    const colours = Array.from({ length: ENTRIES }, (_, i) => cssColour(interpolate(i / (ENTRIES - 1))));
    const text = [0, 1, 2].map((channel) => encoded(colours.map((colour) => colour[channel]))).join('');
    return `export const ${name} = /*#__PURE__*/ table(${JSON.stringify(text)});`;
  });
  return `const table = (text) => {
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
    return 'rgb(' + channels.map((channel) => channel[Math.round(${ENTRIES - 1} * t)]) + ')';
  };
};
${exported.join('\n')}
`;
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

function cssColour(text: string): number[] {
  if (text.startsWith('#')) return [1, 3, 5].map((start) => Number.parseInt(text.slice(start, start + 2), 16));
  return (text.match(/\d+/g) ?? []).map(Number);
}

import { parseColour, type Rgb } from './palette.ts';

/** A colour `#rrggbb` of a map of one's own, alone or with its place in the range, 0 to 1. */
export type ColourStop = string | readonly [place: number, colour: string];

/**
 * A colour map through colours of one's own, in straight lines in sRGB; colours without a place are spread evenly.
 * @returns 256 RGB triples (768 bytes), low score to high
 * @throws RangeError for fewer than two stops, a colour that is none, or places that do not ascend from 0 to 1
 */
export function stopsTable(stops: readonly ColourStop[]): Uint8Array {
  if (stops.length < 2) throw new RangeError(`colormap: expected at least two colours, found ${stops.length}`);
  const places: number[] = [];
  const colours: Rgb[] = [];
  stops.forEach((stop, index) => {
    const [place, text] = typeof stop === 'string' ? [index / (stops.length - 1), stop] : stop;
    const colour = parseColour(text);
    if (!colour) throw new RangeError(`colormap: expected colours #rrggbb, found ${JSON.stringify(text)}`);
    const before = places.at(-1) ?? 0;
    if (!(place >= before && place <= 1)) {
      throw new RangeError(`colormap: expected places that ascend from 0 to 1, found ${place} after ${before}`);
    }
    places.push(place);
    colours.push(colour);
  });
  const table = new Uint8Array(768);
  for (let i = 0, next = 0; i < 256; i++) {
    const place = i / 255;
    while (next < places.length && places[next] < place) next++;
    const [a, b] = [Math.max(0, next - 1), Math.min(next, places.length - 1)];
    const share = places[b] > places[a] ? (place - places[a]) / (places[b] - places[a]) : 0;
    for (let channel = 0; channel < 3; channel++) {
      const value = colours[a][channel] + (colours[b][channel] - colours[a][channel]) * share;
      table[3 * i + channel] = Math.round(value);
    }
  }
  return table;
}

/**
 * Reads stops as they are written in an address: `#000000,#ff0000`, or with places `0:#000000,0.3:#ff0000,1:#ffffff`.
 * @returns undefined for a text that holds no `#`
 */
export function parseStops(text: string): ColourStop[] | undefined {
  if (!text.includes('#')) return undefined;
  return text.split(',').map((part): ColourStop => {
    const [place, colour] = part.split(':');
    return colour === undefined ? place.trim() : [place.trim() === '' ? Number.NaN : Number(place), colour.trim()];
  });
}

/**
 * Colours of haematoxylin and eosin by Beer-Lambert's law: light passed = white * exp(-amount * absorbance), the
 * amounts of the two stains being 0 to 255 steps. Absorbances for red, green, blue after Macenko et al. (2009),
 * "A method for normalizing histology slides for quantitative analysis", adjusted by eye.
 */
const HAEMATOXYLIN = [0.6, 0.74, 0.33] as const;
const EOSIN = [0.09, 0.74, 0.42] as const;

/** Light through clean glass. */
const WHITE = [243, 241, 244] as const;

/** Absorbance of one step of an amount, at its full range of 255. */
const FULL_RANGE = 2.1;

/** Colours of every pair of amounts as `0xBBGGRR`, index = haematoxylin * 256 + eosin. */
export function stainTable(): Uint32Array {
  const table = new Uint32Array(65536);
  for (let index = 0; index < table.length; index++) {
    const haematoxylin = ((index >> 8) * FULL_RANGE) / 255;
    const eosin = ((index & 255) * FULL_RANGE) / 255;
    let colour = 0;
    for (let channel = 0; channel < 3; channel++) {
      const absorbed = haematoxylin * HAEMATOXYLIN[channel] + eosin * EOSIN[channel];
      colour |= Math.round(WHITE[channel] * Math.exp(-absorbed)) << (8 * channel);
    }
    table[index] = colour;
  }
  return table;
}

import { type ColourTable, colourTable, type TableStyle } from './colour-table.ts';
import { roundHalfUp } from './pixel.ts';
import type { ScorePainter } from './row-painters.ts';

export interface MapStyle extends TableStyle {
  /** 0 to 1. */
  opacity: number;
  /** Share of the opacity that each entry of the map has, 0 to 1. */
  strengthOf: (entry: number) => number;
}

/** Colour of a map at one score for each pixel; alpha is opacity x visibility x the entry's strength. */
export function mapPainter(style: MapStyle, one: number, length: number): ScorePainter {
  const alphas = Array.from({ length: 256 }, (_, entry) => roundHalfUp(255 * style.strengthOf(entry)));
  const tableOf = (share: number) => colourTable(style, one, (entry) => roundHalfUp(alphas[entry] * share));
  /** Of the last visibility that all pixels of a row had: mostly that of the whole tile. */
  let table: ColourTable | undefined;
  let shareOfTable = -1;
  let opaque: ColourTable | undefined;

  return ({ bytes, words }, start, scores, visibility, uniform) => {
    if (uniform !== undefined) {
      const share = style.opacity * uniform;
      if (!table || share !== shareOfTable) {
        shareOfTable = share;
        table = tableOf(share);
      }
      lookUp(words, start, scores, length, table);
      return;
    }
    opaque ??= tableOf(1);
    lookUp(words, start, scores, length, opaque);
    for (let x = 0; x < length; x++) {
      if (words[start + x] === 0) continue;
      const at = 4 * (start + x) + 3;
      const byte = roundHalfUp(bytes[at] * (style.opacity * visibility[x]));
      if (byte > 0) bytes[at] = byte;
      else words[start + x] = 0;
    }
  };
}

function lookUp(words: Int32Array, start: number, scores: Float64Array, length: number, table: ColourTable): void {
  const { bins, place, undecided, exact } = table;
  const origin = place[0];
  const binsPerValue = place[1];
  const last = bins.length - 1;
  for (let x = 0; x < length; x++) {
    const bin = (scores[x] - origin) * binsPerValue;
    const word = bins[bin > 0 ? (bin < last ? bin | 0 : last) : 0];
    words[start + x] = word === undecided ? exact(scores[x]) : word;
  }
}

import type { ScoreTile } from './style.ts';

/** Opacity of values that are estimated from neighbouring patches, as a share of that of computed ones. */
const ESTIMATED_OPACITY = 0.6;

/** Stands for an infinite score: the largest half, so that interpolation stays finite. */
const LARGEST_SCORE = 65504;

/** Planes ready to interpolate: scores in units of the tile (`one` is score 1), and how visible each value is. */
export interface ValuePlanes {
  /** One for each plane asked for, row-major [rows, columns]; finite. */
  scores: (Float64Array | Uint8Array)[];
  /**
   * 0 to 1, row-major: the coverage's share (0, 0.6 where estimated, 1) times what is not background. One number where
   * all values are equally visible, as in most tiles.
   */
  visibility: Float64Array | number;
}

/** Takes planes out of a tile. A score that is no number is invisible and 0; an infinite one is the largest half. */
export function valuePlanes(tile: ScoreTile, planes: readonly number[]): ValuePlanes {
  const { data, classes, rows, columns, one } = tile;
  const size = rows * columns;
  const coverage = classes * size;
  const background = coverage + size;
  if (data instanceof Uint8Array) {
    return {
      scores: planes.map((plane) => data.subarray(plane * size, (plane + 1) * size)),
      visibility: visibilityOfBytes(data.subarray(coverage, background), data.subarray(background, background + size)),
    };
  }
  const visibility = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    visibility[i] = coverageOpacity(data[coverage + i], one) * (1 - unit(data[background + i] / one));
  }
  const scores = planes.map((plane) => {
    const values = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const value = data[plane * size + i];
      if (Number.isNaN(value)) visibility[i] = 0;
      else values[i] = Math.min(LARGEST_SCORE, Math.max(-LARGEST_SCORE, value));
    }
    return values;
  });
  const [first] = visibility;
  return { scores, visibility: visibility.every((value) => value === first) ? first : visibility };
}

/** Bytes are numbers, and there are few different ones. */
function visibilityOfBytes(coverage: Uint8Array, background: Uint8Array): Float64Array | number {
  const size = coverage.length;
  let same = 0;
  while (same < size && coverage[same] === coverage[0] && background[same] === background[0]) same++;
  const first = OPACITIES[coverage[0]] * FOREGROUNDS[background[0]];
  if (same === size) return first;
  const visibility = new Float64Array(size);
  for (let i = 0; i < size; i++) visibility[i] = OPACITIES[coverage[i]] * FOREGROUNDS[background[i]];
  return visibility;
}

/** Of each byte of coverage, and of background. */
const OPACITIES = Float64Array.from({ length: 256 }, (_, byte) => coverageOpacity(byte, 255));
const FOREGROUNDS = Float64Array.from({ length: 256 }, (_, byte) => 1 - unit(byte / 255));

function coverageOpacity(coverage: number, one: number): number {
  if (coverage >= one) return 1;
  return coverage > 0 ? ESTIMATED_OPACITY : 0;
}

function unit(value: number): number {
  return value > 0 ? Math.min(1, value) : 0;
}

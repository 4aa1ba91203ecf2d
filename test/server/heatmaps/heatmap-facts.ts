import { createHash } from 'node:crypto';
import { slideBreakdown } from '../../../server/src/heatmaps/breakdown.ts';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { isExact, scoreTile, windowOfTile } from '../../../server/src/heatmaps/score-tile.ts';
import { maxLevel, tileCount } from '../../../shared/geometry/deep-zoom.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';

const SCORES: Score[] = ['probability', 'cam', 'patch'];

/** Everything that a heatmap says: which patches are known, and digests of records, sums, breakdown and score tiles. */
export async function factsOf(heatmap: Heatmap) {
  const { values, grid } = heatmap;
  const indices = Array.from({ length: grid.rows * grid.columns }, (_, index) => index);
  const records = await values.records(indices);
  const { known } = values;
  return {
    known: digest(
      Uint8Array.from(indices, (index) => {
        const [row, column] = [Math.floor(index / grid.columns), index % grid.columns];
        return known.isBackground(row, column) ? 2 : known.isKnown(row, column) ? 1 : 0;
      }),
    ),
    count: known.known,
    records: digest(...indices.map((index) => records.get(index) ?? new Float32Array())),
    levels: Array.from({ length: known.top - 3 }, (_, k) => digest(values.pyramid.level(k + 4).sums)),
    samples: digest(values.samples.sums),
    breakdown: slideBreakdown(heatmap),
    tiles: await tilesOf(heatmap),
  };
}

/** Digests of score tiles, by score, level, column and row; those that are exact say so. */
export async function tilesOf(heatmap: Heatmap): Promise<Record<string, string>> {
  const tiles: Record<string, string> = {};
  for (let level = 0; level <= maxLevel(heatmap.pyramid); level++) {
    const { columns, rows } = tileCount(heatmap.pyramid, level);
    for (const score of SCORES) {
      // The first tile of each level, and its last.
      const last = { column: columns - 1, row: rows - 1 };
      for (const { column, row } of columns * rows === 1 ? [last] : [{ column: 0, row: 0 }, last]) {
        const window = windowOfTile(heatmap, { level, column, row }, score);
        const { data } = await scoreTile(heatmap, window, score, [0, 1, 2]);
        const name = `${score} ${level}/${column}_${row}`;
        tiles[name] = `${digest(data)}${isExact(heatmap, window) ? ' exact' : ''}`;
      }
    }
  }
  return tiles;
}

function digest(...arrays: (Float32Array | Float64Array | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest('base64url').slice(0, 16);
}

import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { openDiskResults } from '../../../server/src/store/disk-results.ts';
import type { ResultShape } from '../../../server/src/store/result-layout.ts';
import { topLevel } from '../../../server/src/values/known-patches.ts';
import { type SyntheticOptions, syntheticHeatmap } from './synthetic-heatmap.ts';

export interface StoredOptions extends SyntheticOptions {
  /** Patches along the sides of the slide. */
  columns: number;
  rows: number;
  /** Told of everything that is wrong with what is stored. */
  onProblem?: (message: string | null) => void;
}

/** A synthetic heatmap whose results lie in a folder, which no lock guards: one that was left open stands for a crash. */
export async function storedHeatmap(folder: string, options: StoredOptions): Promise<Heatmap> {
  const { columns, rows, onProblem = () => {}, ...rest } = options;
  const { grid, model, scores, identity } = await syntheticHeatmap(columns, rows, rest);
  const shape: ResultShape = {
    ...grid,
    classes: model.classes.length,
    values: scores.length * model.classes.length,
    top: topLevel(grid.rows, grid.columns),
  };
  const openDisk = async () => ({
    disk: await openDiskResults(folder, { identity, shape, attributes: {}, onDamage: onProblem }),
    release: async () => {},
  });
  return syntheticHeatmap(columns, rows, { ...rest, values: { ...rest.values, openDisk, onProblem } });
}

/** Everything that a heatmap knows, to the bit. */
export async function contentOf(heatmap: Heatmap) {
  const { grid, values } = heatmap;
  const indices = Array.from({ length: grid.rows * grid.columns }, (_, index) => index);
  const records = await values.records(indices);
  const blockOf = await values.blocks({ rowStart: 0, rowEnd: grid.rows, columnStart: 0, columnEnd: grid.columns });
  const means: unknown[] = [];
  for (let k = 0; k <= values.known.top; k++) {
    for (let row = 0; row << k < grid.rows; row++) {
      for (let column = 0; column << k < grid.columns; column++) {
        means.push(values.pyramid.nearestMean(k, row, column, blockOf));
      }
    }
  }
  return {
    known: indices.filter((index) => records.has(index)),
    records: [...records].sort(([a], [b]) => a - b),
    means,
  };
}

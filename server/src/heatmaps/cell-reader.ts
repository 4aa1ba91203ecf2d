import { type PatchRange, patchIndex } from '../../../shared/geometry/patch-grid.ts';
import { samplesOfRange } from '../../../shared/geometry/stride.ts';
import type { Heatmap } from './heatmap.ts';
import { cellsOf, scoreOfCells } from './patch-scores.ts';

/** Cells of a patch, shape [cellRows, cellColumns, classes], from `start` on; undefined where it is not known. */
export type CellReader = (
  row: number,
  column: number,
) => { values: Float32Array | Uint8Array; start: number } | undefined;

/** Reads the cells of patches in a range: bytes of probabilities, or floats of any score. */
export async function cellReader(
  { grid, model, values }: Pick<Heatmap, 'grid' | 'model' | 'values'>,
  range: PatchRange,
  score: 'probability' | 'cam',
  isBytes: boolean,
): Promise<CellReader> {
  if (isBytes) {
    const cells = await values.cellBytes(range);
    return (row, column) => {
      const start = cells.start(row, column);
      return start < 0 ? undefined : { values: cells.bytes(row, column), start };
    };
  }
  const records = await values.records(samplesOfRange(range, 1).map((position) => patchIndex(grid, position)));
  return (row, column) => {
    const record = records.get(row * grid.columns + column);
    return record && { values: scoreOfCells(model, cellsOf(model, record), score), start: 0 };
  };
}

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyse } from '../../../server/src/heatmaps/analysis.ts';
import { slideBreakdown } from '../../../server/src/heatmaps/breakdown.ts';
import type { Heatmap } from '../../../server/src/heatmaps/heatmap.ts';
import { createHeatmapSource, type HeatmapSource } from '../../../server/src/heatmaps/open-heatmap.ts';
import { cellsOf, probabilitiesOf } from '../../../server/src/heatmaps/patch-scores.ts';
import { createScheduler, type Scheduler } from '../../../server/src/heatmaps/scheduler.ts';
import { scoreTile, windowOfTile } from '../../../server/src/heatmaps/score-tile.ts';
import { workerPool } from '../../../server/src/worker/pool.ts';
import type { Worker } from '../../../server/src/worker/supervisor.ts';
import { activate } from '../../../shared/activation.ts';
import { decodeFloat16, encodeFloat16 } from '../../../shared/codecs/float16.ts';
import { temporaryFolder } from '../../command-line.ts';
import { referenceData } from '../../reference-data.ts';

const MODEL = 'models/tissue-keras2.1.6_h5/model.h5';

interface Reference {
  rows: number;
  columns: number;
  classes: string[];
  breakdown: number[];
  probabilities: number[][];
}

describe.skipIf(referenceData === undefined)('a real slide against the original script under Keras 2.1.6', () => {
  const data = referenceData ?? '';
  let store: string;
  let worker: Worker;
  let source: HeatmapSource;
  let scheduler: Scheduler;

  beforeAll(async () => {
    store = await temporaryFolder();
    worker = workerPool(fileURLToPath(new URL('../../../server/dist/worker.js', import.meta.url)));
    source = createHeatmapSource({ store, worker });
    scheduler = createScheduler(worker);
  });
  afterAll(async () => {
    await worker.close();
    await source.close();
    await rm(store, { recursive: true });
  });

  describe.each(['Gray1.png', 'Lesion1.png', 'example.png', 'mosaic.tif'])('%s', (file) => {
    let heatmap: Heatmap;
    let reference: Reference;
    const name = file.replace(/\..*/, '');

    beforeAll(async () => {
      heatmap = await source.heatmap(join(data, 'slides', file), join(data, MODEL));
      reference = JSON.parse(await readFile(join(data, 'slides', `${name}.reference.json`), 'utf8'));
      const before = scheduler.classified;
      await analyse(heatmap, scheduler);
      expect(scheduler.classified - before).toBe(reference.rows * reference.columns);
    });

    test('has the same patches, each with the same probabilities within 1e-5', async () => {
      const { rows, columns } = heatmap.grid;
      const records = await heatmap.values.records(reference.probabilities.map((_, index) => index));
      expect({ rows, columns }).toEqual({ rows: reference.rows, columns: reference.columns });
      let largest = 0;
      for (const [index, expected] of reference.probabilities.entries()) {
        const record = records.get(index);
        const found = record && probabilitiesOf(heatmap.model, record);
        for (const [c, probability] of expected.entries()) {
          largest = Math.max(largest, Math.abs((found?.[c] ?? Number.NaN) - probability));
        }
      }
      expect(largest).toBeLessThan(1e-5);
    });

    test('has the same breakdown within 1e-6', () => {
      const { breakdown, exact } = slideBreakdown(heatmap);
      expect(exact).toBe(true);
      expect(breakdown.map((share) => share.class)).toEqual(reference.classes);
      for (const [c, { probability }] of breakdown.entries()) {
        expect(Math.abs((probability ?? Number.NaN) - reference.breakdown[c])).toBeLessThan(1e-6);
      }
    });

    test('has the same raw CAM in every cell', async () => {
      const { values, isHalf } = await readRaster(join(data, 'slides', `${name}.cam.npy`));
      const { cellRows, cellColumns } = heatmap.grid;
      const records = await heatmap.values.records(reference.probabilities.map((_, index) => index));
      const classes = heatmap.model.classes.length;
      const perPatch = cellRows * cellColumns * classes;
      let largest = 0;
      let scale = 0;
      for (let index = 0; index < reference.probabilities.length; index++) {
        const cells = cellsOf(heatmap.model, records.get(index) ?? new Float32Array());
        expect(cells).toHaveLength(perPatch);
        for (let i = 0; i < perPatch; i++) {
          const expected = values[index * perPatch + i];
          scale = Math.max(scale, Math.abs(expected));
          largest = Math.max(largest, Math.abs(cells[i] - heatmap.model.bias[i % classes] - expected));
        }
      }
      // The mosaic's reference is kept in half precision, of 11 bits.
      expect(largest).toBeLessThan(scale * (isHalf ? 2 ** -11 : 1e-4));
    });
  });

  test('score tiles hold the cells of the reference raster, rounded', async () => {
    const heatmap = await source.heatmap(join(data, 'slides/Gray1.png'), join(data, MODEL));
    await analyse(heatmap, scheduler);
    const { values } = await readRaster(join(data, 'slides/Gray1.cam.npy'));
    const { grid, model } = heatmap;
    const classes = model.classes.map((_, index) => index);
    for (const address of [
      { level: 10, column: 0, row: 0 },
      { level: 10, column: 2, row: 3 },
    ]) {
      const window = windowOfTile(heatmap, address, 'probability');
      const plane = window.rows * window.columns;
      const cam = decodeFloat16(encodeFloat16((await scoreTile(heatmap, window, 'cam', classes)).data));
      const probability = (await scoreTile(heatmap, window, 'probability', classes)).data;
      for (let i = 0; i < plane; i++) {
        const row = window.rowStart + Math.floor(i / window.columns);
        const column = window.columnStart + (i % window.columns);
        const patch = Math.floor(row / grid.cellRows) * grid.columns + Math.floor(column / grid.cellColumns);
        const cell = (row % grid.cellRows) * grid.cellColumns + (column % grid.cellColumns);
        const start = (patch * grid.cellRows * grid.cellColumns + cell) * classes.length;
        const expected = values.subarray(start, start + classes.length);
        const softmax = activate(
          expected.map((value, c) => value + model.bias[c]),
          classes.length,
          'softmax',
        );
        for (const c of classes) {
          expect(Math.abs(cam[c * plane + i] - expected[c])).toBeLessThan(1e-4 + Math.abs(expected[c]) * 2 ** -11);
          // Rounded to a byte, up to the difference that two ways of adding floats make at a tie.
          expect(Math.abs(probability[c * plane + i] - 255 * softmax[c])).toBeLessThan(0.5 + 0.01);
        }
      }
    }
  });
});

/** The values of a NumPy array of `<f4` or `<f2`, shape (rows, columns, cellRows, cellColumns, classes). */
async function readRaster(file: string): Promise<{ values: Float32Array; isHalf: boolean }> {
  const bytes = await readFile(file);
  const start = 10 + bytes.readUInt16LE(8);
  const isHalf = bytes.toString('latin1', 10, start).includes('<f2');
  const body = new Uint8Array(bytes.subarray(start));
  return { values: isHalf ? decodeFloat16(body) : new Float32Array(body.buffer), isHalf };
}

import { activate } from '../../../shared/activation.ts';
import type { Score } from '../../../shared/heatmap-descriptor.ts';
import type { ModelDescription } from '../models/model.ts';
import type { PatchRecord } from '../store/result-layout.ts';
import type { PatchResults } from '../worker/messages.ts';

/**
 * What can be shown for a model: an output that is no probability has no score of that name, and neither has a map by
 * gradients, whose cells are shares of a logit and no logits themselves.
 */
export function scoresOf({ activation, method }: Pick<ModelDescription, 'activation' | 'method'>): Score[] {
  return activation === 'none' || method !== 'cam' ? ['cam', 'patch'] : ['probability', 'cam', 'patch'];
}

/** One of some classified patches as it is kept: its cells, then its probabilities. @param position of it among the `patches` */
export function recordOf({ cells, probabilities }: PatchResults, position: number, patches: number): PatchRecord {
  const [length, classes] = [cells.length / patches, probabilities.length / patches];
  const record = new Float32Array(length + classes);
  record.set(cells.subarray(position * length, (position + 1) * length));
  record.set(probabilities.subarray(position * classes, (position + 1) * classes), length);
  return record;
}

/** The cells of a patch, CAM + bias, shape [cellRows, cellColumns, classes]; a view. */
export function cellsOf(model: ModelDescription, record: PatchRecord): Float32Array {
  return record.subarray(0, record.length - model.classes.length);
}

/** The probabilities of a patch, shape [classes]; a view. */
export function probabilitiesOf(model: ModelDescription, record: PatchRecord): Float32Array {
  return record.subarray(record.length - model.classes.length);
}

/** Probability of every cell and class, or its CAM without the bias; the layout of `cells`, [cells, classes]. */
export function scoreOfCells(model: ModelDescription, cells: Float32Array, score: 'probability' | 'cam'): Float32Array {
  return score === 'cam' ? camOfCells(model, cells) : activate(cells, model.classes.length, model.activation);
}

/** A probability as tiles have it: round(255 p). */
export function byteOf(probability: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, probability)));
}

/** The probabilities of a patch's cells as bytes, shape [cellRows, cellColumns, classes]. */
export function cellBytes(model: ModelDescription, record: PatchRecord): Uint8Array {
  const probabilities = scoreOfCells(model, cellsOf(model, record), 'probability');
  const bytes = new Uint8Array(probabilities.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteOf(probabilities[i]);
  return bytes;
}

/** Means of a patch: of each score its classes, score after score as in `scores`; shape [scores, classes]. */
export function patchMeans(model: ModelDescription, scores: readonly Score[], record: PatchRecord): Float64Array {
  const classes = model.classes.length;
  const means = new Float64Array(scores.length * classes);
  for (const [index, score] of scores.entries()) {
    const target = means.subarray(index * classes, (index + 1) * classes);
    if (score === 'patch') target.set(probabilitiesOf(model, record));
    else meanOverCells(scoreOfCells(model, cellsOf(model, record), score), target);
  }
  return means;
}

/** Index of the most probable class; of equal ones the first. */
export function leadingClass(probabilities: ArrayLike<number>): number {
  let leader = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[leader]) leader = i;
  return leader;
}

function camOfCells({ bias, classes }: ModelDescription, cells: Float32Array): Float32Array {
  const cam = new Float32Array(cells.length);
  for (let start = 0; start < cells.length; start += classes.length) {
    for (let i = 0; i < classes.length; i++) cam[start + i] = cells[start + i] - bias[i];
  }
  return cam;
}

function meanOverCells(values: Float32Array, target: Float64Array): void {
  const classes = target.length;
  for (let start = 0; start < values.length; start += classes) {
    for (let i = 0; i < classes; i++) target[i] += values[start + i];
  }
  for (let i = 0; i < classes; i++) target[i] /= values.length / classes;
}

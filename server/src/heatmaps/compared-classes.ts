import type { Score } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import { classIndices, type ShownChoice, scoreOf } from './paint-style.ts';

/** What two heatmaps of one slide are compared by. */
export interface ComparedClasses {
  score: Score;
  /** Of the one, and of the other that is taken from it. */
  classes: [own: number, other: number];
}

/**
 * The class of a choice in one model and in another: that of the same name, or the first of two named ones there and
 * the second here.
 * @throws Problem `bad-parameter` for another mode or number of classes, or what either model does not have
 */
export function comparedClasses(
  model: ModelDescription,
  other: ModelDescription,
  choice: ShownChoice,
): ComparedClasses {
  const { mode, class: names, top } = choice;
  if (mode !== 'difference') {
    throw new Problem('bad-parameter', `compare: expected mode difference, found ${mode ?? 'none'}`);
  }
  if (top !== undefined || !names || names.length > 2) {
    const found = names ? names.length : 'none';
    throw new Problem('bad-parameter', `class: expected one for both models, or one of each, found ${found}`);
  }
  const score = scoreOf(model, choice);
  scoreOf(other, { ...choice, score });
  const [own] = classIndices(model, names.slice(0, 1));
  const [second] = classIndices(other, names.slice(-1));
  return { score, classes: [own, second] };
}

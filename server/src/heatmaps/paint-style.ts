import {
  COLORMAPS,
  colormapTable,
  DEFAULT_COLORMAP,
  DEFAULT_DIVERGING_COLORMAP,
} from '../../../shared/colour/colormaps.ts';
import { classColour, parseColour } from '../../../shared/colour/palette.ts';
import { parseStops, stopsTable } from '../../../shared/colour/stops.ts';
import { type ClassInfo, MAX_CLASS_PLANES, METHOD_NAMES, type Score } from '../../../shared/heatmap-descriptor.ts';
import { defaultRange, type Mode, type PaintStyle } from '../../../shared/painting/style.ts';
import { Problem } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import { scoresOf } from './patch-scores.ts';

/** How a heatmap is to be painted, in a user's words; defaults in `paintStyle`. */
export interface StyleChoice {
  mode?: Mode;
  score?: Score;
  colormap?: string;
  range?: [number, number];
  threshold?: number;
  gamma?: number;
  opacity?: number;
  opacityByValue?: boolean;
  interpolation?: 'smooth' | 'cells' | 'patches';
}

const DEFAULT_OPACITY = 0.5;

/** Classes with a colour each: the manifest's, else one of the palette's. */
export function classInfos(model: ModelDescription): ClassInfo[] {
  return model.classes.map(({ name, color }, index) => ({ name, color: color ?? classColour(index) }));
}

/**
 * The style for a tile whose planes are `classes`, in that order.
 * @param classes indices of the model's classes
 * @throws Problem `bad-parameter` for a colour map that does not exist, or a score that the model does not have
 */
export function paintStyle(model: ModelDescription, classes: readonly number[], choice: StyleChoice): PaintStyle {
  const infos = classInfos(model);
  const score = scoreOf(model, choice);
  return {
    mode: choice.mode ?? (classes.length === 1 ? 'single' : 'blend'),
    score,
    planes: classes.map((_, plane) => plane),
    colours: classes.map((index) => parseColour(infos[index].color) ?? [0, 0, 0]),
    colormap: chosenColormap(choice),
    range: choice.range ?? defaultRange(score, model.method, model.cellRows * model.cellColumns),
    threshold: choice.threshold ?? Number.NEGATIVE_INFINITY,
    gamma: choice.gamma ?? 1,
    opacityByValue: choice.opacityByValue ?? false,
    exclusive: model.activation === 'softmax',
    opacity: choice.opacity ?? DEFAULT_OPACITY,
    interpolation: choice.interpolation === 'cells' || choice.interpolation === 'patches' ? 'cells' : 'smooth',
  };
}

/** A map by its name, or through colours of one's own. @throws Problem `bad-parameter` for anything else */
function chosenColormap({ colormap, mode }: StyleChoice): Uint8Array {
  const name = colormap ?? (mode === 'difference' ? DEFAULT_DIVERGING_COLORMAP : DEFAULT_COLORMAP);
  const stops = parseStops(name);
  try {
    const table = stops ? stopsTable(stops) : colormapTable(name);
    if (table) return table;
  } catch (error) {
    throw new Problem('bad-parameter', error instanceof Error ? error.message : String(error));
  }
  throw new Problem(
    'bad-parameter',
    `colormap: expected one of ${COLORMAPS.join(', ')}, or colours such as #000000,#ff0000, found ${name}`,
  );
}

/**
 * The score of a choice: what it says, else `patch` where whole patches are shown, else the model's first.
 * @throws Problem `bad-parameter` for a score that the model does not have
 */
export function scoreOf(model: ModelDescription, { score, interpolation, mode }: StyleChoice): Score {
  // A mean of cell probabilities is not the patch's probability, so whole patches always show the latter.
  if (interpolation === 'patches') return 'patch';
  const scores = scoresOf(model);
  if (mode === 'entropy') return entropyScore(model, score);
  if (score === undefined) return scores[0];
  if (scores.includes(score)) return score;
  const giver = model.method === 'cam' ? 'the model' : METHOD_NAMES[model.method];
  const missing = model.method === 'cam' ? 'no probabilities' : 'no probability of a cell';
  throw new Problem(
    'bad-parameter',
    `score: expected ${scores.join(' or ')}, as ${giver} gives ${missing}, found ${score}`,
  );
}

/** Entropy is that of probabilities: of cells where the model has them, else of patches. */
function entropyScore(model: ModelDescription, wanted: Score | undefined): Score {
  if (model.activation === 'none') {
    throw new Problem(
      'bad-parameter',
      'mode: expected a model with probabilities for entropy, found one without activation',
    );
  }
  if (wanted === 'cam')
    throw new Problem('bad-parameter', 'score: expected probability or patch for entropy, found cam');
  return wanted ?? (scoresOf(model).includes('probability') ? 'probability' : 'patch');
}

/**
 * Indices of the classes with these names, ascending.
 * @throws Problem `bad-parameter` listing the classes that there are
 */
export function classIndices(model: ModelDescription, names: readonly string[]): number[] {
  const known = model.classes.map(({ name }) => name);
  const indices = names.map((name) => {
    const index = known.indexOf(name);
    if (index < 0) throw new Problem('bad-parameter', `class: expected one of ${known.join(', ')}, found ${name}`);
    return index;
  });
  return [...new Set(indices)].sort((a, b) => a - b);
}

/** Which classes are asked for: names, or a number of the most probable ones; neither leaves the choice to the server. */
export interface ShownChoice extends StyleChoice {
  class?: string[];
  top?: number;
}

/**
 * Checks everything of a choice that does not depend on what is computed.
 * @returns indices of the named classes, ascending, of a difference as they are named; of all for entropy; undefined where
 *   none is named
 * @throws Problem `bad-parameter`
 */
export function checkShown(model: ModelDescription, choice: ShownChoice): number[] | undefined {
  if (choice.class && choice.top !== undefined) {
    throw new Problem('bad-parameter', 'top: expected either classes or a number of them, found both');
  }
  const named = namedClasses(model, choice);
  paintStyle(model, named ?? [], choice);
  const count = named?.length ?? choice.top;
  if (choice.mode === 'single' && count !== 1) {
    throw new Problem('bad-parameter', `mode: expected one class for single, found ${count ?? 'none named'}`);
  }
  return named;
}

function namedClasses(model: ModelDescription, { class: names, mode, top }: ShownChoice): number[] | undefined {
  const all = model.classes.map((_, index) => index);
  if (mode === 'entropy') {
    const found = names ? 'classes' : 'a number of them';
    if (names || top !== undefined) {
      throw new Problem('bad-parameter', `mode: expected all classes for entropy, found ${found} named`);
    }
    if (all.length > MAX_CLASS_PLANES) {
      throw new Problem(
        'bad-parameter',
        `mode: expected at most ${MAX_CLASS_PLANES} classes for entropy, found ${all.length}`,
      );
    }
    return all;
  }
  if (mode !== 'difference') return names && classIndices(model, names);
  if (names?.length !== 2 || names[0] === names[1]) {
    const found = names === undefined ? 'none' : names.join(' and ');
    throw new Problem('bad-parameter', `class: expected two classes for difference, found ${found}`);
  }
  return names.flatMap((name) => classIndices(model, [name]));
}

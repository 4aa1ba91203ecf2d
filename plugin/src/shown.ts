import { DEFAULT_DIVERGING_COLORMAP, DIVERGING_COLORMAPS } from '../../shared/colour/colormaps.ts';
import { type HeatmapDescriptor, MAX_CLASS_PLANES, type Score } from '../../shared/heatmap-descriptor.ts';
import { defaultRange, MODES, type Mode } from '../../shared/painting/style.ts';
import type { CamSettings } from './options.ts';

/** Scores at the ends of the colours before any are chosen. */
export function rangeOf(score: Score, { method, grid }: HeatmapDescriptor): readonly [low: number, high: number] {
  return defaultRange(score, method, grid.cellRows * grid.cellColumns);
}

/** Settings on which the pixels of a tile depend. */
const PAINTED = [
  'classes',
  'mode',
  'compareWith',
  'score',
  'colormap',
  'classColors',
  'range',
  'threshold',
  'gamma',
  'opacityByValue',
  'interpolation',
] as const;

/** Whether tiles are painted the same by both. */
export function paintAlike(a: CamSettings, b: CamSettings): boolean {
  return PAINTED.every((name) => a[name] === b[name]);
}

/** Whether what is shown is the difference of two heatmaps. */
export function isCompared({ mode, compareWith }: Pick<CamSettings, 'mode' | 'compareWith'>): boolean {
  return mode === 'difference' && compareWith !== null;
}

/** Index, in the other heatmap, of the class that is taken from this one's. */
export function otherClass({ classes }: CamSettings, other: HeatmapDescriptor): number {
  return other.classes.findIndex(({ name }) =>
    classes.at(1) === undefined ? name === classes[0] : name === classes[1],
  );
}

/** What is compared, of this heatmap and of the other: class and model. */
export function comparedNames(
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
  other: HeatmapDescriptor,
): [own: string, other: string] {
  const [first] = shownClasses(settings, descriptor);
  const nameOf = ({ classes, title }: HeatmapDescriptor, index: number) => `${classes[index].name} (${title})`;
  return [nameOf(descriptor, first), nameOf(other, otherClass(settings, other))];
}

/**
 * Indices of the classes shown, ascending; in `single` the first that was named, in `difference` the first two as they were
 * named (with the first other one of the model where only one was; of two heatmaps that of this one alone), in `entropy` all.
 */
export function shownClasses(settings: CamSettings, descriptor: HeatmapDescriptor): number[] {
  const all = descriptor.classes.map((_, index) => index);
  const { classes, mode } = settings;
  if (mode === 'entropy') return all;
  const chosen =
    classes === 'all' ? all : classes.map((name) => descriptor.classes.findIndex((info) => info.name === name));
  if (mode === 'single' || isCompared(settings)) return chosen.slice(0, 1);
  if (mode === 'difference') {
    const [first = 0, second = all.find((index) => index !== first) ?? first] = chosen;
    return [first, second];
  }
  return chosen.sort((a, b) => a - b);
}

/**
 * The score whose tiles are asked for: `patches` shows that of the patch, whatever else is chosen, and what the model is
 * unsure of only probabilities tell.
 */
export function effectiveScore({ score, interpolation, mode }: CamSettings): Score {
  if (interpolation === 'patches') return 'patch';
  return mode === 'entropy' && score === 'cam' ? 'patch' : score;
}

/**
 * Modes that a model can be shown in: entropy needs probabilities, of all classes in one tile, and a difference two classes, or
 * two heatmaps.
 */
export function modesOf(descriptor: HeatmapDescriptor, isPair = false): Mode[] {
  const { length } = descriptor.classes;
  const hasEntropy = isShare('patch', descriptor) && length > 1 && length <= MAX_CLASS_PLANES;
  return MODES.filter((mode) => (mode !== 'entropy' || hasEntropy) && (mode !== 'difference' || isPair || length > 1));
}

/** The colour map that is shown: of differences one with a middle. */
export function colormapOf({ mode, colormap }: CamSettings): CamSettings['colormap'] {
  const isMiddled = typeof colormap !== 'string' || DIVERGING_COLORMAPS.includes(colormap);
  return mode === 'difference' && !isMiddled ? DEFAULT_DIVERGING_COLORMAP : colormap;
}

/** Whether a score lies between 0 and 1 and can be read as a percentage; without an activation none does. */
export function isShare(score: Score, descriptor: HeatmapDescriptor): boolean {
  return score !== 'cam' && descriptor.encodings[score].one === 255;
}

/** `#rrggbb` of a class: the viewer's choice, else the descriptor's. */
export function colourOf(index: number, settings: CamSettings, descriptor: HeatmapDescriptor): string {
  const { name, color } = descriptor.classes[index];
  return Object.hasOwn(settings.classColors, name) ? settings.classColors[name] : color;
}

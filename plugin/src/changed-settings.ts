import { COLORMAPS, DEFAULT_COLORMAP } from '../../shared/colour/colormaps.ts';
import { parseColour } from '../../shared/colour/palette.ts';
import { type ColourStop, stopsTable } from '../../shared/colour/stops.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { type CamChanges, type CamSettings, INTERPOLATIONS } from './options.ts';
import { checkedRegion } from './region/region-geometry.ts';
import { effectiveScore, isCompared, modesOf, rangeOf } from './shown.ts';

/** Beyond, every colour but the last is that of the lowest score. */
const MOST_GAMMA = 10;

/** Options that only the beginning of an overlay takes. */
const FIRST = /^(heatmap|tiledImage|top|theme|urlState|keyboard\w+|showControl|control\w+|ajax\w+)$/;

/** Settings before any is chosen. */
export function defaultSettings(descriptor: HeatmapDescriptor): CamSettings {
  const score = descriptor.scores[0] ?? 'probability';
  return {
    classes: 'all',
    mode: 'single',
    compareWith: null,
    score,
    colormap: DEFAULT_COLORMAP,
    classColors: {},
    range: rangeOf(score, descriptor),
    threshold: null,
    gamma: 1,
    opacity: 0.5,
    opacityByValue: false,
    compositeOperation: 'source-over',
    interpolation: 'smooth',
    visible: true,
    showInNavigator: false,
    region: null,
    predictions: false,
  };
}

/**
 * Settings with changes applied; what `changes` leaves out or undefined stays, and what is for the overlay's beginning
 * is passed over.
 * @param other the heatmap that `compareWith` names
 * @throws TypeError or RangeError that names the option
 */
export function changedSettings(
  settings: CamSettings,
  changes: CamChanges,
  descriptor: HeatmapDescriptor,
  other?: HeatmapDescriptor,
): CamSettings {
  const next: CamSettings = { ...settings };
  const unknown = Object.keys(changes).find((name) => !(name in next || FIRST.test(name)));
  if (unknown) throw new TypeError(`${unknown}: expected an option`);
  const { classes, mode, score, colormap, classColors, range, threshold, gamma, opacity, interpolation } = changes;
  next.compareWith = changes.compareWith === undefined ? settings.compareWith : changes.compareWith;
  if (mode !== undefined) next.mode = oneOf('mode', mode, modesOf(descriptor, other !== undefined));
  const compared = isCompared(next) ? other : undefined;
  if (compared) {
    // Two that were chosen in another mode are of this heatmap alone.
    const kept = settings.classes === 'all' || isCompared(settings) ? settings.classes : settings.classes.slice(0, 1);
    next.classes = comparedClasses(classes ?? kept, descriptor, compared);
  } else if (classes !== undefined) next.classes = checkedClasses(classes, descriptor);
  else if (isCompared(settings)) next.classes = [settings.classes[0]];
  if (score !== undefined) next.score = oneOf('score', score, descriptor.scores);
  if (classColors !== undefined) next.classColors = checkedColours(classColors);
  if (isStops(colormap)) {
    stopsTable(colormap);
    next.colormap = colormap;
  } else if (typeof colormap === 'object') {
    next.classColors = { ...next.classColors, ...checkedColours(colormap) };
  } else if (colormap !== undefined) {
    next.colormap = typeof colormap === 'function' ? colormap : oneOf('colormap', colormap, COLORMAPS);
  }
  if (range !== undefined) {
    if (range.length !== 2 || !range.every(Number.isFinite) || range[0] > range[1]) {
      throw new RangeError(`range: expected two numbers in ascending order, found ${JSON.stringify(range)}`);
    }
    next.range = [range[0], range[1]];
  }
  if (threshold !== undefined) {
    if (threshold !== null && !Number.isFinite(threshold)) {
      throw new RangeError(`threshold: expected a number or null, found ${threshold}`);
    }
    next.threshold = threshold;
  }
  if (gamma !== undefined) {
    if (!(gamma > 0 && gamma <= MOST_GAMMA)) {
      throw new RangeError(`gamma: expected above 0 and up to ${MOST_GAMMA}, found ${gamma}`);
    }
    next.gamma = gamma;
  }
  if (opacity !== undefined) {
    if (!(opacity >= 0 && opacity <= 1)) throw new RangeError(`opacity: expected 0 to 1, found ${opacity}`);
    next.opacity = opacity;
  }
  if (interpolation !== undefined) next.interpolation = oneOf('interpolation', interpolation, INTERPOLATIONS);
  next.compositeOperation = changes.compositeOperation ?? settings.compositeOperation;
  if (compared) oneOf('score', effectiveScore(next), compared.scores);
  if (range === undefined) next.range = followedRange(settings, next, descriptor);
  next.opacityByValue = changes.opacityByValue ?? settings.opacityByValue;
  next.visible = changes.visible ?? settings.visible;
  next.predictions = changes.predictions ?? settings.predictions;
  if (changes.region !== undefined) next.region = checkedRegion(changes.region);
  next.showInNavigator = changes.showInNavigator ?? settings.showInNavigator;
  return next;
}

/** Another score has another range, unless one was chosen. */
function followedRange(before: CamSettings, after: CamSettings, descriptor: HeatmapDescriptor): CamSettings['range'] {
  const [low, high] = rangeOf(effectiveScore(before), descriptor);
  const wanted = rangeOf(effectiveScore(after), descriptor);
  const isChosen = before.range[0] !== low || before.range[1] !== high;
  return isChosen || (wanted[0] === low && wanted[1] === high) ? after.range : wanted;
}

function isStops(colormap: CamChanges['colormap']): colormap is readonly ColourStop[] {
  return Array.isArray(colormap);
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new RangeError(`${option}: expected one of ${allowed.join(', ')}, found ${value}`);
  return found;
}

function checkedClasses(classes: readonly string[] | 'all', descriptor: HeatmapDescriptor): readonly string[] | 'all' {
  if (classes === 'all') return classes;
  if (!Array.isArray(classes))
    throw new TypeError(`classes: expected 'all' or names, found ${JSON.stringify(classes)}`);
  const names = descriptor.classes.map((info) => info.name);
  return [...new Set(classes)].map((name) => oneOf('classes', name, names));
}

/** The class of this heatmap, and the other's where it is another. Of all the first that both have. */
function comparedClasses(
  classes: readonly string[] | 'all',
  descriptor: HeatmapDescriptor,
  other: HeatmapDescriptor,
): readonly string[] {
  const [own, others] = [descriptor, other].map((heatmap) => heatmap.classes.map(({ name }) => name));
  const [first, second] = classes === 'all' ? own.filter((name) => others.includes(name)) : classes;
  if (first === undefined) {
    throw new RangeError(`classes: expected one of ${own.join(', ')} and one of ${others.join(', ')}, found none`);
  }
  oneOf('classes', first, own);
  if (classes === 'all') return [first];
  oneOf(`classes of ${other.model}`, second ?? first, others);
  return second === undefined ? [first] : [first, second];
}

function checkedColours(colours: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, colour] of Object.entries(colours)) {
    const rgb = typeof colour === 'string' && /^#[0-9a-f]{3}$/i.test(colour) ? colour : parseColour(colour);
    if (!rgb) throw new RangeError(`colour of ${name}: expected #rrggbb, found ${colour}`);
  }
  return Object.fromEntries(
    Object.entries(colours).map(([name, colour]) => [
      name,
      colour.length === 4 ? colour.replace(/[0-9a-f]/gi, '$&$&') : colour,
    ]),
  );
}

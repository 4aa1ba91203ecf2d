import type OpenSeadragon from 'openseadragon';
import {
  COLORMAPS,
  DEFAULT_COLORMAP,
  DEFAULT_DIVERGING_COLORMAP,
  DIVERGING_COLORMAPS,
} from '../../shared/colour/colormaps.ts';
import { parseColour } from '../../shared/colour/palette.ts';
import { type ColourStop, stopsTable } from '../../shared/colour/stops.ts';
import {
  type Breakdown,
  type HeatmapDescriptor,
  MAX_CLASS_PLANES,
  type Score,
} from '../../shared/heatmap-descriptor.ts';
import { defaultRange, MODES, type Mode } from '../../shared/painting/style.ts';
import { checkedRegion, type RegionGeometry } from './region/region-geometry.ts';

/** A score's place in the range, 0 to 1, to red, green and blue, 0 to 255. */
export type ColourFunction = (place: number) => readonly [red: number, green: number, blue: number];

/** Beyond, every colour but the last is that of the lowest score. */
const MOST_GAMMA = 10;

const INTERPOLATIONS = ['smooth', 'cells', 'patches'] as const;
/** Bilinear between cells; each cell as a rectangle; each patch as a rectangle, with the score `patch`. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** What can be changed at any time with `setOptions`. */
export interface CamSettings {
  /**
   * Names of the classes shown; `single` shows the first, `difference` the first minus the second, `entropy` tells of all, the
   * other modes show at most 32.
   */
  classes: readonly string[] | 'all';
  mode: Mode;
  score: Score;
  /**
   * Of `single`, `entropy` and `difference`: a name, colours along the scale, or a function of the place in the range; or
   * colours by class name (short for `classColors`). `difference` takes brown to teal in place of a named map without a middle.
   */
  colormap: string | readonly ColourStop[] | ColourFunction;
  /** `#rrggbb` by class name, over those of the model. */
  classColors: Readonly<Record<string, string>>;
  /** Scores at the ends of the colour scale. */
  range: readonly [low: number, high: number];
  /** Scores below it are transparent; null shows all. */
  threshold: number | null;
  /** The place in the range is raised to this power: below 1 low scores stand out, above 1 high ones. */
  gamma: number;
  opacity: number;
  /** Whether low scores are also more transparent; classes of several always are. */
  opacityByValue: boolean;
  compositeOperation: string;
  interpolation: Interpolation;
  visible: boolean;
  showInNavigator: boolean;
  /** The region whose shares can be told, outlined on the slide; GeoJSON in slide pixels. */
  region: RegionGeometry | null;
  /** Whether its top class and that one's probability are written on each patch that is large enough on screen. */
  predictions: boolean;
}

/** What `setOptions` takes. */
export type CamChanges = Partial<Omit<CamSettings, 'colormap'>> & {
  colormap?: CamSettings['colormap'] | Readonly<Record<string, string>>;
};

export interface CamOptions extends CamChanges {
  /** Address of the heatmap's descriptor, `.../heatmaps/{slide}/{model}.json`. */
  heatmap: string;
  /** The image that the heatmap lies on; by default the world's first. */
  tiledImage?: OpenSeadragon.TiledImage;
  /** Classes that `blend` and `argmax` begin with where none are named: the most present of the slide; 8 unless given. */
  top?: number;
  showControl?: boolean;
  /** By default the top right corner, in a narrow viewer the bottom left. */
  controlAnchor?: OpenSeadragon.ControlAnchor;
  /** A name under which the page's address keeps the settings and the view, as `#name=...`, so that a link shows the same. */
  urlState?: string;
  /** An element of the page that the panel stands in, instead of over the viewer. */
  controlElement?: HTMLElement;
  /** Whether keys on the viewer change what is shown; `?` tells which. */
  keyboardShortcuts?: boolean;
  /** Of the panel; by default the host page's `color-scheme`. */
  theme?: 'light' | 'dark';
  /** Sent with every request, above the viewer's own. */
  ajaxHeaders?: Record<string, string>;
  ajaxWithCredentials?: boolean;
}

/** Settings before any is chosen. */
export function defaultSettings(descriptor: HeatmapDescriptor): CamSettings {
  const score = descriptor.scores[0] ?? 'probability';
  return {
    classes: 'all',
    mode: 'single',
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

/** Settings with changes applied; what `changes` leaves out or undefined stays. @throws TypeError or RangeError that names the option */
export function changedSettings(
  settings: CamSettings,
  changes: CamChanges,
  descriptor: HeatmapDescriptor,
): CamSettings {
  const next: CamSettings = { ...settings };
  const { classes, mode, score, colormap, classColors, range, threshold, gamma, opacity, interpolation } = changes;
  if (classes !== undefined) next.classes = checkedClasses(classes, descriptor);
  if (mode !== undefined) next.mode = oneOf('mode', mode, modesOf(descriptor));
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
  if (range === undefined) next.range = followedRange(settings, next, descriptor);
  next.opacityByValue = changes.opacityByValue ?? settings.opacityByValue;
  next.visible = changes.visible ?? settings.visible;
  next.predictions = changes.predictions ?? settings.predictions;
  if (changes.region !== undefined) next.region = checkedRegion(changes.region);
  next.showInNavigator = changes.showInNavigator ?? settings.showInNavigator;
  return next;
}

/** Scores at the ends of the colours before any are chosen. */
export function rangeOf(score: Score, { method, grid }: HeatmapDescriptor): readonly [low: number, high: number] {
  return defaultRange(score, method, grid.cellRows * grid.cellColumns);
}

/** Another score has another range, unless one was chosen. */
function followedRange(before: CamSettings, after: CamSettings, descriptor: HeatmapDescriptor): CamSettings['range'] {
  const [low, high] = rangeOf(effectiveScore(before), descriptor);
  const wanted = rangeOf(effectiveScore(after), descriptor);
  const isChosen = before.range[0] !== low || before.range[1] !== high;
  return isChosen || (wanted[0] === low && wanted[1] === high) ? after.range : wanted;
}

/** Settings on which the pixels of a tile depend. */
const PAINTED = [
  'classes',
  'mode',
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

/**
 * Indices of the classes shown, ascending; in `single` the first that was named, in `difference` the first two as they were
 * named (with the first other one of the model where only one was), in `entropy` all.
 */
export function shownClasses(settings: CamSettings, descriptor: HeatmapDescriptor): number[] {
  const all = descriptor.classes.map((_, index) => index);
  const { classes, mode } = settings;
  if (mode === 'entropy') return all;
  const chosen =
    classes === 'all' ? all : classes.map((name) => descriptor.classes.findIndex((info) => info.name === name));
  if (mode === 'single') return chosen.slice(0, 1);
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

/** Modes that a model can be shown in: entropy needs probabilities, of all classes in one tile, and a difference two classes. */
export function modesOf(descriptor: HeatmapDescriptor): Mode[] {
  const { length } = descriptor.classes;
  const hasEntropy = isShare('patch', descriptor) && length > 1 && length <= MAX_CLASS_PLANES;
  return MODES.filter((mode) => (mode !== 'entropy' || hasEntropy) && (mode !== 'difference' || length > 1));
}

/** The colour map that is shown: of differences one with a middle. */
export function colormapOf({ mode, colormap }: CamSettings): CamSettings['colormap'] {
  const isMiddled = typeof colormap !== 'string' || DIVERGING_COLORMAPS.includes(colormap);
  return mode === 'difference' && !isMiddled ? DEFAULT_DIVERGING_COLORMAP : colormap;
}

/** Of more classes than these, colours cannot be told apart at a glance. */
export const MOST_AT_FIRST = 8;

/**
 * Names of the `top` most present classes of a slide, in the model's order, where several are shown and none were named.
 * @returns undefined where the classes shown are to stay
 */
export function leadingClasses(
  { mode, classes }: CamSettings,
  { breakdown, of }: Breakdown,
  top: number,
): string[] | undefined {
  const isOfSlide = of === 'slide' || of === 'tissue';
  if ((mode !== 'blend' && mode !== 'argmax') || classes !== 'all' || !isOfSlide || breakdown.length <= top)
    return undefined;
  if (breakdown.some(({ probability }) => probability === null)) return undefined;
  const shares = breakdown.map(({ probability }) => probability ?? 0);
  const leading = new Set([...shares.keys()].sort((a, b) => shares[b] - shares[a] || a - b).slice(0, top));
  return breakdown.filter((_, index) => leading.has(index)).map((share) => share.class);
}

function isStops(colormap: CamChanges['colormap']): colormap is readonly ColourStop[] {
  return Array.isArray(colormap);
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

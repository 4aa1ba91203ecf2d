import type OpenSeadragon from 'openseadragon';
import { COLORMAPS, DEFAULT_COLORMAP } from '../../shared/colour/colormaps.ts';
import { parseColour } from '../../shared/colour/palette.ts';
import type { HeatmapDescriptor, Score } from '../../shared/heatmap-descriptor.ts';
import { defaultRange, MODES, type Mode } from '../../shared/painting/style.ts';

/** A score's place in the range, 0 to 1, to red, green and blue, 0 to 255. */
export type ColourFunction = (place: number) => readonly [red: number, green: number, blue: number];

const INTERPOLATIONS = ['smooth', 'cells', 'patches'] as const;
/** Bilinear between cells; each cell as a rectangle; each patch as a rectangle, with the score `patch`. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** What can be changed at any time with `setOptions`. */
export interface CamSettings {
  /** Names of the classes shown; `single` shows the first, the other modes at most 32. */
  classes: readonly string[] | 'all';
  mode: Mode;
  score: Score;
  /** A name (`single`), a function of the ranged score (`single`), or colours by class name (short for `classColors`). */
  colormap: string | ColourFunction;
  /** `#rrggbb` by class name, over those of the model. */
  classColors: Readonly<Record<string, string>>;
  /** Scores at the ends of the colour scale. */
  range: readonly [low: number, high: number];
  /** Scores below it are transparent; null shows all. */
  threshold: number | null;
  opacity: number;
  compositeOperation: string;
  interpolation: Interpolation;
  visible: boolean;
  showInNavigator: boolean;
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
  showControl?: boolean;
  /** By default the top right corner, in a narrow viewer the bottom left. */
  controlAnchor?: OpenSeadragon.ControlAnchor;
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
    opacity: 0.5,
    compositeOperation: 'source-over',
    interpolation: 'smooth',
    visible: true,
    showInNavigator: false,
  };
}

/** Settings with changes applied; what `changes` leaves out or undefined stays. @throws TypeError or RangeError that names the option */
export function changedSettings(
  settings: CamSettings,
  changes: CamChanges,
  descriptor: HeatmapDescriptor,
): CamSettings {
  const next: CamSettings = { ...settings };
  const { classes, mode, score, colormap, classColors, range, threshold, opacity, interpolation } = changes;
  if (classes !== undefined) next.classes = checkedClasses(classes, descriptor);
  if (mode !== undefined) next.mode = oneOf('mode', mode, MODES);
  if (score !== undefined) next.score = oneOf('score', score, descriptor.scores);
  if (classColors !== undefined) next.classColors = checkedColours(classColors);
  if (typeof colormap === 'object') {
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
  if (opacity !== undefined) {
    if (!(opacity >= 0 && opacity <= 1)) throw new RangeError(`opacity: expected 0 to 1, found ${opacity}`);
    next.opacity = opacity;
  }
  if (interpolation !== undefined) next.interpolation = oneOf('interpolation', interpolation, INTERPOLATIONS);
  next.compositeOperation = changes.compositeOperation ?? settings.compositeOperation;
  if (range === undefined) next.range = followedRange(settings, next, descriptor);
  next.visible = changes.visible ?? settings.visible;
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
const PAINTED = ['classes', 'mode', 'score', 'colormap', 'classColors', 'range', 'threshold', 'interpolation'] as const;

/** Whether tiles are painted the same by both. */
export function paintAlike(a: CamSettings, b: CamSettings): boolean {
  return PAINTED.every((name) => a[name] === b[name]);
}

/** Indices of the classes shown, ascending; in `single` the first that was named. */
export function shownClasses(settings: CamSettings, descriptor: HeatmapDescriptor): number[] {
  const all = descriptor.classes.map((_, index) => index);
  const { classes } = settings;
  const chosen =
    classes === 'all' ? all : classes.map((name) => descriptor.classes.findIndex((info) => info.name === name));
  return settings.mode === 'single' ? chosen.slice(0, 1) : chosen.sort((a, b) => a - b);
}

/** The score whose tiles are asked for: `patches` shows that of the patch, whatever else is chosen. */
export function effectiveScore({ score, interpolation }: CamSettings): Score {
  return interpolation === 'patches' ? 'patch' : score;
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

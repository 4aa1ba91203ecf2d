import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { Mode } from '../../shared/painting/style.ts';
import type { CamSettings } from './options.ts';
import { isCompared } from './shown.ts';

/** Of more classes than these, colours cannot be told apart at a glance. */
const MOST_AT_FIRST = 8;

/**
 * Which classes are shown while nobody has named any. It follows from slide and model alone, and not from what is classified
 * when somebody looks, so that every visit shows the same.
 */
export interface ClassChoice {
  /** Settings with those classes, where none are named. */
  settled(settings: CamSettings): CamSettings;
  /** Somebody has named classes, or wants those that follow from the slide again. */
  named(isNamed: boolean): void;
  /** Whether they depend on the order of the slide's classes, and that is not known. */
  isWaiting(mode: Mode): boolean;
  /** The order as the server tells it, the most present class first. */
  told(order: readonly number[]): void;
}

/**
 * @param isNamed whether classes are named to begin with
 * @param most classes that `blend` and `argmax` begin with
 */
export function classChoice(
  { classes, classOrder }: HeatmapDescriptor,
  isNamed: boolean,
  most = MOST_AT_FIRST,
): ClassChoice {
  let order = classOrder;
  let named = isNamed;

  /** How many of the classes a mode begins with; undefined for all. */
  const countOf = (mode: Mode): number | undefined => {
    const count = { single: classes.length, entropy: classes.length, blend: most, argmax: most, difference: 2 }[mode];
    return count < classes.length ? count : undefined;
  };
  const namesOf = (mode: Mode): readonly string[] | 'all' => {
    const count = countOf(mode);
    if (count === undefined || !order) return 'all';
    const leading = order.slice(0, count);
    // The more present class of a difference is the first; others stand in the model's order.
    if (mode !== 'difference') leading.sort((a, b) => a - b);
    return leading.map((index) => classes[index].name);
  };

  return {
    settled: (settings) => {
      if (named || isCompared(settings)) return settings;
      const names = namesOf(settings.mode);
      return JSON.stringify(names) === JSON.stringify(settings.classes) ? settings : { ...settings, classes: names };
    },
    named: (isNamedNow) => {
      named = isNamedNow;
    },
    isWaiting: (mode) => !named && !order && countOf(mode) !== undefined,
    told: (told) => {
      order ??= told;
    },
  };
}

import type { CamOptions } from '../options.ts';

/** What an attribute's text stands for. @throws Error that says what was expected */
type Reader = (text: string) => unknown;

const text: Reader = (value) => value;
/** Of HTML: there is what is there. */
const flag: Reader = (value) => {
  const [, yes, no] = /^(|true|on|yes|1)$|^(false|off|no|0)$/i.exec(value.trim()) ?? [];
  if (yes === no) throw new Error(`expected true or false, found "${value}"`);
  return no === undefined;
};

/** As HTML writes floating-point numbers. */
const number: Reader = (value) => {
  const read = /^\s*-?\d*\.?\d+(e[-+]?\d+)?\s*$/i.test(value) ? Number(value) : Number.NaN;
  if (!Number.isFinite(read)) throw new Error(`expected a number, found "${value}"`);
  return read;
};

const count: Reader = (value) => {
  if (!/^[1-9]\d{0,5}$/.test(value.trim())) throw new Error(`expected a whole number from 1, found "${value}"`);
  return Number(value);
};

const numbers: Reader = (value) => value.split(',').map((part) => number(part));

/** JSON where it begins like it, else what `otherwise` makes of it. */
const json =
  (otherwise: Reader): Reader =>
  (value) => {
    if (!/^\s*[[{]/.test(value)) return otherwise(value);
    try {
      return JSON.parse(value);
    } catch {
      throw new Error(`expected JSON, found "${value}"`);
    }
  };

const names: Reader = (value) => (value.trim() === 'all' ? 'all' : value.split(',').map((name) => name.trim()));
const onlyJson = json((value) => {
  throw new Error(`expected JSON, found "${value}"`);
});

/** Options of the overlay that an attribute can set, in the spelling of the option: `control-anchor` sets `controlAnchor`. */
const OPTIONS = {
  classes: json(names),
  top: count,
  mode: text,
  compareWith: text,
  score: text,
  colormap: json(text),
  classColors: onlyJson,
  range: numbers,
  threshold: number,
  gamma: number,
  opacity: number,
  opacityByValue: flag,
  compositeOperation: text,
  interpolation: text,
  predictions: flag,
  region: onlyJson,
  urlState: text,
  visible: flag,
  showInNavigator: flag,
  showControl: flag,
  controlCollapsed: flag,
  theme: text,
} satisfies Partial<Record<keyof CamOptions, Reader>>;

/** Attributes that say which images are shown, and where. */
export const PLACES = [
  'server',
  'slide',
  'model',
  'tile-source',
  'heatmap',
  'overlap',
  'background',
  'control-anchor',
  'drawer',
  'prefix-url',
  'navigator',
  'with-credentials',
  'label',
] as const;

/** Names of the attributes that set options. */
export const OPTION_ATTRIBUTES: readonly string[] = Object.keys(OPTIONS).map(attributeOf);

/** The options that an element's attributes set. @throws Error that names the attribute */
export function optionsOf(element: Element): Record<string, unknown> {
  return optionsFromTexts((option) => element.getAttribute(attributeOf(option)), attributeOf);
}

/**
 * The options that texts set.
 * @param textOf an option's, or null where it is left out
 * @param nameOf what a fault calls an option
 * @throws Error that names the option
 */
export function optionsFromTexts(
  textOf: (option: string) => string | null,
  nameOf = (option: string) => option,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [option, read] of Object.entries(OPTIONS)) {
    const value = textOf(option);
    if (value === null) continue;
    try {
      options[option] = read(value);
    } catch (error) {
      throw new Error(`${nameOf(option)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return options;
}

function attributeOf(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

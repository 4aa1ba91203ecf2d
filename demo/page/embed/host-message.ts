import type { CamChanges, CamSettings } from '../../../plugin/src/index.ts';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { isTheme, type Theme } from '../theme-choice.ts';

/** Of the messages; raised when one of them changes its meaning. */
export const VERSION = 1;

/** What the embedding page may ask for; see docs/embedding.md. */
export type HostMessage = { id?: string | number } & (
  | { type: 'set-options'; options: EmbedChanges }
  | { type: 'get-options' | 'stop-analysis' }
  | { type: 'go-to'; region: Rectangle; immediately: boolean }
  | { type: 'open'; slide: string; model: string | undefined; options: EmbedChanges }
  | { type: 'analyse'; region: Rectangle | undefined }
);

/** Options of the heatmap, and the page's theme. */
export interface EmbedChanges {
  cam: CamChanges;
  theme: Theme | undefined;
}

type Fields = Record<string, unknown>;

/** What a message from the embedding page asks for. @throws Error that says in a sentence what was expected and what was found */
export function readHostMessage(data: unknown): HostMessage {
  if (!isRecord(data) || data.cam === undefined) {
    throw new Error(`message: expected { cam: ${VERSION}, type, ... }, found ${shown(data)}`);
  }
  if (data.cam !== VERSION) throw new Error(`cam: expected the version ${VERSION}, found ${shown(data.cam)}`);
  const { id, type } = data;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') {
    throw new Error(`id: expected a string or a number, found ${shown(id)}`);
  }
  const read = typeof type === 'string' && Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!read) throw new Error(`type: expected one of ${Object.keys(READERS).join(', ')}, found ${shown(type)}`);
  return { ...read(data), ...(id !== undefined && { id }) };
}

const READERS: Record<string, (fields: Fields) => HostMessage> = {
  'set-options': ({ options }) => ({ type: 'set-options', options: readOptions(options) }),
  'get-options': () => ({ type: 'get-options' }),
  'go-to': ({ region, immediately }) => ({
    type: 'go-to',
    region: readRegion(region),
    immediately: immediately === undefined ? false : checked('immediately', immediately, isBoolean, 'true or false'),
  }),
  open: ({ slide, model, options }) => ({
    type: 'open',
    slide: checked('slide', slide, isName, 'the id of a slide'),
    model: model === undefined || model === null ? undefined : checked('model', model, isName, 'the id of a model'),
    options: options === undefined ? { cam: {}, theme: undefined } : readOptions(options),
  }),
  analyse: ({ region }) => ({ type: 'analyse', region: region === undefined ? undefined : readRegion(region) }),
  'stop-analysis': () => ({ type: 'stop-analysis' }),
};

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isName = (value: unknown): value is string => isText(value) && value !== '';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isTextByName = (value: unknown) => isRecord(value) && Object.values(value).every(isText);
const isStop = (value: unknown) =>
  isText(value) || (Array.isArray(value) && value.length === 2 && isNumber(value[0]) && isText(value[1]));
const isStops = (value: unknown) => Array.isArray(value) && value.every(isStop);

/**
 * The form of every option; whether the model knows the names, and the numbers' ranges, the plugin checks. An address,
 * of a heatmap to compare with, a host may not give: the page would ask for it by rights of its own.
 */
const OPTIONS: Record<
  Exclude<keyof CamSettings, 'compareWith'>,
  readonly [isRight: (value: unknown) => boolean, expected: string]
> = {
  classes: [(value) => value === 'all' || isTexts(value), "'all' or a list of names"],
  mode: [isText, 'a name'],
  score: [isText, 'a name'],
  colormap: [
    (value) => isText(value) || isStops(value) || isTextByName(value),
    'a name, a list of colours, or colours by class',
  ],
  classColors: [isTextByName, 'colours by class'],
  range: [(value) => Array.isArray(value) && value.length === 2 && value.every(isNumber), 'two numbers'],
  threshold: [(value) => value === null || isNumber(value), 'a number or null'],
  gamma: [isNumber, 'a number'],
  opacity: [isNumber, 'a number'],
  opacityByValue: [isBoolean, 'true or false'],
  compositeOperation: [isText, 'a name'],
  interpolation: [isText, 'a name'],
  visible: [isBoolean, 'true or false'],
  showInNavigator: [isBoolean, 'true or false'],
  region: [(value) => value === null || isRecord(value), 'GeoJSON or null'],
  predictions: [isBoolean, 'true or false'],
};

function readOptions(value: unknown): EmbedChanges {
  if (!isRecord(value)) throw new Error(`options: expected an object, found ${shown(value)}`);
  const { theme, ...cam } = value;
  if (theme !== undefined && !isTheme(theme)) {
    throw new Error(`theme: expected one of system, light, dark, found ${shown(theme)}`);
  }
  for (const [name, option] of Object.entries(cam)) {
    const rule = Object.entries(OPTIONS).find(([known]) => known === name)?.[1];
    if (!rule) {
      throw new Error(
        `options: expected some of ${[...Object.keys(OPTIONS), 'theme'].join(', ')}, found ${shown(name)}`,
      );
    }
    const [isRight, expected] = rule;
    if (!isRight(option)) throw new Error(`${name}: expected ${expected}, found ${shown(option)}`);
  }
  return { cam, theme };
}

/** A rectangle in slide pixels, `[x, y, width, height]`. @throws Error as the readers of messages do */
export function readRegion(value: unknown): Rectangle {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(isNumber) || !(value[2] > 0 && value[3] > 0)) {
    throw new Error(`region: expected [x, y, width, height] in slide pixels, found ${shown(value)}`);
  }
  const [x, y, width, height] = value;
  return { x, y, width, height };
}

function checked<T>(name: string, value: unknown, isRight: (value: unknown) => value is T, expected: string): T {
  if (!isRight(value)) throw new Error(`${name}: expected ${expected}, found ${shown(value)}`);
  return value;
}

/** Long enough to know it by. */
const SHOWN_LENGTH = 80;

function shown(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // What holds itself, or a number too large for JSON.
  }
  text ??= String(value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

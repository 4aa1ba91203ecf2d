import { z } from 'zod';
import { OVERLAPS } from '../../../shared/geometry/patch-grid.ts';
import {
  DEFAULT_CLASS_PLANES,
  type HeatmapOptions,
  MAX_CLASS_PLANES,
  SCORES,
} from '../../../shared/heatmap-descriptor.ts';
import { MODES } from '../../../shared/painting/style.ts';
import { writtenCount } from '../../../shared/written-number.ts';
import { choice, count, flag, number, numbers, read, repeated, text } from './parameters.ts';

/** Seconds that a tile waits for its patches: less than the 30 after which OpenSeadragon gives a tile up. */
export const MAX_WAIT_SECONDS = 10;

/** Characters that somebody may call an added image by, which is as many as file systems take. */
const LONGEST_NAME = 255;

/** Slide pixels; sides of slides end at 2^31. */
export const LARGEST_COORDINATE = 2 ** 32;

const BACKGROUND = 'expected none, otsu or class:NAME';
const CLASS_PREFIX = 'class:';

/** Options of a heatmap, which every address of it takes. */
export const heatmapQuery = z.strictObject({
  overlap: choice(['1', '2', '4']).transform((value) => OVERLAPS.find((overlap) => String(overlap) === value)),
  background: read(BACKGROUND, backgroundOf, (value) => value !== undefined),
});

/** @returns undefined for what is none */
function backgroundOf(value: string): HeatmapOptions['background'] | undefined {
  if (value === 'none') return null;
  if (value === 'otsu') return value;
  const isClass = value.startsWith(CLASS_PREFIX) && value.length > CLASS_PREFIX.length;
  return isClass ? { class: value.slice(CLASS_PREFIX.length) } : undefined;
}

/** The options that a query names, beside whatever else it says. */
export function heatmapOptions({ overlap, background }: z.infer<typeof heatmapQuery>): Partial<HeatmapOptions> {
  return { ...(overlap !== undefined && { overlap }), ...(background !== undefined && { background }) };
}

/** The query that names options, with its question mark; empty where all of them are the model's own choice. */
export function optionsQuery({ overlap, background }: Partial<HeatmapOptions>): string {
  const query = new URLSearchParams();
  if (overlap !== undefined && overlap !== 1) query.set('overlap', String(overlap));
  if (background !== undefined) {
    query.set(
      'background',
      typeof background === 'string' ? background : background ? CLASS_PREFIX + background.class : 'none',
    );
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** Query of an image that is added. */
export const uploadQuery = z.strictObject({
  name: z
    .string({ error: 'expected the name of a file, once' })
    .min(1, 'expected the name of a file')
    .max(LONGEST_NAME, `expected the name of a file of at most ${LONGEST_NAME} characters`)
    .optional(),
  mpp: number('expected microns per pixel above 0 and up to 1000', (mpp) => mpp > 0 && mpp <= 1000),
});

/** Query of an image that is added already. */
export const uploadChange = uploadQuery.pick({ mpp: true });

const score = choice(SCORES);
const wait = number(
  `expected seconds from 0 to ${MAX_WAIT_SECONDS}`,
  (seconds) => seconds >= 0 && seconds <= MAX_WAIT_SECONDS,
);

/** Query of a `.npy` tile. */
export const scoreTileQuery = heatmapQuery.extend({
  score,
  wait,
  v: text('expected a fingerprint'),
  classes: read(
    `expected at most ${MAX_CLASS_PLANES} class numbers separated by commas (the first ${DEFAULT_CLASS_PLANES} when left out)`,
    (value) => value.split(',').map(writtenCount),
    (indices) => indices.length <= MAX_CLASS_PLANES && !indices.some(Number.isNaN),
  ),
});

/** Query of a painted tile, and of the `.dzi` that passes it on. */
export const paintedTileQuery = heatmapQuery.extend({
  score,
  wait,
  v: text('expected a fingerprint'),
  class: repeated(z.string()),
  top: count(' of classes', 1),
  mode: choice(MODES),
  compare: read(
    'expected the id of a model',
    (id) => id,
    (id) => id !== '',
  ),
  colormap: text('expected a colour map'),
  opacity: number('expected a number from 0 to 1', (opacity) => opacity >= 0 && opacity <= 1),
  threshold: number('expected a number'),
  gamma: number('expected a number above 0 and up to 10', (gamma) => gamma > 0 && gamma <= 10),
  opacityByValue: flag(),
  range: numbers(
    2,
    'expected two numbers low,high with low below high',
    ([low, high]) => low < high && Number.isFinite(high - low),
  ).transform((range): [number, number] | undefined => range && [range[0], range[1]]),
  interpolation: choice(['smooth', 'cells', 'patches']),
});

/** Pixels of the long side of a picture of a whole heatmap. */
export const DEFAULT_PICTURE_SIZE = 2048;

const colour = z.string().regex(/^#[0-9a-f]{6}$/i, { error: 'expected #rrggbb' });

/** Query of a picture of a whole heatmap. */
export const pictureQuery = paintedTileQuery.extend({
  compare: z.undefined({ error: 'expected none, as a picture is of one model' }).optional(),
  size: count(' of pixels', 16, 4096),
  alone: flag(),
  color: repeated(colour),
});

const REGION = 'in slide pixels with a width and a height above 0';

function isRegion(values: readonly number[]): boolean {
  return values.every((value) => Math.abs(value) <= LARGEST_COORDINATE) && values[2] > 0 && values[3] > 0;
}

export const regionQuery = heatmapQuery.extend({
  region: numbers(4, `expected x,y,width,height ${REGION}`, isRegion).transform(
    (values) => values && { x: values[0], y: values[1], width: values[2], height: values[3] },
  ),
});

/** A region in a body: [x, y, width, height] in slide pixels. */
export const regionList = z.custom<[x: number, y: number, width: number, height: number]>(
  (value) => Array.isArray(value) && value.length === 4 && value.every(Number.isFinite) && isRegion(value),
  { error: `expected [x, y, width, height] ${REGION}` },
);

export const analysisBody = z.strictObject(
  { region: regionList.transform(([x, y, width, height]) => ({ x, y, width, height })).optional() },
  { error: 'expected an object with nothing but a region' },
);

export const listingQuery = z.strictObject({
  filter: text(),
  after: text('expected an id'),
  limit: count('', 1, 1000),
});

/** Query of a thumbnail: pixels of its longer side. */
export const thumbnailQuery = z.strictObject({ size: count(' of pixels', 1, 2048) });

/** Query of a slide's `.dzi`, and of its tiles, to which viewers pass it on: those have their format in their name. */
export const slidePyramidQuery = z.strictObject({ quality: count('', 1, 100), format: choice(['jpeg', 'png']) });

export const pointQuery = heatmapQuery.extend({
  x: number('expected slide pixels'),
  y: number('expected slide pixels'),
});

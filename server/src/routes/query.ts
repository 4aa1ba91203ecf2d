import type { ParsedUrlQuery } from 'node:querystring';
import { z } from 'zod';
import { OVERLAPS } from '../../../shared/geometry/patch-grid.ts';
import {
  DEFAULT_CLASS_PLANES,
  type HeatmapOptions,
  MAX_CLASS_PLANES,
  SCORES,
} from '../../../shared/heatmap-descriptor.ts';
import { MODES } from '../../../shared/painting/style.ts';
import { Problem } from '../errors.ts';

/** Seconds that a tile waits for its patches: less than the 30 after which OpenSeadragon gives a tile up. */
export const MAX_WAIT_SECONDS = 10;

const one = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value[value.length - 1] : value), schema);

const number = (expected: string, isValid: (value: number) => boolean = () => true) =>
  one(
    z
      .string({ error: expected })
      .refine((text) => text.trim() !== '' && Number.isFinite(Number(text)) && isValid(Number(text)), {
        error: expected,
      })
      .transform(Number)
      .optional(),
  );

const numbers = (count: number, expected: string, isValid: (values: number[]) => boolean) =>
  one(
    z
      .string({ error: expected })
      .transform((text) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))
      .refine((values) => values.length === count && values.every(Number.isFinite) && isValid(values), {
        error: expected,
      })
      .optional(),
  );

const choice = <T extends string>(options: readonly [T, ...T[]]) =>
  one(z.enum(options, { error: `expected one of ${options.join(', ')}` }).optional());

const score = choice(SCORES);
const wait = number(
  `expected seconds from 0 to ${MAX_WAIT_SECONDS}`,
  (seconds) => seconds >= 0 && seconds <= MAX_WAIT_SECONDS,
);
const fingerprint = one(z.string().optional());

/** Query of an image that is added. */
export const uploadQuery = z.object({
  name: one(z.string().min(1, 'expected the name of a file').max(1000, 'expected at most 1000 characters').optional()),
  mpp: number('expected microns per pixel above 0 and up to 1000', (mpp) => mpp > 0 && mpp <= 1000),
});

/** Query of a `.npy` tile. */
export const scoreTileQuery = z.object({
  score,
  wait,
  v: fingerprint,
  classes: one(
    z
      .string()
      .transform((text) => text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN)))
      .refine((indices) => indices.length <= MAX_CLASS_PLANES && indices.every(Number.isInteger), {
        error: `expected at most ${MAX_CLASS_PLANES} class numbers separated by commas (the first ${DEFAULT_CLASS_PLANES} when left out)`,
      })
      .optional(),
  ),
});

/** Query of a painted tile, and of the `.dzi` that passes it on. */
export const paintedTileQuery = z.object({
  score,
  wait,
  v: fingerprint,
  class: z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string()).optional()),
  top: number('expected a whole number of classes from 1', (count) => Number.isInteger(count) && count >= 1),
  mode: choice(MODES),
  compare: one(z.string().min(1, 'expected the id of a model').optional()),
  colormap: one(z.string().optional()),
  opacity: number('expected a number from 0 to 1', (opacity) => opacity >= 0 && opacity <= 1),
  threshold: number('expected a number'),
  gamma: number('expected a number above 0 and up to 10', (gamma) => gamma > 0 && gamma <= 10),
  opacityByValue: choice(['true', 'false']).transform((text) => text && text === 'true'),
  range: numbers(2, 'expected two numbers low,high with low below high', ([low, high]) => low < high).transform(
    (range): [number, number] | undefined => range && [range[0], range[1]],
  ),
  interpolation: choice(['smooth', 'cells', 'patches']),
});

/** Pixels of the long side of a picture of a whole heatmap. */
export const DEFAULT_PICTURE_SIZE = 2048;
const PICTURE_SIZES = { least: 16, most: 4096 };

const colour = z.string().regex(/^#[0-9a-f]{6}$/i, { error: 'expected #rrggbb' });

/** Query of a picture of a whole heatmap. */
export const pictureQuery = paintedTileQuery.extend({
  compare: z.undefined({ error: 'expected none, as a picture is of one model' }).optional(),
  size: number(
    `expected a whole number of pixels from ${PICTURE_SIZES.least} to ${PICTURE_SIZES.most}`,
    (size) => Number.isInteger(size) && size >= PICTURE_SIZES.least && size <= PICTURE_SIZES.most,
  ),
  alone: choice(['true', 'false']).transform((text) => text === 'true'),
  color: z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(colour).optional()),
});

const BACKGROUND = 'expected none, otsu or class:NAME';
const CLASS_PREFIX = 'class:';

/** Options of a heatmap, which every address of it takes. */
const heatmapQuery = z.object({
  overlap: one(
    z
      .string()
      .transform(Number)
      .transform((value) => OVERLAPS.find((overlap) => overlap === value))
      .refine((overlap) => overlap !== undefined, { error: `expected one of ${OVERLAPS.join(', ')}` })
      .optional(),
  ),
  background: one(
    z
      .string()
      .refine(
        (text) =>
          text === 'none' || text === 'otsu' || (text.startsWith(CLASS_PREFIX) && text.length > CLASS_PREFIX.length),
        {
          error: BACKGROUND,
        },
      )
      .transform((text): HeatmapOptions['background'] => {
        if (text === 'none') return null;
        return text === 'otsu' ? text : { class: text.slice(CLASS_PREFIX.length) };
      })
      .optional(),
  ),
});

/** The options that a query names. @throws Problem `bad-parameter` */
export function heatmapOptions(query: ParsedUrlQuery): Partial<HeatmapOptions> {
  const { overlap, background } = parseQuery(heatmapQuery, query);
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

const REGION = 'expected x,y,width,height in slide pixels with a width and a height above 0';

export const regionQuery = z.object({
  region: numbers(4, REGION, ([, , width, height]) => width > 0 && height > 0).transform(
    (values) => values && { x: values[0], y: values[1], width: values[2], height: values[3] },
  ),
});

/** A region in a body: [x, y, width, height] in slide pixels. */
export const regionList = z.custom<[x: number, y: number, width: number, height: number]>(
  (value) => Array.isArray(value) && value.length === 4 && value.every(Number.isFinite) && value[2] > 0 && value[3] > 0,
  { error: 'expected [x, y, width, height] in slide pixels with a width and a height above 0' },
);

export const analysisBody = z.strictObject(
  { region: regionList.transform(([x, y, width, height]) => ({ x, y, width, height })).optional() },
  { error: 'expected an object with nothing but a region' },
);

/** Entries of a list that are given at once at most. */
const MAX_LISTED = 1000;

export const listingQuery = z.object({
  filter: one(z.string().optional()),
  after: one(z.string().optional()),
  limit: number(
    `expected a whole number from 1 to ${MAX_LISTED}`,
    (limit) => Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED,
  ),
});

/** Pixels of the longer side of a thumbnail. */
const LARGEST_THUMBNAIL = 2048;

export const thumbnailQuery = z.object({
  size: number(
    `expected a whole number of pixels from 1 to ${LARGEST_THUMBNAIL}`,
    (size) => Number.isInteger(size) && size >= 1 && size <= LARGEST_THUMBNAIL,
  ),
});

/** Query of a slide's tile. */
export const slideTileQuery = z.object({
  quality: number(
    'expected a whole number from 1 to 100',
    (quality) => Number.isInteger(quality) && quality >= 1 && quality <= 100,
  ),
});

/** Query of a slide's `.dzi`, which viewers pass on to the tiles. */
export const slidePyramidQuery = slideTileQuery.extend({
  format: one(z.enum(['jpeg', 'png'], { error: 'expected jpeg or png' }).optional()),
});

export const pointQuery = z.object({
  x: number('expected slide pixels'),
  y: number('expected slide pixels'),
});

/** Characters of a value that a message shows. */
const MOST_SHOWN = 80;

/**
 * What a request's body says.
 * @throws Problem `bad-parameter` that names the field, what was expected and what was found
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const found = issue.path.reduce<unknown>((value, key) => Object(value)[key], body);
  const shown = (JSON.stringify(found) ?? 'nothing').slice(0, MOST_SHOWN);
  throw new Problem('bad-parameter', `${issue.path.join('.') || 'body'}: ${issue.message}, found ${shown}`);
}

/**
 * What a request's query says.
 * @throws Problem `bad-parameter` that names the parameter, what was expected and what was found
 */
export function parseQuery<T extends z.ZodType>(schema: T, query: ParsedUrlQuery): z.infer<T> {
  const parsed = schema.safeParse({ ...query });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue.path.join('.') || 'body';
  const found = Object.entries(query).find(([key]) => key === String(issue.path[0]))?.[1];
  throw new Problem('bad-parameter', `${name}: ${issue.message}, found ${JSON.stringify(found) ?? 'nothing'}`);
}

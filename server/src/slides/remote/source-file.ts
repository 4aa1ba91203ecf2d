import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_TILE, LONGEST_SIDE, SMALLEST_TILE } from '../deep-zoom-source.ts';
import { fileProblem, unreadable } from '../image-file.ts';
import { headersSchema } from './source-headers.ts';

/** Bytes of a file that tells of an image of another server; longer ones are something else. */
export const SOURCE_BYTES = 65_536;

export const SOURCE_EXAMPLE = '{"type": "dzi", "url": "https://..."}';

const ADDRESS = 'expected an address of http or https';

/** @param what it is of */
const addressOf = (what: string) =>
  z.string({ error: `expected the address of ${what}` }).refine(isAddress, `${ADDRESS}, of ${what}`);

/** What every kind may say besides. */
const about = {
  title: z.string({ error: 'expected a text' }).min(1, 'expected a text').optional(),
  mpp: z.number({ error: 'expected microns per pixel' }).positive('expected microns per pixel above 0').optional(),
  headers: headersSchema.optional(),
};

/** What kinds of tile servers are written like, and those of GeoJSON are not. */
const KIND = /^([a-z]|[A-Z]+$)/;

/** What stands for a tile's level, column and row. */
const PLACES = ['{z}', '{x}', '{y}'];

const SIDE_RANGE = 'expected a whole number of pixels from 1';
const TILE_RANGE = `expected a whole number of pixels from ${SMALLEST_TILE} to ${LARGEST_TILE}`;
const LEVELS_RANGE = 'expected a whole number from 1 to 32';

const side = z.int(SIDE_RANGE).min(1, SIDE_RANGE).max(LONGEST_SIDE, SIDE_RANGE);

const format = z.enum(['jpg', 'png', 'webp'], { error: 'expected jpg, png or webp' }).optional();

const sourceSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('dzi'), url: addressOf('its descriptor (.dzi)'), ...about }),
    z.strictObject({ type: z.literal('iiif'), url: addressOf('the image or its info.json'), ...about, format }),
    z.strictObject({
      type: z.literal('template'),
      ...about,
      url: addressOf('a tile, with {z}, {x} and {y}').superRefine(checkPlaces),
      width: side,
      height: side,
      tileSize: z.int(TILE_RANGE).min(SMALLEST_TILE, TILE_RANGE).max(LARGEST_TILE, TILE_RANGE).default(256),
      levels: z.int(LEVELS_RANGE).min(1, LEVELS_RANGE).max(32, LEVELS_RANGE).optional(),
    }),
  ],
  { error: 'expected dzi, iiif or template (of tiles by {z}, {x} and {y}, as WMTS has them, too)' },
);

/** A file that says where the pixels of a slide are fetched from. */
export type RemoteSource = z.infer<typeof sourceSchema>;

/**
 * Whether a text is such a file, by what it says it is: other JSON files may lie among slides, above all their sidecars. One
 * that is broken further on is one all the same, so that somebody is told.
 */
export function isSourceText(text: string): boolean {
  if (!/^\ufeff?\s*\{/.test(text)) return false;
  const value = parsedJson(text);
  if (typeof value !== 'object' || value === null) {
    return /"type"\s*:\s*"(dzi|iiif|template)"/.test(text) && /"url"\s*:/.test(text);
  }
  const type: unknown = Reflect.get(value, 'type');
  return (
    type === 'dzi' ||
    type === 'iiif' ||
    type === 'template' ||
    (typeof type === 'string' && KIND.test(type) && 'url' in value)
  );
}

/** Undefined for what is none, or not all there. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}

/** @throws Problem `not-found`, `unreadable-slide` */
export async function readSourceFile(file: string): Promise<RemoteSource> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileProblem(file, error);
  });
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw unreadable(file, `JSON such as ${SOURCE_EXAMPLE} was expected (${String(error)})`, error);
  }
  const parsed = sourceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue.code === 'unrecognized_keys') {
    throw unreadable(file, `${JSON.stringify(issue.keys[0])} is nothing that it can say of an image`);
  }
  const { path, message } = issue;
  throw unreadable(file, path.length === 0 ? message : `${path.join('.')}: ${message}`);
}

/** Tiles differ in their path or query: a place in the host would have the file choose among hosts. */
function checkPlaces(text: string, context: z.RefinementCtx): void {
  const places: readonly string[] = text.match(/\{[^{}]*\}/g) ?? [];
  const other = places.find((place) => !PLACES.includes(place));
  if (!PLACES.every((place) => places.includes(place))) context.addIssue('expected an address with {z}, {x} and {y}');
  else if (other !== undefined)
    context.addIssue(`expected no places but {z}, {x} and {y}, found ${other.slice(0, 40)}`);
  else if (/[{}]|%7[bd]/i.test(/^\w+:[/\\]*([^/\\?#]*)/.exec(text)?.[1] ?? '')) {
    context.addIssue('expected {z}, {x} and {y} in the path or the query, found one in the host');
  }
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

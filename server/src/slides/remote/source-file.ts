import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_TILE, LONGEST_SIDE, SMALLEST_TILE } from '../deep-zoom-source.ts';
import { fileProblem, unreadable } from '../image-file.ts';

/** Bytes of a file that tells of an image of another server; longer ones are something else. */
export const SOURCE_BYTES = 65_536;

export const SOURCE_EXAMPLE = '{"type": "dzi", "url": "https://..."}';

const address = z.string({ error: 'expected an address' }).refine(isAddress, 'expected an address of http or https');

/** What every kind may say besides. */
const about = {
  url: address,
  title: z.string({ error: 'expected a text' }).min(1, 'expected a text').optional(),
  mpp: z.number({ error: 'expected microns per pixel' }).positive('expected microns per pixel above 0').optional(),
};

const SIDE_RANGE = 'expected a whole number of pixels from 1';
const TILE_RANGE = `expected a whole number of pixels from ${SMALLEST_TILE} to ${LARGEST_TILE}`;
const LEVELS_RANGE = 'expected a whole number from 1 to 32';

const side = z.int(SIDE_RANGE).min(1, SIDE_RANGE).max(LONGEST_SIDE, SIDE_RANGE);

const format = z.enum(['jpg', 'png', 'webp'], { error: 'expected jpg, png or webp' }).optional();

const sourceSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('dzi'), ...about }),
    z.strictObject({ type: z.literal('iiif'), ...about, format }),
    z.strictObject({
      type: z.literal('template'),
      ...about,
      url: address.refine(hasPlaces, 'expected an address with {z}, {x} and {y}'),
      width: side,
      height: side,
      tileSize: z.int(TILE_RANGE).min(SMALLEST_TILE, TILE_RANGE).max(LARGEST_TILE, TILE_RANGE).default(256),
      levels: z.int(LEVELS_RANGE).min(1, LEVELS_RANGE).max(32, LEVELS_RANGE).optional(),
    }),
  ],
  { error: 'expected dzi, iiif or template' },
);

/** A file that says where the pixels of a slide are fetched from. */
export type RemoteSource = z.infer<typeof sourceSchema>;

/**
 * Whether a text is such a file, by what it says it is: other JSON files may lie among slides, above all their sidecars. One
 * that is broken further on is one all the same, so that somebody is told.
 */
export function isSourceText(text: string): boolean {
  return /^\ufeff?\s*\{/.test(text) && /"type"\s*:\s*"(dzi|iiif|template)"/.test(text) && /"url"\s*:/.test(text);
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
  const [{ path, message }] = parsed.error.issues;
  throw unreadable(file, path.length === 0 ? message : `${path.join('.')}: ${message}`);
}

function hasPlaces(text: string): boolean {
  return ['{z}', '{x}', '{y}'].every((place) => text.includes(place));
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

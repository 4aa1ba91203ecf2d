import { z } from 'zod';
import type { Size } from '../../../../shared/geometry/deep-zoom.ts';
import { LARGEST_TILE, LONGEST_SIDE } from '../deep-zoom-source.ts';
import { levelDistance } from '../tiff-levels.ts';
import type { Fetcher } from './fetcher.ts';
import type { RemoteImage, RemoteLevel } from './remote-image.ts';
import type { RemoteSource } from './source-file.ts';
import type { SourceHeaders } from './source-headers.ts';

const INFO_BYTES = 2 ** 18;

/** Of tiles where a server makes any and recommends none. */
const TILE_SIZE = 512;

const FORMATS = ['jpg', 'png', 'webp'] as const;

const side = z.int().min(1).max(LONGEST_SIDE);
const texts = z.union([z.string(), z.array(z.unknown())]).optional();

/** What is looked at of an `info.json` (IIIF Image API 2.1 and 3.0, Image Information). */
const infoSchema = z.object({
  '@context': texts,
  type: z.unknown().optional(),
  profile: z.union([z.string(), z.array(z.unknown())]).optional(),
  width: side,
  height: side,
  maxWidth: side.optional(),
  maxHeight: side.optional(),
  maxArea: z.number().positive().optional(),
  tiles: z
    .array(z.object({ width: side, height: side.optional(), scaleFactors: z.array(side).min(1).max(64) }))
    .max(64)
    .optional(),
  sizes: z
    .array(z.object({ width: side, height: side }))
    .max(1000)
    .optional(),
  extraFeatures: z.array(z.unknown()).optional(),
  preferredFormats: z.array(z.unknown()).optional(),
});

type Info = z.infer<typeof infoSchema>;

/** What a server can do. */
interface Abilities {
  version: 2 | 3;
  /** Whether it makes any region at any size; one that does not has the tiles and sizes that it lists. */
  anyRegion: boolean;
  /** Whether it makes sizes of any proportions. */
  anySize: boolean;
  format: string;
}

/**
 * An image of the IIIF Image API, 2 or 3, of any level of compliance. Its addresses begin where its `info.json` was found.
 * @throws RemoteError; Error that says for the end of a sentence what is wrong with it
 */
export async function remoteIiif(
  { url, format }: Extract<RemoteSource, { type: 'iiif' }>,
  fetcher: Fetcher,
  headers?: SourceHeaders,
): Promise<RemoteImage> {
  const wanted = { kind: 'descriptor', mostBytes: INFO_BYTES, headers } as const;
  const { bytes, address } = await fetcher.fetch(infoAddress(url), wanted);
  const info = parseInfo(bytes.toString());
  const abilities = abilitiesOf(info, format);
  const { origin, pathname, search } = new URL(address);
  const base = `${origin}${pathname.replace(/\/info\.json$/, '')}`;
  const pattern = `${base}/{region}/{size}/0/default.${abilities.format}${search}`;
  const levels = levelsOf(info, abilities, pattern);
  return { format: `IIIF ${abilities.version}`, width: info.width, height: info.height, levels };
}

function infoAddress(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname.replace(/\/(info\.json)?$/, '')}/info.json${search}`;
}

function parseInfo(text: string): Info {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('its info.json is no JSON', { cause: error });
  }
  const parsed = infoSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new Error(
    `its info.json is none of IIIF: ${[path.join('.'), message].filter((part) => part !== '').join(': ')}`,
  );
}

function abilitiesOf(info: Info, wanted: string | undefined): Abilities {
  const [profile, ...details] = [info.profile ?? []].flat();
  const version = versionOf(info, profile);
  const { formats = [], supports = [] } = Object.assign({}, ...details.filter((each) => typeof each === 'object'));
  const features = new Set([...listed(supports), ...listed(info.extraFeatures)]);
  const level = Number(/level([012])(\.json)?$/.exec(String(profile))?.[1] ?? 0);
  const anyRegion = level >= 1 || (features.has('regionByPx') && features.has(version === 3 ? 'sizeByWh' : 'sizeByW'));
  const anySize = level >= 2 || features.has('sizeByDistortedWh') || features.has('sizeByWh');
  // A server of files has one format, and those of version 2 say which; all others have JPEG.
  const offered = version === 3 ? listed(info.preferredFormats) : anyRegion ? [] : listed(formats);
  const preferred = version === 2 && offered.includes('jpg') ? 'jpg' : offered.find(isFormat);
  return { version, anyRegion, anySize, format: wanted ?? preferred ?? 'jpg' };
}

function versionOf({ '@context': context, type }: Info, profile: unknown): 2 | 3 {
  const found = [context ?? []].flat().map((each) => /\/image\/([23])\//.exec(String(each))?.[1]);
  const version = Number(found.find((each) => each !== undefined) ?? /^ImageService([23])$/.exec(String(type))?.[1]);
  if (version === 2 || version === 3) return version;
  const isFirst = /image-api\/(compliance|1\.)|\/1\./.test([context, profile].flat().join(' '));
  throw new Error(`it is of ${isFirst ? 'version 1' : 'no known version'} of the IIIF Image API, 2 or 3 was expected`);
}

function isFormat(format: string): boolean {
  return FORMATS.some((each) => each === format);
}

function listed(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function levelsOf(info: Info, abilities: Abilities, address: string): RemoteLevel[] {
  const { version, anyRegion, anySize } = abilities;
  const full = { width: info.width, height: info.height };
  const level = (scale: number, tile: Size, size: Size = scaled(full, scale)): RemoteLevel => {
    return { ...size, tile, overlap: 0, address, iiif: { version, full, scale, anySize } };
  };
  const tiles = tilesByScale(info, anyRegion);
  const levels: RemoteLevel[] = [];
  for (let scale = 1; ; scale *= 2) {
    const size = scaled(full, scale);
    // A server that makes any region goes on as its last tiles do.
    const tile = tiles.get(scale) ?? (anyRegion ? tiles.get(1) : undefined) ?? wholeImage(info, scale);
    if (tile !== undefined) levels.push('size' in tile ? level(scale, tile.size, tile.size) : level(scale, tile));
    const last = tile === undefined || 'size' in tile ? size : tile;
    if (scale === 1 && tile === undefined) throw new Error(NO_FULL_RESOLUTION);
    if (size.width <= last.width && size.height <= last.height && tile !== undefined) return levels;
    if (Math.max(size.width, size.height) === 1) return levels;
  }
}

const NO_FULL_RESOLUTION = `its full resolution is neither in its tiles (scaleFactors with 1, at most ${LARGEST_TILE} pixels a side) nor small enough to be fetched whole`;

/** Tiles by the powers of two that they are scaled by; others are no levels of a pyramid. */
function tilesByScale({ tiles = [], ...limits }: Info, anyRegion: boolean): Map<number, Size> {
  const found = new Map<number, Size>();
  for (const { width, height = width, scaleFactors } of tiles) {
    if (Math.max(width, height) > LARGEST_TILE) continue;
    for (const scale of scaleFactors) if (!found.has(scale)) found.set(scale, { width, height });
  }
  if (!found.has(1) && anyRegion) {
    const { maxWidth = TILE_SIZE, maxHeight = maxWidth, maxArea = TILE_SIZE ** 2 } = limits;
    const size = Math.floor(Math.min(TILE_SIZE, maxWidth, maxHeight, Math.sqrt(maxArea)));
    found.set(1, { width: size, height: size });
  }
  return found;
}

/** A level that is fetched as one picture, where a size says so: the whole image can always be had in its own. */
function wholeImage({ width, height, sizes = [] }: Info, scale: number): { size: Size } | undefined {
  const full = { width, height };
  const candidates = scale === 1 ? [full] : sizes.filter((size) => 2 ** (levelDistance(full, size) ?? 0) === scale);
  const size = candidates.find((each) => Math.max(each.width, each.height) <= LARGEST_TILE);
  return size && { size: { width: size.width, height: size.height } };
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
}

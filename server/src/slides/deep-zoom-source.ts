import { z } from 'zod';
import {
  levelSize,
  maxLevel,
  type Size,
  type TileAddress,
  type TilePyramid,
} from '../../../shared/geometry/deep-zoom.ts';
import type { RegionPixels } from './copy-pixels.ts';
import { type GridTile, gridTiles, type TileGrid } from './tile-grid.ts';
import { attributesOf } from './xml-attributes.ts';

/** A Deep Zoom pyramid that somebody else made, as its descriptor tells; nothing here reads a tile. */
export interface DeepZoomImage extends TilePyramid {
  /** Ending of its tiles' names, as it is written: `jpeg`, `jpg`, `png`, `webp`. */
  format: string;
}

/** One resolution of such a pyramid, with everything that finding its tiles takes. */
export interface DeepZoomLevel extends Size {
  /** Deep Zoom's own number: 0 is one pixel. */
  level: number;
  /** Of the tiles, without overlap. */
  tileSize: number;
  overlap: number;
  format: string;
}

/** A tile that regions need. */
export interface NeededTile extends Omit<GridTile, 'column' | 'row'> {
  address: TileAddress;
}

/** Bytes of a descriptor that are looked at: those with a list of rectangles, which are refused, may be longer. */
export const DESCRIPTOR_BYTES = 65_536;

/** A tile is decoded whole: this many pixels a side are 50 MB. */
export const LARGEST_TILE = 4096;

/** Pixels a side that a tile of that size has with its overlap: as many as that around it are more than anybody needs. */
const LARGEST_OVERLAPPED = LARGEST_TILE + 128;

/** Pixels of a tile along a side: a region of smaller ones would need too many. */
export const SMALLEST_TILE = 32;

export const LONGEST_SIDE = 2 ** 31 - 1;

/** No slide is larger: 1,048,576 pixels a side. A descriptor may claim anything. */
export const MOST_PIXELS = 2 ** 40;

const TILE_FORMATS: readonly string[] = ['jpg', 'jpeg', 'png', 'webp'];

const NAMESPACE = 'schemas.microsoft.com/deepzoom/';

/** Which of Deep Zoom's two kinds of descriptors a text is; null where it is none. */
export function deepZoomKind(text: string): 'image' | 'collection' | null {
  const root = rootOf(text);
  if (root === undefined || !text.includes(NAMESPACE)) return null;
  if (root.name === 'Image') return 'image';
  return root.name === 'Collection' ? 'collection' : null;
}

/**
 * Reads a descriptor, `<Image TileSize Overlap Format><Size Width Height/></Image>` (Microsoft's Deep Zoom file format, 2008
 * and 2009), or the same as JSON, `{"Image": {"TileSize", "Overlap", "Format", "Size": {"Width", "Height"}}}`.
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export function parseDeepZoom(text: string): DeepZoomImage {
  if (/^\s*\{/.test(text)) return parseDeepZoomJson(text);
  const root = rootOf(text);
  if (root?.name !== 'Image') throw new Error('its descriptor has no Image');
  const hasParts = /<(?:\w+:)?DisplayRect[\s>]/.test(root.rest);
  const size = /<(?:\w+:)?Size\s([^<>]{0,1024})>/.exec(root.rest);
  return imageOf(root.attributes, attributesOf(size?.[1] ?? ''), hasParts);
}

const jsonDescriptor = z.object({
  Image: z.looseObject({ Size: z.record(z.string(), z.unknown()).optional(), DisplayRect: z.unknown().optional() }),
});

function parseDeepZoomJson(text: string): DeepZoomImage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error('its descriptor is no JSON', { cause: error });
  }
  const parsed = jsonDescriptor.safeParse(value);
  if (!parsed.success) throw new Error('its descriptor has no Image');
  const { Size: size = {}, DisplayRect, ...image } = parsed.data.Image;
  const texts = (of: Record<string, unknown>) =>
    new Map(Object.entries(of).map(([name, each]) => [name, String(each)]));
  return imageOf(texts(image), texts(size), Array.isArray(DisplayRect) ? DisplayRect.length > 0 : Boolean(DisplayRect));
}

/** @param hasParts whether only rectangles of it exist */
function imageOf(attributes: Map<string, string>, size: Map<string, string>, hasParts: boolean): DeepZoomImage {
  if (hasParts) {
    throw new Error('only parts of it exist (DisplayRects); an image with all of its tiles was expected');
  }
  const format = attributes.get('Format') ?? '';
  if (!TILE_FORMATS.includes(format.toLowerCase())) {
    throw new Error(`its tiles have the format ${JSON.stringify(format.slice(0, 20))}, jpeg, png or webp was expected`);
  }
  const tileSize = wholeNumber(attributes, 'TileSize', SMALLEST_TILE, LARGEST_TILE);
  const overlap = wholeNumber(attributes, 'Overlap', 0, tileSize);
  if (tileSize + 2 * overlap > LARGEST_OVERLAPPED) {
    throw new Error(
      `its tiles have ${tileSize + 2 * overlap} pixels a side with an Overlap of ${overlap}, at most ${LARGEST_OVERLAPPED} were expected`,
    );
  }
  const width = wholeNumber(size, 'Width', 1, LONGEST_SIDE);
  const height = wholeNumber(size, 'Height', 1, LONGEST_SIDE);
  if (width * height > MOST_PIXELS) {
    throw new Error(`it has ${width} x ${height} pixels, at most ${MOST_PIXELS} were expected`);
  }
  return { width, height, tileSize, overlap, format };
}

/** The levels that are worth reading from, full resolution first, down to the one that is a single tile. */
export function deepZoomLevels(image: DeepZoomImage): DeepZoomLevel[] {
  const { tileSize, overlap, format } = image;
  const levels: DeepZoomLevel[] = [];
  for (let level = maxLevel(image); level >= 0; level--) {
    const size = levelSize(image, level);
    levels.push({ ...size, level, tileSize, overlap, format });
    if (Math.max(size.width, size.height) <= tileSize) break;
  }
  return levels;
}

/** Where the tiles of a level are. */
export function gridOf({ width, height, tileSize, overlap }: DeepZoomLevel): TileGrid {
  return { width, height, tile: { width: tileSize, height: tileSize }, overlap };
}

/** The tiles under regions of a level, row by row. */
export function tilesUnder(level: DeepZoomLevel, regions: readonly RegionPixels[]): NeededTile[] {
  return gridTiles(gridOf(level), regions).map(({ column, row, ...tile }) => {
    return { ...tile, address: { level: level.level, column, row } };
  });
}

interface Root {
  name: string;
  attributes: Map<string, string>;
  /** What follows its start. */
  rest: string;
}

/** The first element of an XML text. */
function rootOf(text: string): Root | undefined {
  const bare = text.replace(/<!--[\s\S]*?-->/g, '').trimStart();
  const found = /^(?:\ufeff)?\s*(?:<\?xml[^<>]{0,200}\?>)?\s*<(?:\w+:)?(\w+)(\s[^<>]{0,4096})?>/.exec(bare);
  if (found === null) return undefined;
  return { name: found[1], attributes: attributesOf(found[2] ?? ''), rest: bare.slice(found[0].length) };
}

function wholeNumber(attributes: Map<string, string>, name: string, low: number, high: number): number {
  const text = attributes.get(name) ?? '';
  const number = /^\s*\d{1,12}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (number >= low && number <= high) return number;
  const found = text === '' ? 'nothing' : JSON.stringify(text.slice(0, 20));
  throw new Error(`its ${name} is ${found}, a whole number from ${low} to ${high} was expected`);
}

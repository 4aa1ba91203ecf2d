import {
  levelSize,
  maxLevel,
  type Rectangle,
  type Size,
  type TileAddress,
  type TilePyramid,
  tileBounds,
} from '../../../shared/geometry/deep-zoom.ts';
import { copyOverlap, emptyPixels, type RegionPixels } from './copy-pixels.ts';
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
export interface NeededTile {
  address: TileAddress;
  /** All pixels that it has, overlap included, in those of its level. */
  bounds: Rectangle;
  /** What is taken from it: its own square. A pixel in the overlap of two tiles always comes from the same one. */
  own: Rectangle;
  /** The regions that it lies under. */
  regions: RegionPixels[];
}

/** Bytes of a descriptor that are looked at: those with a list of rectangles, which are refused, may be longer. */
export const DESCRIPTOR_BYTES = 65_536;

/** A tile is decoded whole: this many pixels a side are 50 MB. */
const LARGEST_TILE = 4096;

const LONGEST_SIDE = 2 ** 31 - 1;

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
 * and 2009).
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export function parseDeepZoom(text: string): DeepZoomImage {
  const root = rootOf(text);
  if (root?.name !== 'Image') throw new Error('its descriptor has no Image');
  if (/<(?:\w+:)?DisplayRect[\s>]/.test(root.rest)) {
    throw new Error('only parts of it exist (DisplayRects); an image with all of its tiles was expected');
  }
  const size = /<(?:\w+:)?Size\s([^<>]{0,1024})>/.exec(root.rest);
  const sizes = attributesOf(size?.[1] ?? '');
  const format = root.attributes.get('Format') ?? '';
  if (!TILE_FORMATS.includes(format.toLowerCase())) {
    throw new Error(`its tiles have the format ${JSON.stringify(format.slice(0, 20))}, jpeg, png or webp was expected`);
  }
  const tileSize = wholeNumber(root.attributes, 'TileSize', 1, LARGEST_TILE);
  return {
    width: wholeNumber(sizes, 'Width', 1, LONGEST_SIDE),
    height: wholeNumber(sizes, 'Height', 1, LONGEST_SIDE),
    tileSize,
    overlap: wholeNumber(root.attributes, 'Overlap', 0, tileSize),
    format,
  };
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

/** The tiles under regions of a level, row by row. */
export function tilesUnder(level: DeepZoomLevel, regions: readonly RegionPixels[]): NeededTile[] {
  const { tileSize, overlap } = level;
  const found = new Map<string, NeededTile>();
  for (const region of regions) {
    const lastRow = Math.floor((region.y + region.height - 1) / tileSize);
    const lastColumn = Math.floor((region.x + region.width - 1) / tileSize);
    for (let row = Math.floor(region.y / tileSize); row <= lastRow; row++) {
      for (let column = Math.floor(region.x / tileSize); column <= lastColumn; column++) {
        const key = `${row} ${column}`;
        const tile = found.get(key);
        if (tile === undefined) {
          const address = { level: level.level, column, row };
          const bounds = boundsOf(level, overlap, column, row);
          found.set(key, { address, bounds, own: boundsOf(level, 0, column, row), regions: [region] });
        } else tile.regions.push(region);
      }
    }
  }
  return [...found.values()].sort(({ address: a }, { address: b }) => a.row - b.row || a.column - b.column);
}

/** Copies the decoded pixels of a tile, RGB of its whole bounds, to the regions that it lies under. */
export function copyTile({ bounds, own, regions }: NeededTile, data: Uint8Array): void {
  let source: RegionPixels = { ...bounds, data };
  if (bounds.width !== own.width || bounds.height !== own.height) {
    source = emptyPixels(own);
    copyOverlap({ ...bounds, data }, source);
  }
  for (const region of regions) copyOverlap(source, region);
}

/** Of a tile in the pixels of its level, which as a pyramid of its own has that level at its top. */
function boundsOf(level: DeepZoomLevel, overlap: number, column: number, row: number): Rectangle {
  return tileBounds({ ...level, overlap }, { level: maxLevel(level), column, row });
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

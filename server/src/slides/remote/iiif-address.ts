import type { Rectangle, Size } from '../../../../shared/geometry/deep-zoom.ts';

/** How regions of an image are asked for. */
export interface IiifRequests {
  version: 2 | 3;
  /** Of the whole image. */
  full: Size;
  /** Pixels of the full resolution along a side of one of the level's. */
  scale: number;
  /** Whether a server of version 2 makes a size of any proportions. */
  anySize: boolean;
}

/**
 * Addresses of a tile, the canonical one first. The whole image has several names; a server that is a folder of files has
 * files of one of them.
 * @param pattern with `{region}` and `{size}`
 * @param level its size in its own pixels
 * @param own the tile's rectangle in them
 */
export function iiifAddresses(pattern: string, requests: IiifRequests, level: Size, own: Rectangle): string[] {
  const region = regionOf(requests, level, own);
  const { full, scale, version } = requests;
  const isWhole = region.width === full.width && region.height === full.height;
  const regions = [`${region.x},${region.y},${region.width},${region.height}`];
  const sizes = [sizeText(requests, region, own)];
  if (isWhole) regions.unshift('full');
  if (isWhole && scale === 1) sizes.unshift(version === 2 ? 'full' : 'max');
  return regions.flatMap((text) => sizes.map((size) => pattern.replace('{region}', text).replace('{size}', size)));
}

/** A tile's rectangle in pixels of the full resolution. */
export function regionOf({ full, scale }: IiifRequests, level: Size, own: Rectangle): Rectangle {
  const [x, y] = [own.x * scale, own.y * scale];
  // The last pixels of a level may stand for less than others, or, where its size is rounded down, for more.
  const right = own.x + own.width === level.width ? full.width : (own.x + own.width) * scale;
  const bottom = own.y + own.height === level.height ? full.height : (own.y + own.height) * scale;
  return { x, y, width: right - x, height: bottom - y };
}

/**
 * Version 3 names both sides. Version 2 names the width, and the height follows from the region's proportions, which at the
 * image's edge are not the tile's: then both are named where that is understood.
 */
function sizeText({ version, anySize }: IiifRequests, region: Size, { width, height }: Size): string {
  if (version === 3 || (anySize && followingHeight(region, width) !== height)) return `${width},${height}`;
  return `${width},`;
}

/** Of a region that is scaled to a width. */
export function followingHeight(region: Size, width: number): number {
  return Math.max(1, Math.round((region.height * width) / region.width));
}

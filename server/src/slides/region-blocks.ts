import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';

/** Side of the squares in which regions are read together: one opening of the file serves a whole block. */
const BLOCK_SIZE = 1024;

/** A block is read at once unless that takes more than this many times the pixels of the regions wanted from it. */
const MOST_WASTE = 8;

/** Regions that one read serves. */
export interface RegionBlock<T> {
  region: Rectangle;
  members: T[];
}

/** Puts regions that begin in one square of the picture together, unless they are few in it. */
export function regionBlocks<T extends Rectangle>(regions: readonly T[]): RegionBlock<T>[] {
  const blocks = new Map<string, T[]>();
  for (const region of regions) {
    const key = `${Math.floor(region.y / BLOCK_SIZE)} ${Math.floor(region.x / BLOCK_SIZE)}`;
    const members = blocks.get(key);
    if (members === undefined) blocks.set(key, [region]);
    else members.push(region);
  }
  return [...blocks.values()].flatMap((members) => {
    const region = members.map(rectangleOf).reduce(union);
    const wanted = members.reduce((sum, member) => sum + area(member), 0);
    if (area(region) <= MOST_WASTE * wanted) return [{ region, members }];
    return members.map((member) => ({ region: rectangleOf(member), members: [member] }));
  });
}

function rectangleOf({ x, y, width, height }: Rectangle): Rectangle {
  return { x, y, width, height };
}

function area({ width, height }: Rectangle): number {
  return width * height;
}

function union(a: Rectangle, b: Rectangle): Rectangle {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

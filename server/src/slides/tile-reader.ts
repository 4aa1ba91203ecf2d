import type { FileHandle } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { copyOverlap, type RegionPixels } from './copy-pixels.ts';
import { rowsToDecode, shortenedJpeg } from './shortened-jpeg.ts';
import type { TiffLevel } from './slide.ts';
import { isJpeg, type TileLayout } from './tile-layout.ts';
import { readTile, withLevel } from './tile-layouts.ts';
import { stripImage } from './tile-strip.ts';

/** Reads regions of tiled TIFFs from their tiles. */
export interface TileReader {
  /**
   * Fills regions that lie inside a level; they may overlap.
   * @returns false where the tiles are of a kind that is left to libvips
   * @throws Error where a tile is damaged, or the file is; the memory of all regions is then of no use
   */
  fill(file: string, level: TiffLevel, regions: readonly RegionPixels[]): Promise<boolean>;
  /** Resolves when nothing that is being filled waits for its file any more: decoding then goes on by itself. */
  decoding(): Promise<void>;
}

export interface TileReaderOptions {
  /** Memory for decoded tiles that may be wanted again; none are kept unless given. */
  cacheBytes?: number;
}

/** Tiles that are decoded at once: twice as many gain 3 %, half as many cost 10 % (JPEG tiles of 256 pixels). */
const MAX_TILES_AT_ONCE = 16;
const MAX_BYTES_AT_ONCE = 8 * 1024 ** 2;

/** Tiles that are decoded together, one below the other. */
interface TileGroup {
  tiles: number[];
  /** Of each tile, from the top; at least as many as were wanted. */
  rows: number;
  /** Settled when the file is no longer needed. */
  coded: Promise<unknown>;
  pixels: Promise<Uint8Array>;
}

/** What regions are filled from. */
interface Plan {
  layout: TileLayout;
  groups: TileGroup[];
  /** The regions over each tile. */
  wanted: Map<number, RegionPixels[]>;
}

/**
 * A reader that decodes whole tiles, several in one picture, and never opens a file as a whole: libvips would read its
 * directory, with the places of all tiles, for every region.
 */
export function createTileReader({ cacheBytes = 0 }: TileReaderOptions = {}): TileReader {
  /** The group that has a tile, or will; keys name file and tile. */
  const groups = new Map<string, TileGroup>();
  const kept = new LRUCache<TileGroup, string>({
    maxSize: Math.max(1, cacheBytes),
    dispose: (source, group) => forget(source, group),
  });

  /** Those that still wait for a file. */
  const plans = new Set<Promise<Plan | null>>();

  function forget(source: string, group: TileGroup): void {
    for (const tile of group.tiles) {
      if (groups.get(`${source} ${tile}`) === group) groups.delete(`${source} ${tile}`);
    }
  }

  /** The groups that have the tiles; those that none has are read and decoded. */
  function groupsOf(
    handle: FileHandle,
    source: string,
    layout: TileLayout,
    wanted: ReadonlyMap<number, readonly RegionPixels[]>,
  ): TileGroup[] {
    const found = new Set<TileGroup>();
    const missing: { tile: number; rows: number }[] = [];
    for (const [tile, regions] of wanted) {
      const rows = rowsOfTile(layout, tile, regions);
      const group = groups.get(`${source} ${tile}`);
      if (group === undefined || group.rows < rows) missing.push({ tile, rows });
      else {
        found.add(group);
        kept.get(group);
      }
    }
    // Those of which few rows are wanted together: of all tiles of a group the same rows are decoded.
    missing.sort((a, b) => a.rows - b.rows || a.tile - b.tile);
    const tileBytes = layout.tile.width * layout.tile.height * 3;
    const atOnce = Math.max(1, Math.min(MAX_TILES_AT_ONCE, Math.floor(MAX_BYTES_AT_ONCE / tileBytes)));
    const size = Math.ceil(missing.length / Math.ceil(missing.length / atOnce));
    for (let start = 0; start < missing.length; start += size) {
      const slice = missing.slice(start, start + size);
      const part = slice.map(({ tile }) => tile);
      const { rows } = slice[slice.length - 1];
      const coded = Promise.all(part.map((tile) => readTile(handle, layout, tile)));
      const group = { tiles: part, rows, coded, pixels: coded.then((tiles) => decode(layout, tiles, rows)) };
      found.add(group);
      for (const tile of part) groups.set(`${source} ${tile}`, group);
      group.pixels.then(
        ({ length }) => (length <= cacheBytes ? kept.set(group, source, { size: length }) : forget(source, group)),
        () => forget(source, group),
      );
    }
    return [...found];
  }

  /** Everything that takes the file; null where its tiles are left to libvips. */
  async function plan(file: string, level: TiffLevel, regions: readonly RegionPixels[]): Promise<Plan | null> {
    return withLevel(file, level, async ({ handle, layout, source }) => {
      const wanted = regionsOfTiles(layout, regions);
      const found = groupsOf(handle, source, layout, wanted);
      await Promise.allSettled(found.map(({ coded }) => coded));
      return { layout, groups: found, wanted };
    });
  }

  return {
    async fill(file, level, regions) {
      const planning = plan(file, level, regions);
      plans.add(planning);
      const planned = await planning.finally(() => plans.delete(planning));
      if (planned === null) return false;
      const { layout, groups, wanted } = planned;
      await Promise.all(
        groups.map(async ({ tiles, pixels }) => {
          const data = await pixels;
          tiles.forEach((tile, position) => {
            const source = tilePixels(layout, tile, position, data.length / tiles.length, data);
            for (const region of wanted.get(tile) ?? []) copyOverlap(source, region);
          });
        }),
      );
      return true;
    },
    decoding: async () => void (await Promise.allSettled(plans)),
  };
}

/** The tiles under regions, in the file's order, each with the regions that it is under. */
function regionsOfTiles({ tile, columns }: TileLayout, regions: readonly RegionPixels[]): Map<number, RegionPixels[]> {
  const found = new Map<number, RegionPixels[]>();
  for (const region of regions) {
    const lastRow = Math.floor((region.y + region.height - 1) / tile.height);
    const lastColumn = Math.floor((region.x + region.width - 1) / tile.width);
    for (let row = Math.floor(region.y / tile.height); row <= lastRow; row++) {
      for (let column = Math.floor(region.x / tile.width); column <= lastColumn; column++) {
        const index = row * columns + column;
        const under = found.get(index);
        if (under === undefined) found.set(index, [region]);
        else under.push(region);
      }
    }
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** Rows to decode of a tile, from its top, for the regions over it. */
function rowsOfTile(layout: TileLayout, index: number, regions: readonly RegionPixels[]): number {
  const { tile, columns } = layout;
  if (!isJpeg(layout)) return tile.height;
  const top = Math.floor(index / columns) * tile.height;
  return rowsToDecode(Math.max(...regions.map(({ y, height }) => y + height - top)), tile.height);
}

/**
 * RGB pixels of tiles, one below the other.
 * @param wanted rows of each, from its top, that have to be there; there may be more
 */
async function decode(layout: TileLayout, coded: readonly Uint8Array[], wanted: number): Promise<Uint8Array> {
  const { width } = layout.tile;
  const shortened = wanted < layout.tile.height ? coded.map((stream) => shortenedJpeg(stream, wanted)) : [null];
  const isShortened = shortened.every((stream) => stream !== null);
  const height = isShortened ? wanted : layout.tile.height;
  const strip = stripImage({ ...layout, tile: { width, height } }, isShortened ? shortened : coded);
  const { data, info } = await strip.raw().toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height * coded.length || info.channels !== 3) {
    throw new Error('the tiles are of another size than the directory says');
  }
  return data;
}

/** One of the tiles of a group, where it lies in the level, as far down as it was decoded. */
function tilePixels(
  { tile, columns }: TileLayout,
  index: number,
  position: number,
  bytes: number,
  data: Uint8Array,
): RegionPixels {
  return {
    x: (index % columns) * tile.width,
    y: Math.floor(index / columns) * tile.height,
    width: tile.width,
    height: bytes / (tile.width * 3),
    data: data.subarray(position * bytes, (position + 1) * bytes),
  };
}

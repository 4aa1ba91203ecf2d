import type { FileHandle } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { withOpenFile } from './opened-files.ts';
import type { TiffLevel } from './slide.ts';
import { placeOfTile, readTileLayout, type TileLayout } from './tile-layout.ts';

/**
 * Memory for the layouts of files, 8 bytes a tile or, of BigTIFF, up to 16: those of a dozen slides of 100,000 x
 * 100,000 pixels.
 */
const LAYOUT_BYTES = 32 * 1024 ** 2;

/** Where the tiles of files lie, for all readers of the process; a file that was replaced is another file. */
const layouts = new LRUCache<string, { layout: TileLayout | null }>({
  maxSize: LAYOUT_BYTES,
  sizeCalculation: ({ layout }) =>
    1024 + (layout === null ? 0 : layout.offsets.bytes.length + layout.byteCounts.bytes.length),
});

/** Coded tiles beyond this many times the size of their pixels are a damaged file's. */
const MOST_EXPANSION = 2;

/** Concurrent reads share one; whoever began it keeps the file open until it is there. */
const layoutsBeingRead = new Map<string, Promise<TileLayout | null>>();

/** A level of a TIFF, open for reading. */
export interface OpenedLevel {
  handle: FileHandle;
  layout: TileLayout;
  /** Names the file, as it is now, and the level. */
  source: string;
}

/**
 * Lets the tiles of a level be read.
 * @returns null where its tiles are of a kind that is left to libvips
 * @throws Error where the file is damaged, and as `use` does
 */
export function withLevel<T>(
  file: string,
  level: TiffLevel,
  use: (opened: OpenedLevel) => Promise<T>,
): Promise<T | null> {
  return withOpenFile(file, async (handle, version) => {
    const source = `${file} ${level.page} ${level.subifd} ${level.plane} ${version}`;
    const layout = await layoutOf(handle, source, level);
    return layout === null ? null : use({ handle, layout, source });
  });
}

/** A tile as it is coded. @throws Error where the file does not have it */
export async function readTile(handle: FileHandle, layout: TileLayout, tile: number): Promise<Uint8Array> {
  const { offset, length } = placeOfTile(layout, tile);
  const { width, height } = layout.tile;
  if (!(length > 0 && length <= MOST_EXPANSION * width * height * 8)) {
    throw new Error(`tile ${tile} has ${length} bytes`);
  }
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  if (bytesRead < length) throw new Error(`tile ${tile} ends beyond the file`);
  return bytes;
}

async function layoutOf(handle: FileHandle, source: string, level: TiffLevel): Promise<TileLayout | null> {
  const found = layouts.get(source);
  if (found !== undefined) return found.layout;
  const current = layoutsBeingRead.get(source) ?? readTileLayout(handle, level);
  layoutsBeingRead.set(source, current);
  try {
    const layout = await current;
    layouts.set(source, { layout });
    return layout;
  } finally {
    layoutsBeingRead.delete(source);
  }
}

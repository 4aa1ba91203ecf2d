import type { FileHandle } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { TiffLevel } from './slide.ts';
import { readTileLayout, type TileLayout } from './tile-layout.ts';

/** Memory for the layouts of files, 16 bytes a tile: those of a dozen slides of 100,000 x 100,000 pixels. */
const LAYOUT_BYTES = 32 * 1024 ** 2;

/** Where the tiles of files lie, for all readers of the process; a file that was replaced is another file. */
const layouts = new LRUCache<string, { layout: TileLayout | null }>({
  maxSize: LAYOUT_BYTES,
  sizeCalculation: ({ layout }) => 1024 + 16 * (layout?.offsets.length ?? 0),
});

/** Concurrent reads share one; whoever began it keeps the file open until it is there. */
const layoutsBeingRead = new Map<string, Promise<TileLayout | null>>();

/** Names a file, as it is now, and the level. */
export async function layoutName(
  handle: FileHandle,
  file: string,
  { page, subifd, plane }: TiffLevel,
): Promise<string> {
  const { size, mtimeMs, ino } = await handle.stat();
  return `${file} ${page} ${subifd} ${plane} ${size} ${mtimeMs} ${ino}`;
}

/**
 * Where a level's tiles lie, read once for all that ask; null where its tiles are left to libvips.
 * @param source names the file, as it is now, and the level
 * @throws Error where the directory is damaged
 */
export async function knownLayout(handle: FileHandle, source: string, level: TiffLevel): Promise<TileLayout | null> {
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

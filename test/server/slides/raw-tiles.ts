import { type TiffTag, type WrittenTiff, writtenTiff } from './written-tiff.ts';

export interface RawTiles {
  /** RGB bytes. */
  data: Uint8Array;
  width: number;
  height: number;
  tileSize: number;
  /** Tags beside those of size, places and samples. */
  tags?: TiffTag[];
  littleEndian?: boolean;
  big?: boolean;
  /** One strip instead of tiles. */
  isStrip?: boolean;
}

/** A tiled TIFF of RGB pictures, a page each, uncompressed: the same bytes whatever library is installed. */
export function rawTiles(first: RawTiles, ...more: RawTiles[]): Uint8Array {
  return writtenTiff(rawPage(first), ...more.map(rawPage));
}

/** One page of it. */
export function rawPage({
  tags = [],
  littleEndian = true,
  big = false,
  isStrip = false,
  ...source
}: RawTiles): WrittenTiff {
  const { width, height, tileSize } = source;
  return {
    ...{ littleEndian, big, width, height, tileSize, isStrip },
    tiles: isStrip ? [source.data] : tilesOf(source),
    tags: [[258, 'short', [8, 8, 8]], [259, 'short', [1]], [262, 'short', [2]], [277, 'short', [3]], ...tags],
  };
}

/** A page of one sample of an RGB picture, as grey. */
export function greyTiles(source: RawTiles, sample: number, tags: TiffTag[]): WrittenTiff {
  const page = rawPage(source);
  return {
    ...page,
    tiles: page.tiles.map((tile) => tile.filter((_, i) => i % 3 === sample)),
    tags: [[258, 'short', [8]], [259, 'short', [1]], [262, 'short', [1]], [277, 'short', [1]], ...tags],
  };
}

/** RGB bytes of the tiles of a picture, row by row; black beyond its edge. */
export function tilesOf({ data, width, height, tileSize }: Omit<RawTiles, 'tags'>): Uint8Array[] {
  const tiles: Uint8Array[] = [];
  for (let top = 0; top < height; top += tileSize) {
    for (let left = 0; left < width; left += tileSize) {
      const tile = new Uint8Array(tileSize * tileSize * 3);
      for (let y = 0; y < Math.min(tileSize, height - top); y++) {
        const start = ((top + y) * width + left) * 3;
        const length = Math.min(tileSize, width - left) * 3;
        tile.set(data.subarray(start, start + length), y * tileSize * 3);
      }
      tiles.push(tile);
    }
  }
  return tiles;
}

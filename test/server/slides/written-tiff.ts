/** A tag of a TIFF directory: TIFF 6.0's numbers of the tag and of its type, and its values. */
export type TiffTag = [tag: number, type: keyof typeof TYPES, values: ArrayLike<number>];

const TYPES = {
  byte: [1, 1],
  ascii: [2, 1],
  short: [3, 2],
  long: [4, 4],
  rational: [5, 8],
  undefined: [7, 1],
} as const;

/** Rationals are written in parts of so many. */
const DENOMINATOR = 1000;

export interface WrittenTiff {
  littleEndian: boolean;
  big: boolean;
  width: number;
  height: number;
  tileSize: number;
  /** Whether the tags of tiles are written; else `tags` tell where pixels lie. True unless given. */
  isTiled?: boolean;
  /** Whether it is one strip: then that is the only one of `tiles`. */
  isStrip?: boolean;
  /** Coded tiles, row by row. */
  tiles: Uint8Array[];
  /** Other tags than size and places of the tiles. */
  tags: TiffTag[];
}

/** Writes a TIFF of one picture, or of several pages, in the byte order and kind of the first. */
export function writtenTiff(...pages: [WrittenTiff, ...WrittenTiff[]]): Uint8Array {
  const [{ littleEndian, big }] = pages;
  const wide = big ? 8 : 4;
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  let end = big ? 16 : 8;
  const placed = pages.map(({ width, height, tileSize, isTiled = true, isStrip = false, tiles, tags }) => {
    const offsets = tiles.map(({ length }) => {
      const offset = end;
      end += length + (length % 2);
      return offset;
    });
    const tileTags: TiffTag[] = [
      [322, 'short', [tileSize]],
      [323, 'short', [tileSize]],
      [324, 'long', offsets],
      [325, 'long', tiles.map(({ length }) => length)],
    ];
    const stripTags: TiffTag[] = [
      [273, 'long', offsets],
      [278, 'long', [height]],
      [279, 'long', tiles.map(({ length }) => length)],
    ];
    const places = isStrip ? stripTags : isTiled ? tileTags : [];
    const entries: TiffTag[] = [[256, 'long', [width]], [257, 'long', [height]], ...places, ...tags];
    entries.sort(([a], [b]) => a - b);
    const directory = end;
    end += countBytes + entryBytes * entries.length + wide;
    const valuePlaces = entries.map(([, type, values]) => {
      const place = end;
      const bytes = values.length * TYPES[type][1];
      if (bytes > wide) end += bytes + (bytes % 2);
      return place;
    });
    return { tiles, offsets, entries, directory, places: valuePlaces };
  });

  const view = new DataView(new ArrayBuffer(end));
  const file = new Uint8Array(view.buffer);
  const put = (at: number, value: number, bytes: 1 | 2 | 4 | 8) => {
    if (bytes === 1) view.setUint8(at, value);
    else if (bytes === 2) view.setUint16(at, value, littleEndian);
    else if (bytes === 4) view.setUint32(at, value, littleEndian);
    else view.setBigUint64(at, BigInt(value), littleEndian);
  };
  put(0, littleEndian ? 0x4949 : 0x4d4d, 2);
  put(2, big ? 43 : 42, 2);
  if (big) put(4, 8, 2);
  put(big ? 8 : 4, placed[0].directory, wide);
  placed.forEach(({ tiles, offsets, entries, directory, places }, page) => {
    put(directory, entries.length, countBytes);
    entries.forEach(([tag, type, values], index) => {
      const at = directory + countBytes + entryBytes * index;
      const [number, bytes] = TYPES[type];
      put(at, tag, 2);
      put(at + 2, number, 2);
      put(at + 4, values.length, wide);
      const isInline = values.length * bytes <= wide;
      if (!isInline) put(at + 4 + wide, places[index], wide);
      Array.from(values).forEach((value, i) => {
        const place = (isInline ? at + 4 + wide : places[index]) + i * bytes;
        if (type !== 'rational') put(place, value, bytes);
        else {
          put(place, Math.round(value * DENOMINATOR), 4);
          put(place + 4, DENOMINATOR, 4);
        }
      });
    });
    put(directory + countBytes + entryBytes * entries.length, placed[page + 1]?.directory ?? 0, wide);
    tiles.forEach((bytes, index) => {
      file.set(bytes, offsets[index]);
    });
  });
  return file;
}

import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import {
  DESCRIPTOR_BYTES,
  type DeepZoomImage,
  type DeepZoomLevel,
  deepZoomLevels,
  gridOf,
  type NeededTile,
  parseDeepZoom,
  tilesUnder,
} from '../deep-zoom-source.ts';
import { isInside, readInside } from '../file-inside.ts';
import { fileVersion } from '../file-version.ts';
import { foreignTile, mostTileBytes } from '../foreign-tile.ts';
import { firstBytes, reason, unreadable } from '../image-file.ts';
import type { Reader, RegionSource } from '../readers.ts';
import type { Recognized } from '../recognize.ts';
import type { SlideDescription, SlideHeader } from '../slide.ts';
import { copyTile, sampledTiles, servedTileSize } from '../tile-grid.ts';
import { xmlText } from '../xml-attributes.ts';

/** Tiles that are decoded at once. */
const TILES_AT_ONCE = 8;

/** Tiles of the full resolution that the fingerprint looks into. */
const SAMPLED_TILES = 16;

/** Deep Zoom as files: a descriptor `NAME.dzi`, and its tiles in `NAME_files/{level}/{column}_{row}.{format}` beside it. */
export const deepZoomReader: Reader = {
  async header(recognized) {
    const image = await readDescriptor(recognized);
    await tilesFolder(recognized.file);
    return headerOf(recognized, image);
  },

  async describe(recognized, { fingerprint }) {
    const { file, format } = recognized;
    const image = await readDescriptor(recognized);
    const { reader, width, height, mpp } = headerOf(recognized, image);
    const levels = deepZoomLevels(image);
    const folder = await tilesFolder(file);
    for (const { level } of levels) await checkLevel(file, folder, level);
    // Their times tell of tiles that came or went.
    const companions = [folder, join(folder, String(levels[0].level))];
    const version = await fileVersion(file, companions);
    const description: SlideDescription = {
      ...{ file, format, reader, width, height, mpp, regionFile: file, companions, version, levels },
      tileSize: servedTileSize({ width: image.tileSize, height: image.tileSize }),
      fingerprint: await sampledFingerprint(fingerprint, folder, levels[0]),
    };
    const pixel = { x: 0, y: 0, width: 1, height: 1, data: new Uint8Array(3) };
    await openSource(description).fill(0, [pixel]);
    return description;
  },

  open: openSource,
};

function openSource({ regionFile, levels }: SlideDescription): RegionSource {
  return {
    async fill(number, regions) {
      const level = levels[number];
      if (!('tileSize' in level)) throw new TypeError(`level ${number} is not one of Deep Zoom`);
      const folder = await tilesFolder(regionFile);
      const waiting = tilesUnder(level, regions);
      const fillNext = async () => {
        for (let tile = waiting.shift(); tile !== undefined; tile = waiting.shift()) {
          copyTile(tile, await tilePixels(regionFile, folder, level, tile));
        }
      };
      await Promise.all(Array.from({ length: TILES_AT_ONCE }, fillNext));
    },
    close: async () => {},
  };
}

async function tilePixels(
  file: string,
  folder: string,
  { format }: DeepZoomLevel,
  { address, bounds }: NeededTile,
): Promise<Uint8Array> {
  const path = tilePath(address, format);
  const named = `its tile ${folderName(file)}/${path}`;
  const bytes = await readInside(folder, path, mostTileBytes(bounds)).catch((error: unknown) => {
    throw unreadable(file, `${named} cannot be read: ${reason(error)}`, error);
  });
  if (bytes === undefined) throw unreadable(file, `${named} is missing`);
  return foreignTile(bytes, bounds).catch((error: unknown) => {
    throw unreadable(file, `${named} cannot be used: ${reason(error)}`, error);
  });
}

function tilePath({ level, column, row }: NeededTile['address'], format: string): string {
  return `${level}/${column}_${row}.${format}`;
}

async function readDescriptor({ file }: Recognized): Promise<DeepZoomImage> {
  const text = xmlText(await firstBytes(file, DESCRIPTOR_BYTES));
  try {
    return parseDeepZoom(text);
  } catch (error) {
    throw unreadable(file, reason(error), error);
  }
}

function headerOf({ file, format }: Recognized, image: DeepZoomImage): SlideHeader {
  const { width, height } = image;
  return {
    ...{ file, format, reader: 'deep-zoom', width, height, mpp: null, objective: null, channels: [] },
    levels: deepZoomLevels(image).map((level) => ({ width: level.width, height: level.height })),
  };
}

function folderName(file: string): string {
  return `${parse(file).name}_files`;
}

/** The folder of a descriptor's tiles, all links resolved. */
async function tilesFolder(file: string): Promise<string> {
  const folder = join(dirname(file), folderName(file));
  const [beside, real] = await Promise.all([realpath(dirname(file)), realpath(folder)]).catch((error: unknown) => {
    throw unreadable(
      file,
      `the folder of its tiles, ${folderName(file)}, was expected beside it and was not found`,
      error,
    );
  });
  if (isInside(beside, real)) return real;
  throw unreadable(file, `the folder of its tiles, ${folderName(file)}, is a link that leads out of its own folder`);
}

async function checkLevel(file: string, folder: string, level: number): Promise<void> {
  const found = await stat(join(folder, String(level))).catch(() => null);
  if (found?.isDirectory()) return;
  throw unreadable(file, `the tiles of its level ${level}, ${folderName(file)}/${level}, are missing`);
}

/** Of the descriptor and of tiles spread over the full resolution, or of their absence. */
async function sampledFingerprint(fingerprint: string, folder: string, level: DeepZoomLevel): Promise<string> {
  const side = level.tileSize + 2 * level.overlap;
  const most = mostTileBytes({ width: side, height: side });
  const hash = createHash('sha256').update(fingerprint);
  for (const { column, row } of sampledTiles(gridOf(level), SAMPLED_TILES)) {
    const path = tilePath({ level: level.level, column, row }, level.format);
    const tile = await readInside(folder, path, most).catch(() => undefined);
    hash.update(` ${path} `).update(tile ?? 'missing');
  }
  return hash.digest('hex').slice(0, 16);
}

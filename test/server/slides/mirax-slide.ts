import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crop, image } from './pictures.ts';

interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

const TILE = 128;
const SLIDE_ID = 'A'.repeat(32);
const VERSION = '01.02';

/** Numbers as the index file has them: 32 bits, little-endian. */
const words = (...values: number[]) => Buffer.from(Int32Array.from(values).buffer);

/**
 * A MIRAX slide: `NAME.mrxs` and the folder beside it, with an index of tiles and the tiles themselves, as PNG. Sides are
 * multiples of 128 at the coarsest level.
 * The format: openslide.org/formats/mirax.
 * @param levels full resolution first, each half the size of the one before
 * @param missing row-major numbers of tiles of the first level that are not stored: those are background
 */
export async function writeMirax(folder: string, name: string, levels: readonly Picture[], missing: readonly number[]) {
  const across = levels[0].width / TILE;
  const down = levels[0].height / TILE;
  const tiles: Buffer[] = [];
  // A record of each tile: its place in the raster of the first level, where its bytes lie, and in which file.
  const records: number[][][] = [];
  let offset = 0;
  for (const [level, picture] of levels.entries()) {
    const found: number[][] = [];
    for (let row = 0; row < picture.height / TILE; row++) {
      for (let column = 0; column < picture.width / TILE; column++) {
        const index = (row * across + column) * 2 ** level;
        if (level === 0 && missing.includes(index)) continue;
        const place = { x: column * TILE, y: row * TILE, width: TILE, height: TILE };
        const tile = await image(crop(picture, place), TILE, TILE).png().toBuffer();
        found.push([index, offset, tile.length, 0]);
        tiles.push(tile);
        offset += tile.length;
      }
    }
    records.push(found);
  }

  // After the head: where the levels' list lies; for each level where its pages begin; the pages.
  const head = Buffer.from(VERSION + SLIDE_ID, 'latin1');
  const list = head.length + 8;
  const pages = list + 4 * levels.length;
  const pieces: Buffer[] = [];
  const starts: number[] = [];
  let at = pages;
  for (const found of records) {
    starts.push(at);
    const page = words(0, at + 8, found.length, 0, ...found.flat());
    pieces.push(page);
    at += page.length;
  }
  const index = Buffer.concat([head, words(list, 0), words(...starts), ...pieces]);

  const sections = levels.map(
    (_, level) => `[LAYER_0_LEVEL_${level}_SECTION]
OVERLAP_X = 0
OVERLAP_Y = 0
MICROMETER_PER_PIXEL_X = ${0.25 * 2 ** level}
MICROMETER_PER_PIXEL_Y = ${0.25 * 2 ** level}
IMAGE_FORMAT = PNG
IMAGE_FILL_COLOR_BGR = 16777215
DIGITIZER_WIDTH = ${TILE}
DIGITIZER_HEIGHT = ${TILE}
IMAGE_CONCAT_FACTOR = ${level === 0 ? 0 : 1}
`,
  );
  const names = levels.map((_, level) => `HIER_0_VAL_${level}_SECTION = LAYER_0_LEVEL_${level}_SECTION`);
  const ini = `[GENERAL]
SLIDE_VERSION = ${VERSION}
SLIDE_ID = ${SLIDE_ID}
IMAGENUMBER_X = ${across}
IMAGENUMBER_Y = ${down}
OBJECTIVE_MAGNIFICATION = 20

[HIERARCHICAL]
INDEXFILE = Index.dat
HIER_COUNT = 1
NONHIER_COUNT = 0
HIER_0_NAME = Slide zoom level
HIER_0_COUNT = ${levels.length}
${names.join('\n')}

[DATAFILE]
FILE_COUNT = 1
FILE_0 = Data0000.dat

${sections.join('\n')}`;
  const inside = join(folder, name);
  await mkdir(inside);
  await Promise.all([
    writeFile(
      join(folder, `${name}.mrxs`),
      await image(levels[0].data, levels[0].width, levels[0].height).jpeg().toBuffer(),
    ),
    writeFile(join(inside, 'Slidedat.ini'), ini),
    writeFile(join(inside, 'Index.dat'), index),
    writeFile(join(inside, 'Data0000.dat'), Buffer.concat(tiles)),
  ]);
}

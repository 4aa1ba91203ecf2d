import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { image } from './pictures.ts';
import { type SqliteValue, writtenSqlite } from './written-sqlite.ts';

interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

const TILE = 64;
const UNIQUE_TABLE = 'SVGigaPixelImage_1';
const QUALITY = 60;

/**
 * A Sakura slide: a database whose tiles are a grey JPEG for each of red, green and blue.
 * @param levels full resolution first, each half the size of the one before; sides of whole tiles
 * @param missing row-major numbers of tiles of the first level that are not stored: those are background
 * @param beside pictures beside the slide
 * @returns pixels of the levels, as their JPEGs have them, white where there is none
 */
export async function writeSakura(
  file: string,
  levels: readonly Picture[],
  missing: readonly number[],
  beside: { label: Picture; macro: Picture; thumbnail: Picture },
): Promise<Uint8Array[]> {
  const [{ width, height }] = levels;
  const header = Buffer.alloc(20);
  // Side of a tile, width, height; at 16 the number of planes that are in focus.
  [TILE, width, height].forEach((value, i) => {
    header.writeUInt32LE(value, 4 * i);
  });
  header.writeUInt32LE(1, 16);
  const tiles: SqliteValue[][] = [];
  const stored: Uint8Array[] = [];
  for (const [level, picture] of levels.entries()) {
    const pixels = new Uint8Array(picture.data.length).fill(255);
    const across = picture.width / TILE;
    for (let tile = 0; tile < across * (picture.height / TILE); tile++) {
      const place = { left: (tile % across) * TILE, top: Math.floor(tile / across) * TILE };
      for (const channel of [0, 1, 2] as const) {
        const jpeg = await image(picture.data, picture.width, picture.height)
          .extract({ ...place, width: TILE, height: TILE })
          .extractChannel(channel)
          .jpeg({ quality: QUALITY })
          .toBuffer();
        if (level === 0 && missing.includes(tile)) continue;
        const scale = 2 ** level;
        tiles.push([`T;${place.left * scale}|${place.top * scale};${scale};${channel};0`, jpeg]);
        const grey = await sharp(jpeg).extractChannel(0).raw().toBuffer();
        grey.forEach((value, i) => {
          const at = (place.top + Math.floor(i / TILE)) * picture.width + place.left + (i % TILE);
          pixels[3 * at + channel] = value;
        });
      }
    }
    stored.push(pixels);
  }
  const jpeg = (picture: Picture) =>
    image(picture.data, picture.width, picture.height).jpeg({ quality: QUALITY }).toBuffer();
  await writeFile(
    file,
    writtenSqlite([
      { name: 'DataManagerSQLiteConfigXPO', columns: ['TableName'], rows: [[UNIQUE_TABLE]] },
      {
        name: UNIQUE_TABLE,
        columns: ['id', 'data'],
        rows: [['++MagicBytes', 'SVGigaPixelImage'], ['++VersionBytes', '1.0.0.0'], ['Header', header], ...tiles],
      },
      {
        name: 'SVSlideDataXPO',
        columns: [
          ...['OID', 'SlideId', 'Date', 'Description', 'Creator', 'DiagnosisCode', 'Keywords'],
          ...['m_labelScan', 'm_overviewScan'],
        ],
        rows: [[1, 'slide', '2020-01-01', '', '', '', '', 1, 2]],
      },
      {
        name: 'SVHRScanDataXPO',
        columns: [
          ...['OID', 'ParentSlide', 'ScanId', 'Date', 'Name', 'Description', 'FocussingMethod'],
          ...['ResolutionMmPerPix', 'NominalLensMagnification', 'ThumbnailImage'],
        ],
        rows: [[1, 1, 'scan', '2020-01-01', 'scan', '', '', 0.00047, 20.5, await jpeg(beside.thumbnail)]],
      },
      {
        name: 'SVScannedImageDataXPO',
        columns: ['OID', 'Image'],
        rows: [
          [1, await jpeg(beside.label)],
          [2, await jpeg(beside.macro)],
        ],
      },
    ]),
  );
  return stored;
}

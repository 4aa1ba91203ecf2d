import { writeFile } from 'node:fs/promises';
import { copyOverlap } from '../../../server/src/slides/copy-pixels.ts';
import { crop, picture } from './pictures.ts';
import { type RawTiles, rawTiles } from './raw-tiles.ts';
import type { TiffTag } from './written-tiff.ts';

interface Picture {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Side of a tile; all levels have the same. */
const VENTANA_TILE = 128;

const text = (tag: number, value: string): TiffTag => [tag, 'ascii', [...new TextEncoder().encode(`${value}\0`)]];
const xmp = (xml: string): TiffTag => [700, 'byte', [...new TextEncoder().encode(`${xml}\0`)]];

/** What a slide of Ventana tells of an area that was scanned: tiles that overlap each other. */
interface ScannedArea {
  /** Tiles along its sides, and where it begins in the picture that is stored, in tiles. */
  columns: number;
  rows: number;
  startColumn: number;
  startRow: number;
  /** Where its lower left corner lies on the glass, in pixels; up is more. */
  left: number;
  bottom: number;
}

/**
 * A Ventana BIF: a BigTIFF whose first page, the label, tells how it was scanned, and whose first level how its tiles overlap.
 * @param levels full resolution first, each half the size of the one before; sides of whole tiles
 * @param areas none: tiles lie side by side, as in a TIFF that Ventana's programs export
 * @param overlap pixels that a tile shares with the next one, in both directions
 * @param tags further ones of the first level
 */
export async function writeVentana(
  file: string,
  levels: readonly Picture[],
  beside: { label: Picture; thumbnail: Picture },
  areas: readonly ScannedArea[] = [],
  overlap = 0,
  tags: readonly TiffTag[] = [],
): Promise<void> {
  const page = (picture: Picture, tags: TiffTag[]): RawTiles => ({
    ...{ ...picture, tileSize: VENTANA_TILE, big: true, tags },
  });
  const iScan = '<iScan Magnification="20" ScanRes="0.465" UnitNumber="2000515"/>';
  const pyramid = levels.map((picture, level) =>
    page(picture, [
      text(270, `level=${level} mag=${20 / 2 ** level} quality=90`),
      ...(level === 0 && areas.length > 0 ? [xmp(stitching(areas, overlap))] : []),
      ...(level === 0 ? tags : []),
    ]),
  );
  const label = page(beside.label, [text(270, 'Label Image'), xmp(`<Metadata>${iScan}</Metadata>`)]);
  const thumbnail = page(beside.thumbnail, [text(270, 'Thumbnail')]);
  await writeFile(file, rawTiles({ ...label, isStrip: true }, { ...thumbnail, isStrip: true }, ...pyramid));
}

function stitching(areas: readonly ScannedArea[], overlap: number): string {
  const infos = areas.map(({ columns, rows, left, bottom }) => {
    const joints: string[] = [];
    const join = (direction: string, one: number, other: number) =>
      joints.push(
        `<TileJointInfo Direction="${direction}" Tile1="${one}" Tile2="${other}" OverlapX="${overlap}" OverlapY="${overlap}" Confidence="100"/>`,
      );
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const here = numberOf(row, column, columns);
        if (column + 1 < columns) join('RIGHT', here, numberOf(row, column + 1, columns));
        if (row + 1 < rows) join('UP', here, numberOf(row + 1, column, columns));
      }
    }
    const size = `Width="${VENTANA_TILE}" Height="${VENTANA_TILE}" NumRows="${rows}" NumCols="${columns}"`;
    return `<ImageInfo AOIScanned="1" ${size} Pos-X="${left}" Pos-Y="${bottom}">${joints.join('')}</ImageInfo>`;
  });
  const origins = areas.map(
    ({ startColumn, startRow }, i) =>
      `<AOI${i} OriginX="${startColumn * VENTANA_TILE}" OriginY="${startRow * VENTANA_TILE}"/>`,
  );
  return `<EncodeInfo><SlideStitchInfo>${infos.join('')}</SlideStitchInfo><AoiOrigin>${origins.join('')}</AoiOrigin></EncodeInfo>`;
}

/** Tiles are numbered from 1, from the lowest row up, and every second row from right to left. */
function numberOf(row: number, column: number, columns: number): number {
  return row * columns + (row % 2 === 0 ? column : columns - 1 - column) + 1;
}

/** Two areas of 2 x 2 tiles, the second further up, and the pixels that each tile shares with the next. */
const AREAS: readonly [ScannedArea, ScannedArea] = [
  { columns: 2, rows: 2, startColumn: 0, startRow: 0, left: 0, bottom: 0 },
  { columns: 2, rows: 2, startColumn: 2, startRow: 0, left: 300, bottom: 20 },
];
const OVERLAP = 16;

/** A Ventana BIF of two areas and two levels; returns what it looks like. */
export async function scannedSlide(
  file: string,
  beside: { label: Picture; thumbnail: Picture },
): Promise<{ levels: Picture[] }> {
  const levels: Picture[] = [];
  const stored: Picture[] = [];
  for (const scale of [1, 2]) {
    const tile = VENTANA_TILE / scale;
    const step = (VENTANA_TILE - OVERLAP) / scale;
    const side = step + tile;
    const whole = blank(
      (AREAS[1].left + VENTANA_TILE - OVERLAP + VENTANA_TILE) / scale,
      side + AREAS[1].bottom / scale,
      255,
    );
    const tiles = blank(4 * tile, 2 * tile, 0);
    for (const [i, { left, bottom, startColumn }] of AREAS.entries()) {
      const seen = picture(side, side + i);
      const y = (AREAS[1].bottom - bottom) / scale;
      copyOverlap({ ...seen, height: side, x: left / scale, y }, { ...whole, x: 0, y: 0 });
      for (const [column, row] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ]) {
        const from = { x: column * step, y: row * step, width: tile, height: tile };
        const to = { x: (startColumn + column) * tile, y: row * tile, width: tile, height: tile };
        copyOverlap({ ...to, data: crop(seen, from) }, { ...tiles, x: 0, y: 0 });
      }
    }
    levels.push(whole);
    stored.push(tiles);
  }
  await writeVentana(file, stored, beside, AREAS, OVERLAP);
  return { levels };
}

function blank(width: number, height: number, value: number): Picture {
  return { data: new Uint8Array(width * height * 3).fill(value), width, height };
}

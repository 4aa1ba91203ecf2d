import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, type PatchPosition, patchPitch } from '../../../shared/geometry/patch-grid.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import type { SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

/** Side, in slide pixels, of the blocks that patches are read in: one decoding of the tiles serves a whole block. */
const BLOCK_SIZE = 1024;

/** A block is read at once unless that takes more than this many times the pixels of the patches wanted from it. */
const MOST_WASTE = 8;

const CHANNELS = 3;

/** Patches that one read serves. */
interface Block {
  region: Rectangle;
  /** Indices into the positions asked for. */
  members: number[];
}

/** Where a patch lies in the pixels of the stored level: exact, and the whole pixels that it touches. */
interface PatchPlace {
  x: number;
  y: number;
  region: Rectangle;
}

/**
 * The pixels of patches at the analysis resolution, read from the stored level nearest above it. Where that level has
 * the analysis resolution itself they are its exact pixels; otherwise every patch is resampled on its own (`resampleArea`),
 * so that its bytes never depend on which others are asked for.
 * @returns shape [positions, patchHeight, patchWidth, 3]
 * @throws Problem `unreadable-slide` where the file is damaged there
 */
export async function readPatches(
  reader: SlideReader,
  grid: PatchGrid,
  positions: readonly PatchPosition[],
): Promise<Uint8Array> {
  const scales = levelScales(reader.description);
  const level = levelFor(scales, grid.downsample);
  const scale = grid.downsample / scales[level];
  const places = positions.map((position) => placeOf(grid, position, scale, reader.description.levels[level]));
  const patchBytes = grid.patchHeight * grid.patchWidth * CHANNELS;
  const patches = new Uint8Array(positions.length * patchBytes);
  await Promise.all(
    planBlocks(grid, positions, places).map(async ({ region, members }) => {
      const source = { ...region, data: await reader.readRegion(level, region) };
      for (const member of members) {
        const place = places[member];
        const patch = patches.subarray(member * patchBytes, (member + 1) * patchBytes);
        if (scale === 1) copyPixels(source, place.region, patch);
        else {
          const size = { width: grid.patchWidth, height: grid.patchHeight };
          patch.set(resampleArea(source, { x: place.x, y: place.y, scale }, size));
        }
      }
    }),
  );
  return patches;
}

function placeOf(
  grid: PatchGrid,
  { row, column }: PatchPosition,
  scale: number,
  level: { width: number; height: number },
): PatchPlace {
  const originX = (column * grid.stepColumns * grid.patchWidth * scale) / grid.cellColumns;
  const originY = (row * grid.stepRows * grid.patchHeight * scale) / grid.cellRows;
  // Pixels that are not resampled have no fractions: each origin is rounded by itself.
  const [x, y] = scale === 1 ? [Math.round(originX), Math.round(originY)] : [originX, originY];
  const left = Math.min(Math.floor(x), level.width - 1);
  const top = Math.min(Math.floor(y), level.height - 1);
  const right = Math.min(level.width, Math.max(left + 1, Math.ceil(x + grid.patchWidth * scale)));
  const bottom = Math.min(level.height, Math.max(top + 1, Math.ceil(y + grid.patchHeight * scale)));
  return { x, y, region: { x: left, y: top, width: right - left, height: bottom - top } };
}

/** Patches of one square of the slide are read together, unless they are few in it. */
function planBlocks(grid: PatchGrid, positions: readonly PatchPosition[], places: readonly PatchPlace[]): Block[] {
  const { stepWidth, stepHeight } = patchPitch(grid);
  const columnsPerBlock = Math.max(1, Math.floor(BLOCK_SIZE / stepWidth));
  const rowsPerBlock = Math.max(1, Math.floor(BLOCK_SIZE / stepHeight));
  const blocks = new Map<string, number[]>();
  positions.forEach(({ row, column }, index) => {
    const key = `${Math.floor(row / rowsPerBlock)} ${Math.floor(column / columnsPerBlock)}`;
    const members = blocks.get(key);
    if (members === undefined) blocks.set(key, [index]);
    else members.push(index);
  });
  return [...blocks.values()].flatMap((members) => {
    const region = members.map((index) => places[index].region).reduce(union);
    const wanted = members.reduce((sum, index) => sum + area(places[index].region), 0);
    if (area(region) <= MOST_WASTE * wanted) return [{ region, members }];
    return members.map((index) => ({ region: places[index].region, members: [index] }));
  });
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

function copyPixels(source: Rectangle & { data: Uint8Array }, region: Rectangle, target: Uint8Array): void {
  const rowBytes = region.width * CHANNELS;
  for (let row = 0; row < region.height; row++) {
    const start = ((region.y - source.y + row) * source.width + region.x - source.x) * CHANNELS;
    target.set(source.data.subarray(start, start + rowBytes), row * rowBytes);
  }
}

import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { PatchGrid, PatchPosition } from '../../../shared/geometry/patch-grid.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import { emptyPixels, type RegionPixels } from './copy-pixels.ts';
import type { SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

const CHANNELS = 3;

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
  const targets = places.map(({ region }, index): RegionPixels => {
    // Pixels of the analysis resolution go where they belong at once.
    if (scale !== 1) return emptyPixels(region);
    return { ...region, data: patches.subarray(index * patchBytes, (index + 1) * patchBytes) };
  });
  await reader.fill(level, targets);
  if (scale === 1) return patches;
  const size = { width: grid.patchWidth, height: grid.patchHeight };
  places.forEach(({ x, y }, index) => {
    patches.set(resampleArea(targets[index], { x, y, scale }, size), index * patchBytes);
  });
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

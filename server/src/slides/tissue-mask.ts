import type { Rectangle, Size } from '../../../shared/geometry/deep-zoom.ts';
import { type PatchGrid, patchPosition, patchRectangle } from '../../../shared/geometry/patch-grid.ts';
import { otsuThreshold } from '../../../shared/otsu.ts';
import { resampleArea } from '../../../shared/resample-area.ts';
import type { SlideReader } from './slide.ts';
import { levelFor, levelScales } from './stored-level.ts';

/** Pixels of the mask along its longer side, at most: 4 MB for a slide of any size. */
const LARGEST_MASK = 2048;

/** Pixels of a stored level that are read at once, along a side. */
const BLOCK = 2048;

/** Of 255: below this brightness colour is noise, as in the black around a scan that JPEG has stored. */
const DARK = 26;

/**
 * Saturations of 255 between which Otsu's threshold may lie. It splits noise where a slide is all glass or all tissue; below
 * the first there is never tissue, from the second on there always is. Measured on H&E: nine in ten pixels of glass are at 10
 * or below, and the palest patches of tissue have a median of 31.
 */
const PALEST_TISSUE = 15;
const CLEAR_TISSUE = 30;

/** A patch with less tissue than this share of its area is background. */
const LEAST_TISSUE = 0.05;

/** Where a slide has tissue. Pixel (x, y) covers slide pixels from (x * scale, y * scale). */
export interface TissueMask extends Size {
  /** Slide pixels along a side of a mask pixel: a power of two. */
  scale: number;
  /** Row-major; 1 is tissue, 0 background. */
  tissue: Uint8Array;
}

/**
 * Finds tissue by the saturation of its stain, (max - min) / max of a pixel's channels, with Otsu's threshold; glass and
 * what lies around a scan have none. A slide without any colour, as a grey-scale picture, tells nothing that way: all of it
 * is tissue, for what is taken for background may never be classified. It is read from the stored level nearest to the
 * mask, block by block in a fixed order, so the memory is that of a block and the mask.
 * @throws Problem `unreadable-slide` where the file is damaged
 */
export async function tissueMask(reader: SlideReader): Promise<TissueMask> {
  const { description } = reader;
  let scale = 1;
  while (Math.max(description.width, description.height) > scale * LARGEST_MASK) scale *= 2;
  const scales = levelScales(description);
  const level = levelFor(scales, scale);
  const stored = description.levels[level];
  const factor = scale / scales[level];
  const width = Math.ceil(description.width / scale);
  const height = Math.ceil(description.height / scale);

  const saturations = new Uint8Array(width * height);
  const step = Math.max(1, Math.floor(BLOCK / factor));
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const block = { x, y, width: Math.min(step, width - x), height: Math.min(step, height - y) };
      const region = storedRegion(block, factor, stored);
      const data = await reader.readRegion(level, region);
      // Where the level has the mask's size this copies, but for a level that was rounded down and lacks a last column.
      const pixels = resampleArea({ ...region, data }, { x: x * factor, y: y * factor, scale: factor }, block);
      writeSaturations(saturations, width, pixels, block);
    }
  }
  return { width, height, scale, tissue: tissueOf(saturations) };
}

/** The pixels of a stored level under a block of the mask, at least one on each side. */
function storedRegion(block: Rectangle, factor: number, stored: Size): Rectangle {
  const x = Math.min(stored.width - 1, Math.floor(block.x * factor));
  const y = Math.min(stored.height - 1, Math.floor(block.y * factor));
  return {
    x,
    y,
    width: Math.min(stored.width, Math.ceil((block.x + block.width) * factor)) - x,
    height: Math.min(stored.height, Math.ceil((block.y + block.height) * factor)) - y,
  };
}

/** Writes the saturations, 0 to 255, of a block's RGB pixels into those of a picture that is `width` wide. */
function writeSaturations(saturations: Uint8Array, width: number, pixels: Uint8Array, block: Rectangle): void {
  for (let row = 0; row < block.height; row++) {
    for (let column = 0; column < block.width; column++) {
      const at = (row * block.width + column) * 3;
      const most = Math.max(pixels[at], pixels[at + 1], pixels[at + 2]);
      const least = Math.min(pixels[at], pixels[at + 1], pixels[at + 2]);
      const target = (block.y + row) * width + block.x + column;
      saturations[target] = most < DARK ? 0 : Math.round((255 * (most - least)) / most);
    }
  }
}

function tissueOf(saturations: Uint8Array): Uint8Array {
  const histogram = new Uint32Array(256);
  for (const saturation of saturations) histogram[saturation]++;
  const hasColour = histogram.subarray(PALEST_TISSUE).some((count) => count > 0);
  if (!hasColour) return new Uint8Array(saturations.length).fill(1);
  const threshold = Math.min(CLEAR_TISSUE, Math.max(PALEST_TISSUE, otsuThreshold(histogram)));
  return saturations.map((saturation) => (saturation >= threshold ? 1 : 0));
}

/**
 * Which patches are background: less than 5 % of their area is tissue, parts of mask pixels counted as such.
 * @returns 1 for background, row-major, shape [rows, columns] of the grid
 */
export function backgroundPatches(mask: TissueMask, grid: PatchGrid): Uint8Array {
  const tissueIn = tissueArea(mask);
  const background = new Uint8Array(grid.rows * grid.columns);
  for (let index = 0; index < background.length; index++) {
    const { x, y, width, height } = patchRectangle(grid, patchPosition(grid, index));
    const area = { x: x / mask.scale, y: y / mask.scale, width: width / mask.scale, height: height / mask.scale };
    background[index] = tissueIn(area) < LEAST_TISSUE * area.width * area.height ? 1 : 0;
  }
  return background;
}

/**
 * Tissue within a rectangle of mask pixels (floats), in mask pixels: from a table of sums over everything left of and above
 * every corner (Crow 1984), which is bilinear within a pixel. Beyond the mask there is none.
 */
function tissueArea({ width, height, tissue }: TissueMask): (rectangle: Rectangle) => number {
  const stride = width + 1;
  const sums = new Uint32Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += tissue[y * width + x];
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
    }
  }
  const sumBefore = (x: number, y: number) => {
    const left = Math.min(width - 1, Math.floor(x));
    const top = Math.min(height - 1, Math.floor(y));
    const right = Math.min(1, x - left);
    const down = Math.min(1, y - top);
    const at = top * stride + left;
    const above = sums[at] * (1 - right) + sums[at + 1] * right;
    const below = sums[at + stride] * (1 - right) + sums[at + stride + 1] * right;
    return above * (1 - down) + below * down;
  };
  return ({ x, y, width: across, height: down }) =>
    sumBefore(x + across, y + down) - sumBefore(x, y + down) - sumBefore(x + across, y) + sumBefore(x, y);
}

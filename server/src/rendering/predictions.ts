import { LRUCache } from 'lru-cache';
import type { Rectangle, Size } from '../../../shared/geometry/deep-zoom.ts';
import type { RgbRegion } from '../../../shared/resample-area.ts';
import { divideBy255 } from './composite.ts';
import { drawnText, escapedText } from './drawn-text.ts';

/** What a model says of a patch. */
export interface PatchPredictions {
  /** In slide pixels. */
  patch: Rectangle;
  /** In any order; the most probable ones that fit are written. */
  predictions: readonly { class: string; probability: number }[];
}

/** Letters smaller or larger than this, in pixels, are not legible or no better. */
const LETTERS = { smallest: 9, largest: 24 };
/** Lines of letters that a patch is divided into, of which some stay empty: the tissue is to be seen. */
const LINES_PER_PATCH = 9;
const MOST_LINES = 3;
/** Letters that fit side by side must be this many at least: a short name, and its percentage. */
const FEWEST_LETTERS = 8;
/** Of DejaVu Sans, relative to the letters' size, on average. */
const LETTER_WIDTH = 0.62;
const LINE_HEIGHT = 1.35;
const MARGIN = 3;
/** Pixels of the dark halo around the letters. */
const HALO = 2;
const MOST_CACHED_LABELS = 4000;

/** A label's two layers, alpha of black and alpha of white above it, each `width x height` bytes. */
interface Label extends Size {
  halo: Uint8Array;
  letters: Uint8Array;
}

const labels = new LRUCache<string, Promise<Label>>({ max: MOST_CACHED_LABELS });

/** How predictions are set in a patch of that many picture pixels; null where legible text does not fit. */
export function layoutFor({ width, height }: Size): { size: number; lines: number; letters: number } | null {
  const { smallest, largest } = LETTERS;
  const size = Math.min(largest, Math.max(smallest, Math.floor(height / LINES_PER_PATCH)));
  const lines = Math.min(MOST_LINES, Math.floor((height - 2 * MARGIN) / (size * LINE_HEIGHT)));
  const letters = Math.floor((width - 2 * MARGIN) / (size * LETTER_WIDTH));
  return lines >= 1 && letters >= FEWEST_LETTERS ? { size, lines, letters } : null;
}

/** The lines written on a patch: `Lesion 87 %`, most probable first, none of those that round to 0 %. */
export function predictionLines(
  predictions: PatchPredictions['predictions'],
  { lines, letters }: { lines: number; letters: number },
): string[] {
  return predictions
    .map(({ class: name, probability }) => ({ name, percent: Math.round(100 * probability) }))
    .sort((a, b) => b.percent - a.percent)
    .slice(0, lines)
    .filter(({ percent }) => percent > 0)
    .map(({ name, percent }) => {
      const room = letters - ` ${percent} %`.length;
      const shown = [...name].length <= room ? name : `${[...name].slice(0, room - 1).join('')}…`;
      return `${shown} ${percent} %`;
    });
}

/**
 * Writes the predictions of patches, white with a dark halo, at their top-left corners, onto rows of a picture of the slide.
 * @param strip in picture pixels, changed in place; patches may reach beyond it, and are then written as far as it goes
 * @param scale picture pixels per slide pixel
 */
export async function drawPredictions(
  strip: RgbRegion,
  patches: readonly PatchPredictions[],
  scale: number,
): Promise<void> {
  for (const { patch, predictions } of patches) {
    const x = Math.round(patch.x * scale);
    const y = Math.round(patch.y * scale);
    const width = Math.round((patch.x + patch.width) * scale) - x;
    const height = Math.round((patch.y + patch.height) * scale) - y;
    const layout = layoutFor({ width, height });
    if (layout === null) continue;
    for (const [index, text] of predictionLines(predictions, layout).entries()) {
      const top = y + MARGIN + Math.round(index * layout.size * LINE_HEIGHT);
      drawLabel(strip, await labelOf(text, layout.size), { x: x + MARGIN, y: top, width: width - 2 * MARGIN, height });
    }
  }
}

/** @param box where the label begins; it is cut where the box's width ends */
function drawLabel(strip: RgbRegion, label: Label, box: Rectangle): void {
  const firstRow = Math.max(0, strip.y - box.y);
  const lastRow = Math.min(label.height, strip.y + strip.height - box.y);
  const columns = Math.min(label.width, box.width, strip.x + strip.width - box.x);
  for (let row = firstRow; row < lastRow; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * label.width + column;
      const bright = 255 - label.letters[at];
      const dark = 255 - label.halo[at];
      const target = ((box.y + row - strip.y) * strip.width + box.x + column - strip.x) * 3;
      for (let channel = target; channel < target + 3; channel++) {
        strip.data[channel] = label.letters[at] + divideBy255(bright * divideBy255(dark * strip.data[channel]));
      }
    }
  }
}

function labelOf(text: string, size: number): Promise<Label> {
  const key = `${size} ${text}`;
  const known = labels.get(key);
  if (known !== undefined) return known;
  const label = renderLabel(text, size);
  label.catch(() => labels.delete(key));
  labels.set(key, label);
  return label;
}

async function renderLabel(text: string, size: number): Promise<Label> {
  const { data, info } = await drawnText(escapedText(text), size)
    .extractChannel(0)
    .extend({ top: HALO, bottom: HALO, left: HALO, right: HALO, background: '#000000' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, letters: data, halo: dilate(data, info.width, info.height) };
}

/** The greatest value within `HALO` pixels of each pixel. */
function dilate(source: Uint8Array, width: number, height: number): Uint8Array {
  const result = new Uint8Array(source.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = 0;
      for (let dy = Math.max(-HALO, -y); dy <= Math.min(HALO, height - 1 - y); dy++) {
        for (let dx = Math.max(-HALO, -x); dx <= Math.min(HALO, width - 1 - x); dx++) {
          if (dx * dx + dy * dy <= HALO * HALO + 1) most = Math.max(most, source[(y + dy) * width + x + dx]);
        }
      }
      result[y * width + x] = most;
    }
  }
  return result;
}

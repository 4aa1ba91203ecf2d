import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { Problem } from '../errors.ts';
import { openImage, reason } from '../slides/image-file.ts';
import type { SlideReader } from '../slides/slide.ts';
import { untilAborted } from '../slides/until-aborted.ts';
import { compositeOver } from './composite.ts';
import { outputFolder } from './output-folder.ts';
import { checkOutput, type OutputFormat } from './output-format.ts';
import { drawPredictions, type PatchPredictions } from './predictions.ts';
import { readPosition } from './read-position.ts';
import { readStrip, renderedSize } from './slide-strip.ts';
import { createStripFile } from './strip-file.ts';

export interface RenderOptions {
  /** Picture pixels per slide pixel, above 0 and up to 1. */
  scale: number;
  /**
   * RGBA pixels, straight alpha, that go over rows [y, y + height) of the picture, in its full width (`renderedSize`).
   * Strips are asked for from top to bottom, one at a time.
   */
  paintStrip(y: number, height: number): Promise<Uint8ClampedArray>;
  /** Predictions to write on the patches that share slide rows [y, y + height), in slide pixels. */
  predictions?(y: number, height: number): Promise<readonly PatchPredictions[]>;
  /** RGB rows of the picture's width that come below it. */
  below?: { height: number; data: Uint8Array };
  /** An XMP packet that the file carries. */
  xmp?: string;
  /** Share that is done, 0 to 1. */
  onProgress?(done: number): void;
  signal?: AbortSignal;
}

/** Pixels of a strip, at most: they are held several times over, with three and with four channels. */
const STRIP_PIXELS = 8 << 20;
/** Rows of a strip, at most: those of a row of tiles, so that a tile is decoded once. */
const STRIP_HEIGHT = 256;

/** Share of the time that goes into the pixels; the rest encodes them (measured with PNG). */
const PAINTING_SHARE = 0.5;
const PROGRESS_INTERVAL_MS = 200;

/**
 * Writes a picture of the slide with a heatmap over it: PNG, JPEG, WebP or tiled pyramidal TIFF, by the file's ending. Strips
 * go to an uncompressed file beside the output (3 bytes a pixel while it lasts), which is then encoded; no slide is too
 * large for memory. The output appears whole or not at all.
 * @returns the picture's size
 * @throws Problem `bad-parameter`, `too-large` (before any work), `unreadable-slide`, or `failed` where the output cannot be
 *   written; the signal's reason once it is aborted
 */
export async function renderSlide(reader: SlideReader, file: string, options: RenderOptions): Promise<Size> {
  const { scale, below, onProgress, signal } = options;
  if (!(scale > 0 && scale <= 1)) {
    throw new Problem('bad-parameter', `scale: expected a number above 0 and up to 1, found ${scale}`);
  }
  const pictured = renderedSize(reader.description, scale);
  const size = { ...pictured, height: pictured.height + (below?.height ?? 0) };
  const format = checkOutput(file, pictured.width, pictured.height, below?.height);
  const folder = await outputFolder(file, [reader.description.file, reader.description.regionFile]);
  signal?.throwIfAborted();

  const prefix = join(folder, `.${basename(file)}.${process.pid}.${randomBytes(4).toString('hex')}`);
  const strips = `${prefix}.strips`;
  const partial = `${prefix}.partial`;
  try {
    await paintStrips(reader, strips, pictured, {
      ...options,
      onProgress: (done) => onProgress?.(done * PAINTING_SHARE),
    });
    await untilAborted(encode(file, strips, partial, format, size, options), signal);
    await rename(partial, join(folder, basename(file)));
    onProgress?.(1);
    return size;
  } catch (error) {
    // The system's errors come from the files written here; any other is the painter's own.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new Problem('failed', `${basename(file)} cannot be written: ${reason(error)}`, { cause: error });
  } finally {
    await Promise.all([rm(strips, { force: true }), rm(partial, { force: true })]);
  }
}

async function encode(
  file: string,
  strips: string,
  partial: string,
  format: OutputFormat,
  size: Size,
  { xmp, onProgress, signal }: RenderOptions,
): Promise<void> {
  let encoding = true;
  const timer = setInterval(async () => {
    const read = await readPosition(strips);
    if (read !== null && encoding) onProgress?.(Math.min(0.99, PAINTING_SHARE + read * (1 - PAINTING_SHARE)));
  }, PROGRESS_INTERVAL_MS);
  try {
    const image = format.encode(openImage(strips, { sequentialRead: true }), size);
    await (xmp === undefined ? image : image.withXmp(xmp)).toFile(partial);
  } catch (error) {
    throw new Problem('failed', `${basename(file)} cannot be written: ${reason(error)}`, { cause: error });
  } finally {
    encoding = false;
    clearInterval(timer);
    // Nobody waits any more who would remove it.
    if (signal?.aborted) await rm(partial, { force: true });
  }
}

/** @param size of the picture, without what comes below */
async function paintStrips(reader: SlideReader, file: string, size: Size, options: RenderOptions): Promise<void> {
  const { scale, paintStrip, predictions, below, onProgress, signal } = options;
  const stripHeight = Math.min(size.height, Math.max(1, Math.min(STRIP_HEIGHT, Math.floor(STRIP_PIXELS / size.width))));
  const read = (y: number) => {
    const reading = readStrip(reader, scale, y, Math.min(stripHeight, size.height - y));
    // Awaited only after the strip before it; until then a failure must not count as unhandled.
    reading.catch(() => {});
    return reading;
  };
  const whole = { ...size, height: size.height + (below?.height ?? 0) };
  const output = await createStripFile(file, whole, stripHeight);
  try {
    let next = read(0);
    for (let y = 0; y < size.height; y += stripHeight) {
      signal?.throwIfAborted();
      const height = Math.min(stripHeight, size.height - y);
      const pixels = await next;
      // The next strip is decoded while this one is painted.
      if (y + height < size.height) next = read(y + height);
      compositeOver(pixels, await paintStrip(y, height));
      if (predictions !== undefined) {
        const patches = await predictions(Math.floor(y / scale), Math.ceil(height / scale) + 1);
        await drawPredictions({ data: pixels, x: 0, y, width: size.width, height }, patches, scale);
      }
      await output.write(pixels);
      onProgress?.((y + height) / size.height);
    }
    if (below) await output.write(below.data);
  } finally {
    await output.close();
  }
}

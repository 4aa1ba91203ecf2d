import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll } from 'vitest';

/** An RGB picture of smooth colours with noise on them, the same on every machine. */
export function picture(width: number, height: number): { data: Uint8Array; width: number; height: number } {
  const data = new Uint8Array(width * height * 3);
  let noise = 12345;
  for (let i = 0; i < data.length; i++) {
    noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
    const pixel = Math.floor(i / 3);
    const ramp = (i % 3 === 0 ? pixel % width : Math.floor(pixel / width)) / Math.max(width, height);
    data[i] = Math.floor(180 * ramp) + (noise >>> 26);
  }
  return { data, width, height };
}

/** A sharp pipeline of raw samples. */
export function image(
  data: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4 = 3,
): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** A folder of its own for a test file, removed at its end. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cam-slides-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A rectangle of an RGB picture. */
export function crop(
  source: { data: Uint8Array; width: number },
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const start = ((y + row) * source.width + x) * 3;
    out.set(source.data.subarray(start, start + width * 3), row * width * 3);
  }
  return out;
}

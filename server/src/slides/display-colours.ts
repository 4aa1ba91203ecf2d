import sharp, { type Sharp } from 'sharp';
import { openImage } from './image-file.ts';
import type { SlideDescription } from './slide.ts';
import { readTiffDirectories } from './tiff-directories.ts';
import { mainPage } from './tiff-levels.ts';
import { profiledTiff } from './tile-strip.ts';

/** Where an ICC profile names the colours that it is of (ICC.1, 7.2). */
const COLOUR_SPACE = { at: 16, end: 20, rgb: 'RGB ' };

/** Steps from black to white, in each of red, green and blue, at which a profile is compared with sRGB. */
const STEPS = 9;

/** Levels of 255 by which no eye tells colours apart: a profile that changes none by more is sRGB's own. */
const UNSEEN = 1;

/** Turns RGB bytes, as the slide stores them, into sRGB. */
export interface DisplayColours {
  convert(pixels: { width: number; height: number; data: Uint8Array }): Sharp;
}

/**
 * How the colours of a slide are shown as its file means them: through the ICC profile in it, by relative colorimetric or
 * perceptual rendering as the profile has it. Null where nothing is to be done: there is none, it is that of sRGB, or it is
 * damaged. Only what is shown is converted; models see what is stored.
 */
export async function displayColours(description: SlideDescription): Promise<DisplayColours | null> {
  const profile = await profileOf(description).catch(() => undefined);
  if (profile === undefined) return null;
  if (profile.toString('latin1', COLOUR_SPACE.at, COLOUR_SPACE.end) !== COLOUR_SPACE.rgb) return null;
  const convert: DisplayColours['convert'] = ({ width, height, data }) =>
    sharp(profiledTiff({ width, height }, data, profile));
  const colours = everyColour();
  const shown = await convert(colours)
    .raw()
    .toBuffer()
    .catch(() => colours.data);
  return shown.some((value, i) => Math.abs(value - colours.data[i]) > UNSEEN) ? { convert } : null;
}

/** That of the picture which is the slide. */
async function profileOf({ file, reader }: SlideDescription): Promise<Buffer | undefined> {
  if (reader !== 'picture' && reader !== 'tiff') return undefined;
  const page = reader === 'tiff' ? mainPage(await readTiffDirectories(file)) : 0;
  return (await openImage(file, { page }).metadata()).icc;
}

function everyColour(): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(STEPS ** 3 * 3);
  for (let i = 0; i < STEPS ** 3; i++) {
    const steps = [i % STEPS, Math.floor(i / STEPS) % STEPS, Math.floor(i / STEPS ** 2)];
    data.set(
      steps.map((step) => Math.round((255 * step) / (STEPS - 1))),
      3 * i,
    );
  }
  return { width: STEPS, height: STEPS ** 2, data };
}

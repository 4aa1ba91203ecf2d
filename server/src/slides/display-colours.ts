import sharp, { type Sharp } from 'sharp';
import { profileSpace } from './image-file.ts';
import { readerNamed } from './readers.ts';
import type { RgbImage, SlideDescription } from './slide.ts';
import { profiledTiff } from './tile-strip.ts';

/** Steps from black to white, in each of red, green and blue, at which a profile is compared with sRGB. */
const STEPS = 9;

/** Levels of 255 by which no eye tells colours apart: a profile that changes none by more is sRGB's own. */
const UNSEEN = 1;

/** Turns RGB bytes, as the slide stores them, into sRGB. */
export interface DisplayColours {
  convert(pixels: RgbImage): Sharp;
}

/**
 * How the colours of a slide are shown as its file means them: through the ICC profile in it, by relative colorimetric or
 * perceptual rendering as the profile has it. Null where nothing is to be done: there is none, it is that of sRGB, or it is
 * damaged. Only what is shown is converted; models see what is stored.
 */
export async function displayColours(description: SlideDescription): Promise<DisplayColours | null> {
  const reader = await readerNamed(description.reader);
  const profile = await reader.profile?.(description).catch(() => undefined);
  if (profile === undefined) return null;
  const space = profileSpace(profile);
  if (space === 'RGB ') return throughProfile(profile);
  return space === 'GRAY' ? throughGreys(profile) : null;
}

async function throughProfile(profile: Uint8Array): Promise<DisplayColours | null> {
  const convert: DisplayColours['convert'] = ({ width, height, data }) =>
    sharp(profiledTiff({ width, height }, data, profile));
  const colours = everyColour();
  const shown = await convert(colours)
    .raw()
    .toBuffer()
    .catch(() => colours.data);
  return isSeen(shown, colours.data) ? { convert } : null;
}

/** A grey's red, green and blue are its one sample: each of its 256 values is converted once. */
async function throughGreys(profile: Uint8Array): Promise<DisplayColours | null> {
  const greys = Uint8Array.from({ length: 256 }, (_, value) => value);
  const shown = await sharp(profiledTiff({ width: greys.length, height: 1 }, greys, profile))
    .extractChannel(0)
    .raw()
    .toBuffer()
    .catch(() => greys);
  if (!isSeen(shown, greys)) return null;
  return {
    convert: ({ width, height, data }) =>
      sharp(
        data.map((value) => shown[value]),
        { raw: { width, height, channels: 3 } },
      ),
  };
}

function isSeen(shown: Uint8Array, stored: Uint8Array): boolean {
  return shown.some((value, i) => Math.abs(value - stored[i]) > UNSEEN);
}

function everyColour(): RgbImage {
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

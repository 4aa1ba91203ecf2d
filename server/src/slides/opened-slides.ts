import { LRUCache } from 'lru-cache';
import { openSlide } from './open-slide.ts';
import type { OpenedSlide, SlideDescription, SlideReader } from './slide.ts';
import type { TileReader } from './tile-reader.ts';

const MAX_OPEN_SLIDES = 64;

/**
 * Opens slides and keeps those used last open; another version of a file is another slide, also where its pixels are the
 * same: a remote slide's file may tell of another address or token.
 */
export function openedSlides(tiles?: TileReader): (description: SlideDescription) => SlideReader {
  const slides = new LRUCache<string, OpenedSlide>({
    max: MAX_OPEN_SLIDES,
    dispose: (slide) => void slide.close().catch(() => {}),
  });
  return (description) => {
    const key = `${description.fingerprint} ${description.version} ${description.regionFile}`;
    const found = slides.get(key);
    if (found !== undefined) return found;
    const opened = openSlide(description, tiles);
    slides.set(key, opened);
    return opened;
  };
}

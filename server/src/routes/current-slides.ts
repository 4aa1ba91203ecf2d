import { LRUCache } from 'lru-cache';
import type { Catalogue } from '../catalogue.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { fileVersion } from '../slides/file-version.ts';
import type { SlideDescription } from '../slides/slide.ts';

const MAX_SLIDES = 200;

/** Milliseconds for which a slide's place in the catalogue is taken for granted, as long as its files stay the same. */
const KEPT_FOR = 1000;

interface Current {
  slide: SlideDescription;
  version: string;
}

/**
 * Slides by their ids, for requests that come by the dozen: finding one looks at ten files and folders, this looks at the
 * slide's own, so that one that is replaced or gone is noticed at once.
 * @returns throws as `resolve` of the catalogue and `slide` of the source do
 */
export function currentSlides(
  catalogue: Pick<Catalogue, 'resolve'>,
  source: Pick<HeatmapSource, 'slide'>,
): (id: string) => Promise<SlideDescription> {
  const kept = new LRUCache<string, Current>({ max: MAX_SLIDES, ttl: KEPT_FOR });
  const versionOf = ({ file, companions }: Pick<SlideDescription, 'file' | 'companions'>) =>
    fileVersion(file, companions).catch(() => null);
  return async (id) => {
    const found = kept.get(id);
    if (found !== undefined && (await versionOf(found.slide)) === found.version) return found.slide;
    const file = await catalogue.resolve(id);
    const before = await versionOf({ file });
    const slide = await source.slide(file);
    const version = await versionOf(slide);
    // The description of a file that was replaced meanwhile may be that of the one before.
    if (version !== null && (await versionOf({ file })) === before) kept.set(id, { slide, version });
    return slide;
  };
}

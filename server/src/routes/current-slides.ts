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
  catalogue: Catalogue,
  source: Pick<HeatmapSource, 'slide'>,
): (id: string) => Promise<SlideDescription> {
  const kept = new LRUCache<string, Current>({ max: MAX_SLIDES, ttl: KEPT_FOR });
  const versionOf = ({ file, companions }: SlideDescription) => fileVersion(file, companions).catch(() => null);
  return async (id) => {
    const found = kept.get(id);
    if (found !== undefined && (await versionOf(found.slide)) === found.version) return found.slide;
    const slide = await source.slide(await catalogue.resolve(id));
    const version = await versionOf(slide);
    if (version !== null) kept.set(id, { slide, version });
    return slide;
  };
}

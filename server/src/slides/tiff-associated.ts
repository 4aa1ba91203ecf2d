import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import type { Recognized } from './recognize.ts';
import type { AssociatedImage } from './slide.ts';
import { mainPage } from './tiff-levels.ts';

/** Where Aperio puts the thumbnail. */
const THUMBNAIL_PAGE = 1;

/** What Aperio's scanners write as NewSubfileType; newer ones tell it in no other way. */
const BY_SUBFILE_TYPE: Readonly<Record<number, string>> = { 1: 'label', 9: 'macro' };

/** How far the proportions of a thumbnail may be from the slide's: a label or the whole glass have others. */
const SAME_PROPORTIONS = 0.05;

/**
 * The pictures beside an Aperio slide: pages in strips, whose description or type names the label and the macro image;
 * the thumbnail has no name but a place. Other TIFFs do not say what their pages are.
 */
export function tiffAssociated({ format, directories }: Recognized): (AssociatedImage & { page: number })[] {
  if (!format.startsWith('Aperio')) return [];
  const main = mainPage(directories);
  const found = new Map<string, AssociatedImage & { page: number }>();
  for (const [page, { width, height, tile, description, subfileType }] of directories.entries()) {
    if (page === main || tile !== null || !(width > 0 && height > 0)) continue;
    const named = /^\s*(label|macro)\b/im.exec(description)?.[1].toLowerCase();
    const isThumbnail = page === THUMBNAIL_PAGE && hasProportions(directories[main], { width, height });
    // What may be the label is not shown as a thumbnail, wherever it lies.
    const name = named ?? BY_SUBFILE_TYPE[subfileType] ?? (isThumbnail ? 'thumbnail' : undefined);
    if (name !== undefined && !found.has(name)) found.set(name, { name, width, height, page });
  }
  return [...found.values()];
}

function hasProportions(slide: Size, { width, height }: Size): boolean {
  return Math.abs((slide.width / slide.height / width) * height - 1) <= SAME_PROPORTIONS;
}

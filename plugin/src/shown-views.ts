import type OpenSeadragon from 'openseadragon';
import { levelScale, type Rectangle, type Size } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { CamSettings } from './options.ts';
import { effectiveScore } from './shown.ts';
import type { ShownView } from './view-stream/page-stream.ts';

/** What is seen of a layer, in the viewer and in its navigator; empty where nothing is. */
export function shownViews(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  layer: { item: OpenSeadragon.TiledImage | undefined; navigatorItem: OpenSeadragon.TiledImage | undefined },
  descriptor: HeatmapDescriptor,
  settings: CamSettings,
): ShownView[] {
  const { item } = layer;
  if (!item || !settings.visible || settings.opacity === 0) return [];
  const score = effectiveScore(settings);
  const viewOf = (where: ShownView['where'], shown: OpenSeadragon.TiledImage, view: OpenSeadragon.Viewer) => {
    const region = regionOnScreen(view, shown, descriptor);
    const zoom = shown.viewportToImageZoom(view.viewport.getZoom(true)) * osd.pixelDensityRatio;
    const level = sharpLevel(descriptor, shown.source, zoom, sharpness(shown));
    return region ? [{ where, region, level, score }] : [];
  };
  const copy = settings.showInNavigator ? layer.navigatorItem : undefined;
  return [...viewOf('viewer', item, viewer), ...(copy ? viewOf('navigator', copy, viewer.navigator) : [])];
}

/** The part of an image that is on screen, in whole pixels of a slide that it has the size of; undefined where none is. */
export function regionOnScreen(
  { viewport }: OpenSeadragon.Viewer,
  item: OpenSeadragon.TiledImage,
  slide: Size,
): Rectangle | undefined {
  const seen = item.viewportToImageRectangle(viewport.getBoundsWithMargins(true), true).getBoundingBox();
  const x = Math.max(0, Math.floor(seen.x));
  const y = Math.max(0, Math.floor(seen.y));
  const width = Math.min(slide.width, Math.ceil(seen.x + seen.width)) - x;
  const height = Math.min(slide.height, Math.ceil(seen.y + seen.height)) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/**
 * The level that OpenSeadragon draws when all is loaded: the finest one whose pixels are no smaller on screen than it allows.
 * @param zoom pixels of the screen for one of the slide
 * @param smallest side of a level's pixel on screen, in its pixels
 */
export function sharpLevel(
  slide: Size,
  { minLevel, maxLevel }: { minLevel: number; maxLevel: number },
  zoom: number,
  smallest: number,
): number {
  let level = maxLevel;
  while (level > minLevel && zoom * levelScale(slide, level) < smallest) level--;
  return level;
}

/** OpenSeadragon's types leave out this option of an item. */
function sharpness(item: OpenSeadragon.TiledImage): number {
  const smallest: unknown = Reflect.get(item, 'minPixelRatio');
  return typeof smallest === 'number' ? smallest : 0.5;
}

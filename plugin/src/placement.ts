import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { arrangeImages, isCollection } from './collection.ts';

/** Difference of the proportions of image and heatmap that rounding explains. */
const PROPORTION_TOLERANCE = 0.01;

/** Whether the heatmap covers the image: its proportions are the image's. */
export function fits(base: OpenSeadragon.TiledImage, descriptor: HeatmapDescriptor): boolean {
  const { x, y } = base.getContentSize();
  return Math.abs((x * descriptor.height) / (y * descriptor.width) - 1) < PROPORTION_TOLERANCE;
}

/** Adds a layer at the place of the image beneath, above all others. */
export function addLayer(
  viewer: OpenSeadragon.Viewer,
  base: OpenSeadragon.TiledImage,
  source: OpenSeadragon.TileSource,
  options: Pick<OpenSeadragon.ImageOptions, 'opacity' | 'compositeOperation' | 'ajaxHeaders' | 'ajaxWithCredentials'>,
): Promise<OpenSeadragon.TiledImage> {
  const { x, y, width } = base.getBoundsNoRotate();
  return new Promise((resolve, reject) => {
    viewer.addTiledImage({
      ...options,
      tileSource: source,
      x,
      y,
      width,
      degrees: base.getRotation(),
      flipped: base.getFlip(),
      // So that our headers, and the viewer's, reach the tile source.
      loadTilesWithAjax: true,
      zombieCache: false,
      success: (event) => {
        if ('item' in event) resolve(event.item as OpenSeadragon.TiledImage);
      },
      error: (event) => reject(new Error(event.message)),
    });
  });
}

/**
 * Keeps a layer on the image beneath when that is moved, turned, flipped or clipped, also while it is on its way; in
 * collection mode gives the layer no place of its own. Gives back what ends it.
 */
export function follow(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  base: OpenSeadragon.TiledImage,
  item: OpenSeadragon.TiledImage,
): () => void {
  let isMatching = false;
  const match = () => {
    // Every step tells that the bounds have changed.
    isMatching = true;
    const { x, y, width } = base.getBoundsNoRotate(true);
    item.setPosition(new osd.Point(x, y), true);
    item.setWidth(width, true);
    item.setRotation(base.getRotation(true), true);
    if (item.getFlip() !== base.getFlip()) item.setFlip(base.getFlip());
    isMatching = false;
  };
  const clip = () => {
    const area = base.getClip();
    if (!area && !item.getClip()) return;
    const scale = item.getContentSize().x / base.getContentSize().x;
    item.setClip(area && new osd.Rect(area.x * scale, area.y * scale, area.width * scale, area.height * scale));
  };
  let ended = false;
  const rearrange = () => {
    if (ended) return;
    arrangeImages(osd, viewer, false);
    match();
  };
  const moved = () => {
    if (isMatching) return;
    const [own, { x, y, width }] = [item.getBoundsNoRotate(), base.getBoundsNoRotate(true)];
    const isOff = own.x !== x || own.y !== y || own.width !== width;
    // OpenSeadragon is about to give every item of the world a place.
    if (isOff && isCollection(viewer)) queueMicrotask(rearrange);
    else match();
  };
  if (isCollection(viewer)) rearrange();
  match();
  clip();
  base.addHandler('bounds-change', match);
  base.addHandler('clip-change', clip);
  item.addHandler('bounds-change', moved);
  return () => {
    ended = true;
    base.removeHandler('bounds-change', match);
    base.removeHandler('clip-change', clip);
    item.removeHandler('bounds-change', moved);
  };
}

import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';

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

/** Keeps a layer on the image beneath when that is moved, turned or flipped. Gives back what ends it. */
export function follow(
  osd: typeof OpenSeadragon,
  base: OpenSeadragon.TiledImage,
  item: OpenSeadragon.TiledImage,
): () => void {
  const match = () => {
    const { x, y, width } = base.getBoundsNoRotate();
    const now = item.getBoundsNoRotate();
    if (now.x !== x || now.y !== y) item.setPosition(new osd.Point(x, y));
    if (now.width !== width) item.setWidth(width);
    if (item.getRotation() !== base.getRotation()) item.setRotation(base.getRotation());
    if (item.getFlip() !== base.getFlip()) item.setFlip(base.getFlip());
  };
  match();
  base.addHandler('bounds-change', match);
  return () => base.removeHandler('bounds-change', match);
}

import type OpenSeadragon from 'openseadragon';
import { imagesOf } from './overlay-sources.ts';

/**
 * Lays the images of a viewer in collection mode out as OpenSeadragon does, but as though there were no overlays:
 * OpenSeadragon gives each item of the world a place of its own, overlays too.
 * @param immediately whether they jump, or go there as the viewer animates
 */
export function arrangeImages(osd: typeof OpenSeadragon, viewer: OpenSeadragon.Viewer, immediately: boolean): void {
  const images = imagesOf(viewer.world);
  const side = numberOption(viewer, 'collectionTileSize', 800);
  const step = side + numberOption(viewer, 'collectionTileMargin', 80);
  const rows = numberOption(viewer, 'collectionRows', 0);
  const columns = numberOption(viewer, 'collectionColumns', 0);
  const perLine = rows === 0 && columns > 0 ? columns : Math.ceil(images.length / (rows || 3));
  const isVertical = Reflect.get(viewer, 'collectionLayout') === 'vertical';

  images.forEach((image, index) => {
    const [along, across] = [index % perLine, Math.floor(index / perLine)];
    const [column, row] = isVertical ? [across, along] : [along, across];
    const { width, height } = image.getBoundsNoRotate();
    const scale = side / Math.max(width, height);
    const corner = new osd.Point(column * step + (side - width * scale) / 2, row * step + (side - height * scale) / 2);
    image.setPosition(corner, immediately);
    image.setWidth(width * scale, immediately);
  });
}

/** Whether the viewer lays its images out itself. */
export function isCollection(viewer: OpenSeadragon.Viewer): boolean {
  return Reflect.get(viewer, 'collectionMode') === true;
}

/** OpenSeadragon's types leave out these options of a viewer. */
function numberOption(viewer: OpenSeadragon.Viewer, name: string, otherwise: number): number {
  const value: unknown = Reflect.get(viewer, name);
  return typeof value === 'number' ? value : otherwise;
}

import type OpenSeadragon from 'openseadragon';

/** Sources of all overlays' items, so that no overlay takes another for a slide. */
const sources = new WeakSet<object>();

/** From now on items of this source are known as overlays. */
export function markOverlay(source: OpenSeadragon.TileSource): void {
  sources.add(source);
}

export function isOverlay(item: OpenSeadragon.TiledImage): boolean {
  return sources.has(item.source);
}

/** The world's images beneath the overlays, in their order. */
export function imagesOf(world: OpenSeadragon.World): OpenSeadragon.TiledImage[] {
  return Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i)).filter((item) => !isOverlay(item));
}

/**
 * Whether two sources give the same picture, as far as they tell: the same object, equal to each other by their own
 * measure, or with the same address of a tile.
 */
export function samePicture(a: OpenSeadragon.TileSource, b: OpenSeadragon.TileSource): boolean {
  if (a === b) return true;
  if (!a.dimensions.equals(b.dimensions)) return false;
  // Sources of different kinds compare fields that one of them does not have.
  if (Object.getPrototypeOf(a) === Object.getPrototypeOf(b) && a.equals(b)) return true;
  const [url, other] = [a, b].map(firstTile);
  return url !== undefined && url === other;
}

/** Address of the finest level's first tile; undefined where it is none until it is asked for. */
function firstTile(source: OpenSeadragon.TileSource): string | undefined {
  const url: unknown = source.getTileUrl(source.maxLevel, 0, 0);
  return typeof url === 'string' && url !== '' ? url : undefined;
}

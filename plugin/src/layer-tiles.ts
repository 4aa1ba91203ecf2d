import type OpenSeadragon from 'openseadragon';
import type { CamSettings } from './options.ts';

/** The tiles of a layer, in the viewer and in its navigator. */
export interface LayerTiles {
  /** The navigator's copy of the layer. */
  navigatorItem(): OpenSeadragon.TiledImage | undefined;
  /** Those drawn in the last frame, nearest to the middle of the view first. */
  visible(): OpenSeadragon.Tile[];
  loaded(): OpenSeadragon.Tile[];
}

export function layerTiles(
  viewer: OpenSeadragon.Viewer,
  source: OpenSeadragon.TileSource,
  layerItem: () => OpenSeadragon.TiledImage | undefined,
  settings: () => CamSettings,
): LayerTiles {
  const navigatorItem = () => {
    const world = viewer.navigator?.world;
    for (let i = 0; world && i < world.getItemCount(); i++) {
      if (world.getItemAt(i).source === source) return world.getItemAt(i);
    }
    return undefined;
  };

  return {
    navigatorItem,
    visible: () => {
      const { visible, opacity, showInNavigator } = settings();
      const item = layerItem();
      if (!item || !visible || opacity === 0) return [];
      const tiles = drawn(item).sort(byDistanceFrom(centreOf(viewer, item)));
      const copy = showInNavigator ? navigatorItem() : undefined;
      return copy ? [...tiles, ...drawn(copy)] : tiles;
    },
    loaded: () => {
      const item = layerItem();
      const copy = navigatorItem();
      return [
        ...(item ? viewer.tileCache.getLoadedTilesFor(item) : []),
        ...(copy ? viewer.navigator.tileCache.getLoadedTilesFor(copy) : []),
      ];
    },
  };
}

function drawn(item: OpenSeadragon.TiledImage): OpenSeadragon.Tile[] {
  return item.lastDrawn.map(({ tile }) => tile);
}

/** The middle of the view in units of the image's width, as the bounds of tiles are. */
function centreOf(viewer: OpenSeadragon.Viewer, item: OpenSeadragon.TiledImage): { x: number; y: number } {
  const { x, y } = item.viewportToImageCoordinates(viewer.viewport.getCenter(true), true);
  const width = item.getContentSize().x;
  return { x: x / width, y: y / width };
}

function byDistanceFrom({ x, y }: { x: number; y: number }) {
  const distance = ({ bounds }: OpenSeadragon.Tile) =>
    (bounds.x + bounds.width / 2 - x) ** 2 + (bounds.y + bounds.height / 2 - y) ** 2;
  return (a: OpenSeadragon.Tile, b: OpenSeadragon.Tile) => distance(a) - distance(b);
}

import type OpenSeadragon from 'openseadragon';

/** What a layer wants to hear of. */
export interface LayerHandlers {
  /** In the viewer or its navigator, of any image. */
  loaded(event: OpenSeadragon.TileEvent): void;
  unloaded(event: OpenSeadragon.TileEvent): void;
  /** The viewer has drawn a frame. */
  drawn(): void;
  /** The navigator's copy of the layer has come, or has to take another opacity than OpenSeadragon gave it. */
  navigatorChanged(): void;
}

/** Listens to the viewer, its navigator and the layer's item. Gives back what ends it. */
export function listen(viewer: OpenSeadragon.Viewer, item: OpenSeadragon.TiledImage, handlers: LayerHandlers) {
  const { loaded, unloaded, drawn, navigatorChanged } = handlers;
  const undo: (() => void)[] = [];
  for (const view of [viewer, ...(viewer.navigator ? [viewer.navigator] : [])]) {
    view.addHandler('tile-loaded', loaded);
    view.addHandler('tile-unloaded', unloaded);
    undo.push(() => {
      view.removeHandler('tile-loaded', loaded);
      view.removeHandler('tile-unloaded', unloaded);
    });
  }
  // Not `tiled-image-drawn`: the WebGL drawer raises that for the world's first image alone.
  viewer.addHandler('update-viewport', drawn);
  item.addHandler('opacity-change', navigatorChanged);
  undo.push(() => {
    viewer.removeHandler('update-viewport', drawn);
    item.removeHandler('opacity-change', navigatorChanged);
  });
  if (viewer.navigator) {
    // OpenSeadragon copies the opacity to the navigator's copy once that is added.
    const later = () => queueMicrotask(navigatorChanged);
    viewer.navigator.world.addHandler('add-item', later);
    undo.push(() => viewer.navigator?.world?.removeHandler('add-item', later));
    navigatorChanged();
  }
  return () => {
    for (const step of undo.reverse()) step();
  };
}

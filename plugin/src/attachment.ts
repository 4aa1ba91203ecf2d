import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { Layer } from './layer.ts';
import { imagesOf, isOverlay, markOverlay, samePicture } from './overlay-sources.ts';
import { fits } from './placement.ts';

/**
 * Lays a heatmap on its image, now or when there is one. When that image goes the heatmap goes with it, and comes back
 * with it: another image that is opened in its place shows another slide, of which the heatmap knows nothing.
 * `report` is told of an image with other proportions, and of one that fits; `present` whether the image is there, once
 * it has been. `attached` resolves with the first time and rejects where the image has other proportions.
 */
export function keepAttached(
  viewer: OpenSeadragon.Viewer,
  layer: Layer,
  descriptor: HeatmapDescriptor,
  first: OpenSeadragon.TiledImage | undefined,
  { report, present }: { report(error: Error | undefined): void; present(isThere: boolean): void },
): { attached: Promise<void>; end(): void } {
  markOverlay(layer.source);
  let base = first;
  /** Of the image that it was laid on. */
  let own: OpenSeadragon.TileSource | undefined;
  /** The image that it is being laid on: OpenSeadragon tells of a new one twice, added and opened. */
  let attaching: OpenSeadragon.TiledImage | undefined;
  let ended = false;
  let resolve = () => {};
  let reject: (error: Error) => void = () => {};
  const attached = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });

  const attach = () => {
    if (ended) return;
    base ??= imagesOf(viewer.world).find(({ source }) => !own || samePicture(source, own));
    if (!base || layer.item() || attaching === base) return;
    if (fits(base, descriptor)) {
      report(undefined);
      present(true);
      const mine = base;
      own = mine.source;
      attaching = mine;
      layer
        .attach(mine)
        // Another attempt has taken the place of one that leaves no item.
        .then(() => layer.item() && resolve(), reject)
        .finally(() => {
          if (attaching === mine) attaching = undefined;
        });
      return;
    }
    const { x, y } = base.getContentSize();
    const expected = `an image of ${descriptor.width} x ${descriptor.height} pixels`;
    const error = new Error(`${descriptor.title}: expected ${expected}, found ${x} x ${y} pixels`);
    report(error);
    reject(error);
  };
  const detach = () => {
    base = undefined;
    attaching = undefined;
    layer.detach();
    if (own) present(false);
  };
  const onAdd = ({ item }: OpenSeadragon.AddItemWorldEvent) => {
    if (!isOverlay(item)) queueMicrotask(attach);
  };
  const onRemove = ({ item }: OpenSeadragon.RemoveItemWorldEvent) => {
    if (item === layer.item()) layer.detach();
    else if (item === base) detach();
  };
  viewer.world.addHandler('add-item', onAdd);
  viewer.world.addHandler('remove-item', onRemove);
  viewer.addHandler('close', detach);
  viewer.addHandler('open', attach);
  attach();
  return {
    attached,
    end: () => {
      ended = true;
      viewer.world?.removeHandler('add-item', onAdd);
      viewer.world?.removeHandler('remove-item', onRemove);
      viewer.removeHandler('close', detach);
      viewer.removeHandler('open', attach);
      reject(new Error(`${descriptor.title}: destroyed`));
    },
  };
}

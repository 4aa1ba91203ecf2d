import type OpenSeadragon from 'openseadragon';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { Layer } from './layer.ts';
import { fits } from './placement.ts';

/** Sources of all overlays' items, so that no overlay takes another for the slide. */
const overlaySources = new WeakSet<object>();

/**
 * Lays a heatmap on its image, now or when there is one, and again whenever another is opened in its place.
 * `report` is told of an image with other proportions, and of one that fits. `attached` resolves with the first time and rejects where the image has other proportions.
 */
export function keepAttached(
  viewer: OpenSeadragon.Viewer,
  layer: Layer,
  descriptor: HeatmapDescriptor,
  first: OpenSeadragon.TiledImage | undefined,
  report: (error: Error | undefined) => void,
): { attached: Promise<void>; end(): void } {
  overlaySources.add(layer.source);
  let base = first;
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
    base ??= firstImage(viewer.world);
    if (!base || layer.item() || attaching === base) return;
    if (fits(base, descriptor)) {
      report(undefined);
      const mine = base;
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
  };
  const onAdd = ({ item }: OpenSeadragon.AddItemWorldEvent) => {
    if (!overlaySources.has(item.source)) queueMicrotask(attach);
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

function firstImage(world: OpenSeadragon.World): OpenSeadragon.TiledImage | undefined {
  for (let i = 0; i < world.getItemCount(); i++) {
    const item = world.getItemAt(i);
    if (!overlaySources.has(item.source)) return item;
  }
  return undefined;
}
